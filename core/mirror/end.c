/* SPDX-License-Identifier: Apache-2.0 */
/* end.c - a mirror is found, stops being one, or goes. */
#include "mirror/create.h"

#include "base/clock.h"
#include "catalog/audit.h"
#include "engine/about.h"
#include "engine/approval.h"
#include "engine/notes.h"

#include <stdlib.h>
#include <string.h>

/* A region that nobody knows is the better reason. */
static int no_vault(struct setup *s, const char *region, struct error *e)
{
    const struct config_region *its = NULL;
    struct error why = ERROR_INIT;

    if (e->code == ERROR_NO_VAULT && setup_region(s, region, &its, &why) != 0)
        *e = why;
    return -1;
}

bool mirror_is_orphan(const struct catalog_mirror *mirror)
{
    static const uint8_t none[CATALOG_ID_SIZE];

    return memcmp(mirror->source, none, sizeof(none)) == 0;
}

/* A rebuild may have found the mirror and not its vault: a mirror it is all the same. */
static int find_mirror(struct catalog *c, const struct catalog_vault *row,
                       struct catalog_mirror *mirror, struct error *e)
{
    struct error why = ERROR_INIT;

    if (catalog_mirror_get(c, row->uuid, mirror, &why) == 0)
        return 0;
    if (why.code != ERROR_NO_MIRROR) {
        *e = why;
        return -1;
    }
    *mirror =
        (struct catalog_mirror){.state = CATALOG_MIRROR_ERROR, .created_ns = row->created_ns};
    memcpy(mirror->vault, row->uuid, sizeof(mirror->vault));
    error_set(&mirror->why, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
              "the vault that it follows is not known here");
    return 0;
}

int mirror_find(struct setup *s, const char *region, const char *name,
                struct catalog_vault **row, struct catalog_mirror *mirror, struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_vault *found = catalog_vault_find(catalog, region, name, e);
    struct catalog_mirror its;

    if (found == NULL)
        return region != NULL ? no_vault(s, region, e) : -1;
    if (found->role == CATALOG_ROLE_MIRROR) {
        if (find_mirror(catalog, found, mirror, e) == 0) {
            *row = found;
            return 0;
        }
        catalog_vault_free(found);
        return -1;
    }
    int has = catalog_mirror_of(catalog, found->uuid, &its, e);
    struct catalog_vault *other = has > 0 ? catalog_vault_get(catalog, its.vault, e) : NULL;
    if (other != NULL)
        error_set(e, LAGAN_PRECONDITION, ERROR_NO_MIRROR,
                  "the vault %s is no mirror; its mirror is %s in region %s", found->name,
                  other->name, other->region);
    else if (has == 0 && found->state == CATALOG_VAULT_DELETED)
        error_set(e, LAGAN_PRECONDITION, ERROR_NO_MIRROR,
                  "the vault %s is deleted, and is no mirror any more; `lagan vault undelete "
                  "%s` brings it back",
                  found->name, found->name);
    else if (has == 0)
        error_set(e, LAGAN_PRECONDITION, ERROR_NO_MIRROR,
                  "the vault %s is no mirror, and has none; `lagan mirror create %s --region "
                  "REGION` makes one",
                  found->name, found->name);
    catalog_vault_free(other);
    catalog_vault_free(found);
    return -1;
}

/* What may end is ended: the state machine has the last word. */
static int check_end(const struct catalog_vault *row, const struct catalog_mirror *mirror,
                     enum mirror_event event, struct error *e)
{
    enum catalog_mirror_state next;

    return mirror_state_step(mirror->state, event, row->name, &next, e);
}

/* The vault is no mirror any more, as far as the catalog knows. */
static int release(struct catalog *c, const struct catalog_vault *row,
                   const struct catalog_mirror *mirror, struct error *e)
{
    if (!mirror_is_orphan(mirror))
        return catalog_mirror_release(c, row->uuid, e);
    struct catalog_vault *own = catalog_vault_get(c, row->uuid, e);
    if (own == NULL)
        return -1;
    own->role = CATALOG_ROLE_NORMAL;
    int result = catalog_vault_update(c, own, e);
    catalog_vault_free(own);
    return result;
}

/* Opens it, and says in it that it is a vault. */
static int open_as_vault(struct setup *s, const struct catalog_vault *row,
                         const struct setup_key *key, struct open_vault *vault, struct error *e)
{
    struct catalog_vault *again = catalog_vault_get(setup_catalog(s), row->uuid, e);

    if (again == NULL || setup_vault_open_row(s, again, key, false, vault, e) != 0)
        return -1;
    vault->row->role = CATALOG_ROLE_NORMAL;
    return about_write(vault->vault, vault->row, NULL, e);
}

/* ---- what was said of the vault that it followed ---- */

struct deletions {
    struct catalog_backup *items;
    size_t count;
};

static int note_deletion(void *context, const struct catalog_backup *row, struct error *e)
{
    struct deletions *d = context;

    if (row->state != CATALOG_BACKUP_DELETED)
        return 0;
    struct catalog_backup *grown = reallocarray(d->items, d->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "deleted backups");
    d->items = grown;
    d->items[d->count++] = *row;
    return 0;
}

