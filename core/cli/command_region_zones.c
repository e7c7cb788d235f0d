/* SPDX-License-Identifier: Apache-2.0 */
/* command_region_zones.c - the zones of a region: whether they are there and work, and repair.
 */
#include "cli/session.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "engine/rebuild.h"
#include "engine/zone_repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { PROBE_BYTES = 64, PROBE_KEY_SIZE = 48 };

static const char *support_word(uint8_t support)
{
    static const char *const words[] = {"none", "emulated", "native"};
    return support < 3 ? words[support] : "unknown";
}

static void record_capabilities(struct output *o, const struct lagan_target_capabilities *c)
{
    const struct {
        const char *name;
        uint8_t support;
    } rows[] = {{"put_if_absent", c->put_if_absent},
                {"staged_put", c->staged_put},
                {"durable_put", c->durable_put},
                {"read_after_write", c->read_after_write},
                {"list_consistent", c->list_consistent},
                {"list_sorted", c->list_sorted},
                {"ranged_get", c->ranged_get},
                {"checksum", c->checksum},
                {"remove", c->remove}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        record_text(o, rows[i].name, support_word(rows[i].support));
}

static void record_room(struct output *o, struct target *target)
{
    uint64_t total = UINT64_MAX, available = UINT64_MAX;
    struct error unknown;
    if (target_capacity(target, &total, &available, &unknown) != 0)
        return;
    if (total != UINT64_MAX)
        record_size(o, "capacity", total);
    if (available != UINT64_MAX)
        record_size(o, "available", available);
}

/* Probing: one object in, seen, read and out again. */

static int see(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)e;
    *(bool *)context = bytes == PROBE_BYTES;
    return 0;
}

static int probe_object(struct target *t, const char *key, const uint8_t *data, struct error *e)
{
    uint8_t found[PROBE_BYTES];
    bool seen = false;
    if (target_put(t, key, data, PROBE_BYTES, e) != 0 || target_flush(t, e) != 0 ||
        target_get(t, key, 0, found, sizeof(found), e) != 0 ||
        target_list(t, key, see, &seen, e) != 0)
        return -1;
    if (seen && memcmp(found, data, sizeof(found)) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "what was written is not what is there");
}

static int probe(struct target *t, struct error *e)
{
    uint8_t data[PROBE_BYTES];
    char key[PROBE_KEY_SIZE] = "lagan-probe-";
    struct error why = ERROR_INIT;
    if (getrandom(data, sizeof(data), 0) != (ssize_t)sizeof(data))
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "no random numbers");
    text_hex(data, 16, key + strlen(key));
    int result = probe_object(t, key, data, e);
    if (target_capabilities(t)->remove == LAGAN_SUPPORT_NONE)
        return result;
    if (target_remove(t, key, &why) == 0 || result != 0)
        return result;
    *e = why;
    return -1;
}

/* A zone as it was found. */
struct zone_view {
    const char *name;
    const char *state; /* "available", "read-only", "missing", "failing" */
    struct error why;
};

static bool is_read_only(const struct error *why)
{
    return why->error_class == LAGAN_IMMUTABLE || why->error_class == LAGAN_DENIED;
}

/* Opens a zone for writing, else for reading, and tries it. */
static int look_at_zone(struct session *s, const struct config_region *region, size_t zone,
                        struct open_target *open, struct zone_view *view, struct error *e)
{
    *view = (struct zone_view){.name = region->zone_names[zone], .state = "available"};
    if (setup_zone_open(s->setup, region, zone, "", 0, open, e) == 0) {
        if (probe(open->target, &view->why) != 0)
            view->state = is_read_only(&view->why) ? "read-only" : "failing";
        return 0;
    }
    view->why = *e;
    view->state = "read-only";
    if (setup_zone_open(s->setup, region, zone, "", LAGAN_OPEN_READ_ONLY, open, e) == 0)
        return 0;
    view->state = "missing";
    view->why = *e;
    return e->error_class == LAGAN_INVALID || e->error_class == LAGAN_UNSUPPORTED ||
                   e->error_class == LAGAN_CANCELLED || region->zone_count == 1
               ? -1
               : 0;
}

static void record_zone(struct output *o, const struct zone_view *view, struct target *target)
{
    record_begin(o, "zone");
    record_text(o, "name", view->name);
    record_text(o, "state", view->state);
    if (target) {
        record_capabilities(o, target_capabilities(target));
        record_room(o, target);
    }
    record_text(o, "message", view->why.error_class ? view->why.text : NULL);
    record_end(o);
}

