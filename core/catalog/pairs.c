/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.c - ordered lists of names and values, in memory and as rows. */
#include "catalog/catalog_private.h"

#include <stdlib.h>
#include <string.h>

int catalog_pairs_add(struct catalog_pairs *pairs, const char *name, const char *value,
                      struct error *e)
{
    struct catalog_pair *grown = realloc(pairs->items, (pairs->count + 1) * sizeof(*grown));
    struct catalog_pair pair;

    if (grown == NULL)
        return error_no_memory(e, "parameters");
    pairs->items = grown;
    pair.name = strdup(name);
    pair.value = strdup(value);
    if (pair.name == NULL || pair.value == NULL) {
        free(pair.name);
        free(pair.value);
        return error_no_memory(e, "parameters");
    }
    pairs->items[pairs->count++] = pair;
    return 0;
}

const char *catalog_pairs_find(const struct catalog_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->items[i].name, name) == 0)
            return pairs->items[i].value;
    return NULL;
}

void catalog_pairs_clear(struct catalog_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct catalog_pairs){0};
}

bool pairs_equal(const struct catalog_pairs *a, const struct catalog_pairs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    return true;
}

static int insert_one(struct catalog *c, const char *sql, const uint8_t *owner, size_t position,
                      const struct catalog_pair *pair, struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, owner, CATALOG_ID_SIZE);
    query_number(&q, (int64_t)position);
    query_text(&q, pair->name);
    query_text(&q, pair->value);
    return query_finish(&q, e);
}

int pairs_insert(struct catalog *c, const char *sql, const uint8_t owner[CATALOG_ID_SIZE],
                 const struct catalog_pairs *pairs, struct error *e)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (insert_one(c, sql, owner, i, &pairs->items[i], e) != 0)
            return -1;
    return 0;
}

static int add_row(struct query *q, struct catalog_pairs *pairs, struct error *e)
{
    char *name = row_text_copy(q);
    char *value = row_text_copy(q);
    int result = -1;

    if (name != NULL && value != NULL)
        result = catalog_pairs_add(pairs, name, value, e);
    else
        error_no_memory(e, "parameters");
    free(name);
    free(value);
    return result;
}

int pairs_read(struct catalog *c, const char *sql, const uint8_t owner[CATALOG_ID_SIZE],
               struct catalog_pairs *pairs, struct error *e)
{
    struct query q;
    int found;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, owner, CATALOG_ID_SIZE);
    while ((found = query_step(&q, e)) > 0) {
        if (add_row(&q, pairs, e) != 0) {
            found = -1;
            break;
        }
    }
    query_end(&q);
    return found;
}
