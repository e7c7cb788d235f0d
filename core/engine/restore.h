/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - a backup, or part of it, written back through a source driver.
 *
 * What is there already and equal (type, length, and time of change or, of objects, ETag) is
 * left alone, so that running an interrupted restore again finishes it.  The place may be of
 * another kind than the source was (engine/restore_convert.h).  Every chunk is authenticated
 * before a byte of it is written; a file appears under its name only when it is complete.
 */
#ifndef CORE_ENGINE_RESTORE_H
#define CORE_ENGINE_RESTORE_H

#include "driver/source.h"
#include "engine/job.h"
#include "policy/select.h"
#include "vault/store.h"

/* What to do when an entry is there already and differs: X(symbol, name, what it does).
 * Directories that exist are no conflict. */
#define RESTORE_CONFLICTS(X)                                                                   \
    X(FAIL, "fail", "stop before the entry")                                                   \
    X(SKIP, "skip", "keep what is there")                                                      \
    X(OVERWRITE, "overwrite", "replace what is there")                                         \
    X(NEWER, "newer", "replace what is older than the backup's")
enum restore_conflict {
#define X(symbol, name, text) RESTORE_##symbol,
    RESTORE_CONFLICTS(X)
#undef X
};

struct restore_request {
    struct vault *vault; /* open and unlocked */
    struct store *store;
    const struct seal *seal;
    struct source *place;             /* open with LAGAN_OPEN_RESTORE */
    const struct select_rules *rules; /* NULL = everything */
    /* Whether an entry that the rules take is taken; NULL = all are.  Asked twice. */
    bool (*take)(void *context, const struct tree_entry *entry);
    void *take_context;
    /* Restore only what is at or below this key, and put it at the top of the place; empty =
     * all. */
    const uint8_t *top_key;
    size_t top_key_size;
    enum restore_conflict conflict;
    uint64_t create_flags; /* LAGAN_CREATE_UNPRIVILEGED, _NUMERIC_OWNERS, _NO_OWNERS */
    uint32_t mask;         /* permission bits that files get none of whose modes nobody knows */
    bool dry_run;          /* tell what would be done, write nothing */
    unsigned threads;      /* 0 = number of processors; more of a place that asks for more */
    /* Told what the place calls the entry that it has made of `key`: a fact
     * (LAGAN_FACT_VERSION, LAGAN_FACT_ETAG) and its value; NULL = nobody wants to know.  From
     * any thread, one at a time. */
    void (*made)(void *context, const void *key, size_t key_size, const char *fact,
                 const char *value, size_t value_size);
    void *made_context;
    struct job_reporter reporter;
};

struct restore_result {
    uint64_t entries; /* restored, found equal, or kept */
    uint64_t entries_written;
    uint64_t entries_equal;
    uint64_t entries_kept; /* by the conflict rule */
    uint64_t bytes_written;
    uint64_t problems; /* entries that are not as in the backup */
    uint64_t warnings;
};

/* Runs the restore.  Problems of single entries are reported and counted, and do not end it,
 * except damage of the vault below a tree and a conflict under RESTORE_FAIL. */
int restore_run(const struct restore_request *request, struct restore_result *result,
                struct error *e);

#endif
