/* SPDX-License-Identifier: Apache-2.0 */
/* replica_look.c - what is looked at before replicas are asked for. */
#include "mirror/replica_private.h"

#include "engine/vault_facts.h"

#include <stdlib.h>
#include <string.h>

/* `*items` has room for one more after this. */
static int grow(void **items, size_t count, size_t *room, size_t size, struct error *e)
{
    if (count < *room)
        return 0;
    size_t more = *room ? 2 * *room : 64;
    void *grown = reallocarray(*items, more, size);
    if (grown == NULL)
        return error_no_memory(e, "the backups of a vault");
    *items = grown;
    *room = more;
    return 0;
}

/* ---- the source ---- */

/* Vaults that have the backup and may be its home. */
struct homes {
    struct replica_asking *a;
    struct catalog_backup backup;
    uint8_t vault[CATALOG_ID_SIZE];
    size_t count;
    bool second_choice; /* `vault` is a mirror or a replication vault */
};

static int visit_home(void *context, const struct catalog_vault *row, struct error *e)
{
    struct homes *homes = context;
    const struct replica_request *request = homes->a->request;
    struct error why = ERROR_INIT;
    struct catalog_backup backup;
    bool normal = row->role == CATALOG_ROLE_NORMAL;

    if (request->source_region != NULL && strcmp(row->region, request->source_region) != 0)
        return 0;
    if (catalog_backup_find(setup_catalog(homes->a->setup), row->uuid, NULL, request->backup,
                            &backup, &why) != 0) {
        if (why.code == ERROR_NO_BACKUP)
            return 0;
        *e = why;
        return -1;
    }
    if (homes->count > 0 && !normal && !homes->second_choice)
        return 0;
    if (homes->count > 0 && normal && homes->second_choice)
        homes->count = 0;
    homes->count++;
    homes->second_choice = !normal;
    homes->backup = backup;
    memcpy(homes->vault, row->uuid, CATALOG_ID_SIZE);
    return 0;
}

/* A mirror has the same backups as its vault: it is meant only when nothing else has it. */
static int find_home(struct replica_asking *a, struct catalog_backup *backup, struct error *e)
{
    struct homes homes = {.a = a};
    struct catalog *catalog = setup_catalog(a->setup);

    if (catalog_vault_list(catalog, visit_home, &homes, e) != 0)
        return -1;
    if (homes.count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                         "there is no backup '%s'; `lagan backup list` shows those there are",
                         a->request->backup);
    if (homes.count > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "several vaults have a backup '%s'; say with --vault which one is "
                         "meant",
                         a->request->backup);
    *backup = homes.backup;
    a->source = catalog_vault_get(catalog, homes.vault, e);
    return a->source != NULL ? 0 : -1;
}

/* The vault, and the id of the backup that was asked for (empty = all). */
static int find_source(struct replica_asking *a, char id[CATALOG_SEAL_ID_SIZE], struct error *e)
{
    const struct replica_request *request = a->request;
    struct catalog *catalog = setup_catalog(a->setup);
    struct catalog_backup backup = {.id = ""};
    int result = 0;

    if (request->backup != NULL && request->vault == NULL) {
        result = find_home(a, &backup, e);
    } else {
        a->source = catalog_vault_find(catalog, request->source_region, request->vault, e);
        if (a->source == NULL)
            return -1;
        if (request->backup != NULL)
            result = catalog_backup_find(catalog, a->source->uuid, NULL, request->backup,
                                         &backup, e);
    }
    memcpy(id, backup.id, CATALOG_SEAL_ID_SIZE);
    return result;
}

struct listing {
    struct replica_asking *a;
    const char *id;
};

static int visit_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    const struct listing *listing = context;
    struct replica_asking *a = listing->a;

    if (grow((void **)&a->candidates, a->candidate_count, &a->candidate_room,
             sizeof(*a->candidates), e) != 0)
        return -1;
    struct replica_candidate *made = &a->candidates[a->candidate_count++];
    *made = (struct replica_candidate){.backup = *row};
    made->asked = listing->id[0] == '\0' || strcmp(listing->id, row->id) == 0;
    return 0;
}

