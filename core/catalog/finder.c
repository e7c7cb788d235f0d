/* SPDX-License-Identifier: Apache-2.0 */
/* finder.c - rows with a name and an id, found by either. */
#include "base/text.h"
#include "catalog/catalog_private.h"

void *finder_row(const struct finder *f, struct query *q, struct error *e)
{
    void *row = NULL;

    if (query_step(q, e) > 0)
        row = f->read(q, e);
    query_end(q);
    return row;
}

static void *by_name(struct catalog *c, const struct finder *f, const char *name,
                     struct error *e)
{
    struct query q;

    if (query_start(c, f->by_name, &q, e) != 0)
        return NULL;
    query_text(&q, name);
    return finder_row(f, &q, e);
}

void *finder_named(struct catalog *c, const struct finder *f, const char *name, struct error *e)
{
    catalog_lock(c);
    void *row = by_name(c, f, name, e);
    catalog_unlock(c);
    return row;
}

static void *by_range(struct catalog *c, const struct finder *f, const uint8_t *low,
                      const uint8_t *high, const char *text, struct error *e)
{
    void *row = NULL;
    struct query q;

    if (query_start(c, f->by_range, &q, e) != 0)
        return NULL;
    query_blob(&q, low, CATALOG_ID_SIZE);
    query_blob(&q, high, CATALOG_ID_SIZE);
    if (query_step(&q, e) > 0)
        row = f->read(&q, e);
    if (row != NULL && query_step(&q, e) > 0) {
        error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                  "several %s have an id that starts with '%s'", f->several, text);
        f->release(row);
        row = NULL;
    }
    query_end(&q);
    return row;
}

/* NULL without an error says that there is none. */
static void *found_or_not(const struct finder *f, void *row, const char *text,
                          const struct error *why, struct error *e)
{
    if (row != NULL)
        return row;
    if (why->error_class != LAGAN_OK)
        *e = *why;
    else
        error_set(e, LAGAN_NOT_FOUND, f->absent,
                  "there is no %s '%s'; `lagan %s list` shows those there are", f->one, text,
                  f->one);
    return NULL;
}

void *finder_find(struct catalog *c, const struct finder *f, const char *text, struct error *e)
{
    uint8_t low[CATALOG_ID_SIZE], high[CATALOG_ID_SIZE];
    struct error why = ERROR_INIT;

    catalog_lock(c);
    void *row = by_name(c, f, text, &why);
    if (row == NULL && why.error_class == LAGAN_OK &&
        id_range(text, CATALOG_ID_SIZE, low, high))
        row = by_range(c, f, low, high, text, &why);
    catalog_unlock(c);
    return found_or_not(f, row, text, &why, e);
}

void *finder_get(struct catalog *c, const struct finder *f, const uint8_t id[CATALOG_ID_SIZE],
                 struct error *e)
{
    char text[2 * CATALOG_ID_SIZE + 1];
    struct error why = ERROR_INIT;

    text_hex(id, CATALOG_ID_SIZE, text);
    catalog_lock(c);
    void *row = by_range(c, f, id, id, text, &why);
    catalog_unlock(c);
    return found_or_not(f, row, text, &why, e);
}
