/* SPDX-License-Identifier: Apache-2.0 */
/* rule_set.c - the rules of one source, understood. */
#include "engine/rule.h"

#include <stdlib.h>
#include <string.h>

int rule_parse(const struct catalog_object_rule *row, struct object_rule *rule,
               struct object_rule_pair **pairs, struct error *e)
{
    size_t count = row->settings.count;
    struct object_rule_pair *made = calloc(count + 1, sizeof(*made));
    struct object_rule parsed = {.name = row->name,
                                 .from = row->from_place,
                                 .to = row->to_place,
                                 .enabled = row->state == CATALOG_RULE_ENABLED};

    if (made == NULL)
        return error_no_memory(e, "a rule");
    for (size_t i = 0; i < count; i++)
        made[i] = (struct object_rule_pair){row->settings.items[i].name,
                                            row->settings.items[i].value};
    if (object_rule_parse(made, count, &parsed, e) != 0) {
        free(made);
        return error_context(e, "the rule %s", row->name);
    }
    *rule = parsed;
    *pairs = made;
    return 0;
}

void rule_set_clear(struct rule_set *set)
{
    for (size_t i = 0; set->pairs != NULL && i < set->count; i++)
        free(set->pairs[i]);
    free(set->pairs);
    free(set->rules);
    catalog_object_rule_all_free(set->rows, set->count);
    *set = (struct rule_set){0};
}

size_t rule_set_find(const struct rule_set *set, const uint8_t id[CATALOG_ID_SIZE])
{
    size_t at = 0;

    while (at < set->count && memcmp(set->rows[at]->id, id, CATALOG_ID_SIZE) != 0)
        at++;
    return at;
}

static bool same_source(const struct catalog_object_rule *a,
                        const struct catalog_object_rule *b)
{
    return memcmp(a->from, b->from, CATALOG_ID_SIZE) == 0 ||
           strcmp(a->from_place, b->from_place) == 0;
}

/* Keeps those of the source alone. */
static void narrow(struct rule_set *set, const struct catalog_object_rule *row)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (same_source(set->rows[i], row))
            set->rows[kept++] = set->rows[i];
        else
            catalog_object_rule_free(set->rows[i]);
    }
    set->count = kept;
}

int rule_set_load(struct catalog *c, const struct catalog_object_rule *row,
                  struct rule_set *set, struct error *e)
{
    struct rule_set loaded = {0};
    int result = catalog_object_rule_all(c, NULL, &loaded.rows, &loaded.count, e);

    if (result != 0)
        return -1;
    narrow(&loaded, row);
    loaded.rules = calloc(loaded.count + 1, sizeof(*loaded.rules));
    loaded.pairs = calloc(loaded.count + 1, sizeof(*loaded.pairs));
    if (loaded.rules == NULL || loaded.pairs == NULL)
        result = error_no_memory(e, "rules");
    for (size_t i = 0; result == 0 && i < loaded.count; i++)
        result = rule_parse(loaded.rows[i], &loaded.rules[i], &loaded.pairs[i], e);
    if (result != 0) {
        rule_set_clear(&loaded);
        return -1;
    }
    *set = loaded;
    return 0;
}
