/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate.h - migrations: all of one place made in another, in passes, until nothing differs.
 *
 * A run lists both ends side by side, gathers what differs into units of work, and copies their
 * objects on several threads.  Units and failures stand in the catalog: after a kill -9 the
 * same command goes on where the last one ended, and at most the objects that were at work are
 * looked at again.
 */
#ifndef CORE_ENGINE_MIGRATE_H
#define CORE_ENGINE_MIGRATE_H

#include "catalog/migrate.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "engine/job.h"
#include "engine/setup.h"
#include "policy/migrate_rules.h"

/* ---- migrate_manage.c ---- */

/* Makes a migration of the sources `from` and `to` (names or ids), with its audit line.
 * NAME_INVALID, NAME_TAKEN, NO_SOURCE, MIGRATE_SETTING, MIGRATE_PLACES (one place, or a
 * destination that cannot be written to).  The caller frees `*made`. */
int migrate_create(struct setup *s, const char *name, const char *from, const char *to,
                   const struct catalog_pairs *settings, struct catalog_migration **made,
                   struct error *e);
/* What its settings say. */
int migrate_plan_of(const struct catalog_migration *row, struct migrate_plan **plan,
                    struct error *e);
/* Asks the process that is at work on it to end; without one it is CANCELLED at once.
 * MIGRATION_STATE when there is nothing to cancel. */
int migrate_cancel(struct setup *s, const struct catalog_migration *row, struct error *e);
/* MIGRATION_STATE while it runs. */
int migrate_delete(struct setup *s, const struct catalog_migration *row, struct error *e);

/* How far the last pass is, with what its open units have. */
struct migrate_status {
    struct catalog_migrate_pass pass; /* number 0 = none was begun */
    uint64_t failures;
    uint64_t open_units;
    int64_t elapsed_ns; /* of the pass */
    int64_t left_ns;    /* estimated; -1 = cannot be told */
    uint64_t bytes_per_second;
    uint64_t objects_per_second;
};
int migrate_status_read(struct catalog *c, const struct catalog_migration *row,
                        struct migrate_status *status, struct error *e);
void migrate_status_clear(struct migrate_status *status);

/* ---- migrate.c, migrate_retry.c ---- */

/* Runs it, or on: a pass that was not finished first.  Ends with state SUCCESS or PARTIAL (some
 * objects failed; each was reported) in `*state`.  An error: the run ended before its end, and
 * can be run on. */
int migrate_run(struct setup *s, const struct catalog_migration *row,
                const struct job_reporter *reporter, enum catalog_migration_state *state,
                struct error *e);
/* Tries once more what failed, and nothing else. */
int migrate_retry(struct setup *s, const struct catalog_migration *row,
                  const struct job_reporter *reporter, enum catalog_migration_state *state,
                  struct error *e);

/* ---- migrate_attest.c ---- */

/* What both listings come to: numbers, bytes, and a hash over all names and lengths in order.
 */
struct migrate_listed {
    uint64_t objects, bytes;
    uint8_t root[HASH_SIZE];
};
struct migrate_statement {
    struct migrate_listed source, target; /* `target`: of the names that the source has */
    uint64_t missing, different;          /* of the source's: not there, of another length */
    uint64_t extra, unlisted;             /* other names there; what could not be listed */
    bool complete;
    int64_t at_ns;
    struct buffer text; /* what is signed: lines NAME: VALUE */
    uint8_t public_key[SIGNATURE_PUBLIC_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
};
void migrate_statement_clear(struct migrate_statement *statement);
/* Lists both ends and states what is there, signed with the key `migrate` in the folder `keys`
 * beside the configuration, which is made when absent. */
int migrate_attest(struct setup *s, const struct catalog_migration *row,
                   struct migrate_statement *statement, struct error *e);

#endif
