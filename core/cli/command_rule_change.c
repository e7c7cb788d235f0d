/* SPDX-License-Identifier: Apache-2.0 */
/* command_rule_change.c - replication rules of objects: made, changed, switched, deleted. */
#include "cli/rule_record.h"

#include "base/file.h"
#include "base/json_read.h"
#include "engine/rule_manage.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 16 << 20 };

/* What changed is said once: as a record, or as a line. */
static int show(struct session *s, const struct catalog_object_rule *row, const char *words,
                struct error *e)
{
    int result = s->output.use_json ? record_rule(s, row, NULL, e) : 0;
    output_note(&s->output, "rule %s %s", row->name, words);
    return result;
}

/* ---- one rule ---- */

int command_rule_create(struct session *s, struct error *e)
{
    struct catalog_pairs words = {NULL, 0};
    const struct rule_wish wish = {.name = session_operand(s, 0),
                                   .from = session_operand(s, 1),
                                   .to = session_operand(s, 2),
                                   .words = &words};
    struct catalog_object_rule *row = NULL;
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = rule_words(s, 3, &words, e);
    if (result == 0)
        row = rule_manage_create(s->setup, &wish, e);
    if (row)
        result = show(s, row, "is made; it copies what is new from now on", e);
    else
        result = -1;
    catalog_pairs_clear(&words);
    catalog_object_rule_free(row);
    return result;
}

int command_rule_edit(struct session *s, struct error *e)
{
    struct catalog_pairs words = {NULL, 0};
    struct catalog_object_rule *row = rule_operand(s, e);
    int result = row ? rule_words(s, 1, &words, e) : -1;
    if (result == 0)
        result = rule_manage_edit(s->setup, row, &words, e);
    if (result == 0)
        result = show(s, row, "is changed", e);
    catalog_pairs_clear(&words);
    catalog_object_rule_free(row);
    return result;
}

int command_rule_enable(struct session *s, struct error *e)
{
    struct catalog_object_rule *row = rule_operand(s, e);
    int result = row ? rule_manage_enable(s->setup, row, true, NULL, e) : -1;
    if (result == 0)
        result = show(s, row, "is enabled: it copies what is new from now on", e);
    catalog_object_rule_free(row);
    return result;
}

int command_rule_disable(struct session *s, struct error *e)
{
    struct catalog_object_rule *row = rule_operand(s, e);
    uint64_t dropped = 0;
    char words[96];
    int result = row ? rule_manage_enable(s->setup, row, false, &dropped, e) : -1;
    snprintf(words, sizeof(words), "is disabled; %llu versions that waited are not copied",
             (unsigned long long)dropped);
    if (result == 0)
        result = show(s, row, words, e);
    catalog_object_rule_free(row);
    return result;
}

int command_rule_delete(struct session *s, struct error *e)
{
    struct catalog_object_rule *row = rule_operand(s, e);
    int result = row ? rule_manage_delete(s->setup, row, e) : -1;
    if (result == 0)
        output_note(&s->output, "rule %s is deleted; its copies stay", row->name);
    catalog_object_rule_free(row);
    return result;
}

int command_rule_retry(struct session *s, struct error *e)
{
    struct catalog_object_rule *row = rule_operand(s, e);
    uint64_t count = 0;
    int result = row ? rule_manage_retry(s->setup, row, session_operand(s, 1), &count, e) : -1;
    if (result == 0) {
        record_begin(&s->output, "retried");
        record_text(&s->output, "rule", row->name);
        record_number(&s->output, "versions", count);
        record_end(&s->output);
    }
    catalog_object_rule_free(row);
    return result;
}

/* ---- a whole configuration ---- */

/* The rules of a file.  Texts are owned. */
struct wish_list {
    struct rule_wish *wishes;
    struct catalog_pairs *words; /* of each */
    size_t count;
};

/* A line of the file. */
struct line {
    bool rule;
    bool disabled;
    char *name, *to;
    struct catalog_pairs settings;
};

static int keep(char **text, const char *value, struct error *e)
{
    free(*text);
    *text = strdup(value);
    return *text ? 0 : error_no_memory(e, "a rule");
}

