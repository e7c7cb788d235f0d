/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.h - inventories of sources: made known, and made.  Their form is that of
 * lagan-inventory(5).
 *
 * Memory does not grow with the number of objects: the listing is written as it comes, to a
 * scratch file in the state folder, which goes to its place when it has `rows` rows.
 */
#ifndef CORE_ENGINE_INVENTORY_H
#define CORE_ENGINE_INVENTORY_H

#include "catalog/inventory.h"
#include "engine/job.h"
#include "engine/setup.h"
#include "policy/inventory_rules.h"

/* What the settings of the row come to. */
int inventory_plan(const struct catalog_inventory *row, struct inventory_plan **plan,
                   struct error *e);
/* Makes it known, with its audit line: the name, the settings, the place and that the source
 * can do it are looked at.  `words` are settings; paths among them are made absolute. */
int inventory_create(struct setup *s, const char *name, const struct catalog_source *source,
                     const struct catalog_pairs *words, struct catalog_inventory **made,
                     struct error *e);
/* Forgets it, with its audit line; what was written stays. */
int inventory_delete(struct setup *s, const struct catalog_inventory *row, struct error *e);

/* Makes it now, in a task of its own; `row` has the outcome, also on failure.  BUSY, code
 * LOCKED, when another process makes it. */
int inventory_run(struct setup *s, struct catalog_inventory *row,
                  const struct job_reporter *reporter, struct error *e);
/* An inventory that is due by its schedule: 1 and `*row` (the caller frees it), 0, -1. */
int inventory_due(struct setup *s, struct catalog_inventory **row, struct error *e);

/* The name of the bucket that a source is, and the name of the source itself: what the column
 * Bucket may say.  At most SOURCE_PLACE_SIZE bytes with the terminator. */
void inventory_bucket(struct source *source, const char *source_name,
                      char bucket[SOURCE_PLACE_SIZE]);

#endif
