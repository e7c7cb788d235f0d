/* SPDX-License-Identifier: Apache-2.0 */
/* config_notify.c - the ways to tell people: `notify NAME { ... }`. */
#include <config.h>

#include "base/text.h"
#include "catalog/name.h"
#include "driver/secret.h"
#include "engine/config_parse.h"
#include "engine/config_text.h"
#include "engine/tell.h"

#include <stdlib.h>
#include <string.h>

enum { NOTIFY_LIMIT = 100, COMMAND_LIMIT = 4000 };
static const int64_t SECOND_NS = INT64_C(1000000000);

static bool is_command(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= COMMAND_LIMIT && text_is_clean_utf8(text, size);
}

static bool is_program(const char *text)
{
    return text[0] == '/' && is_command(text);
}

static bool is_sender(const char *text)
{
    return config_text_is_address(text, strlen(text));
}

static bool is_severity(const char *text)
{
    return config_text_is_one_of("info|warning|error", text);
}

/* X(key, member, form, what is right) */
#define NOTIFY_TEXTS(X)                                                                        \
    X("command", command, is_command, "a command for the shell")                               \
    X("mail", mail, config_text_is_addresses,                                                  \
      "addresses with commas between, such as \"root, ops@example.org\"")                      \
    X("webhook", webhook, config_text_is_url,                                                  \
      "a URL that starts with http:// or https://; a password goes into `header`")             \
    X("header", header, secret_check_form, "file:PATH, fd:N, command:LINE or credential:NAME") \
    X("ca-file", ca_file, is_program, "the absolute path of a file with certificates")         \
    X("from", from, is_sender, "an address, such as backup@example.org")                       \
    X("sendmail", sendmail, is_program, "the absolute path of a program")                      \
    X("severity", severity, is_severity, "info, warning or error")

static const struct notify_text {
    const char *key;
    size_t member;
    bool (*fits)(const char *text);
    const char *right;
} texts[] = {
#define X(key, member, fits, right) {key, offsetof(struct config_notify, member), fits, right},
    NOTIFY_TEXTS(X)
#undef X
};

#define X(key, ...) CFG_STR(key, 0, CFGF_NODEFAULT),
cfg_opt_t parse_notify_options[] = {NOTIFY_TEXTS(X) CFG_STR("timeout", 0, CFGF_NODEFAULT),
                                    CFG_STR_LIST("events", 0, CFGF_NODEFAULT), CFG_END()};
#undef X

/* A section that is being read. */
struct notify_reading {
    struct parse *p;
    struct config_notify *notify;
    cfg_t *tree;
    int section;
};

static unsigned line_of(const struct notify_reading *r, const char *key)
{
    return scan_key_line(&r->p->scan, r->section, key);
}

static int fill_texts(struct notify_reading *r)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *value = cfg_getstr(r->tree, texts[i].key);
        char **member = (char **)((char *)r->notify + texts[i].member);

        if (value == NULL)
            continue;
        if (!texts[i].fits(value))
            return parse_bad_value(r->p, line_of(r, texts[i].key), texts[i].key, value,
                                   texts[i].right);
        if (parse_set_text(r->p, member, value) != 0)
            return -1;
    }
    return 0;
}

/* Who names events wants these, however harmless they are. */
static int fill_severity(struct notify_reading *r)
{
    if (r->notify->severity != NULL)
        return 0;
    return parse_set_text(r->p, &r->notify->severity,
                          r->notify->event_count > 0 ? "info" : "warning");
}

static int fill_timeout(struct notify_reading *r)
{
    const char *value = cfg_getstr(r->tree, "timeout");

    r->notify->timeout_ns = 30 * SECOND_NS;
    if (value == NULL)
        return 0;
    if (text_parse_duration(value, &r->notify->timeout_ns) == 0 &&
        r->notify->timeout_ns >= SECOND_NS && r->notify->timeout_ns <= 600 * SECOND_NS)
        return 0;
    return parse_bad_value(r->p, line_of(r, "timeout"), "timeout", value,
                           "a duration from 1s to 10m, such as 30s");
}

static int refuse_event(const struct notify_reading *r, const char *name)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;

    for (int i = 0; i < TELL_EVENT_COUNT; i++)
        buffer_append_format(&names, "%s%s", i > 0 ? ", " : "it can be ",
                             tell_event_name((enum tell_event)i));
    buffer_append_u8(&names, 0);
    return parse_bad_value(r->p, line_of(r, "events"), "events", name,
                           names.failed ? "there is none such" : (const char *)names.data);
}

