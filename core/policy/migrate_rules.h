/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate_rules.h - the rules of migrations: what their settings say, and what follows from
 * them.  Pure: no I/O, no clock.
 *
 * Command line, help, manual, completion and tests read MIGRATE_SETTINGS; there is no other
 * list.
 */
#ifndef CORE_POLICY_MIGRATE_RULES_H
#define CORE_POLICY_MIGRATE_RULES_H

#include "base/error.h"
#include "policy/policy.h"

#include <lagan/source.h>

#include <stdbool.h>

/* X(symbol, name, placeholder, help).  Names with a colon at the end are the start of many. */
#define MIGRATE_SETTINGS(X)                                                                    \
    X(PREFIX, "prefix", "PREFIX", "only what begins with it; all")                             \
    X(SINCE, "modified-since", "DATE", "only what was changed since, as 2026-11-21")           \
    X(BEFORE, "modified-before", "DATE", "only what was changed before")                       \
    X(TO_PREFIX, "to-prefix", "PREFIX", "put in front of each name at the destination")        \
    X(EXISTS, "exists", "overwrite|newer|skip|never",                                          \
      "names that are taken: skip is another word for newer; overwrite")                       \
    X(HEADERS, "headers", "keep|replace",                                                      \
      "properties of the originals stay, or only those given here count; keep")                \
    X(CLASS, "class", "CLASS", "the storage class of the copies; as headers says")             \
    X(ACL, "acl", "keep|none", "access control lists; none")                                   \
    X(TYPE, "content-type", "TYPE", "of all copies")                                           \
    X(ENCODING, "content-encoding", "TEXT", "of all copies")                                   \
    X(LANGUAGE, "content-language", "TEXT", "of all copies")                                   \
    X(DISPOSITION, "content-disposition", "TEXT", "of all copies")                             \
    X(CACHE, "cache-control", "TEXT", "of all copies")                                         \
    X(META, "meta:", "TEXT", "user metadata of all copies, as meta:owner=ann")                 \
    X(TAG, "tag:", "TEXT", "tags of all copies, as tag:team=red")                              \
    X(VERIFY, "verify", "size|checksum|sample|content", "how copies are compared; content")    \
    X(BANDWIDTH, "bandwidth", "MBPS", "most megabits a second, 1 to 100000; no limit")         \
    X(PASSES, "passes", "N", "most passes of a run, 1 to 100; 3")                              \
    X(UNTIL, "until", "N", "end when a pass found no more to copy than that; 0")               \
    X(PARALLEL, "parallel", "N", "objects at a time, 1 to 64; as the drivers advise")          \
    X(ATTEMPTS, "attempts", "N", "how often an object is tried in a pass, 1 to 10; 2")         \
    X(UNIT_FILES, "unit-files", "N", "most objects of a unit of work, 1 to 1000; 1000")        \
    X(UNIT_BYTES, "unit-bytes", "SIZE", "most bytes of one, up to 10737418240; that many")     \
    X(DESCRIPTION, "description", "TEXT", "what it is, for people")
enum migrate_setting {
#define X(symbol, name, placeholder, help) MIGRATE_SETTING_##symbol,
    MIGRATE_SETTINGS(X)
#undef X
        MIGRATE_SETTING_COUNT
};
const char *migrate_setting_name(enum migrate_setting setting);
const char *migrate_setting_placeholder(enum migrate_setting setting);
const char *migrate_setting_help(enum migrate_setting setting);
/* -1 when there is none of that name; "meta:owner" is META. */
int migrate_setting_find(const char *name);

/* X(symbol, name): in the order of enum object_verify's words that are used here. */
#define MIGRATE_VERIFY_WORDS(X)                                                                \
    X(SIZE, "size")                                                                            \
    X(CHECKSUM, "checksum")                                                                    \
    X(SAMPLE, "sample")                                                                        \
    X(CONTENT, "content")
enum migrate_verify {
#define X(symbol, name) MIGRATE_VERIFY_##symbol,
    MIGRATE_VERIFY_WORDS(X)
#undef X
        MIGRATE_VERIFY_COUNT
};
#define MIGRATE_EXISTS_WORDS(X)                                                                \
    X(OVERWRITE, "overwrite")                                                                  \
    X(NEWER, "newer")                                                                          \
    X(NEVER, "never")
enum migrate_exists {
#define X(symbol, name) MIGRATE_EXISTS_##symbol,
    MIGRATE_EXISTS_WORDS(X)
#undef X
        MIGRATE_EXISTS_COUNT
};

enum {
    MIGRATE_NAME_LIMIT = 60,
    MIGRATE_UNIT_FILES = 1000,
    MIGRATE_PARALLEL_LIMIT = 64,
    MIGRATE_DESCRIPTION_LIMIT = 255
};
#define MIGRATE_UNIT_BYTES UINT64_C(10737418240)

/* What the settings of a migration come to.  Made by migrate_plan_parse; texts belong to it. */
struct migrate_plan {
    const char *texts[MIGRATE_SETTING_COUNT]; /* as given; NULL = not */
    enum migrate_exists exists;
    enum migrate_verify verify;
    bool replace_headers;
    bool keep_acl;
    int64_t since_ns, before_ns; /* 0 = none */
    uint64_t mbps;               /* 0 = no limit */
    unsigned passes;
    uint64_t until;
    unsigned parallel; /* 0 = as the drivers advise */
    unsigned attempts;
    uint64_t unit_files, unit_bytes;
    struct lagan_metadata *give; /* sorted by name */
    size_t give_count;
    char **owned;
    size_t owned_count;
};
/* MIGRATE_SETTING names the setting, its value and what would be right, or that it was given
 * twice. */
int migrate_plan_parse(const struct policy_pair *pairs, size_t count,
                       struct migrate_plan **plan, struct error *e);
/* NULL is fine. */
void migrate_plan_free(struct migrate_plan *plan);

/* MIG-03: 1 to 60 letters, digits, `_` or `-`; NAME_INVALID. */
int migrate_rule_name(const char *name, struct error *e);
/* MIG-04: whether the time range takes what was changed then (INT64_MIN = unknown: only a plan
 * without a range does). */
bool migrate_rule_takes(const struct migrate_plan *plan, int64_t changed_ns);
/* MIG-06: the plan's limit as policy/bandwidth.h reads it, into `text`; false = no limit. */
enum { MIGRATE_PACE_SIZE = 40 };
bool migrate_rule_pace(const struct migrate_plan *plan, char text[MIGRATE_PACE_SIZE]);
/* MIG-12: whether a unit that has so many objects and bytes is full for one of `next` more. */
bool migrate_rule_unit_full(const struct migrate_plan *plan, uint64_t files, uint64_t bytes,
                            uint64_t next_bytes);
/* MIG-10: whether the run ends after its pass number `pass` (from 1), which found `differing`
 * objects to copy. */
bool migrate_rule_last_pass(const struct migrate_plan *plan, unsigned pass, uint64_t differing);
/* MIG-13: how many nanoseconds are left when `done` of `total` took `elapsed_ns`; -1 when that
 * cannot be told (nothing is done, or the total is unknown: 0). */
int64_t migrate_rule_left_ns(uint64_t done, uint64_t total, int64_t elapsed_ns);

#endif
