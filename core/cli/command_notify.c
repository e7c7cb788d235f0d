/* SPDX-License-Identifier: Apache-2.0 */
/* command_notify.c - the ways to tell people, and the metrics. */
#include "cli/session.h"

#include "catalog/figures.h"
#include "engine/tell.h"

#include <string.h>

int command_metrics(struct session *s, struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    if (session_setup(s, NEED_CATALOG, e) != 0 || tell_metrics(s->setup, &text, e) != 0)
        return -1;
    if (!s->output.use_json) {
        output_write(&s->output, text.data, text.size);
        return 0;
    }
    buffer_append_u8(&text, 0);
    if (buffer_check(&text, e) != 0)
        return -1;
    record_begin(&s->output, "metrics");
    record_text(&s->output, "text", (const char *)text.data);
    record_end(&s->output);
    return 0;
}

/* Paths and queries of URLs may be secrets. */
static void record_receiver(struct output *o, const struct config_notify *way)
{
    char shown[256] = "";
    if (way->webhook) {
        const char *host = strstr(way->webhook, "://");
        size_t front = host ? (size_t)(host - way->webhook) + 3 : 0;
        size_t size = front + strcspn(way->webhook + front, "/?");
        memcpy(shown, way->webhook, size < sizeof(shown) ? size : sizeof(shown) - 1);
        record_text(o, "kind", "webhook");
        record_text(o, "to", shown);
    } else {
        record_text(o, "kind", way->mail ? "mail" : "command");
        record_text(o, "to", way->mail ? way->mail : way->command);
    }
}

/* How many notices wait for a way. */
struct waiting {
    const char *way;
    uint64_t count;
};

static int count_waiting(void *context, const struct catalog_figure *figure, struct error *e)
{
    struct waiting *waiting = context;
    (void)e;
    if (strcmp(figure->labels[0], waiting->way) == 0)
        waiting->count = (uint64_t)figure->values[0];
    return 0;
}

static int list_way(struct session *s, const struct config_notify *way, struct error *e)
{
    struct output *o = &s->output;
    struct buffer events CLEANUP_BUFFER = BUFFER_INIT;
    struct waiting waiting = {way->name, 0};
    if (catalog_figure_list(session_catalog(s), CATALOG_FIGURE_NOTICE, 0, count_waiting,
                            &waiting, e) != 0)
        return -1;
    for (size_t i = 0; i < way->event_count; i++)
        buffer_append_format(&events, "%s%s", i ? ", " : "", way->events[i]);
    buffer_append_u8(&events, 0);
    if (buffer_check(&events, e) != 0)
        return -1;
    record_begin(o, "notify");
    record_text(o, "name", way->name);
    record_receiver(o, way);
    record_text(o, "severity", way->severity);
    record_text(o, "events", way->event_count ? (const char *)events.data : "all");
    record_number(o, "waiting", waiting.count);
    record_end(o);
    return 0;
}

int command_notify_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},     {"kind", "KIND", false},
        {"to", "TO", false},         {"severity", "FROM ON", false},
        {"events", "EVENTS", false}, {"waiting", "WAITING", true}};
    int result = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    const struct config *config = setup_config(s->setup);
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < config->notify_count && result == 0; i++)
        result = list_way(s, &config->notify[i], e);
    output_table_end(&s->output,
                     "nobody is told; `notify` sections of lagan.conf(5) say who is to be");
    return result;
}

static void test_way(struct session *s, const struct config_notify *way)
{
    struct output *o = &s->output;
    struct error why = ERROR_INIT;
    bool told = tell_try(s->setup, way, &why) == 0;
    if (o->use_json) {
        record_begin(o, "notify_test");
        record_text(o, "name", way->name);
        record_flag(o, "told", told);
        record_text(o, "message", why.text);
        record_end(o);
    }
    if (told)
        output_line(o, "%s: told", way->name);
    else
        report_line("lagan: %s: %s", way->name, why.text);
    if (!told)
        s->status = STATUS_FAILED;
}

static int no_way(const struct config *config, const char *name, struct error *e)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;
    for (size_t i = 0; i < config->notify_count && names.size < 300; i++)
        buffer_append_format(&names, "%s%s", i ? ", " : "", config->notify[i].name);
    buffer_append_u8(&names, 0);
    return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                     "there is no notify '%s' in %s; there are: %s", name, config->path,
                     config->notify_count && !names.failed ? (const char *)names.data : "none");
}

int command_notify_test(struct session *s, struct error *e)
{
    const char *name = session_operand(s, 0);
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    const struct config *config = setup_config(s->setup);
    if (config->notify_count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                         "nobody is told: %s has no `notify` section", config->path);
    if (name && !config_notify_find(config, name))
        return no_way(config, name, e);
    for (size_t i = 0; i < config->notify_count; i++)
        if (!name || strcmp(config->notify[i].name, name) == 0)
            test_way(s, &config->notify[i]);
    return 0;
}
