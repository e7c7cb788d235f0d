/* SPDX-License-Identifier: Apache-2.0 */
/* restore_note.c - see restore_note.h. */
#include "engine/restore_note.h"

#include "base/clock.h"
#include "catalog/audit.h"
#include "catalog/usage.h"

#include <string.h>

static const char *const route_names[] = {
#define X(symbol, name) name,
    RESTORE_ROUTES(X)
#undef X
};

int restore_route_parse(const char *text, enum restore_route *route, struct error *e)
{
    for (size_t i = 0; i < sizeof(route_names) / sizeof(route_names[0]); i++) {
        if (strcmp(text, route_names[i]) != 0)
            continue;
        *route = (enum restore_route)i;
        return 0;
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--route %s: it can be local, private or internet", text);
}

int restore_may_be(struct setup *s, const struct catalog_vault *row, const struct seal *seal,
                   struct error *e)
{
    const struct driver *driver = NULL;
    struct error later = ERROR_INIT; /* opening the place tells what is wrong with a driver */

    if (row == NULL || row->role != CATALOG_ROLE_MIRROR || seal->source_driver == NULL ||
        setup_driver(s, seal->source_driver, LAGAN_KIND_SOURCE, &driver, &later) != 0 ||
        (driver_traits(driver) & LAGAN_TRAIT_NOT_FROM_MIRROR) == 0)
        return 0;
    return error_set(
        e, LAGAN_PRECONDITION, ERROR_NOT_RESTORABLE,
        "backups of the driver %s are not restored from a mirror; restore from the "
        "vault that %s follows, or end the mirror with `lagan mirror stop`",
        seal->source_driver, row->name);
}

int restore_note(struct setup *s, const struct catalog_vault *row, const struct seal *seal,
                 const char *to, enum restore_route route, uint64_t bytes, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_audit_add(c, CATALOG_EVENT_RESTORE, seal->id, e, "from %s to %s: %llu bytes",
                          row->name, to != NULL ? to : "where it was",
                          (unsigned long long)bytes) == 0 &&
        (bytes == 0 || catalog_usage_add(c, CATALOG_USAGE_RESTORED, row->uuid,
                                         route_names[route], bytes, clock_wall_ns(), e) == 0))
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}
