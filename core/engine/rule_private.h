/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_private.h - the parts of a pass.
 *
 *     rule.c           the pass: claim, listing, copies, outcome
 *     rule_set.c       what the rules of a source say
 *     rule_scan.c      the listing beside the catalog: what is new, what is gone
 *     rule_work.c      threads that work off what waits
 *     rule_object.c    one version: whether and how it is copied
 *     rule_there.c     what the destination has of a key
 *     rule_backfill.c  what was missed, by time
 *     rule_compare.c   what was missed, by the listings of both ends
 */
#ifndef CORE_ENGINE_RULE_PRIVATE_H
#define CORE_ENGINE_RULE_PRIVATE_H

#include "engine/object_copy.h"
#include "engine/rule.h"

#include <pthread.h>
#include <stdatomic.h>

/* A pass at work. */
struct rule_pass {
    struct setup *setup;
    struct catalog *catalog;
    struct catalog_object_rule *row; /* with the number of this pass */
    struct rule_set set;
    size_t at; /* of the rule in the set */
    struct object_ends *ends;
    char from_place[SOURCE_PLACE_SIZE], to_place[SOURCE_PLACE_SIZE];
    struct pace *pace;
    const struct job_reporter *reporter;
    pthread_mutex_t lock; /* guards result, total and the reporter */
    struct rule_result *result;
    uint64_t total, total_bytes; /* that waited when the copying began */
};

static inline const struct object_rule *rule_of(const struct rule_pass *p)
{
    return &p->set.rules[p->at];
}

/* rule_scan.c: rows for what is new, none for what is gone. */
int rule_scan(struct rule_pass *p, struct error *e);
/* The name of a version in a walk, as a row; false for what is no version of an object. */
bool rule_name_version(const struct lagan_entry *entry, struct catalog_object_copy *row);
/* Where the walk has to look. */
struct lagan_walk_request rule_walk_request(const struct rule_pass *p, struct source *s,
                                            uint64_t flags);

/* rule_work.c: until nothing is left that could be done now. */
int rule_work(struct rule_pass *p, struct error *e);
/* rule_object.c: works on what was claimed and fills in what became of it.  -1 ends the pass.
 */
int rule_object(struct rule_pass *p, struct catalog_object_copy *row, struct error *e);

/* ---- rule_there.c ---- */

/* The newest version of a key. */
struct rule_there {
    bool found;  /* there is one */
    bool marker; /* a delete marker */
    int64_t moment_ns;
    char version[CATALOG_VERSION_SIZE];
};
/* At the destination. */
int rule_there(struct rule_pass *p, const void *key, size_t key_size, struct rule_there *there,
               struct error *e);
/* The same at the source. */
int rule_here(struct rule_pass *p, const void *key, size_t key_size, struct rule_there *here,
              struct error *e);
/* Looks at a version without opening it, where the driver can: a GET would bring the content.
 */
int rule_look(struct source *source, const struct buffer *key,
              const struct lagan_entry_collector *collector, struct error *e);

/* A copy at the destination. */
struct rule_made {
    char version[CATALOG_VERSION_SIZE];
    uint64_t bytes;
    struct buffer key; /* with the version; freed by the caller */
};
/* Looks for the copy of that version, made by an attempt whose outcome is not known: 1, 0, -1.
 */
int rule_find_made(struct rule_pass *p, const struct catalog_object_copy *row,
                   struct rule_made *made, struct error *e);

/* rule_compare.c: queues what the destination lacks. */
int rule_compare(struct rule_pass *p, struct error *e);

/* rule.c: claims the rule, opens what a pass needs, calls `gather`, works off, and closes. */
int rule_pass_run(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
                  const struct job_reporter *reporter,
                  int (*gather)(struct rule_pass *p, void *context, struct error *e),
                  void *context, struct rule_result *result, struct error *e);

#endif
