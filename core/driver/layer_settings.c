/* SPDX-License-Identifier: Apache-2.0 */
/* layer_settings.c - the settings of layers: their table at work. */
#include "driver/layer_settings.h"

#include "base/text.h"
#include "driver/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_LIMIT = 64 }; /* items of a LIST */

enum setting_type {
    SETTING_COUNT,
    SETTING_DURATION,
    SETTING_RATE,
    SETTING_SIZE,
    SETTING_FLAG,
    SETTING_TEXT,
    SETTING_LIST
};

struct row {
    struct layer_setting shown;
    enum setting_type type;
    size_t offset; /* in struct layer_settings */
    int64_t minimum, maximum;
};

static const struct row rows[] = {
#define X(member, name, type, fallback, minimum, maximum, help)                                \
    {{name, fallback, help},                                                                   \
     SETTING_##type,                                                                           \
     offsetof(struct layer_settings, member),                                                  \
     minimum,                                                                                  \
     maximum},
    LAYER_SETTINGS(X)
#undef X
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* The types of parameters that are written alike. */
static const uint32_t written_as[] = {
    [SETTING_COUNT] = LAGAN_PARAMETER_INTEGER, [SETTING_DURATION] = LAGAN_PARAMETER_DURATION,
    [SETTING_RATE] = LAGAN_PARAMETER_SIZE,     [SETTING_SIZE] = LAGAN_PARAMETER_SIZE,
    [SETTING_FLAG] = LAGAN_PARAMETER_BOOL,     [SETTING_TEXT] = LAGAN_PARAMETER_TEXT,
    [SETTING_LIST] = LAGAN_PARAMETER_TEXT,
};

const struct layer_setting *layer_setting_row(size_t index)
{
    return index < ROWS ? &rows[index].shown : NULL;
}

static void *member_of(struct layer_settings *s, const struct row *row)
{
    return (char *)s + row->offset;
}

static const void *member_read(const struct layer_settings *s, const struct row *row)
{
    return (const char *)s + row->offset;
}

static int list_add(struct layer_list *list, const char *item, struct error *e)
{
    char **grown;
    if (list->count >= LIST_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_CONFIG, "there are more than %d of them",
                         LIST_LIMIT);
    grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (!grown)
        return error_no_memory(e, "a setting");
    list->items = grown;
    grown[list->count] = strdup(item);
    if (!grown[list->count])
        return error_no_memory(e, "a setting");
    list->count++;
    return 0;
}

static void list_free(struct layer_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct layer_list){0};
}

/* Takes the text of `value` over. */
static int store(void *member, enum setting_type type, struct value *value, struct error *e)
{
    switch (type) {
    case SETTING_FLAG:
        *(bool *)member = value->number != 0;
        return 0;
    case SETTING_TEXT:
        free(*(char **)member);
        *(char **)member = value->text;
        value->text = NULL;
        return 0;
    case SETTING_LIST:
        return list_add(member, value->text, e);
    default:
        *(int64_t *)member = value->number;
        return 0;
    }
}

static int set(struct layer_settings *s, const struct row *row, const char *text,
               struct error *e)
{
    const struct lagan_parameter form = {.name = row->shown.name,
                                         .type = written_as[row->type],
                                         .minimum = row->minimum,
                                         .maximum = row->maximum,
                                         .help = row->shown.help};
    struct value value = {0};
    int result = value_parse(&form, text, &value, e);
    if (result == 0)
        result = store(member_of(s, row), row->type, &value, e);
    else if (e->code == ERROR_PARAMETER)
        e->code = ERROR_CONFIG;
    value_free(&value);
    return result;
}

int layer_settings_init(struct layer_settings *s, struct error *e)
{
    *s = (struct layer_settings){0};
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].type == SETTING_LIST && rows[i].shown.fallback[0] == '\0')
            continue;
        if (set(s, &rows[i], rows[i].shown.fallback, e) < 0)
            return -1;
    }
    return 0;
}

void layer_settings_free(struct layer_settings *s)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].type == SETTING_TEXT)
            free(*(char **)member_of(s, &rows[i]));
        if (rows[i].type == SETTING_LIST)
            list_free(member_of(s, &rows[i]));
    }
    *s = (struct layer_settings){0};
}

static int copy_row(const struct row *row, const struct layer_settings *from,
                    struct layer_settings *to, struct error *e)
{
    const struct layer_list *list = member_read(from, row);
    char **text = member_of(to, row);
    if (row->type == SETTING_TEXT) {
        *text = strdup(*(char *const *)member_read(from, row));
        return *text ? 0 : error_no_memory(e, "a setting");
    }
    for (size_t i = 0; row->type == SETTING_LIST && i < list->count; i++)
        if (list_add(member_of(to, row), list->items[i], e) < 0)
            return -1;
    return 0;
}

int layer_settings_copy(const struct layer_settings *from, struct layer_settings *to,
                        struct error *e)
{
    int result = 0;
    *to = *from;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].type == SETTING_TEXT)
            *(char **)member_of(to, &rows[i]) = NULL;
        if (rows[i].type == SETTING_LIST)
            *(struct layer_list *)member_of(to, &rows[i]) = (struct layer_list){0};
    }
    for (size_t i = 0; i < ROWS && result == 0; i++)
        result = copy_row(&rows[i], from, to, e);
    if (result < 0)
        layer_settings_free(to);
    return result;
}

static int no_such_setting(const char *name, struct error *e)
{
    char known[384] = "";
    size_t used = 0;
    for (size_t i = 0; i < ROWS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 rows[i].shown.name);
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "there is no setting \"%s\"; there are: %s", name, known);
}

int layer_settings_set(struct layer_settings *s, const char *name, const char *value,
                       struct error *e)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].shown.name, name) == 0)
            return set(s, &rows[i], value, e);
    return no_such_setting(name, e);
}
