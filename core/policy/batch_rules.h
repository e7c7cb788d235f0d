/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_rules.h - the rules of batch jobs: what their settings say, and when one is refused or
 * ends.  Pure: no I/O, no clock.  Their states are those of catalog/batch.h.
 *
 * Command line, help, manual, completion and tests read BATCH_SETTINGS; there is no other list.
 */
#ifndef CORE_POLICY_BATCH_RULES_H
#define CORE_POLICY_BATCH_RULES_H

#include "base/error.h"
#include "policy/policy.h"

#include <lagan/source.h>

#include <stdbool.h>

/* X(symbol, name, placeholder, help).  Names with a colon at the end are the start of many. */
#define BATCH_SETTINGS(X)                                                                      \
    X(MANIFEST, "manifest", "FILE|source:NAME/KEY",                                            \
      "what to copy: manifest.json of an inventory, or a CSV")                                 \
    X(HASH, "manifest-hash", "SHA256", "refuse any other manifest; what it is when made")      \
    X(FIELDS, "fields", "NAME,NAME", "columns of a CSV without a heading; Bucket,Key")         \
    X(EXISTS, "exists", "overwrite|newer|skip|fail|rename",                                    \
      "what becomes of a name that is taken; overwrite")                                       \
    X(METADATA, "metadata", "copy|replace", "those of the originals, or those given; copy")    \
    X(CLASS, "class", "CLASS", "the storage class of the copies; as metadata says")            \
    X(ACL, "acl", "copy|none|ACL", "access control lists; copy within a store, else none")     \
    X(TYPE, "content-type", "TYPE", "of all copies")                                           \
    X(ENCODING, "content-encoding", "TEXT", "of all copies")                                   \
    X(LANGUAGE, "content-language", "TEXT", "of all copies")                                   \
    X(DISPOSITION, "content-disposition", "TEXT", "of all copies")                             \
    X(CACHE, "cache-control", "TEXT", "of all copies")                                         \
    X(META, "meta:", "TEXT", "user metadata of all copies, as meta:owner=ann; 2 KiB in all")   \
    X(TAG, "tag:", "TEXT", "tags of all copies, as tag:team=red; at most 10")                  \
    X(STRIP, "strip-prefix", "PREFIX", "take it away from the front of each key")              \
    X(ADD, "add-prefix", "PREFIX", "put it in front of each key, after strip-prefix")          \
    X(IF_MATCH, "if-match", "ETAG", "only originals with this ETag")                           \
    X(IF_NONE_MATCH, "if-none-match", "ETAG", "only originals with another one")               \
    X(SINCE, "modified-since", "DATE", "only originals changed since")                         \
    X(UNSINCE, "unmodified-since", "DATE", "only originals not changed since")                 \
    X(VERIFY, "verify", "size|checksum|content|sample", "how copies are compared; checksum")   \
    X(PROFILE, "profile", "native|compat", "compat refuses what stores refuse; native")        \
    X(TOTAL, "max-total", "SIZE|unlimited", "most bytes of all originals together; 5G")        \
    X(FAILURES, "failure-rate", "PERCENT", "end when more of the operations fail; 50")         \
    X(FAILURES_AFTER, "failure-after", "N", "but not before so many; 1000")                    \
    X(CONFIRM, "confirm-required", "yes|no", "wait for `lagan batch confirm`; no")             \
    X(PRIORITY, "priority", "N", "0 to 2147483647, larger first; 0")                           \
    X(TOKEN, "token", "TEXT", "1 to 64 bytes: the same again makes no second job")             \
    X(DESCRIPTION, "description", "TEXT", "what it is, for people; up to 256 bytes")           \
    X(PARALLEL, "parallel", "N", "objects at a time, 1 to 64; 8")                              \
    X(BANDWIDTH, "bandwidth", "RATE", "bytes a second, as in the runner's configuration")      \
    X(REPORT, "report", "FILE|source:NAME/KEY", "where the report goes at the end")            \
    X(SCOPE, "report-scope", "all|failed", "which operations it lists; all")
