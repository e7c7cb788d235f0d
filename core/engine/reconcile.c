/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile.c - see reconcile.h. */
#include "engine/reconcile.h"

#include "base/log.h"
#include "catalog/keep.h"
#include "engine/backup_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row of the catalog, as far as it matters here. */
struct known {
    char id[CATALOG_SEAL_ID_SIZE];
    char seal_name[CATALOG_TEXT_SIZE];
    bool deleting;
    bool sealed; /* its seal is there */
};

struct known_list {
    struct known *items;
    size_t count;
};

static int collect(void *context, const struct catalog_backup *row, struct error *e)
{
    struct known_list *list = context;
    if ((list->count & (list->count - 1)) == 0) {
        void *more = realloc(list->items, (2 * list->count + 1) * sizeof(*list->items));
        if (!more)
            return error_no_memory(e, "the backups");
        list->items = more;
    }
    struct known *known = &list->items[list->count++];
    memcpy(known->id, row->id, sizeof(known->id));
    memcpy(known->seal_name, row->seal_name, sizeof(known->seal_name));
    known->deleting = row->state == CATALOG_BACKUP_DELETING;
    known->sealed = false;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->id, ((const struct known *)b)->id);
}

static struct known *find(const struct known_list *list, const char *id)
{
    struct known key;
    memcpy(key.id, id, sizeof(key.id));
    return list->count == 0 ? NULL
                            : bsearch(&key, list->items, list->count, sizeof(key), compare_ids);
}

static int learn(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                 const struct seal *seal, const struct seal_list *seals, struct error *e)
{
    struct catalog_backup row;
    log_write(LOG_INFO, "backup", "backup %s goes into the catalog: a command broke off",
              seal->id);
    backup_row_fill(&row, vault, seal, seals);
    return catalog_backup_upsert(catalog, &row, e);
}

/* Who deleted it could not say so any more, or was elsewhere. */
static int bury(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                bool here, struct error *e)
{
    struct catalog_deletion line = {.rule = "broken-off"};
    snprintf(line.reason, sizeof(line.reason), "%s; its tombstone in the vault has the reason",
             here ? "a deletion that was broken off"
                  : "its writer took it back, or it was deleted elsewhere");
    struct catalog_backup row;
    if (catalog_backup_get(catalog, vault, id, &row, e) != 0 ||
        catalog_backup_bury(catalog, vault, id, e) != 0)
        return -1;
    memcpy(line.vault, vault, sizeof(line.vault));
    memcpy(line.backup, row.id, sizeof(line.backup));
    memcpy(line.source_name, row.source_name, sizeof(line.source_name));
    memcpy(line.backup_name, row.name, sizeof(line.backup_name));
    line.created_ns = row.created_ns;
    return catalog_deletion_insert(catalog, &line, e);
}

/* Names of the seals that were deleted, by what the catalog knows.  The seals were listed a
 * moment ago: one that somebody has deleted since is not learned anew. */
struct graves {
    char (*names)[SEAL_NAME_SIZE];
    size_t count;
    bool read;
};

static int add_grave(void *context, const uint8_t vault[CATALOG_ID_SIZE], const char *seal_name,
                     struct error *e)
{
    struct graves *graves = context;
    (void)vault;
    if ((graves->count & (graves->count - 1)) == 0) {
        void *more = realloc(graves->names, (2 * graves->count + 1) * sizeof(*graves->names));
        if (!more)
            return error_no_memory(e, "deleted backups");
        graves->names = more;
    }
    snprintf(graves->names[graves->count++], SEAL_NAME_SIZE, "%s", seal_name);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* 1 when the seal was deleted, 0, -1. */
static int was_deleted(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                       struct graves *graves, const struct seal *seal, struct error *e)
{
    if (!graves->read && catalog_tombstone_list(catalog, vault, add_grave, graves, e) != 0)
        return -1;
    if (!graves->read && graves->count > 1)
        qsort(graves->names, graves->count, sizeof(*graves->names), compare_names);
    graves->read = true;
    return graves->count > 0 && bsearch(seal->name, graves->names, graves->count,
                                        sizeof(*graves->names), compare_names) != NULL;
}

static int learn_missing(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                         const struct seal_list *seals, const struct known_list *list,
                         struct graves *graves, struct error *e)
{
    for (size_t i = 0; i < seals->count; i++) {
        struct known *known = find(list, seals->seals[i]->id);
        int deleted = 0;
        if (known)
            known->sealed = true;
        else
            deleted = was_deleted(catalog, vault, graves, seals->seals[i], e);
        if (deleted < 0 || (!deleted && (!known || known->deleting) &&
                            learn(catalog, vault, seals->seals[i], seals, e) != 0))
            return -1;
    }
    return 0;
}

static int bring_in_line(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                         const struct seal_list *seals, const struct known_list *list,
                         struct error *e)
{
    struct graves graves = {NULL, 0, false};
    int result = learn_missing(catalog, vault, seals, list, &graves, e);
    free(graves.names);
    for (size_t i = 0; result == 0 && i < list->count; i++) {
        if (list->items[i].deleting && !list->items[i].sealed)
            result = bury(catalog, vault, list->items[i].id, true, e);
    }
    return result;
}

static int bury_alone(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                      const char *id, struct error *e)
{
    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (bury(catalog, vault, id, false, e) == 0)
        return catalog_commit(catalog, e);
    catalog_rollback(catalog);
    return -1;
}

/* Storage is asked outside of transactions.  A row that another process has buried meanwhile is
 * fine. */
static int bury_deleted(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                        struct vault *from, const struct known_list *list, struct error *e)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct known *known = &list->items[i];
        struct error why = ERROR_INIT;
        if (known->sealed || known->deleting)
            continue;
        int deleted = vault_backup_is_deleted(from, known->seal_name, e);
        if (deleted < 0)
            return -1;
        if (deleted == 0 || bury_alone(catalog, vault, known->id, &why) == 0 ||
            why.code == ERROR_NO_BACKUP)
            continue;
        *e = why;
        return -1;
    }
    return 0;
}

int reconcile_backups(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                      struct vault *from, const struct seal_list *seals, struct error *e)
{
    struct known_list list = {0};
    int result = -1;
    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (catalog_backup_list(catalog, vault, NULL, collect, &list, e) == 0) {
        if (list.count > 1)
            qsort(list.items, list.count, sizeof(*list.items), compare_ids);
        result = bring_in_line(catalog, vault, seals, &list, e);
    }
    if (result == 0)
        result = catalog_commit(catalog, e);
    else
        catalog_rollback(catalog);
    if (result == 0 && from)
        result = bury_deleted(catalog, vault, from, &list, e);
    free(list.items);
    return result;
}
