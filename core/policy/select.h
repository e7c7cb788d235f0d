/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select.h - which entries a backup or a restore takes: ordered include and exclude rules.
 *
 * Rules look and work like lines of a .gitignore file.  They are matched byte by byte against
 * keys: the components of a path below the source's root, joined by zero bytes, the empty key
 * being the root.
 *
 *     name        the last component is `name`, at any depth
 *     a/b   /a    a slash at the start or in the middle: anchored at the source's root
 *     name/       a slash at the end: directories only
 *     * ? [a-z] [!a-z] [^a-z]   within one component
 *     **          as a component: any number of components, also none; as the last one: at
 *                 least one (all that is below a directory, but not the directory).  Within a
 *                 longer word it is the same as *
 *     !rule       turns the meaning round: what an earlier rule excluded is included again
 *     \x          the byte x itself
 *
 * The last rule that matches an entry decides on it.  An entry that no rule matches goes the
 * way of its directory; the root is taken.  What is excluded is excluded with all that is below
 * it, whatever later rules say of that.
 *
 * As soon as a set has an include rule that is not turned round and its default is
 * SELECT_DEFAULT_BY_RULES, the root is not taken by itself: an entry is taken when it or a
 * directory above it is included; directories that may lead to such an entry are passed
 * through.
 *
 * Source: gitignore(5), whose results the tests compare with.  Cost of a match: at most (bytes
 * of the key) x (bytes of all rules), for any input.
 */
#ifndef CORE_POLICY_SELECT_H
#define CORE_POLICY_SELECT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct select_rules;

enum select_kind { SELECT_EXCLUDE, SELECT_INCLUDE };

/* What becomes of an entry that no rule names. */
enum select_default {
    SELECT_DEFAULT_TAKE,    /* backups: an include rule only takes back what was excluded */
    SELECT_DEFAULT_BY_RULES /* restores: left out as soon as there is an include rule */
};

/* The answer on an entry; as a truth value: whether to look at it at all. */
enum select_answer {
    SELECT_SKIP = 0, /* leave it out; of a directory, all below it too */
    SELECT_TAKE = 1,
    SELECT_PASS = 2 /* a directory that is not wanted itself but may lead to what is */
};

/* At most this many bytes in a rule and rules in a set. */
enum { SELECT_RULE_LIMIT = 8192, SELECT_RULES_LIMIT = 100000 };

/* An empty set.  The caller frees it. */
struct select_rules *select_rules_new(enum select_default by_default, struct error *e);
/* NULL is fine. */
void select_rules_free(struct select_rules *rules);

/*
 * Adds one rule behind the others.  `text` is the whole rule: neither `#` at its start nor
 * blanks at its end mean anything.  `origin` says in messages and explanations where it came
 * from
 * ("--exclude", "/etc/skip:3"); copied.  Code USAGE: an empty rule, one that is too long, a
 * rule without a component, a bracket without its end, a backslash at the end, too many rules.
 */
int select_rules_add(struct select_rules *rules, const char *text, enum select_kind kind,
                     const char *origin, struct error *e);

/*
 * Adds the rules of a file's content: one on each line; empty lines and lines that start with
 * `#` are skipped, blanks at the end of a line dropped unless a backslash is in front.  CRLF
 * ends a line too.  `name` is the file's, for messages ("name:line").
 */
int select_rules_add_lines(struct select_rules *rules, const void *data, size_t size,
                           enum select_kind kind, const char *name, struct error *e);

/* Number of rules. */
size_t select_rules_count(const struct select_rules *rules);

/*
 * The answer on the entry `key` (`size` bytes, may hold any bytes; 0 = the root).  `rules` NULL
 * takes all.  Thread-safe as long as no rule is added.  Allocates nothing and cannot fail.
 */
enum select_answer select_match(const struct select_rules *rules, const void *key, size_t size,
                                bool is_directory);

/* A rule that decided, for explanations. */
struct select_reason {
    const char *text; /* the rule as given; NULL = no rule named the entry */
    const char *origin;
    size_t
        key_size; /* the rule matched these first bytes of the key: it or a directory above */
};
/* As select_match, and tells why.  The texts live as long as the rules. */
enum select_answer select_explain(const struct select_rules *rules, const void *key,
                                  size_t size, bool is_directory, struct select_reason *reason);

#endif
