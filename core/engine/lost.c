/* SPDX-License-Identifier: Apache-2.0 */
/* lost.c - see lost.h. */
#include "engine/lost.h"

#include "driver/operation.h"
#include "engine/locking.h"
#include "engine/slots.h"

#include <stdio.h>

struct search {
    struct target *target;
    lost_function *each;
    void *context;
};

/* Whether "seals/NAME" and `ending` is an object: 1, 0, -1. */
static int is_there(struct target *target, const char *name, const char *ending,
                    struct error *e)
{
    char key[LAGAN_KEY_LIMIT + 1];
    struct error why = ERROR_INIT;
    uint64_t bytes = 0;
    snprintf(key, sizeof(key), "seals/%s%s", name, ending);
    if (operation_check(e) != 0)
        return -1;
    if (target_stat(target, key, &bytes, &why) == 0)
        return 1;
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static int check_row(void *context, const struct catalog_backup *row, struct error *e)
{
    struct search *search = context;
    char name[sizeof(row->seal_name) + 8];
    struct lost_object lost = {.name = name, .backup = row->id, .missing = true};
    int there = is_there(search->target, row->seal_name, "", e);
    if (there == 0)
        there = is_there(search->target, row->seal_name, ".gone", e);
    if (there < 0)
        return -1;
    if (there > 0)
        return 0;
    snprintf(name, sizeof(name), "seals/%s", row->seal_name);
    error_set(&lost.why, LAGAN_NOT_FOUND, ERROR_INTEGRITY,
              "the catalog knows this backup, but its seal is missing");
    search->each(search->context, &lost);
    return 0;
}

int lost_backups(struct setup *s, const struct open_vault *vault, lost_function *each,
                 void *context, struct error *e)
{
    struct search search = {vault->place.target, each, context};
    return catalog_backup_list(setup_catalog(s), vault->row->uuid, NULL, check_row, &search, e);
}

static int check_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                           const char *seal_name, struct error *e)
{
    struct search *search = context;
    char name[CATALOG_TEXT_SIZE + 16];
    struct lost_object lost = {.name = name, .missing = true};
    (void)vault;
    int there = is_there(search->target, seal_name, ".gone", e);
    if (there != 0)
        return there < 0 ? -1 : 0;
    snprintf(name, sizeof(name), "seals/%s.gone", seal_name);
    error_set(&lost.why, LAGAN_NOT_FOUND, ERROR_INTEGRITY,
              "the catalog knows that this backup was deleted, but its tombstone is missing; "
              "`lagan catalog rebuild` accepts that");
    search->each(search->context, &lost);
    return 0;
}

static const char slot_missing[] =
    "the catalog knows this key slot (%s, \"%s\"), but it is missing; `lagan vault key add` "
    "makes a new one, `lagan catalog rebuild` accepts the loss";
static const char slot_unknown[] =
    "the catalog does not know this key slot (%s, \"%s\"): it was added elsewhere; `lagan "
    "vault "
    "key remove` takes it away, `lagan catalog rebuild` accepts it";

static void check_slot(void *context, const struct catalog_slot *slot, bool missing)
{
    struct search *search = context;
    char name[64];
    struct lost_object lost = {.name = name, .missing = missing};
    snprintf(name, sizeof(name), "keys/%s", slot->id);
    if (missing)
        error_set(&lost.why, LAGAN_NOT_FOUND, ERROR_INTEGRITY, slot_missing, slot->kind,
                  slot->label);
    else
        error_set(&lost.why, LAGAN_CHANGED, ERROR_FAILED, slot_unknown, slot->kind,
                  slot->label);
    search->each(search->context, &lost);
}

/* A lock that the catalog remembers, and storage shows no more. */
static int check_lock(struct setup *s, const struct open_vault *vault, struct search *search,
                      struct error *e)
{
    struct lost_object lost = {.name = "locks/", .missing = true};
    if (locking_check(s, vault->row, vault->vault, NULL, &lost.why) == 0)
        return 0;
    if (lost.why.code != ERROR_LOCK_STATE) {
        *e = lost.why;
        return -1;
    }
    lost.why.code = ERROR_INTEGRITY;
    search->each(search->context, &lost);
    return 0;
}

int lost_witnesses(struct setup *s, const struct open_vault *vault, lost_function *each,
                   void *context, struct error *e)
{
    struct search search = {vault->place.target, each, context};
    const struct slots slots = {setup_catalog(s), vault->row->uuid, vault->vault};
    if (slots_compare(&slots, check_slot, &search, e) != 0 ||
        check_lock(s, vault, &search, e) != 0)
        return -1;
    return catalog_tombstone_list(setup_catalog(s), vault->row->uuid, check_tombstone, &search,
                                  e);
}