static int take_deletion(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                         const struct catalog_backup *row, struct error *e)
{
    struct catalog_backup own;
    struct error gone = ERROR_INIT;
    int64_t least_ns = clock_wall_ns() + setup_config(s)->limits.undelete_ns;

    if (catalog_backup_get(setup_catalog(s), vault, row->id, &own, &gone) != 0) {
        if (gone.code == ERROR_NO_BACKUP)
            return 0;
        *e = gone;
        return -1;
    }
    return catalog_backup_discard(setup_catalog(s), vault, row->id, row->deleted_ns,
                                  row->purge_ns > least_ns ? row->purge_ns : least_ns,
                                  row->delete_reason, e);
}

/* What its vault has deleted and can bring back is the same here, with all its time.  Where
 * nobody knows that vault any more the notes tell, and of policies, too. */
static int take_words(struct setup *s, const struct open_vault *vault,
                      const struct catalog_mirror *mirror, struct error *e)
{
    struct notes_taken taken = {.policies_new = 0};
    struct deletions d = {NULL, 0};

    if (mirror_is_orphan(mirror))
        return notes_take(s, vault->vault, vault->row, true, &taken, e);
    int result =
        catalog_backup_list(setup_catalog(s), mirror->source, NULL, note_deletion, &d, e);
    for (size_t i = 0; i < d.count && result == 0; i++)
        result = take_deletion(s, vault->row->uuid, &d.items[i], e);
    free(d.items);
    return result;
}

static int record_stop(struct setup *s, const struct catalog_vault *row,
                       const struct catalog_mirror *mirror, const struct open_vault *vault,
                       struct error *e)
{
    struct catalog *catalog = setup_catalog(s);

    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (approval_spend(s, row, APPROVAL_MIRROR_END, row->name, e) != 0 ||
        release(catalog, row, mirror, e) != 0 || take_words(s, vault, mirror, e) != 0 ||
        catalog_audit_add(catalog, CATALOG_EVENT_MIRROR_STOP, row->name, e,
                          "it was %s; now a vault of its own in region %s",
                          catalog_mirror_state_name(mirror->state), row->region) != 0) {
        catalog_rollback(catalog);
        return -1;
    }
    return catalog_commit(catalog, e);
}

int mirror_stop(struct setup *s, struct catalog_vault *row, const struct catalog_mirror *mirror,
                const struct setup_key *key, struct error *e)
{
    struct open_vault vault = {0};

    if (check_end(row, mirror, MIRROR_EVENT_STOP, e) != 0 ||
        approval_ask(s, row, APPROVAL_MIRROR_END, row->name, e) != 0)
        return -1;
    int result = open_as_vault(s, row, key, &vault, e);
    if (result == 0)
        result = record_stop(s, row, mirror, &vault, e);
    open_vault_close(&vault);
    if (result == 0)
        row->role = CATALOG_ROLE_NORMAL;
    return result;
}

static int check_region(const struct catalog_vault *row, const char *region, struct error *e)
{
    if (region == NULL)
        return error_set(e, LAGAN_INVALID, ERROR_WRONG_REGION,
                         "the mirror %s is deleted in its own region: say --region %s",
                         row->name, row->region);
    if (strcmp(region, row->region) == 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_WRONG_REGION,
                     "the mirror %s is in region %s, not in %s: say --region %s if it is the "
                     "one",
                     row->name, row->region, region, row->region);
}

int mirror_delete(struct setup *s, struct catalog_vault *row,
                  const struct catalog_mirror *mirror, const char *region, struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_vault *now = NULL;

    if (check_region(row, region, e) != 0 ||
        check_end(row, mirror, MIRROR_EVENT_DELETE, e) != 0 ||
        approval_ask(s, row, APPROVAL_MIRROR_END, row->name, e) != 0 ||
        catalog_begin(catalog, e) != 0)
        return -1;
    if (approval_spend(s, row, APPROVAL_MIRROR_END, row->name, e) != 0 ||
        release(catalog, row, mirror, e) != 0)
        goto failed;
    now = catalog_vault_get(catalog, row->uuid, e);
    if (now == NULL)
        goto failed;
    now->state = CATALOG_VAULT_DELETED;
    now->deleted_ns = clock_wall_ns();
    now->purge_ns = now->deleted_ns + setup_config(s)->limits.undelete_ns;
    if (catalog_vault_update(catalog, now, e) != 0 ||
        catalog_audit_add(catalog, CATALOG_EVENT_MIRROR_DELETE, row->name, e,
                          "in region %s; it can be brought back until it is purged",
                          row->region) != 0)
        goto failed;
    row->purge_ns = now->purge_ns;
    catalog_vault_free(now);
    return catalog_commit(catalog, e);
failed:
    catalog_vault_free(now);
    catalog_rollback(catalog);
    return -1;
}

int mirror_release(struct setup *s, const struct catalog_vault *row,
                   struct catalog_mirror *mirror, struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_mirror released = *mirror;

    if (mirror->braked_ns == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_MIRROR_STATE,
                         "no brake holds the deletions of the mirror %s; there is nothing to "
                         "release",
                         row->name);
    released.released_ns = clock_wall_ns();
    released.braked_ns = 0;
    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (catalog_mirror_update(catalog, &released, e) != 0 ||
        catalog_audit_add(catalog, CATALOG_EVENT_MIRROR_RELEASE, row->name, e,
                          "deletions that the brake held may go") != 0) {
        catalog_rollback(catalog);
        return -1;
    }
    if (catalog_commit(catalog, e) != 0)
        return -1;
    *mirror = released;
    return 0;
}
