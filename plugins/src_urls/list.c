/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c - the list: one URL on each line, with the key behind a tab where the path of the URL
 * is not to be it.  Empty lines and those that begin with `#` say nothing.
 */
#include "src_urls.h"

#include <stdlib.h>
#include <string.h>

void list_free(struct list *list)
{
    free(list->text);
    free(list->items);
    *list = (struct list){0};
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the path of the URL, decoded, behind the text at `*used`. */
static size_t path_of(const char *url, char *out)
{
    const char *at = strstr(url, "://");
    at = at ? strchr(at + 3, '/') : NULL;
    size_t size = 0;
    while (at && *at == '/')
        at++;
    while (at && *at && *at != '?' && *at != '#') {
        if (at[0] == '%' && digit(at[1]) >= 0 && digit(at[2]) >= 0) {
            out[size++] = (char)(digit(at[1]) * 16 + digit(at[2]));
            at += 3;
        } else {
            out[size++] = *at++;
        }
    }
    out[size] = '\0';
    return size;
}

static bool is_http(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static uint32_t bad_line(struct lagan_op *op, size_t line, const char *why)
{
    return lagan_fail(op, LAGAN_INVALID, 0, "line %zu of the list: %s", line, why);
}

/* Where items and their keys go. */
struct parse {
    struct list *list;
    char *keys; /* made out of paths */
    size_t keys_used;
    size_t room;
};

static uint32_t add_item(struct parse *p, struct lagan_op *op, const struct item *item)
{
    struct list *list = p->list;
    if (list->count == p->room) {
        size_t room = p->room ? 2 * p->room : 256;
        struct item *items = reallocarray(list->items, room, sizeof *items);
        if (items == NULL)
            return out_of_memory(op);
        list->items = items;
        p->room = room;
    }
    list->items[list->count++] = *item;
    return LAGAN_OK;
}

/* A line without its end, terminated.  Keys made here lie behind the text of the list. */
static uint32_t take_line(struct parse *p, struct lagan_op *op, char *line, size_t number,
                          size_t text_size)
{
    char *tab = strchr(line, '\t');
    struct item item = {.url = (size_t)(line - p->list->text)};
    if (line[0] == '\0' || line[0] == '#')
        return LAGAN_OK;
    if (tab != NULL)
        *tab = '\0';
    if (!is_http(line))
        return bad_line(op, number, "it does not begin with http:// or https://");
    if (tab != NULL) {
        item.key = (size_t)(tab + 1 - p->list->text);
        item.key_size = strlen(tab + 1);
    } else {
        item.key = text_size + 1 + p->keys_used;
        item.key_size = path_of(line, p->keys + p->keys_used);
        p->keys_used += item.key_size + 1;
    }
    const char *key = tab != NULL ? tab + 1 : p->keys + p->keys_used - item.key_size - 1;
    if (item.key_size == 0)
        return bad_line(op, number, "the URL has no path: give a key behind a tab");
    if (memchr(key, '\0', item.key_size) != NULL)
        return bad_line(op, number, "the key holds a zero byte");
    return add_item(p, op, &item);
}

static uint32_t take_lines(struct parse *p, struct lagan_op *op, size_t size)
{
    char *at = p->list->text, *end = at + size;
    uint32_t result = LAGAN_OK;
    for (size_t number = 1; at < end && result == LAGAN_OK; number++) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        char *next = stop != NULL ? stop + 1 : end;
        stop = stop != NULL ? stop : end;
        if ((size_t)(stop - at) > LINE_LIMIT)
            return bad_line(op, number, "it is too long");
        if (memchr(at, '\0', (size_t)(stop - at)) != NULL)
            return bad_line(op, number, "it holds a zero byte");
        *stop = '\0';
        if (stop > at && stop[-1] == '\r')
            stop[-1] = '\0';
        result = take_line(p, op, at, number, size);
        at = next;
    }
    return result;
}

static int compare_keys(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int result = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return result != 0 ? result : (a_size > b_size) - (a_size < b_size);
}

static int by_key(const void *a, const void *b, void *context)
{
    const struct item *one = a, *other = b;
    const char *text = context;
    return compare_keys(text + one->key, one->key_size, text + other->key, other->key_size);
}

static uint32_t sort(struct list *list, struct lagan_op *op)
{
    if (list->count > 1)
        qsort_r(list->items, list->count, sizeof list->items[0], by_key, list->text);
    for (size_t i = 1; i < list->count; i++)
        if (by_key(&list->items[i - 1], &list->items[i], list->text) == 0)
            return lagan_fail(op, LAGAN_INVALID, 0,
                              "the list has the key %.200s twice: give other keys behind tabs",
                              list->text + list->items[i].key);
    return LAGAN_OK;
}

uint32_t list_parse(struct list *list, struct lagan_op *op, char *text, size_t size)
{
    /* Keys are never longer than their lines: the same room again holds them all. */
    char *both = realloc(text, 2 * size + 2);
    struct parse p = {.list = list};
    if (both == NULL) {
        free(text);
        return out_of_memory(op);
    }
    list->text = both;
    p.keys = both + size + 1;
    uint32_t result = take_lines(&p, op, size);
    return result == LAGAN_OK ? sort(list, op) : result;
}

const struct item *list_find(const struct list *list, const void *key, size_t key_size)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct item *item = &list->items[middle];
        int order = compare_keys(list->text + item->key, item->key_size, key, key_size);
        if (order == 0)
            return item;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