/* ---- the destination ---- */

static int visit_replica(void *context, const struct catalog_backup *row, struct error *e)
{
    struct replica_asking *a = context;

    if (row->origin[0] == '\0')
        return 0;
    if (grow((void **)&a->there, a->there_count, &a->there_room, sizeof(*a->there), e) != 0)
        return -1;
    memcpy(a->there[a->there_count++], row->origin, CATALOG_SEAL_ID_SIZE);
    return 0;
}

static int visit_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct replica_asking *a = context;

    if (row->role != CATALOG_ROLE_REPLICATION || row->state == CATALOG_VAULT_DELETED ||
        strcmp(row->region, a->to->name) != 0)
        return 0;
    return catalog_backup_list(setup_catalog(a->setup), row->uuid, NULL, visit_replica, a, e);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int look_there(struct replica_asking *a, struct error *e)
{
    struct vault_sizes sizes;

    if (catalog_vault_list(setup_catalog(a->setup), visit_vault, a, e) != 0 ||
        vault_sizes_read(setup_catalog(a->setup), a->destination->uuid, &sizes, e) != 0)
        return -1;
    if (a->there_count > 0)
        qsort(a->there, a->there_count, sizeof(*a->there), compare_ids);
    a->used_bytes = sizes.stored_bytes;
    return 0;
}

/* ---- both ---- */

static int ask_places(struct replica_asking *a, struct error *e)
{
    struct place from, to;

    if (setup_region(a->setup, a->source->region, &a->from, e) != 0 ||
        setup_region(a->setup, a->request->region, &a->to, e) != 0)
        return -1;
    config_region_place(a->from, &from);
    config_region_place(a->to, &to);
    if (place_route(&from, &to, e) != 0)
        return -1;
    return place_project(&to, a->request->project, &a->project, e);
}

/* Nobody is there to type a passphrase when the work is done. */
static int ask_key(const struct catalog_vault *row, struct error *e)
{
    if (row->key_driver[0] != '\0')
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_LOCKED,
                     "the vault %s opens with a passphrase alone, and replicas are made when "
                     "nobody is there; use a vault with a key provider",
                     row->name);
}

static int ask_vaults(struct replica_asking *a, struct error *e)
{
    const struct replica_wish wish = {.source = a->source,
                                      .destination = a->destination,
                                      .region = a->to->name,
                                      .way = a->request->way};

    if (replica_subject_fits(&wish, REPLICA_OF_DESTINATION, e) != 0 ||
        ask_key(a->source, e) != 0)
        return -1;
    return ask_key(a->destination, e);
}

static int ask_source(struct replica_asking *a, struct error *e)
{
    const struct replica_wish wish = {.source = a->source, .way = a->request->way};

    return replica_subject_fits(&wish, REPLICA_OF_SOURCE, e);
}

int replica_look(struct replica_asking *a, struct error *e)
{
    char id[CATALOG_SEAL_ID_SIZE];
    struct listing listing = {a, id};

    if (find_source(a, id, e) != 0 || ask_source(a, e) != 0 || ask_places(a, e) != 0 ||
        replica_choose(a, e) != 0 || ask_vaults(a, e) != 0)
        return -1;
    if (catalog_backup_list(setup_catalog(a->setup), a->source->uuid, NULL, visit_backup,
                            &listing, e) != 0 ||
        look_there(a, e) != 0)
        return -1;
    a->pending = calloc(a->candidate_count + 1, sizeof(*a->pending));
    return a->pending != NULL ? 0 : error_no_memory(e, "the backups of a vault");
}

void replica_forget(struct replica_asking *a)
{
    catalog_vault_free(a->source);
    catalog_vault_free(a->destination);
    free(a->candidates);
    free(a->there);
    free(a->pending);
}
