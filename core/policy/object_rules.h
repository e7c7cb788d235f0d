/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_rules.h - rules that replicate the objects of one bucket to another: what one says,
 * which may stand beside each other, and what becomes of a version of an object.
 *
 * Pure; any threads.  Command line, help, manual, completion and tests read
 * OBJECT_RULE_SETTINGS; there is no other list.
 */
#ifndef CORE_POLICY_OBJECT_RULES_H
#define CORE_POLICY_OBJECT_RULES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OBJECT_RULE_LIMIT = 1000, /* of one source (OBJ-04) */
    OBJECT_RULE_PRIORITY_MAX = 1000,
    OBJECT_RULE_TAGS = 10,
    OBJECT_RULE_TAG_NAME = 128, /* bytes at most */
    OBJECT_RULE_TAG_VALUE = 256,
    OBJECT_RULE_KEY = 1024
};

/* X(symbol, name, placeholder, help) */
#define OBJECT_RULE_SETTINGS(X)                                                                \
    X(PREFIX, "prefix", "KEY", "only objects whose keys begin so; all")                        \
    X(TAG, "tag", "KEY=VALUE",                                                                 \
      "only objects with this tag; up to 10, which all must be there")                         \
    X(PRIORITY, "priority", "N", "1 to 1000, the smallest wins where rules meet; none")        \
    X(DELETE_MARKER, "delete-marker", "enabled|disabled",                                      \
      "whether delete markers are made there too; enabled, with tags disabled")                \
    X(CLASS, "class", "keep|CLASS", "storage class of the copies; keep")                       \
    X(ACL, "acl", "keep|leave", "whether access control lists go along; keep")                 \
    X(EVERY, "every", "TIME", "how often the runner looks for new objects; 1m")                \
    X(RPO, "rpo", "TIME", "alarm when a copy is behind for longer; 0 = never")                 \
    X(PARALLEL, "parallel", "N", "objects copied at a time, 1 to 64; 4")                       \
    X(ATTEMPTS, "attempts", "N", "an object has failed after so many, 1 to 100; 8")            \
    X(VERIFY, "verify", "size|checksum|content|sample", "how copies are compared; size")       \
    X(BANDWIDTH, "bandwidth", "RANGES", "as in the configuration, 8:18:5120; no limit")
enum object_rule_setting {
#define X(symbol, name, placeholder, help) OBJECT_RULE_SETTING_##symbol,
    OBJECT_RULE_SETTINGS(X)
#undef X
        OBJECT_RULE_SETTING_COUNT
};
const char *object_rule_setting_name(enum object_rule_setting setting);
/* -1 when there is none of that name. */
int object_rule_setting_find(const char *name);

struct object_tag {
    const char *name, *value; /* not terminated */
    size_t name_size, value_size;
};

/* What a rule says.  Texts belong to whoever gave the settings, and live as long. */
struct object_rule {
    const char *name;      /* set by the caller */
    const char *from, *to; /* names of places; set by the caller */
    bool enabled;          /* set by the caller */
    const char *prefix;    /* "" = all */
    size_t prefix_size;
    struct object_tag tags[OBJECT_RULE_TAGS];
    size_t tag_count;
    unsigned priority; /* 0 = none */
    bool delete_marker;
    const char *storage_class; /* NULL = that of the original */
    bool keep_acl;
    int64_t every_ns;
    int64_t rpo_ns; /* 0 = none */
    unsigned parallel, attempts;
    int verify;            /* enum object_verify of engine/object_copy.h */
    const char *bandwidth; /* NULL = no limit */
};

struct object_rule_pair {
    const char *name, *value;
};
/*
 * What the settings say; defaults for what is not given.  RULE_SETTING names the setting and
 * what would be right; OBJ-05: RULE_PRIORITY; OBJ-06: RULE_TAGS (more than 10, one twice, too
 * long), RULE_TAGS_MARKER.
 */
int object_rule_parse(const struct object_rule_pair *pairs, size_t count,
                      struct object_rule *rule, struct error *e);

/* How a place keeps versions; the values of enum lagan_versions. */
enum object_versions { OBJECT_VERSIONS_NONE, OBJECT_VERSIONS_KEPT, OBJECT_VERSIONS_SUSPENDED };

