/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - the rules of regions. */
#include "policy/place.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_SIZE = 300 };

/* "a, b, c" as far as it fits, "none" for nothing. */
static void join_names(char *const *names, size_t count, char text[NAMES_SIZE])
{
    size_t used = 0;

    snprintf(text, NAMES_SIZE, "none");
    for (size_t i = 0; i < count; i++) {
        int more =
            snprintf(text + used, NAMES_SIZE - used, "%s%s", i > 0 ? ", " : "", names[i]);
        if (more < 0 || (size_t)more >= NAMES_SIZE - used) {
            text[used] = '\0';
            return;
        }
        used += (size_t)more;
    }
}

static bool is_named(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

int place_may_send(const struct place *from, struct error *e)
{
    if (from->can_send)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_REGION_CANNOT_SEND,
                     "the region %s sends nothing to other regions: it has `send = no` in the "
                     "configuration; change that, or use a vault of another region",
                     from->name);
}

int place_may_receive(const struct place *to, struct error *e)
{
    if (to->can_receive)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_REGION_CANNOT_RECEIVE,
                     "the region %s takes nothing from other regions: it has `receive = no` in "
                     "the configuration; change that, or name another region",
                     to->name);
}

int place_differs(const struct place *from, const struct place *to, struct error *e)
{
    if (strcmp(from->name, to->name) != 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_SAME_REGION,
                     "the region %s is the source's own: name another one", to->name);
}

int place_same_account(const struct place *from, const struct place *to, struct error *e)
{
    if (strcmp(from->account, to->account) == 0)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_ACCOUNT_DIFFERS,
                     "the regions %s and %s belong to different accounts ('%s' and '%s')",
                     from->name, to->name, from->account, to->account);
}

int place_destination_allowed(const struct place *from, const struct place *to, struct error *e)
{
    char names[NAMES_SIZE];

    if (from->destination_count == 0 ||
        is_named(from->destinations, from->destination_count, to->name))
        return 0;
    join_names(from->destinations, from->destination_count, names);
    return error_set(e, LAGAN_PRECONDITION, ERROR_DESTINATION_FORBIDDEN,
                     "the region %s may not send to %s; its `destinations` are: %s", from->name,
                     to->name, names);
}

int place_route(const struct place *from, const struct place *to, struct error *e)
{
    if (place_differs(from, to, e) != 0 || place_may_send(from, e) != 0 ||
        place_may_receive(to, e) != 0 || place_same_account(from, to, e) != 0)
        return -1;
    return place_destination_allowed(from, to, e);
}

int place_project(const struct place *place, const char *name, const char **project,
                  struct error *e)
{
    char names[NAMES_SIZE];

    if (!name) {
        *project = place->projects[place->project_default];
        return 0;
    }
    for (size_t i = 0; i < place->project_count; i++) {
        if (strcmp(place->projects[i], name) == 0) {
            *project = place->projects[i];
            return 0;
        }
    }
    join_names(place->projects, place->project_count, names);
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_PROJECT,
                     "the region %s has no project '%s'; there are: %s", place->name, name,
                     names);
}

bool place_zone_redundant(const struct place *place)
{
    return place->zone_count >= PLACE_ZONES_REDUNDANT;
}

const char *place_redundancy(const struct place *place)
{
    return place_zone_redundant(place) ? "zrs" : "lrs";
}

static const struct place_label *find_label(const struct place *place, const char *name)
{
    for (size_t i = 0; i < place->domain_count; i++)
        if (strcmp(place->domains[i].name, name) == 0)
            return &place->domains[i];
    return NULL;
}

/* The label called `name` if both have it with the same value. */
static const struct place_label *common_label(const struct place *a, const struct place *b,
                                              const char *name)
{
    const struct place_label *first = find_label(a, name), *second = find_label(b, name);
    return first && second && strcmp(first->value, second->value) == 0 ? first : NULL;
}

size_t place_shared_domains(const struct place *a, const struct place *b,
                            const struct place_label *shared[PLACE_DOMAIN_LIMIT])
{
    size_t count = 0;

    for (size_t i = 0; i < a->domain_count && count < PLACE_DOMAIN_LIMIT; i++) {
        const struct place_label *label = common_label(a, b, a->domains[i].name);
        if (label)
            shared[count++] = label;
    }
    return count;
}

int place_distinct(const struct place *from, const struct place *to, char *const *distinct,
                   size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        const struct place_label *label = common_label(from, to, distinct[i]);
        if (label)
            return error_set(e, LAGAN_PRECONDITION, ERROR_DESTINATION_FORBIDDEN,
                             "the regions %s and %s share %s = %s, which `distinct` forbids a "
                             "mirror",
                             from->name, to->name, label->name, label->value);
    }
    return 0;
}
