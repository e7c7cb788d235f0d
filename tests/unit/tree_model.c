/* SPDX-License-Identifier: Apache-2.0 */
/* tree_model.c - maps of entries, and trees made of them in both ways. */
#include "tree_model.h"
#include "unit.h"

#include <lagan/source.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint8_t model_node_key[32] = "a key that is no secret in tests";

static int compare_items(const void *a, const void *b)
{
    const struct model_item *left = a, *right = b;

    return tree_key_compare(left->key, left->key_size, right->key, right->key_size);
}

/* Three components, so that directories have many names; number 0 is the root. */
static void set_key(struct model_item *item, uint64_t number)
{
    uint64_t mixed = number;
    int size = 0;

    mixed = next_random(&mixed);
    if (number > 0)
        size = snprintf(item->key, sizeof(item->key), "d%02x/e%03x/name-%08llx",
                        (unsigned)(mixed & 7), (unsigned)(mixed >> 8 & 63),
                        (unsigned long long)number);
    item->key_size = (size_t)size;
    for (int i = 0; i < size; i++) {
        if (item->key[i] == '/')
            item->key[i] = 0;
    }
}

void model_make(struct model *m, size_t count, uint64_t seed)
{
    *m = (struct model){.count = count, .items = calloc(count + 1, sizeof(*m->items))};
    assert_non_null(m->items);
    for (size_t i = 0; i < count; i++) {
        set_key(&m->items[i], i);
        m->items[i].version = (uint32_t)(next_random(&seed) & 0xffffff);
    }
    qsort(m->items, count, sizeof(*m->items), compare_items);
}

void model_free(struct model *m)
{
    free(m->items);
    *m = (struct model){0};
}

/* Keeps, changes or removes an item, or keeps it and adds one beside it. */
static void edit_item(struct model *after, const struct model_item *item, uint64_t random)
{
    struct model_item *to = &after->items[after->count];
    static const uint32_t steps[] = {VERSION_CONTENT, VERSION_ATTRIBUTES, VERSION_STAMP};

    *to = *item;
    switch (random & 3) {
    case 0: /* gone */
        return;
    case 1: /* with a new neighbour */
        after->count++;
        to[1] = *to;
        to[1].key_size += (size_t)snprintf(to[1].key + item->key_size, 16, "+%x",
                                           (unsigned)(random >> 8 & 0xffff));
        break;
    default:
        to->version += steps[(random >> 8) % 3];
    }
    after->count++;
}

static void remove_doubles(struct model *m)
{
    size_t kept = 0;

    qsort(m->items, m->count, sizeof(*m->items), compare_items);
    for (size_t i = 0; i < m->count; i++) {
        if (kept == 0 || compare_items(&m->items[kept - 1], &m->items[i]) != 0)
            m->items[kept++] = m->items[i];
    }
    m->count = kept;
}

void model_edit(const struct model *before, struct model *after, uint32_t edits, uint64_t seed)
{
    /* Edits come in clusters, as files change directory by directory. */
    size_t cluster = 0;

    *after = (struct model){.items = calloc(2 * before->count + 2, sizeof(*after->items)),
                            .weight = before->weight};
    assert_non_null(after->items);
    for (size_t i = 0; i < before->count; i++) {
        uint64_t random = next_random(&seed);
        if (cluster == 0 && random % before->count < edits)
            cluster = 1 + (random >> 40) % 20;
        if (cluster > 0) {
            cluster--;
            edit_item(after, &before->items[i], next_random(&seed));
        } else {
            after->items[after->count++] = before->items[i];
        }
    }
    if (after->count == 0 || next_random(&seed) % 4 == 0)
        set_key(&after->items[after->count++], 0xfffff000 + (seed & 0xfff));
    remove_doubles(after);
}

static void set_content(struct model_entry *to, uint32_t number)
{
    struct tree_entry *entry = &to->entry;
    uint64_t random = number;
    uint32_t shape = (uint32_t)(next_random(&random) % 64);

    if (entry->type != LAGAN_ENTRY_FILE)
        return;
    entry->content.height = shape == 63 ? 1 + number % 3 : 0;
    entry->content.count = shape == 63 ? 1 : shape > 56 ? shape - 31 : shape % 3;
    entry->content.records = to->records;
    for (uint32_t i = 0; i < entry->content.count; i++) {
        struct chunk_record *record = &to->records[i];
        for (size_t b = 0; b < CHUNK_ID_SIZE; b += 8)
            store_u64(record->id.bytes + b, next_random(&random));
        if (shape == 62 && i == 1)
            record->id = (struct chunk_id){{0}};
        record->bytes = 1 + (next_random(&random) >> (random & 31) >> 24);
        entry->bytes += record->bytes;
    }
}

static void set_further(struct model_entry *to, const struct model *m, uint32_t number)
{
    static const uint8_t group[16] = "sixteen bytes, g";

    buffer_clear(&to->further);
    if (to->entry.type == LAGAN_ENTRY_SYMLINK)
        buffer_append_tlv(&to->further, TREE_FURTHER_LINK, "../target", 9);
    if (number % 8 == 3)
        buffer_append_tlv(&to->further, TREE_FURTHER_LINK_GROUP, group, sizeof(group));
    if (m->weight > 0 && number % 16 == 5) {
        buffer_append_u16(&to->further, 1000); /* a type of a later program */
        buffer_append_u32(&to->further, m->weight);
        buffer_append_zeroes(&to->further, m->weight);
    }
    to->entry.further = to->further.size > 0 ? to->further.data : NULL;
    to->entry.further_size = to->further.size;
}