/* OBJ-03, and no rule leads into its own source: RULE_SOURCE_VERSIONS,
 * RULE_DESTINATION_VERSIONS, RULE_SAME_PLACE. */
int object_rule_check_ends(const struct object_rule *rule, enum object_versions from,
                           enum object_versions to, struct error *e);

/*
 * Whether the rules of one source (equal `from`) may stand beside each other.  OBJ-04:
 * RULE_LIMIT (`limit`, 0 = OBJECT_RULE_LIMIT); OBJ-05: RULE_PRIORITY_MIXED,
 * RULE_PRIORITY_TAKEN, RULE_OVERLAP; OBJ-13: RULE_WHOLE.  Rules that are switched off count.
 */
int object_rules_check(const struct object_rule *rules, size_t count, size_t limit,
                       struct error *e);

/* ---- what becomes of a version ---- */

/* Why a version is not copied: X(symbol, name, requirement).  COPY stands for none of them. */
#define OBJECT_SKIPS(X)                                                                        \
    X(NONE, "none", "")                                                                        \
    X(PRE_EXISTING, "pre-existing", "OBJ-09")       /* made before the rule */                 \
    X(SWITCHED_OFF, "switched-off", "OBJ-12")       /* made while the rule was off */          \
    X(IS_COPY, "is-a-copy", "OBJ-09")               /* a rule has made it: not transitive */   \
    X(DELETE_MARKER, "delete-marker", "OBJ-07")     /* markers are not synchronised */         \
    X(OTHER_TAGS, "other-tags", "OBJ-06")           /* it lacks one of the rule's tags */      \
    X(OTHER_RULE, "other-rule", "OBJ-05")           /* one of smaller priority takes it */     \
    X(VERSION_DELETED, "version-deleted", "OBJ-08") /* it went before it was copied */         \
    X(SUPERSEDED, "superseded", "OBJ-16")           /* a later version is there already */
enum object_skip {
#define X(symbol, name, requirement) OBJECT_SKIP_##symbol,
    OBJECT_SKIPS(X)
#undef X
        OBJECT_SKIP_COUNT
};
const char *object_skip_name(enum object_skip skip);

/* Never copied by any rule, for people: bucket settings, lifecycle actions, ... */
const char *object_rules_never(void);

/* A time during which a rule was switched off, from..to. */
struct object_gap {
    int64_t from_ns, to_ns;
};
/* When a rule looks. */
struct object_window {
    int64_t since_ns; /* made, or switched on for the last time */
    const struct object_gap *gaps;
    size_t gap_count;
};
/* Whether a version made at `made_ns` is new to the rule.  Stores tell whole seconds or parts:
 * one of a whole second (`whole`) is new when its second is.  NONE, PRE_EXISTING or
 * SWITCHED_OFF. */
enum object_skip object_rule_is_new(const struct object_window *window, int64_t made_ns,
                                    bool whole);

/* Whether the key is one of the rule's. */
bool object_rule_has_key(const struct object_rule *rule, const void *key, size_t key_size);
/* Whether an object with these tags is; `tags` in any order. */
bool object_rule_has_tags(const struct object_rule *rule, const struct object_tag *tags,
                          size_t count);
/* Whether the tags of the object `key` have to be known to decide: the rule names some, or one
 * that comes before it does. */
bool object_rules_need_tags(const struct object_rule *rules, size_t count, size_t at,
                            const void *key, size_t key_size);

/* What is known of a version of one of the rule's keys. */
struct object_facts {
    const void *key; /* of the object */
    size_t key_size;
    bool marker;                   /* a delete marker */
    bool is_copy;                  /* a rule has made it */
    const struct object_tag *tags; /* where object_rules_need_tags says so */
    size_t tag_count;
};
/* What becomes of it by the rule `at` of those of its source, times apart. */
enum object_skip object_rules_decide(const struct object_rule *rules, size_t count, size_t at,
                                     const struct object_facts *facts);

/* When it is its turn among others that wait: older ones first, and of the same age the smaller
 * ones; no object waits for ever. */
int64_t object_rule_turn_ns(int64_t made_ns, uint64_t bytes);
/* How long to wait after so many attempts (from 1); doubles from 1 s up to 15 min. */
int64_t object_rule_wait_ns(unsigned attempts);

#endif
