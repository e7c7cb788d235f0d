/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - what people may call things, and the names made for what they did not name.
 *
 * Names that people give have 1 to 64 letters, digits, `_` or `-` of ASCII; those of replicas
 * up to 255 of these and of Chinese characters (script Han); descriptions up to 255 characters
 * of UTF-8 without control characters.  Made names (mirrors) may leave that set and are not
 * checked here.
 */
#ifndef CORE_CATALOG_NAME_H
#define CORE_CATALOG_NAME_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    NAME_LIMIT = 64,
    NAME_SIZE = NAME_LIMIT + 1,                     /* with its terminator */
    DESCRIPTION_LIMIT = 255,                        /* characters */
    DESCRIPTION_SIZE = 4 * DESCRIPTION_LIMIT + 1,   /* bytes, with the terminator */
    NAME_REPLICA_LIMIT = 255,                       /* characters */
    NAME_REPLICA_SIZE = 4 * NAME_REPLICA_LIMIT + 1, /* bytes, with the terminator */
    NAME_TAG_LIMIT = 128 /* characters of a tag's name, of its value */
};

/* X(symbol, word in messages, start of made names).  All but backups are words on a command
 * line and may not start with `-`; a backup may not be called as what selects one: "latest". */
#define NAME_KINDS(X)                                                                          \
    X(REGION, "region", "region_")                                                             \
    X(PROJECT, "project", "project_")                                                          \
    X(SOURCE, "source", "source_")                                                             \
    X(VAULT, "vault", "vault_")                                                                \
    X(BACKUP, "backup", "manualbk_")                                                           \
    X(ZONE, "zone", "zone_")                                                                   \
    X(REPLICA, "replica", "replica_")                                                          \
    X(POLICY, "policy", "policy_")                                                             \
    X(POLICY_BACKUP, "backup", "autobk_")                                                      \
    X(RULE, "rule", "rule_")
enum name_kind {
#define X(symbol, word, start) NAME_##symbol,
    NAME_KINDS(X)
#undef X
};

/* 0, or NAME_INVALID with the kind, the name, what is wrong and what is allowed. */
int name_check(enum name_kind kind, const char *name, struct error *e);
/* The same for a description; the empty one is fine. */
int name_check_description(const char *text, struct error *e);
/* The same for a tag: its name has 1 to 128 characters, its value up to 128; no control
 * characters, and no `=` in the name. */
int name_check_tag(const char *name, const char *value, struct error *e);

/* A made name: the kind's start and four hexadecimal digits of `number`, eight when it is above
 * 0xffff: "manualbk_1f2e". */
void name_make(enum name_kind kind, uint32_t number, char name[NAME_SIZE]);
/* The name of the item `index` (from 1) among several that one request named: "base-0001".
 * `base` is cut so that the result keeps the limit. */
void name_number(const char *base, unsigned index, char name[NAME_SIZE]);
/* The name of a replica that nobody named, from the id of the backup that it copies:
 * "manual_rep_from_<id>". */
void name_of_replica(const char *backup_id, char name[NAME_REPLICA_SIZE]);
/*
 * Copies a made text into `out` (`room` bytes, at least 8), at most `limit` characters (from 4)
 * of UTF-8 long: what is longer keeps its start and its last `tail` characters (less than
 * `limit` - 1), with `~` for what is left out in between.  Bytes that are no UTF-8 count as
 * characters.
 */
void name_cut(const char *text, size_t limit, size_t tail, char *out, size_t room);
/* Turns any text (such as the last component of a path) into a name that name_check passes:
 * other bytes become `_`, the length is cut, an empty or forbidden result becomes the kind's
 * start without its last character. */
void name_from_text(enum name_kind kind, const char *text, char name[NAME_SIZE]);

#endif
