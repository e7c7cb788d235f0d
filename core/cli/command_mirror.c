/* SPDX-License-Identifier: Apache-2.0 */
/* command_mirror.c - mirrors: made, listed, shown, ended. */
#include "cli/session.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/manage.h"
#include "mirror/create.h"
#include "mirror/worker.h"

#include <stdlib.h>
#include <string.h>

/* A mirror with what people want to know of it. */
struct mirror_view {
    struct catalog_mirror mirror;
    struct catalog_vault *row, *source;
    struct catalog_lag lag;
    struct catalog_lane lane;
    struct mirror_progress progress;
};

static void view_clear(struct mirror_view *view)
{
    catalog_vault_free(view->row);
    catalog_vault_free(view->source);
    *view = (struct mirror_view){0};
}

/* Looks at the mirror now; `row` is taken over, and looked up when it is NULL. */
static int view_load(struct session *s, struct mirror_view *view, struct error *e)
{
    struct catalog *catalog = session_catalog(s);
    int64_t now = clock_wall_ns();
    if (!view->row)
        view->row = catalog_vault_get(catalog, view->mirror.vault, e);
    if (!view->row)
        return -1;
    if (mirror_is_orphan(&view->mirror)) {
        mirror_progress(&view->mirror, &view->lag, now, &view->progress);
        return 0;
    }
    view->source = catalog_vault_get(catalog, view->mirror.source, e);
    if (!view->source || mirror_look(s->setup, &view->mirror, &view->lag, NULL, e) != 0 ||
        catalog_lane_get(catalog, view->mirror.vault, &view->lane, e) != 0)
        return -1;
    mirror_progress(&view->mirror, &view->lag, now, &view->progress);
    return 0;
}

static void record_times(struct output *o, const struct mirror_view *view)
{
    const struct catalog_mirror *mirror = &view->mirror;
    record_time(o, "created", mirror->created_ns);
    record_time(o, "history_from", mirror->history_ns);
    record_time(o, "latest", mirror->latest_ns);
    record_time(o, "synced", mirror->synced_ns);
    record_duration(o, "delete_delay", mirror->delete_delay_ns);
    record_duration(o, "rpo", mirror->rpo_ns);
    record_flag(o, "rpo_holds", view->progress.rpo_holds);
    record_time(o, "braked_since", mirror->braked_ns);
    record_time(o, "away_since", view->lane.away_ns);
    record_text(o, "reason",
                view->lane.away_ns != 0 ? view->lane.reason : view->mirror.why.text);
}

static void record_lag(struct output *o, const struct mirror_view *view)
{
    const struct catalog_lag *lag = &view->lag;
    record_number(o, "history_percent", view->progress.history_percent);
    record_number(o, "history_left", lag->history_left);
    record_number(o, "lag_backups", lag->backups);
    record_size(o, "lag_bytes", lag->bytes);
    record_duration(o, "lag", view->progress.lag_ns);
    record_number(o, "deletions_waiting", lag->deletions);
    record_number(o, "given_up", lag->dead);
}

static const char *source_name(const struct mirror_view *view)
{
    return view->source ? view->source->name : "";
}

static void record_mirror(struct output *o, const struct mirror_view *view)
{
    record_begin(o, "mirror");
    record_text(o, "name", view->row->name);
    record_id(o, "id", view->row->uuid);
    record_text(o, "region", view->row->region);
    record_text(o, "project", view->row->project);
    record_text(o, "state", catalog_mirror_state_name(view->mirror.state));
    record_text(o, "source", source_name(view));
    record_text(o, "source_region", view->source ? view->source->region : "");
    record_text(o, "encryption", catalog_encryption_name(view->row->encryption));
    record_text(o, "redundancy", catalog_redundancy_name(view->row->redundancy));
    record_lag(o, view);
    record_times(o, view);
    record_text(o, "description", view->row->description);
    record_end(o);
}

/* A brake, then a lag, decide the status: monitors look at nothing else. */
static void note_status(struct session *s, const struct mirror_view *view)
{
    if (view->mirror.braked_ns != 0)
        s->status = STATUS_BRAKED;
    else if (!view->progress.rpo_holds && s->status == STATUS_DONE)
        s->status = STATUS_LAGGING;
}