/* Names follow from numbers, as on a real host. */
static void set_owner(struct model_entry *to, uint32_t number)
{
    struct tree_entry *entry = &to->entry;

    if (number % 32 == 31)
        return;
    entry->present |= LAGAN_HAS_OWNER;
    entry->user = number % 16 == 0 ? 0 : 1000 + number % 5;
    entry->group = number % 16 == 0 ? 0 : 100;
    snprintf(to->user, sizeof(to->user), "user%u", entry->user);
    snprintf(to->group, sizeof(to->group), "group%u", entry->group);
    entry->user_name = entry->user == 1003 ? NULL : to->user;
    entry->group_name = to->group;
}

void model_entry_set(struct model_entry *to, const struct model *m,
                     const struct model_item *item)
{
    uint32_t attributes = item->version / VERSION_ATTRIBUTES % 256;
    uint64_t random = item->version;
    struct tree_entry *entry = &to->entry;

    *entry = (struct tree_entry){
        .key = (const uint8_t *)item->key,
        .key_size = item->key_size,
        .type = attributes % 8 == 1 ? LAGAN_ENTRY_SYMLINK : LAGAN_ENTRY_FILE,
        .present = LAGAN_HAS_MODE | LAGAN_HAS_MTIME | LAGAN_HAS_LINKS | LAGAN_HAS_BYTES,
        .mode = 0600 + attributes % 64,
        .links = 1 + attributes % 3,
        .mtime_s = 1700000000 - (int64_t)attributes * attributes * 1000000,
        .mtime_ns = attributes * 1000003,
        .stamp_size = item->version % 24 == 7 ? 0 : 24,
        .stamp = to->stamp,
    };
    if (item->key_size == 0)
        entry->type = LAGAN_ENTRY_DIRECTORY;
    for (size_t b = 0; b < sizeof(to->stamp); b += 8)
        store_u64(to->stamp + b, next_random(&random));
    set_owner(to, attributes);
    set_content(to, item->version % VERSION_ATTRIBUTES);
    set_further(to, m, attributes);
}

static bool equal_content(const struct content *a, const struct content *b)
{
    if (a->height != b->height || a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->records[i].bytes != b->records[i].bytes ||
            !chunk_id_equal(&a->records[i].id, &b->records[i].id))
            return false;
    }
    return true;
}

static bool equal_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool equal_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool model_entry_equal(const struct tree_entry *a, const struct tree_entry *b)
{
    return equal_bytes(a->key, a->key_size, b->key, b->key_size) && a->type == b->type &&
           a->present == b->present && a->mode == b->mode && a->user == b->user &&
           a->group == b->group && a->links == b->links &&
           equal_text(a->user_name, b->user_name) && equal_text(a->group_name, b->group_name) &&
           a->bytes == b->bytes && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           equal_bytes(a->stamp, a->stamp_size, b->stamp, b->stamp_size) &&
           equal_content(&a->content, &b->content) &&
           equal_bytes(a->further, a->further_size, b->further, b->further_size);
}

static void add_item(struct tree_builder *b, const struct model *m,
                     const struct model_item *item, struct model_entry *room)
{
    struct error e = ERROR_INIT;

    model_entry_set(room, m, item);
    assert_int_equal(tree_builder_add(b, &room->entry, &e), 0);
}

void model_build(const struct model *m, struct chunk_map *map, struct tree_root *root)
{
    struct chunk_access access = chunk_map_access(map);
    struct model_entry room = {0};
    struct error e = ERROR_INIT;
    struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);

    assert_non_null(b);
    for (size_t i = 0; i < m->count; i++)
        add_item(b, m, &m->items[i], &room);
    assert_int_equal(tree_builder_finish(b, root, &e), 0);
    tree_builder_free(b);
    buffer_free(&room.further);
}

/* Steps the cursor over all entries before `item`; true when it stands on the same key. */
static bool reach(struct tree_cursor *c, const struct tree_entry **old, int *got,
                  const struct model_item *item)
{
    struct error e = ERROR_INIT;

    for (;;) {
        if (*got == 0)
            return false;
        int order = tree_key_compare((*old)->key, (*old)->key_size, item->key, item->key_size);
        if (order >= 0)
            return order == 0;
        *got = tree_cursor_next(c, old, &e);
        assert_true(*got >= 0);
    }
}

void model_rebuild(const struct model *before, const struct model *after, struct chunk_map *map,
                   const struct tree_root *old, struct tree_root *root)
{
    struct chunk_access access = chunk_map_access(map);
    struct model_entry room = {0};
    struct error e = ERROR_INIT;
    const struct tree_entry *entry = NULL;
    struct tree_cursor *c = tree_cursor_new(&access, old, &e);
    struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);
    size_t at = 0;

    assert_true(c != NULL && b != NULL);
    int got = tree_cursor_next(c, &entry, &e);
    for (size_t i = 0; i < after->count; i++) {
        const struct model_item *item = &after->items[i];
        bool known = reach(c, &entry, &got, item);
        while (at < before->count && compare_items(&before->items[at], item) < 0)
            at++;
        if (known && before->items[at].version == item->version)
            assert_int_equal(tree_builder_add_unchanged(b, c, &e), 0);
        else
            add_item(b, after, item, &room);
    }
    assert_int_equal(tree_builder_finish(b, root, &e), 0);
    tree_builder_free(b);
    tree_cursor_free(c);
    buffer_free(&room.further);
}
