/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - see rules.h. */
#include "engine/rules.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

enum { RULE_FILE_LIMIT = 64 << 20 };

static const struct {
    const char *name;
    enum select_kind kind;
    bool file;
} kinds[] = {
    {RULES_EXCLUDE, SELECT_EXCLUDE, false},
    {RULES_INCLUDE, SELECT_INCLUDE, false},
    {RULES_EXCLUDE_FROM, SELECT_EXCLUDE, true},
    {RULES_INCLUDE_FROM, SELECT_INCLUDE, true},
};

static int add_file(struct select_rules *rules, const char *path, enum select_kind kind,
                    struct error *e)
{
    struct buffer lines CLEANUP_BUFFER = BUFFER_INIT;
    if (file_read(path, RULE_FILE_LIMIT, &lines, e) != 0)
        return -1;
    return select_rules_add_lines(rules, lines.data, lines.size, kind, path, e);
}

static int add_pair(struct select_rules *rules, const struct catalog_pair *pair,
                    const char *origin, struct error *e)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char from[128];
        if (strcmp(pair->name, kinds[i].name) != 0)
            continue;
        if (kinds[i].file)
            return add_file(rules, pair->value, kinds[i].kind, e);
        snprintf(from, sizeof(from), "%s%s", origin, pair->name);
        return select_rules_add(rules, pair->value, kinds[i].kind, from, e);
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s%s is no kind of rule", origin,
                     pair->name);
}

int rules_add_pairs(struct select_rules *rules, const struct catalog_pairs *pairs,
                    const char *origin, struct error *e)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (add_pair(rules, &pairs->items[i], origin, e) != 0)
            return -1;
    }
    return 0;
}

int rules_add_folder(struct select_rules *rules, const char *root, const char *path,
                     const char *origin, bool *added, struct error *e)
{
    struct buffer rule CLEANUP_BUFFER = BUFFER_INIT;
    size_t length = strlen(root);
    while (length > 0 && root[length - 1] == '/')
        length--;
    *added = false;
    if (strncmp(path, root, length) != 0 || path[length] != '/' || !path[length + 1])
        return 0;
    for (const char *next = path + length; *next; next++) {
        if (strchr("*?[]!#\\ ", *next))
            buffer_append_u8(&rule, '\\');
        buffer_append_u8(&rule, (uint8_t)*next);
    }
    buffer_append_u8(&rule, 0);
    if (buffer_check(&rule, e) != 0 ||
        select_rules_add(rules, (const char *)rule.data, SELECT_EXCLUDE, origin, e) != 0)
        return -1;
    *added = true;
    return 0;
}