static void warn_brake(struct session *s, const struct mirror_view *view)
{
    if (view->mirror.braked_ns == 0)
        return;
    report_line("lagan: too many backups were deleted within a day: the %llu deletions that "
                "wait do not reach the mirror %s until `lagan mirror release` says that they "
                "were meant",
                (unsigned long long)view->lag.deletions, view->row->name);
    (void)s;
}

static int list_one(struct session *s, const struct catalog_mirror *mirror, struct error *e)
{
    const char *region = session_value(s, OPTION_REGION);
    struct mirror_view view = {.mirror = *mirror};
    int result = view_load(s, &view, e);
    if (result == 0 && (!region || strcmp(region, view.row->region) == 0)) {
        record_mirror(&s->output, &view);
        note_status(s, &view);
    }
    view_clear(&view);
    return result;
}

int command_mirror_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"name", "NAME", false},
                                            {"region", "REGION", false},
                                            {"source", "OF VAULT", false},
                                            {"state", "STATE", false},
                                            {"history_percent", "HISTORY %", true},
                                            {"lag_backups", "BACKUPS LEFT", true},
                                            {"lag_bytes", "BYTES LEFT", true},
                                            {"lag", "LAG", true}};
    const struct config_region *region = NULL;
    struct catalog_mirror *mirrors = NULL;
    size_t count = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_given(s, OPTION_REGION) &&
        setup_region(s->setup, session_value(s, OPTION_REGION), &region, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_mirror_all(session_catalog(s), &mirrors, &count, e);
    for (size_t i = 0; i < count && result == 0; i++)
        result = list_one(s, &mirrors[i], e);
    output_table_end(&s->output, "no mirrors; `lagan mirror create` makes one");
    free(mirrors);
    return result;
}

/* The mirror of the operand. */
static int find(struct session *s, struct mirror_view *view, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    return mirror_find(s->setup, session_value(s, OPTION_REGION), session_operand(s, 0),
                       &view->row, &view->mirror, e);
}

static int show_item(void *context, const struct catalog_item *item, struct error *e)
{
    struct session *s = context;
    struct output *o = &s->output;
    (void)e;
    record_begin(o, "item");
    record_number(o, "id", (uint64_t)item->id);
    record_text(o, "operation", catalog_operation_name(item->operation));
    record_text(o, "subject", item->subject);
    record_text(o, "class", catalog_class_name(item->class));
    record_text(o, "state", catalog_item_state_name(item->state));
    record_size(o, "bytes", item->bytes);
    record_time(o, "created", item->created_ns);
    record_time(o, "due", item->due_ns);
    record_number(o, "attempts", item->attempts);
    record_text(o, "task", item->task);
    record_end(o);
    return 0;
}

static int show_items(struct session *s, const struct mirror_view *view, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ITEM", true},        {"operation", "OPERATION", false},
        {"subject", "OF", false},    {"class", "CLASS", false},
        {"state", "STATE", false},   {"due", "DUE", false},
        {"attempts", "TRIED", true}, {"bytes", "BYTES", true}};
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_item_list(session_catalog(s), view->mirror.vault, -1, show_item, s, e);
    output_table_end(&s->output, "nothing waits");
    return result;
}

int command_mirror_show(struct session *s, struct error *e)
{
    struct mirror_view view = {0};
    int result = find(s, &view, e);
    if (result == 0)
        result = view_load(s, &view, e);
    if (result == 0) {
        record_mirror(&s->output, &view);
        note_status(s, &view);
        warn_brake(s, &view);
    }
    if (result == 0 && session_given(s, OPTION_ITEMS) && !mirror_is_orphan(&view.mirror))
        result = show_items(s, &view, e);
    view_clear(&view);
    return result;
}

static void tell_made(struct session *s, const struct mirror_made *made)
{
    char from[CLOCK_TEXT_SIZE];
    clock_format_local(made->mirror.history_ns, from);
    output_note(&s->output,
                "mirror %s of vault %s made in region %s; new backups follow at once, the %llu "
                "older ones from %s on",
                made->row->name, made->source->name, made->row->region,
                (unsigned long long)made->mirror.history_total, from);
    if (made->shared[0])
        report_line("lagan: warning: both regions share %s: one accident may take vault and "
                    "mirror",
                    made->shared);
}

