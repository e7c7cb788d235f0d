/* SPDX-License-Identifier: Apache-2.0 */
/* zone_repair.c - opens the zones of a vault one by one and has them mended. */
#include "engine/zone_repair.h"

static int open_zones(struct setup *s, const struct zone_repair_request *request,
                      struct open_target *open, struct zone_mending *m, struct error *e)
{
    for (size_t i = 0; i < m->count; i++) {
        struct error why = ERROR_INIT;
        if (setup_zone_open(s, request->region, i, request->prefix, LAGAN_OPEN_INITIALISE,
                            &open[i], &why) == 0) {
            m->zone[i] = open[i].target;
            m->there++;
            continue;
        }
        if (why.error_class == LAGAN_INVALID || why.error_class == LAGAN_UNSUPPORTED ||
            why.error_class == LAGAN_CANCELLED) {
            *e = why;
            return -1;
        }
        m->result->missing++;
        m->result->why = why;
    }
    if (m->there >= ZONES_PACK_COPIES)
        return 0;
    return error_set(e, LAGAN_OFFLINE, ERROR_ZONE_MISSING,
                     "of %zu zones %zu are missing: %.400s", m->count, m->result->missing,
                     m->result->why.text);
}

int zone_repair(struct setup *s, const struct zone_repair_request *request,
                struct zone_repair_result *result, struct error *e)
{
    struct open_target open[ZONES_LIMIT] = {0};
    struct zone_mending m = {.count = request->region->zone_count,
                             .names = request->region->zone_names,
                             .read_all = request->read_all,
                             .context = request->context,
                             .found = request->found,
                             .result = result};
    int done = -1;

    *result = (struct zone_repair_result){.zones = m.count};
    if (open_zones(s, request, open, &m, e) == 0)
        done = zone_mend(&m, e);
    for (size_t i = 0; i < m.count; i++)
        open_target_close(&open[i]);
    return done == 0 ? 0 : error_context(e, "region %s", request->region->name);
}