/* The loss of a device is the loss of both. */
static void warn_of_devices(struct session *s, const struct config_region *region)
{
    dev_t device[ZONES_LIMIT];
    bool known[ZONES_LIMIT] = {false};
    for (size_t i = 0; i < region->zone_count; i++) {
        known[i] = setup_zone_device(s->setup, region, i, &device[i]);
        for (size_t j = 0; j < i; j++) {
            if (!known[i] || !known[j] || device[i] != device[j])
                continue;
            if (!s->output.use_json)
                report_line("lagan: warning: the zones %s and %s lie on one device",
                            region->zone_names[j], region->zone_names[i]);
            else {
                record_begin(&s->output, "warning");
                record_text(&s->output, "code", "zones-share-device");
                record_text(&s->output, "zone", region->zone_names[j]);
                record_text(&s->output, "other", region->zone_names[i]);
                record_end(&s->output);
            }
            break;
        }
    }
}

static int count_place(void *context, const char *prefix, struct error *e)
{
    uint64_t *count = context;
    (void)prefix;
    (void)e;
    ++*count;
    return 0;
}

/* All together; `target`: of a region with one zone, else NULL. */
static int record_check(struct session *s, const struct config_region *region,
                        const char *state, struct target *target, size_t missing,
                        struct error *e)
{
    struct output *o = &s->output;
    uint64_t vaults = 0;
    if (missing + 1 < region->zone_count || region->zone_count == 1) {
        if (rebuild_places(s->setup, region, count_place, &vaults, e) != 0)
            return -1;
    }
    record_begin(o, "region_check");
    record_text(o, "region", region->name);
    record_text(o, "target", region->zones[0].name);
    record_text(o, "state", state);
    record_number(o, "zones", region->zone_count);
    record_number(o, "zones_missing", missing);
    record_number(o, "vaults", vaults);
    if (target) {
        record_capabilities(o, target_capabilities(target));
        record_room(o, target);
    }
    record_end(o);
    return 0;
}

static int check_single(struct session *s, const struct config_region *region, struct error *e)
{
    struct open_target open = {0};
    struct zone_view view;
    if (look_at_zone(s, region, 0, &open, &view, e) != 0)
        return -1;
    int result = 0;
    if (strcmp(view.state, "failing") == 0) {
        *e = view.why;
        result = error_context(e, "region %s", region->name);
    } else {
        result = record_check(s, region, view.state, open.target, 0, e);
    }
    open_target_close(&open);
    return result;
}

static int check_zones(struct session *s, const struct config_region *region, struct error *e)
{
    struct output *o = &s->output;
    size_t missing = 0;
    for (size_t i = 0; i < region->zone_count; i++) {
        struct open_target open = {0};
        struct zone_view view;
        struct error why = ERROR_INIT;
        if (look_at_zone(s, region, i, &open, &view, &why) != 0) {
            *e = why;
            return -1;
        }
        missing += strcmp(view.state, "missing") == 0 || strcmp(view.state, "failing") == 0;
        record_zone(o, &view, open.target);
        output_line(o, "%s", "");
        open_target_close(&open);
    }
    if (missing > 0)
        s->status = error_exit_status(&(struct error){.code = ERROR_ZONE_MISSING});
    warn_of_devices(s, region);
    return record_check(s, region, missing > 0 ? "degraded" : "available", NULL, missing, e);
}

int command_region_check(struct session *s, struct error *e)
{
    const struct config_region *region = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        setup_region(s->setup, session_operand(s, 0), &region, e) != 0)
        return -1;
    return region->zone_count > 1 ? check_zones(s, region, e) : check_single(s, region, e);
}

/* Repair */

/* A vault to be repaired. */
struct repair_item {
    char *place;
    char *name; /* the place when the catalog has none */
};

struct repairing {
    struct session *session;
    const struct config_region *region;
    struct repair_item *items;
    size_t count;
    const char *vault; /* at work */
};

static int add_item(struct repairing *r, const char *place, const char *name, struct error *e)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->items[i].place, place) == 0)
            return 0;
    struct repair_item *grown = realloc(r->items, (r->count + 1) * sizeof(*grown));
    if (!grown)
        return error_no_memory(e, "the vaults of a region");
    r->items = grown;
    struct repair_item *item = &grown[r->count++];
    *item = (struct repair_item){strdup(place), strdup(name)};
    return item->place && item->name ? 0 : error_no_memory(e, "the vaults of a region");
}

static void free_items(struct repairing *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].place);
        free(r->items[i].name);
    }
    free(r->items);
}

static int add_row(void *context, const struct catalog_vault *row, struct error *e)
{
    struct repairing *r = context;
    if (strcmp(row->region, r->region->name) != 0)
        return 0;
    return add_item(r, row->prefix, row->name, e);
}

static int add_place(void *context, const char *prefix, struct error *e)
{
    return add_item(context, prefix, prefix[0] ? prefix : "at the top", e);
}

/* The vaults that the catalog knows and those that any zone has.  In a region that has become
 * zone-redundant all zones but one are still to be made. */