int command_mirror_create(struct session *s, struct error *e)
{
    struct mirror_made made = {0};
    struct setup_key key = session_key(s);
    struct mirror_request request = {
        .vault = session_operand(s, 0),
        .region = session_value(s, OPTION_MIRROR_REGION),
        .project = session_value(s, OPTION_PROJECT),
        .name = session_value(s, OPTION_MADE_NAME),
        .description = session_value(s, OPTION_DESCRIPTION),
        .key = session_value(s, OPTION_MIRROR_KEY),
        .encryption = session_value(s, OPTION_ENCRYPTION),
        .source_key = &key,
        .way = MIRROR_BY_VAULT,
        .cadence = session_value(s, OPTION_INTERVAL),
    };
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        mirror_create(s->setup, &request, &made, e) != 0)
        return -1;
    struct mirror_view view = {.mirror = made.mirror};
    int result = s->output.use_json ? view_load(s, &view, e) : 0;
    if (result == 0 && s->output.use_json)
        record_mirror(&s->output, &view);
    tell_made(s, &made);
    view_clear(&view);
    mirror_made_free(&made);
    return result;
}

/* What cannot be undone is confirmed with the name or the id. */
static int confirm(struct session *s, const struct mirror_view *view, const char *what,
                   struct error *e)
{
    const char *text = session_value(s, OPTION_CONFIRM);
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(view->row->uuid, CATALOG_ID_SIZE, id);
    if (session_given(s, OPTION_YES) ||
        (text && (strcmp(text, view->row->name) == 0 || strcmp(text, id) == 0)))
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_NOT_CONFIRMED,
                     "%s is not confirmed: add --confirm '%s', or --yes", what,
                     view->row->name);
}

int command_mirror_stop(struct session *s, struct error *e)
{
    struct mirror_view view = {0};
    struct setup_key key = session_key(s);
    int result = find(s, &view, e);
    if (result == 0)
        result = view_load(s, &view, e);
    if (result == 0)
        result = confirm(s, &view, "ending the mirror", e);
    if (result == 0)
        result = mirror_stop(s->setup, view.row, &view.mirror, &key, e);
    if (result == 0)
        output_note(&s->output, "%s is a vault of its own now; %llu backups had not reached it",
                    view.row->name, (unsigned long long)view.lag.backups);
    view_clear(&view);
    return result;
}

/* So that a rebuild knows, too; what cannot be reached now is deleted all the same. */
static void tell_storage(struct session *s, const struct catalog_vault *row)
{
    struct error why = ERROR_INIT;
    if (manage_tell_storage(s->setup, row, &why) != 0)
        output_note(&s->output, "storage could not be told: %s", why.text);
}

int command_mirror_delete(struct session *s, struct error *e)
{
    struct mirror_view view = {0};
    char until[CLOCK_TEXT_SIZE];
    int result = -1;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        mirror_find(s->setup, NULL, session_operand(s, 0), &view.row, &view.mirror, e) != 0 ||
        confirm(s, &view, "deleting the mirror", e) != 0)
        goto out;
    result =
        mirror_delete(s->setup, view.row, &view.mirror, session_value(s, OPTION_REGION), e);
    if (result != 0)
        goto out;
    tell_storage(s, view.row);
    clock_format_local(view.row->purge_ns, until);
    output_note(&s->output,
                "mirror %s deleted; until %s `lagan vault undelete` brings it back "
                "as a vault of its own",
                view.row->name, until);
out:
    view_clear(&view);
    return result;
}

int command_mirror_release(struct session *s, struct error *e)
{
    struct mirror_view view = {0};
    int result = find(s, &view, e);
    if (result == 0)
        result = view_load(s, &view, e);
    if (result == 0)
        result = mirror_release(s->setup, view.row, &view.mirror, e);
    if (result == 0)
        output_note(&s->output, "%llu deletions may reach the mirror %s when their time comes",
                    (unsigned long long)view.lag.deletions, view.row->name);
    view_clear(&view);
    return result;
}
