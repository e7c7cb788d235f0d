/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_record.h - what the commands of migrations show. */
#ifndef CORE_CLI_MIGRATE_RECORD_H
#define CORE_CLI_MIGRATE_RECORD_H

#include "cli/session.h"
#include "engine/migrate.h"

/* The migration that the first operand names, with the catalog open. */
struct catalog_migration *migrate_operand(struct session *s, struct error *e);
/* A record of what it is. */
void record_migration(struct output *o, const struct catalog_migration *row);
/* A record of how far it is. */
int record_migrate_status(struct session *s, const struct catalog_migration *row,
                          struct error *e);

#endif