static int find_items(struct repairing *r, struct error *e)
{
    struct session *s = r->session;
    const char *name = session_value(s, OPTION_VAULT);
    struct error why = ERROR_INIT;
    if (name) {
        struct catalog_vault *row =
            catalog_vault_find(session_catalog(s), r->region->name, name, e);
        int result = row ? add_row(r, row, e) : -1;
        catalog_vault_free(row);
        return result;
    }
    if (catalog_vault_list(session_catalog(s), add_row, r, e) != 0)
        return -1;
    if (rebuild_places(s->setup, r->region, add_place, r, &why) == 0 ||
        why.code == ERROR_ZONE_MISSING || why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static void print_found(void *context, const char *object, const char *zone, const char *text)
{
    struct repairing *r = context;
    struct output *o = &r->session->output;
    if (!o->use_json) {
        output_line(o, "vault %s: %s%s%s: %s", r->vault, object, zone ? " in zone " : "",
                    zone ? zone : "", text);
        return;
    }
    record_begin(o, "finding");
    record_text(o, "vault", r->vault);
    record_text(o, "object", object);
    record_text(o, "zone", zone);
    record_text(o, "message", text);
    record_end(o);
}

static void print_repair(struct repairing *r, const struct zone_repair_result *found)
{
    struct output *o = &r->session->output;
    char bytes[TEXT_SIZE_SIZE];
    if (o->use_json) {
        record_begin(o, "repair");
        record_text(o, "region", r->region->name);
        record_text(o, "vault", r->vault);
        record_number(o, "objects", found->objects);
        record_number(o, "complete", found->complete);
        record_number(o, "copied", found->copied);
        record_number(o, "copied_bytes", found->copied_bytes);
        record_number(o, "replaced", found->replaced);
        record_number(o, "lost", found->lost);
        record_number(o, "zones", found->zones);
        record_number(o, "zones_missing", found->missing);
        record_end(o);
        return;
    }
    text_format_size(found->copied_bytes, bytes);
    output_note(o,
                "vault %s: %llu objects, %llu complete; %llu copies made (%s), %llu of them in "
                "place of bad ones; %llu without a sound copy",
                r->vault, (unsigned long long)found->objects,
                (unsigned long long)found->complete, (unsigned long long)found->copied, bytes,
                (unsigned long long)found->replaced, (unsigned long long)found->lost);
}

static int write_down(struct repairing *r, const struct zone_repair_result *found,
                      struct error *e)
{
    return catalog_audit_add(
        session_catalog(r->session), CATALOG_EVENT_ZONE_REPAIR, r->vault, e,
        "region %s: %llu objects, %llu copied, %llu replaced, %llu lost, "
        "%zu of %zu zones missing",
        r->region->name, (unsigned long long)found->objects, (unsigned long long)found->copied,
        (unsigned long long)found->replaced, (unsigned long long)found->lost, found->missing,
        found->zones);
}

/* The worst of all vaults decides how it ends. */
static void judge(struct session *s, const struct zone_repair_result *found)
{
    if (found->missing > 0 && s->status == STATUS_DONE) {
        report_line("lagan: %s", found->why.text);
        s->status = error_exit_status(&(struct error){.code = ERROR_ZONE_MISSING});
    }
    if (found->lost > 0)
        s->status = STATUS_INTEGRITY;
}

static int repair_item(struct repairing *r, const struct repair_item *item, struct error *e)
{
    struct session *s = r->session;
    const char *depth = session_value(s, OPTION_DEPTH);
    struct zone_repair_result found = {0};
    struct zone_repair_request request = {.region = r->region,
                                          .prefix = item->place,
                                          .read_all = depth && strcmp(depth, "objects") == 0,
                                          .context = r,
                                          .found = print_found};
    r->vault = item->name;
    if (zone_repair(s->setup, &request, &found, e) != 0)
        return -1;
    print_repair(r, &found);
    judge(s, &found);
    return write_down(r, &found, e);
}

int command_region_repair(struct session *s, struct error *e)
{
    struct repairing r = {.session = s};
    const char *depth = session_value(s, OPTION_DEPTH);
    if (depth && strcmp(depth, "structure") != 0 && strcmp(depth, "objects") != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--depth %s: it can be structure or objects", depth);
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        setup_region(s->setup, session_operand(s, 0), &r.region, e) != 0)
        return -1;
    if (r.region->zone_count < PLACE_ZONES_REDUNDANT)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "the region %s has one zone, and no other to repair it from; `lagan "
                         "mirror verify --repair` mends a vault from its mirror",
                         r.region->name);
    int result = find_items(&r, e);
    for (size_t i = 0; i < r.count && result == 0; i++)
        result = repair_item(&r, &r.items[i], e);
    free_items(&r);
    if (result == 0 && r.count == 0)
        output_note(&s->output, "no vaults");
    return result;
}
