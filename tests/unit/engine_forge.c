/* SPDX-License-Identifier: Apache-2.0 */
/* engine_forge.c - see engine_forge.h. */
#include "engine_forge.h"

#include "unit.h"
#include "vault/content_node.h"
#include "vault/tree_writer.h"

#include <stdlib.h>
#include <string.h>

/* A tree being made. */
struct forger {
    struct engine *g;
    struct session *session;
    struct chunk_access access;
    struct tree_builder *tree;
    struct content_builder *content;
    struct buffer further;
    struct buffer data;
};

static void put_chunk(struct forger *f, enum chunk_kind kind, const void *data, size_t size,
                      struct chunk_id *id)
{
    struct error e = ERROR_INIT;
    vault_chunk_identify(f->g->vault.vault, kind, data, size, id);
    assert_success(session_put(f->session, kind, id, data, size, &e), e);
}

static void unknown_chunk(struct chunk_id *id)
{
    memset(id->bytes, 0x5a, sizeof(id->bytes));
}

static void add_record(struct forger *f, const struct chunk_id *id, uint64_t bytes)
{
    struct error e = ERROR_INIT;
    assert_success(content_builder_add(f->content, id, bytes, &e), e);
}

/* The bytes of the entry's text, or noise. */
static void fill_data(struct forger *f, const struct forged *from)
{
    size_t size = from->text ? strlen(from->text) : (size_t)from->bytes;
    buffer_clear(&f->data);
    uint8_t *room = buffer_reserve(&f->data, size + 1);
    assert_non_null(room);
    if (from->text)
        memcpy(room, from->text, size);
    else
        vault_fixture_content(size, true, room, size);
    f->data.size = size;
}

/* A map node of one record that says `inside`, referred to as one of `outside` bytes. */
static void put_map(struct forger *f, uint64_t inside, uint64_t outside,
                    struct chunk_record *root)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
    struct chunk_record record = {.bytes = inside};
    put_chunk(f, CHUNK_DATA, f->data.data, f->data.size, &record.id);
    content_node_encode(&node, 0, &record, 1);
    put_chunk(f, CHUNK_META, node.data, node.size, &root->id);
    root->bytes = outside;
}

/* A content that is a map, or should be one. */
static void forge_map(struct forger *f, const struct forged *from, struct tree_entry *entry,
                      struct chunk_record *root)
{
    size_t size = f->data.size;
    entry->content = (struct content){.height = 1, .count = 1, .records = root};
    root->bytes = size;
    switch (from->content) {
    case CONTENT_MAP_LONGER:
        put_map(f, size, size - 1, root);
        break;
    case CONTENT_MAP_SHORTER:
        put_map(f, size, size + 1, root);
        break;
    case CONTENT_MAP_MISSING:
        unknown_chunk(&root->id);
        break;
    case CONTENT_MAP_OF_DATA:
        put_chunk(f, CHUNK_DATA, f->data.data, size, &root->id);
        break;
    case CONTENT_MAP_GARBAGE:
        put_chunk(f, CHUNK_META, "garbage", 7, &root->id);
        break;
    default:
        put_map(f, size, size, root);
        entry->content.height = 3;
        break;
    }
    entry->bytes = root->bytes;
}

static void forge_records(struct forger *f, const struct forged *from)
{
    static const struct chunk_id hole = {{0}};
    struct chunk_id id;
    size_t size = f->data.size;
    enum chunk_kind kind = from->content == CONTENT_OF_METADATA ? CHUNK_META : CHUNK_DATA;
    if (from->content == CONTENT_HOLE || from->content == CONTENT_HOLE_AND_TEXT)
        add_record(f, &hole, from->bytes);
    if (from->content == CONTENT_HOLE || size == 0)
        return;
    /* In pieces of a chunk's length, so that large files are large. */
    for (size_t at = 0; at < size; at += 1 << 19) {
        size_t piece = size - at < (1 << 19) ? size - at : 1 << 19;
        bool last = at + piece == size;
        put_chunk(f, kind, f->data.data + at, piece, &id);
        if (last && from->content == CONTENT_MISSING)
            unknown_chunk(&id);
        if (last && from->content == CONTENT_SHORTER)
            piece++;
        if (last && from->content == CONTENT_LONGER)
            piece--;
        add_record(f, &id, piece);
    }
}

static void forge_content(struct forger *f, const struct forged *from, struct tree_entry *entry,
                          struct chunk_record *root)
{
    struct error e = ERROR_INIT;
    content_builder_reset(f->content);
    if (from->type != LAGAN_ENTRY_FILE && !from->text)
        return;
    if (from->content == CONTENT_HOLE)
        buffer_clear(&f->data);
    else
        fill_data(f, from);
    if (from->content >= CONTENT_MAP_LONGER) {
        forge_map(f, from, entry, root);
        return;
    }
    forge_records(f, from);
    assert_success(content_builder_finish(f->content, &entry->content, &entry->bytes, &e), e);
}

static void further_chunk(struct forger *f, const struct forged *from)
{
    struct chunk_id id;
    uint8_t value[CHUNK_ID_SIZE + 4];
    const struct buffer *metadata = from->metadata;
    uint32_t size = (uint32_t)(metadata ? metadata->size : 3);
    put_chunk(f, CHUNK_META, metadata ? metadata->data : (const uint8_t *)"abc", size, &id);
    if (from->metadata_kind == METADATA_CHUNK_MISSING)
        unknown_chunk(&id);
    if (from->metadata_kind == METADATA_CHUNK_SIZE)
        size++;
    if (from->metadata_kind == METADATA_CHUNK_HUGE)
        size = UINT32_MAX;
    memcpy(value, id.bytes, CHUNK_ID_SIZE);
    store_u32(value + CHUNK_ID_SIZE, size);
    buffer_append_tlv(&f->further, TREE_FURTHER_METADATA_CHUNK, value, sizeof(value));
}

