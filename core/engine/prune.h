/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h - prunes one vault or mirror (vault/prune.h), with a row among the tasks. */
#ifndef CORE_ENGINE_PRUNE_H
#define CORE_ENGINE_PRUNE_H

#include "engine/job.h"
#include "engine/setup.h"
#include "vault/prune.h"

struct prune_job {
    bool dry_run;           /* nothing is written, no task either */
    unsigned waste_percent; /* 0 = as vault/prune.h says, so the next two */
    uint64_t repack_bytes;
    int64_t silence_ns;
    const struct setup_key *key;         /* NULL = as the vault's row says */
    const struct job_reporter *reporter; /* NULL = none */
    void *context;
    void (*started)(void *context, const char *task); /* the task has this id; may be NULL */
};

struct prune_outcome {
    struct prune_counters counters;
    enum prune_state state;
    char task[CATALOG_TASK_ID_SIZE]; /* "" = none */
};

/* "clean", "waiting" or "unfinished". */
const char *prune_state_name(enum prune_state state);
/* One clear line of what was found or done, for people and for tasks. */
enum { PRUNE_WORDS_SIZE = 256 };
void prune_words(const struct prune_outcome *outcome, bool dry_run,
                 char words[PRUNE_WORDS_SIZE]);

/* One call of vault_prune.  BUSY (TEMPORARY) when somebody else prunes the vault; `*outcome` is
 * filled in on failure too. */
int prune_run_vault(struct setup *s, const struct catalog_vault *row,
                    const struct prune_job *request, struct prune_outcome *outcome,
                    struct error *e);

#endif
