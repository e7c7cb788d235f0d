/* SPDX-License-Identifier: Apache-2.0 */
/* lost.c - see lost.h. */
#include "engine/lost.h"

#include "driver/operation.h"

#include <stdio.h>

struct search {
    struct target *target;
    void (*each)(void *context, const struct catalog_backup *row);
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
    int there = operation_check(e) == 0 ? is_there(search->target, row->seal_name, "", e) : -1;
    if (there == 0)
        there = is_there(search->target, row->seal_name, ".gone", e);
    if (there < 0)
        return -1;
    if (there == 0)
        search->each(search->context, row);
    return 0;
}

int lost_backups(struct setup *s, const struct open_vault *vault,
                 void (*each)(void *context, const struct catalog_backup *row), void *context,
                 struct error *e)
{
    struct search search = {vault->place.target, each, context};
    return catalog_backup_list(setup_catalog(s), vault->row->uuid, NULL, check_row, &search, e);
}