static void forge_further(struct forger *f, const struct forged *from)
{
    uint8_t device[8], group[16];
    buffer_clear(&f->further);
    if (from->link)
        buffer_append_tlv(&f->further, TREE_FURTHER_LINK, from->link,
                          (uint32_t)from->link_size);
    if (from->device_major || from->device_minor) {
        store_u32(device, from->device_major);
        store_u32(device + 4, from->device_minor);
        buffer_append_tlv(&f->further, TREE_FURTHER_DEVICE, device, sizeof(device));
    }
    memset(group, from->links_to, sizeof(group));
    if (from->links_to)
        buffer_append_tlv(&f->further, TREE_FURTHER_LINK_GROUP, group, 16);
    if (from->metadata_kind == METADATA_GIVEN)
        buffer_append_tlv(&f->further, TREE_FURTHER_METADATA, from->metadata->data,
                          (uint32_t)from->metadata->size);
    else if (from->metadata_kind != METADATA_NONE)
        further_chunk(f, from);
}

static void forge_entry(struct forger *f, const struct forged *from)
{
    struct error e = ERROR_INIT;
    struct chunk_record root = {0};
    struct tree_entry entry = {
        .key = from->key,
        .key_size = from->key_size,
        .type = from->type,
        .present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME | LAGAN_HAS_LINKS,
        .mode = from->mode                            ? from->mode
                : from->type == LAGAN_ENTRY_DIRECTORY ? 0755
                                                      : 0644,
        .user = from->user,
        .group = from->group,
        .user_name = from->user_name,
        .links = from->links ? from->links : 1,
        .mtime_s = from->mtime_s ? from->mtime_s : 1234567890,
    };
    if (from->device_major || from->device_minor)
        entry.present |= LAGAN_HAS_DEVICE;
    if (from->type == LAGAN_ENTRY_FILE)
        entry.present |= LAGAN_HAS_BYTES;
    forge_content(f, from, &entry, &root);
    forge_further(f, from);
    entry.further = f->further.data;
    entry.further_size = f->further.size;
    assert_success(tree_builder_add(f->tree, &entry, &e), e);
}

static void forger_open(struct forger *f, struct engine *g)
{
    struct error e = ERROR_INIT;
    *f = (struct forger){.g = g};
    f->session = vault_fixture_session(&g->vault, NULL);
    f->access = session_access(f->session);
    f->content = content_builder_new(&f->access, &e);
    assert_non_null(f->content);
    f->tree = tree_builder_new(&f->access, vault_node_key(g->vault.vault), &e);
    assert_non_null(f->tree);
}

static struct seal *forger_seal(struct forger *f, const struct tree_root *root)
{
    struct error e = ERROR_INIT;
    struct seal *seal = seal_new(&e);
    assert_non_null(seal);
    assert_success(seal_set_text(&seal->source_driver, "src_files", &e), e);
    assert_success(seal_set_text(&seal->source_name, "forged", &e), e);
    seal->root = *root;
    assert_success(session_seal(f->session, seal, &e), e);
    tree_builder_free(f->tree);
    content_builder_free(f->content);
    session_free(f->session);
    buffer_free(&f->further);
    buffer_free(&f->data);
    return seal;
}

static int by_key(const void *a, const void *b)
{
    const struct forged *left = a, *right = b;
    return tree_key_compare(left->key, left->key_size, right->key, right->key_size);
}

struct seal *forge(struct engine *g, const struct forged *entries, size_t count)
{
    struct forger f;
    struct tree_root root;
    struct error e = ERROR_INIT;
    struct forged *sorted = calloc(count + 1, sizeof(*sorted));
    assert_non_null(sorted);
    memcpy(sorted, entries, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_key);
    forger_open(&f, g);
    if (count == 0 || sorted[0].key_size > 0)
        forge_entry(&f, &(struct forged){.type = LAGAN_ENTRY_DIRECTORY, .key = ""});
    for (size_t i = 0; i < count; i++)
        forge_entry(&f, &sorted[i]);
    assert_success(tree_builder_finish(f.tree, &root, &e), e);
    free(sorted);
    return forger_seal(&f, &root);
}

struct seal *forge_leaf(struct engine *g, const char *first, const char *second)
{
    const char *const keys[] = {first, second};
    struct forger f;
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
    struct tree_root root = {.height = 1};
    struct error e = ERROR_INIT;
    forger_open(&f, g);
    struct leaf_writer *leaf = leaf_writer_new(&e);
    assert_non_null(leaf);
    for (size_t i = 0; i < 2; i++) {
        struct tree_entry entry = {.key = (const uint8_t *)keys[i],
                                   .key_size = strlen(keys[i]),
                                   .type = i ? LAGAN_ENTRY_DIRECTORY : LAGAN_ENTRY_FIFO,
                                   .present = LAGAN_HAS_MODE,
                                   .mode = 0755};
        assert_success(leaf_writer_add(leaf, &entry, &e), e);
    }
    struct leaf_sums sums = leaf_writer_sums(leaf);
    root.entries = sums.count;
    root.bytes = sums.bytes;
    assert_success(leaf_writer_end(leaf, &node, &e), e);
    leaf_writer_free(leaf);
    put_chunk(&f, CHUNK_META, node.data, node.size, &root.id);
    return forger_seal(&f, &root);
}

void forge_piece(struct buffer *out, uint32_t kind, const char *name, size_t name_size,
                 const void *value, size_t value_size)
{
    buffer_append_varint(out, kind);
    buffer_append_counted(out, name, name_size);
    buffer_append_counted(out, value, value_size);
    assert_false(out->failed);
}
