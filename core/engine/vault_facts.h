/* SPDX-License-Identifier: Apache-2.0 */
/* vault_facts.h - what the catalog and the configuration know of a vault, as the rules of
 * policy/vault_rules.h want it. */
#ifndef CORE_ENGINE_VAULT_FACTS_H
#define CORE_ENGINE_VAULT_FACTS_H

#include "engine/setup.h"
#include "policy/vault_rules.h"
#include "vault/lock.h"

/* Sums over the backups of a vault. */
struct vault_sizes {
    uint64_t backups;
    uint64_t sources;      /* that have backups in it */
    uint64_t source_bytes; /* of the newest backup of each source: the size of the sources */
    uint64_t stored_bytes; /* that the backups take, deleted ones that are still kept as well */
    uint64_t deleted;      /* backups of these that can be brought back: none of `backups` */
    uint64_t deleted_bytes;
    int64_t last_ns; /* creation of the newest backup; 0 = none */
};
int vault_sizes_read(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct vault_sizes *sizes, struct error *e);

/* The facts, with the texts that they point to: must stay where it is, and the row too. */
struct vault_dossier {
    struct vault_facts facts;
    struct vault_sizes sizes;
    char mirror[CATALOG_TEXT_SIZE];
    char mirror_region[NAME_SIZE];
    char task[CATALOG_TASK_ID_SIZE];
    struct vault_lock lock; /* as the catalog remembers it */
};
/* Read in one transaction with the change that they decide on, they hold until it is done. */
int vault_facts_read(struct setup *s, const struct catalog_vault *row,
                     struct vault_dossier *dossier, struct error *e);

/* What the row alone tells; the other members stay as they are. */
void vault_facts_of_row(const struct catalog_vault *row, struct vault_facts *facts);

/* One rule on these alone: for rules that look at the state only. */
int vault_state_ask(const struct catalog_vault *row,
                    int (*rule)(const struct vault_facts *facts, struct error *e),
                    struct error *e);

/* Facts and one rule at once, for decisions that no change of the catalog follows. */
int vault_facts_ask(struct setup *s, const struct catalog_vault *row,
                    int (*rule)(const struct vault_facts *facts, struct error *e),
                    struct error *e);

#endif
