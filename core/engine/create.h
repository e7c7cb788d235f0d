/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - makes a vault: its place, its key slots, its row in the catalog. */
#ifndef CORE_ENGINE_CREATE_H
#define CORE_ENGINE_CREATE_H

#include "engine/setup.h"

#define CREATE_PACK_BYTES_MIN (UINT64_C(64) << 10)
#define CREATE_PACK_BYTES_MAX (UINT64_C(4) << 30)

struct create_request {
    const char *name;              /* NULL = a made one */
    const char *region;            /* NULL = the only one */
    const char *project;           /* NULL = the default one of the region */
    const char *description;       /* NULL = none */
    const char *passphrase_source; /* as in struct setup_key; NULL = no such slot */
    /* As in engine/parameters.h; NULL: that of the region, else a key file in its default
     * place, unless there is a passphrase. */
    const char *provider;
    const enum catalog_encryption *encryption; /* that it must come out with; NULL = any */
    enum catalog_vault_type type;
    enum catalog_vault_role role; /* NORMAL or REPLICATION */
    enum catalog_plan plan;
    uint64_t quota_bytes;   /* 0 = none */
    uint32_t quota_warning; /* percent, 1 to 100; 0 = 80 */
    bool auto_expand;
    bool redundancy_given;            /* somebody asked for one, which is refused */
    const struct catalog_pairs *tags; /* NULL = none */
    uint64_t pack_bytes;      /* of data packs, those of metadata get a quarter; 0 = default */
    bool recovery;            /* make a recovery key ... */
    uint8_t recovery_key[32]; /* ... which stands here then; the caller wipes it */
    /* What is to come into the catalog with the vault, both or neither (may be NULL); called
     * with its row within the transaction. */
    int (*also)(void *context, const struct catalog_vault *row, struct error *e);
    void *also_context;
};

/* Whether such a vault could be created, as far as the catalog knows: what the rules say
 * (vault_may_be_created), NO_PROJECT, NAME_INVALID, NAME_TAKEN, PARAMETER.  `also` is not
 * asked.
 */
int create_check(struct setup *s, struct create_request *request, struct error *e);

/* Creates the vault; takes up what an attempt that broke off has left.  `*row` is what the
 * catalog got, freed by the caller.  Codes of create_check; CONFLICT when another vault is in
 * the way; ENCRYPTION_DIFFERS.  When `also` fails, what was made in storage goes again. */
int create_vault(struct setup *s, struct create_request *request, struct catalog_vault **row,
                 struct error *e);

/* Finds a place below the target of `region` (whose driver is `driver`) for the vault of `row`,
 * which has its name and region: fills in `prefix`, empty where the target has one place only.
 * NAME_TAKEN, or CONFLICT when there is no place. */
int create_place(struct setup *s, const struct config_region *region,
                 const struct driver *driver, struct catalog_vault *row, struct error *e);

/* A slot to be added to a vault, with all that it stands on. */
struct slot_source {
    struct open_provider provider;
    char driver[CATALOG_TEXT_SIZE]; /* of the provider */
    struct catalog_pairs parameters;
    void *passphrase; /* secret memory of `passphrase_room` bytes */
    size_t passphrase_room;
    struct vault_slot_request request;
};
/* Opens the provider `words` (making its key when it has none) for a slot.  Close in any case.
 */
int slot_source_provider(struct setup *s, const char *words, struct slot_source *slot,
                         struct error *e);
/* The same for the key file in its default place, under `name`. */
int slot_source_default(struct setup *s, const char *name, struct slot_source *slot,
                        struct error *e);
/* Reads the passphrase for a slot. */
int slot_source_passphrase(const char *source, struct slot_source *slot, struct error *e);
void slot_source_close(struct slot_source *slot);

#endif