static bool is_event(const char *name)
{
    for (int i = 0; i < TELL_EVENT_COUNT; i++)
        if (strcmp(tell_event_name((enum tell_event)i), name) == 0)
            return true;
    return false;
}

static int fill_events(struct notify_reading *r)
{
    struct config_notify *n = r->notify;
    unsigned count = cfg_size(r->tree, "events"), line = line_of(r, "events");

    if (line != 0 && count == 0)
        return scan_error(r->p->e, r->p->file, line,
                          "an empty list of events: leave it out for all of them");
    for (unsigned i = 0; i < count; i++) {
        const char *name = cfg_getnstr(r->tree, "events", i);
        if (!is_event(name))
            return refuse_event(r, name);
        if (parse_is_listed(n->events, 0, n->event_count, name))
            return parse_bad_value(r->p, line, "events", name, "it stands there twice");
        if (parse_add_text(r->p, &n->events, &n->event_count, name) != 0)
            return -1;
    }
    return 0;
}

/* What goes with what. */
static int check_whole(const struct notify_reading *r)
{
    const struct config_notify *n = r->notify;
    int ways = (n->command != NULL) + (n->mail != NULL) + (n->webhook != NULL);
    const char *alone = NULL;

    if (ways != 1)
        return scan_error(r->p->e, r->p->file, n->place.line,
                          "notify '%s' has %s: exactly one of command, mail and webhook",
                          n->name, ways == 0 ? "no way to tell" : "several ways to tell");
    if (n->header != NULL && n->webhook == NULL)
        alone = "header";
    if (n->ca_file != NULL && n->webhook == NULL)
        alone = "ca-file";
    if ((n->from != NULL || n->sendmail != NULL) && n->mail == NULL)
        alone = n->from != NULL ? "from" : "sendmail";
    if (alone != NULL)
        return scan_error(r->p->e, r->p->file, line_of(r, alone), "`%s` is for %s only", alone,
                          alone[0] == 'h' || alone[0] == 'c' ? "a webhook" : "mail");
#ifndef HAVE_CURL
    if (n->webhook != NULL)
        return parse_bad_value(r->p, line_of(r, "webhook"), "webhook", n->webhook,
                               "this lagan was built without libcurl");
#endif
    return 0;
}

static struct config_notify *add_notify(struct parse *p, const char *name,
                                        const struct config_place *place)
{
    struct config *c = p->config;
    struct config_notify *grown = realloc(c->notify, (c->notify_count + 1) * sizeof(*grown));

    if (grown == NULL) {
        error_no_memory(p->e, p->file);
        return NULL;
    }
    c->notify = grown;
    struct config_notify *notify = &grown[c->notify_count++];
    *notify = (struct config_notify){.place = *place};
    return parse_set_text(p, &notify->name, name) == 0 ? notify : NULL;
}

/* Names stand in lists and on command lines. */
static int check_name(const struct parse *p, const struct config_place *place, const char *name)
{
    const struct config_notify *same = config_notify_find(p->config, name);
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-");

    if (size == 0 || size > NAME_LIMIT || name[size] != '\0' || name[0] == '-')
        return scan_error(p->e, p->file, place->line,
                          "notify '%.80s': names have 1 to 64 letters, digits, '_' and '-'",
                          name);
    if (same != NULL)
        return scan_error(p->e, p->file, place->line,
                          "there is a notify '%s' already, at %s:%u", name, same->place.file,
                          same->place.line);
    if (p->config->notify_count >= NOTIFY_LIMIT)
        return scan_error(p->e, p->file, place->line, "there are more than %d ways to tell",
                          NOTIFY_LIMIT);
    return 0;
}

int parse_notify(struct parse *p, cfg_t *tree)
{
    const char *name = cfg_title(tree);
    int section = scan_section_find(&p->scan, SCAN_ROOT, "notify", name);
    struct config_place place = parse_place(p, scan_section_line(&p->scan, section));

    if (check_name(p, &place, name) != 0)
        return -1;
    struct notify_reading r = {p, add_notify(p, name, &place), tree, section};
    if (r.notify == NULL || fill_texts(&r) != 0 || fill_timeout(&r) != 0 ||
        fill_events(&r) != 0 || fill_severity(&r) != 0)
        return -1;
    return check_whole(&r);
}

const struct config_notify *config_notify_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->notify_count; i++)
        if (strcmp(c->notify[i].name, name) == 0)
            return &c->notify[i];
    return NULL;
}