enum batch_setting {
#define X(symbol, name, placeholder, help) BATCH_SETTING_##symbol,
    BATCH_SETTINGS(X)
#undef X
        BATCH_SETTING_COUNT
};
const char *batch_setting_name(enum batch_setting setting);
const char *batch_setting_placeholder(enum batch_setting setting);
const char *batch_setting_help(enum batch_setting setting);
/* -1 when there is none of that name; "meta:owner" is META. */
int batch_setting_find(const char *name);

#define BATCH_EXISTS_WORDS(X)                                                                  \
    X(OVERWRITE, "overwrite")                                                                  \
    X(NEWER, "newer")                                                                          \
    X(SKIP, "skip")                                                                            \
    X(FAIL, "fail")                                                                            \
    X(RENAME, "rename")
enum batch_exists {
#define X(symbol, name) BATCH_EXISTS_##symbol,
    BATCH_EXISTS_WORDS(X)
#undef X
        BATCH_EXISTS_COUNT
};
#define BATCH_VERIFY_WORDS(X)                                                                  \
    X(SIZE, "size")                                                                            \
    X(CHECKSUM, "checksum")                                                                    \
    X(CONTENT, "content")                                                                      \
    X(SAMPLE, "sample")
enum batch_verify {
#define X(symbol, name) BATCH_VERIFY_##symbol,
    BATCH_VERIFY_WORDS(X)
#undef X
        BATCH_VERIFY_COUNT
};

/* What the limits are. */
#define BATCH_TOTAL_DEFAULT (UINT64_C(5) << 30)
enum {
    BATCH_TOKEN_LIMIT = 64,
    BATCH_DESCRIPTION_LIMIT = 256,
    BATCH_META_LIMIT = 2048, /* bytes of names and values */
    BATCH_TAG_LIMIT = 10,
    BATCH_PARALLEL_LIMIT = 64,
    BATCH_JOBS_LIMIT = 1000, /* that are not over */
    BATCH_LIST_DAYS = 90
};

/* What the settings of a job come to.  Made by batch_plan_parse; texts belong to it. */
struct batch_plan {
    const char *texts[BATCH_SETTING_COUNT]; /* as given; NULL = not */
    enum batch_exists exists;
    enum batch_verify verify;
    bool replace_metadata;
    bool without_acl, keep_acl; /* neither: as the ends are of one store */
    bool compat;
    bool verify_given;
    bool confirm;
    bool failed_only;
    uint64_t total_limit; /* UINT64_MAX = none */
    unsigned failure_percent;
    uint64_t failure_after;
    int32_t priority;
    unsigned parallel;
    int64_t since_ns, unsince_ns;
    struct lagan_metadata *give; /* sorted by name */
    size_t give_count;
    char **owned;
    size_t owned_count;
};
/* BATCH_SETTING names the setting, its value and what would be right, or that it was given
 * twice, or that manifest is missing. */
int batch_plan_parse(const struct policy_pair *pairs, size_t count, struct batch_plan **plan,
                     struct error *e);
/* NULL is fine. */
void batch_plan_free(struct batch_plan *plan);

/* BAT-04, C8: BATCH_TOTAL when the originals are larger together than the job may be. */
int batch_rule_total(const struct batch_plan *plan, uint64_t total_bytes, struct error *e);
/* BAT-05: what the compat profile refuses: verification by ETag or content, keys of customers
 * (`customer_key`: an end has one). */
int batch_rule_profile(const struct batch_plan *plan, bool customer_key, struct error *e);
/* BAT-20: whether so many failures of so many operations end the job. */
bool batch_rule_too_many_failures(const struct batch_plan *plan, uint64_t operations,
                                  uint64_t failed);
/* BAT-17: whether a job that waits pauses one that runs. */
bool batch_rule_preempts(int32_t waiting, int32_t running);

/* "2026-11-21" or "2026-11-21T07:56:58Z" into nanoseconds since 1970; -1 otherwise. */
int batch_time_parse(const char *text, int64_t *ns);

#endif
