/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_rules.h - what an inventory is like: its settings, its columns, what it may be
 * called.  Pure.
 *
 * Command line, help, manual, completion and tests read INVENTORY_SETTINGS and
 * INVENTORY_FIELDS; there is no other list.
 */
#ifndef CORE_POLICY_INVENTORY_RULES_H
#define CORE_POLICY_INVENTORY_RULES_H

#include "policy/policy.h"

/* When a column is there. */
enum inventory_presence {
    INVENTORY_ALWAYS,
    INVENTORY_OF_VERSIONS, /* with versions=all */
    INVENTORY_BY_DEFAULT,  /* unless `fields` names others */
    INVENTORY_WHEN_ASKED   /* when `fields` names it: it costs a look at each object */
};
/* The columns in their order (BAT-10): X(symbol, heading, word for `fields`, presence). */
#define INVENTORY_FIELDS(X)                                                                    \
    X(APPID, "Appid", "appid", INVENTORY_ALWAYS)                                               \
    X(BUCKET, "Bucket", "bucket", INVENTORY_ALWAYS)                                            \
    X(KEY, "Key", "key", INVENTORY_ALWAYS)                                                     \
    X(VERSION, "VersionId", "version", INVENTORY_OF_VERSIONS)                                  \
    X(LATEST, "IsLatest", "latest", INVENTORY_OF_VERSIONS)                                     \
    X(MARKER, "IsDeleteMarker", "marker", INVENTORY_OF_VERSIONS)                               \
    X(SIZE, "Size", "size", INVENTORY_BY_DEFAULT)                                              \
    X(MODIFIED, "LastModifiedDate", "modified", INVENTORY_BY_DEFAULT)                          \
    X(ETAG, "ETag", "etag", INVENTORY_BY_DEFAULT)                                              \
    X(CLASS, "StorageClass", "class", INVENTORY_BY_DEFAULT)                                    \
    X(MULTIPART, "IsMultipartUploaded", "multipart", INVENTORY_BY_DEFAULT)                     \
    X(REPLICATION, "ReplicationStatus", "replication", INVENTORY_BY_DEFAULT)                   \
    X(TAG, "Tag", "tag", INVENTORY_WHEN_ASKED)
enum inventory_field {
#define X(symbol, heading, word, presence) INVENTORY_FIELD_##symbol,
    INVENTORY_FIELDS(X)
#undef X
        INVENTORY_FIELD_COUNT
};
const char *inventory_field_heading(enum inventory_field field);
/* The column of that heading, in any case of letters; -1. */
int inventory_field_find(const char *heading);

/* X(symbol, name, placeholder, help) */
#define INVENTORY_SETTINGS(X)                                                                  \
    X(TO, "to", "SOURCE|DIR", "where it is written; needed")                                   \
    X(TO_PREFIX, "to-prefix", "PREFIX", "in front of all names that are written; inventory")   \
    X(SCHEDULE, "schedule", "daily|weekly",                                                    \
      "when it is made; also as in daily 02:00, weekly "                                       \
      "sun 03:00; without it by hand only")                                                    \
    X(ZONE, "zone", "ZONE", "whose clock; the machine's own")                                  \
    X(PREFIX, "prefix", "PREFIX", "only keys that begin with it")                              \
    X(VERSIONS, "versions", "current|all", "which versions of objects; current")               \
    X(FIELDS, "fields", "WORD,WORD",                                                           \
      "optional columns: size,modified,etag,class,multipart,replication,tag; all but tag")     \
    X(APPID, "appid", "TEXT", "whose bucket it is, for the column and the path; lagan")        \
    X(ROWS, "rows", "N", "most rows of a data file, 1 to 100000000; 1000000")
enum inventory_setting {
#define X(symbol, name, placeholder, help) INVENTORY_SETTING_##symbol,
    INVENTORY_SETTINGS(X)
#undef X
        INVENTORY_SETTING_COUNT
};
const char *inventory_setting_name(enum inventory_setting setting);
const char *inventory_setting_placeholder(enum inventory_setting setting);
const char *inventory_setting_help(enum inventory_setting setting);
/* -1 when there is none of that name. */
int inventory_setting_find(const char *name);

enum {
    INVENTORY_NAME_LIMIT = 64,
    INVENTORY_LIMIT = 1000 /* of one source (BAT-09) */
};
/* BAT-09: 1 to 64 letters, digits, `-`, `_` and `.`, and not "." or "..": NAME_INVALID. */
int inventory_name_check(const char *name, struct error *e);

/* What the settings come to.  Made by inventory_plan_parse; texts belong to it. */
struct inventory_plan {
    const char *texts[INVENTORY_SETTING_COUNT]; /* as given; NULL = not */
    const char *to_prefix, *appid;              /* never NULL */
    struct schedule *schedule;                  /* NULL = by hand */
    struct timezone *zone;                      /* never NULL */
    bool all_versions;
    bool fields[INVENTORY_FIELD_COUNT];
    uint64_t rows;
    char *owned[INVENTORY_SETTING_COUNT];
};
/* `anchor_ns`: as for schedule_parse.  INVENTORY_SETTING names the setting, its value and what
 * would be right, or that it was given twice, or that `to` is missing; SCHEDULE, TIME_ZONE. */
int inventory_plan_parse(const struct policy_pair *pairs, size_t count, int64_t anchor_ns,
                         struct inventory_plan **plan, struct error *e);
/* NULL is fine. */
void inventory_plan_free(struct inventory_plan *plan);

#endif
