/* SPDX-License-Identifier: Apache-2.0 */
/* rule_there.c - what the destination has of one key. */
#include "engine/rule_private.h"

#include "engine/object_origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 100, LOOKED_AT_MOST = 64 };

/* The newest versions of one key, the newest last; older ones are overwritten. */
struct listing {
    const void *key;
    size_t key_size;
    bool over; /* the walk is behind the key */
    bool markers[LOOKED_AT_MOST];
    int64_t moments[LOOKED_AT_MOST];
    char (*versions)[CATALOG_VERSION_SIZE]; /* LOOKED_AT_MOST of them */
    size_t count;
};

static uint32_t take(void *context, const struct lagan_entry *entry)
{
    struct listing *list = context;
    struct object_name name = object_name_of(entry->key, entry->key_size);
    struct catalog_object_copy *row;

    if (name.key_size == 0)
        return LAGAN_OK;
    if (name.key_size != list->key_size || memcmp(name.key, list->key, name.key_size) != 0) {
        list->over = true;
        return LAGAN_END;
    }
    row = calloc(1, sizeof(*row));
    if (row == NULL)
        return LAGAN_INTERNAL;
    if (rule_name_version(entry, row)) {
        size_t at = list->count++ % LOOKED_AT_MOST;
        list->markers[at] = entry->type == LAGAN_ENTRY_MARKER;
        list->moments[at] = row->moment_ns;
        memcpy(list->versions[at], row->version, sizeof(row->version));
    }
    free(row);
    return LAGAN_OK;
}

/* All versions of the key; the prefix lets others follow, which ends the walk. */
static int list_key(struct source *look, struct listing *list, struct error *e)
{
    const struct lagan_entry_collector entries = {list, take};
    struct lagan_walk_request request = {.flags = LAGAN_WALK_VERSIONS};
    bool ended = false;
    int result = 0;

    if (source_capabilities(look)->prefix) {
        request.prefix = list->key;
        request.prefix_size = list->key_size;
    }
    struct walk *walk = source_walk_begin(look, &request, e);
    if (walk == NULL)
        return -1;
    while (result == 0 && !ended && !list->over)
        result = walk_next(walk, ENTRIES, &entries, &ended, e);
    walk_close(walk);
    return list->over ? 0 : result;
}

/* `look` NULL: `e` says why already. */
static int list_versions(struct source *look, const void *key, size_t key_size,
                         struct listing *list, struct error *e)
{
    struct error why = ERROR_INIT;

    *list = (struct listing){.key = key, .key_size = key_size};
    if (look == NULL)
        return -1;
    list->versions = calloc(LOOKED_AT_MOST, sizeof(list->versions[0]));
    if (list->versions == NULL)
        return error_no_memory(e, "versions");
    if (list_key(look, list, &why) == 0)
        return 0;
    free(list->versions);
    list->versions = NULL;
    *e = why;
    return -1;
}

static int find_newest(struct source *look, const void *key, size_t key_size,
                       struct rule_there *newest, struct error *e)
{
    struct listing list;

    if (list_versions(look, key, key_size, &list, e) != 0)
        return -1;
    *newest = (struct rule_there){.found = list.count > 0};
    if (newest->found) {
        size_t at = (list.count - 1) % LOOKED_AT_MOST;
        newest->marker = list.markers[at];
        newest->moment_ns = list.moments[at];
        memcpy(newest->version, list.versions[at], sizeof(newest->version));
    }
    free(list.versions);
    return 0;
}

int rule_there(struct rule_pass *p, const void *key, size_t key_size, struct rule_there *there,
               struct error *e)
{
    return find_newest(object_ends_look(p->ends, e), key, key_size, there, e);
}

int rule_here(struct rule_pass *p, const void *key, size_t key_size, struct rule_there *here,
              struct error *e)
{
    return find_newest(object_ends_from(p->ends), key, key_size, here, e);
}

int rule_look(struct source *source, const struct buffer *key,
              const struct lagan_entry_collector *collector, struct error *e)
{
    struct error why = ERROR_INIT;

    if (source_entry_stat(source, key->data, key->size, collector, &why) == 0)
        return 0;
    if (why.error_class == LAGAN_UNSUPPORTED)
        return object_look(source, key->data, key->size, collector, e);
    *e = why;
    return -1;
}

/* ---- the copy of a certain version ---- */

struct origin_search {
    const struct object_origin *origin;
    bool matches;
    uint64_t bytes;
};

static uint32_t match(void *context, const struct lagan_entry *entry)
{
    struct origin_search *search = context;
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    const struct lagan_metadata *piece = source_find_piece(pieces, count, OBJECT_ORIGIN_PIECE);

    search->matches =
        piece != NULL && object_origin_is_of(piece->value, piece->value_size, search->origin);
    search->bytes = entry->bytes;
    return LAGAN_OK;
}

/* Whether that version at the destination is the copy; one that went meanwhile is not. */
static int is_copy(struct rule_pass *p, const struct listing *list, size_t at,
                   const struct object_origin *origin, struct rule_made *made, struct error *e)
{
    struct origin_search search = {.origin = origin};
    const struct lagan_entry_collector collector = {&search, match};
    struct error why = ERROR_INIT;
    struct source *look = object_ends_look(p->ends, e);

    if (look == NULL)
        return -1;
    buffer_clear(&made->key);
    buffer_append(&made->key, list->key, list->key_size);
    buffer_append_u8(&made->key, 0);
    buffer_append_format(&made->key, "%016llx%s", (unsigned long long)list->moments[at],
                         list->versions[at]);
    if (buffer_check(&made->key, e) != 0)
        return -1;
    if (rule_look(look, &made->key, &collector, &why) == 0) {
        made->bytes = search.bytes;
        return search.matches;
    }
    if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_CHANGED)
        return 0;
    *e = why;
    return -1;
}

int rule_find_made(struct rule_pass *p, const struct catalog_object_copy *row,
                   struct rule_made *made, struct error *e)
{
    const struct object_origin origin = {.rule = p->row->name,
                                         .from = p->from_place,
                                         .to = p->to_place,
                                         .key = row->object,
                                         .key_size = row->object_size,
                                         .version = row->version,
                                         .version_size = strlen(row->version)};
    struct listing list;
    int found = 0;

    if (list_versions(object_ends_look(p->ends, e), row->object, row->object_size, &list, e) !=
        0)
        return -1;
    size_t least = list.count > LOOKED_AT_MOST ? list.count - LOOKED_AT_MOST : 0;
    for (size_t i = list.count; found == 0 && i > least; i--) {
        size_t at = (i - 1) % LOOKED_AT_MOST;
        if (list.markers[at])
            continue;
        found = is_copy(p, &list, at, &origin, made, e);
        if (found > 0)
            memcpy(made->version, list.versions[at], CATALOG_VERSION_SIZE);
    }
    free(list.versions);
    return found;
}