/* "tag" and "tag.0" are one setting. */
static int take_setting(struct line *line, const char *name, const char *value, struct error *e)
{
    char plain[64];
    size_t length = strcspn(name, ".");
    if (length >= sizeof(plain) || (name[length] && !isdigit((unsigned char)name[length + 1])))
        return error_set(e, LAGAN_INVALID, ERROR_RULE_SETTING, "rules have no setting '%.64s'",
                         name);
    memcpy(plain, name, length);
    plain[length] = '\0';
    return catalog_pairs_add(&line->settings, plain, value, e);
}

static int take_member(void *context, const char *way, enum json_kind kind, const char *value,
                       struct error *e)
{
    static const char settings[] = "settings.";
    struct line *line = context;
    (void)kind;
    if (strcmp(way, "type") == 0)
        line->rule = strcmp(value, "rule") == 0;
    else if (strcmp(way, "name") == 0)
        return keep(&line->name, value, e);
    else if (strcmp(way, "to") == 0)
        return keep(&line->to, value, e);
    else if (strcmp(way, "state") == 0)
        line->disabled = strcmp(value, "disabled") == 0;
    else if (strncmp(way, settings, strlen(settings)) == 0)
        return take_setting(line, way + strlen(settings), value, e);
    return 0;
}

static void line_clear(struct line *line)
{
    free(line->name);
    free(line->to);
    catalog_pairs_clear(&line->settings);
}

static void wishes_clear(struct wish_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((char *)(uintptr_t)list->wishes[i].name);
        free((char *)(uintptr_t)list->wishes[i].to);
        catalog_pairs_clear(&list->words[i]);
    }
    free(list->wishes);
    free(list->words);
}

/* Takes the line over. */
static int add_wish(struct wish_list *list, struct line *line, struct error *e)
{
    size_t next = list->count + 1;
    void *wishes = reallocarray(list->wishes, next, sizeof(*list->wishes));
    list->wishes = wishes ? wishes : list->wishes;
    void *words = reallocarray(list->words, next, sizeof(*list->words));
    list->words = words ? words : list->words;
    if (!wishes || !words)
        return error_no_memory(e, "rules");
    list->words[list->count] = line->settings;
    list->wishes[list->count] =
        (struct rule_wish){.name = line->name, .to = line->to, .disabled = line->disabled};
    list->count = next;
    *line = (struct line){.rule = true};
    return 0;
}

static int read_line(struct wish_list *list, const char *text, size_t length, struct error *e)
{
    struct line line = {.rule = true};
    int result = 0;
    if (length == 0)
        return 0;
    result = json_read(text, length, take_member, &line, e);
    if (result == 0 && line.rule && (!line.name || !line.to))
        result = error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                           "a rule has a name and a destination: \"name\" and \"to\"");
    if (result == 0 && line.rule)
        result = add_wish(list, &line, e);
    line_clear(&line);
    return result;
}

static int read_file(struct wish_list *list, const char *path, struct error *e)
{
    struct buffer file CLEANUP_BUFFER = BUFFER_INIT;
    unsigned number = 0;
    if (file_read(path, FILE_LIMIT, &file, e) != 0)
        return -1;
    for (size_t at = 0; at < file.size;) {
        const char *text = (const char *)file.data + at;
        const char *end = memchr(text, '\n', file.size - at);
        size_t length = end ? (size_t)(end - text) : file.size - at;
        number++;
        if (read_line(list, text, length, e) != 0)
            return error_context(e, "%s, line %u", path, number);
        at += length + 1;
    }
    return 0;
}

int command_rule_replace(struct session *s, struct error *e)
{
    const char *from = session_operand(s, 0);
    struct wish_list list = {NULL, NULL, 0};
    uint64_t changes[4] = {0};
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = read_file(&list, session_operand(s, 1), e);
    for (size_t i = 0; i < list.count; i++) {
        list.wishes[i].from = from;
        list.wishes[i].words = &list.words[i];
    }
    if (result == 0)
        result = rule_manage_replace(s->setup, from, list.wishes, list.count, changes, e);
    if (result == 0) {
        record_begin(&s->output, "replaced");
        record_text(&s->output, "source", from);
        record_number(&s->output, "made", changes[0]);
        record_number(&s->output, "changed", changes[1]);
        record_number(&s->output, "kept", changes[2]);
        record_number(&s->output, "deleted", changes[3]);
        record_end(&s->output);
    }
    wishes_clear(&list);
    return result;
}
