/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c - all cases as one list. */
#include "conformance/tables.h"

#include <string.h>

static const struct check_case *const tables[] = {
#define X(name) check_cases_##name,
    CHECK_TABLES(X)
#undef X
};

static const struct check_kind *const kinds[] = {
#define X(name) &check_kind_##name,
    CHECK_KINDS(X)
#undef X
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

const struct check_kind *check_kind_find(uint32_t kind)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i]->kind == kind)
            return kinds[i];
    return NULL;
}

size_t check_case_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct check_case *row = tables[i]; row->name; row++)
            count++;
    return count;
}

const struct check_case *check_case_at(size_t index)
{
    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct check_case *row = tables[i]; row->name; row++)
            if (index-- == 0)
                return row;
    return NULL;
}

size_t conformance_count(void)
{
    return check_case_count();
}

struct check_description conformance_describe(size_t index)
{
    const struct check_case *row = check_case_at(index);
    return (struct check_description){.name = row->name,
                                      .kind = row->kind ? driver_kind_name(row->kind) : "all",
                                      .group = row->group,
                                      .safe = (row->marks & CASE_SAFE) != 0,
                                      .meaning = row->meaning};
}

static const char *const group_names[] = {
#define X(symbol, name, meaning) name,
    CHECK_GROUPS(X)
#undef X
};

const char *check_group_name(enum check_group group)
{
    return group < CHECK_GROUP_COUNT ? group_names[group] : "unknown";
}

int check_group_of(const char *name)
{
    for (size_t i = 0; i < COUNT(group_names); i++)
        if (strcmp(group_names[i], name) == 0)
            return (int)i;
    return -1;
}
