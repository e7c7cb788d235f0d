/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - opening packs and decoding their blocks. */
#include "vault/pack.h"
#include "base/file.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/crc32c.h"
#include "vault/local.h"
#include "vault/name.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_CHECKSUM = 4, COPY_SECONDS = 3 * 24 * 60 * 60 };
static const char copy_folder[] = "tables";

int pack_error(const struct seal_pack *id, struct error *e)
{
    char name[NAME_SIZE];

    name_of_pack(id->hash, name);
    return strstr(e->text, name) != NULL ? -1 : error_context(e, "%s", name);
}

static int corrupt(const struct seal_pack *id, struct error *e, const char *why)
{
    error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
    return pack_error(id, e);
}

size_t pack_memory(const struct pack *p)
{
    return sizeof(*p) + table_memory(&p->table);
}

void pack_close(struct pack *p)
{
    if (p == NULL)
        return;
    envelope_wipe(&p->envelope);
    table_free(&p->table);
    free(p);
}

static struct pack *pack_new(struct vault *v, const struct seal_pack *id, struct error *e)
{
    struct pack *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        error_no_memory(e, "opening a pack");
        return NULL;
    }
    p->vault = v;
    p->id = *id;
    return p;
}

/* Decodes the directory; the envelope is there already. */
static int take_content(struct pack *p, const struct buffer *content, struct error *e)
{
    if (p->envelope.kind != ENVELOPE_DATA && p->envelope.kind != ENVELOPE_META)
        return corrupt(&p->id, e, "it is no pack");
    p->kind = p->envelope.kind == ENVELOPE_DATA ? CHUNK_DATA : CHUNK_META;
    if (table_decode(&p->table, content->data, content->size, ENVELOPE_BODY, e) < 0)
        return pack_error(&p->id, e);
    return 0;
}

/* Compares what the trailer says with the table. */
static int check_layout(const struct pack *p, const struct envelope_trailer *trailer,
                        struct error *e)
{
    const struct table *t = &p->table;
    uint64_t end = ENVELOPE_BODY;

    if (t->block_count > 0)
        end = t->blocks[t->block_count - 1].offset + t->blocks[t->block_count - 1].stored;
    if (trailer->messages != t->block_count ||
        (trailer->directory_offset != envelope_directory_offset(end, false) &&
         trailer->directory_offset != envelope_directory_offset(end, true)))
        return corrupt(&p->id, e, "its trailer does not fit its table of contents");
    return 0;
}

static int read_tail(struct pack *p, struct error *e)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct envelope_trailer trailer;
    char name[NAME_SIZE];

    name_of_pack(p->id.hash, name);
    /* Whoever opens a pack has it from a backup's list: that it is missing is damage. */
    if (envelope_read(p->vault, name, p->id.bytes, &p->envelope, &trailer, &content, e) < 0 ||
        take_content(p, &content, e) < 0) {
        if (e->error_class == LAGAN_NOT_FOUND)
            e->code = ERROR_INTEGRITY;
        return -1;
    }
    p->directory_offset = trailer.directory_offset;
    return check_layout(p, &trailer, e);
}

int pack_open_tail(struct vault *v, const struct seal_pack *id, struct pack **pack,
                   struct error *e)
{
    struct pack *p = pack_new(v, id, e);

    if (p == NULL)
        return -1;
    if (read_tail(p, e) < 0) {
        pack_close(p);
        return -1;
    }
    pack_keep(p);
    *pack = p;
    return 0;
}

/* A copy is the head, the directory's content, and a checksum of both. */
static bool take_copy(struct pack *p, struct buffer *copy)
{
    struct error ignored;

    if (copy->size < ENVELOPE_BODY + COPY_CHECKSUM)
        return false;
    size_t size = copy->size - COPY_CHECKSUM;
    if (load_u32(copy->data + size) != crc32c(copy->data, size) ||
        envelope_open(&p->envelope, p->vault, copy->data, &ignored) < 0)
        return false;
    struct buffer content = {.data = copy->data + ENVELOPE_BODY, .size = size - ENVELOPE_BODY};
    return take_content(p, &content, &ignored) == 0;
}

static bool read_copy(struct pack *p)
{
    struct buffer copy CLEANUP_BUFFER = BUFFER_INIT;
    char name[65];

    text_hex(p->id.hash, sizeof(p->id.hash), name);
    return local_load(p->vault, copy_folder, name, ENVELOPE_DIRECTORY_LIMIT, &copy) &&
           take_copy(p, &copy);
}

int pack_open(struct vault *v, const struct seal_pack *id, struct pack **pack, struct error *e)
{
    struct pack *p = pack_new(v, id, e);

    if (p == NULL)
        return -1;
    if (read_copy(p)) {
        *pack = p;
        return 0;
    }
    pack_close(p);
    return pack_open_tail(v, id, pack, e);
}

void pack_keep(const struct pack *p)
{
    struct buffer copy CLEANUP_BUFFER = BUFFER_INIT;
    char name[65];

    if (vault_cache_directory(p->vault) == NULL)
        return;
    buffer_append(&copy, p->envelope.head, sizeof(p->envelope.head));
    table_encode(&p->table, &copy);
    if (!copy.failed)
        buffer_append_u32(&copy, crc32c(copy.data, copy.size));
    text_hex(p->id.hash, sizeof(p->id.hash), name);
    if (!copy.failed)
        local_save(p->vault, copy_folder, name, copy.data, copy.size);
}

struct sweep {
    struct vault *vault;
    bool (*wanted)(void *context, const uint8_t hash[32]);
    void *context;
};

static void sweep_one(void *context, const char *name)
{
    const struct sweep *s = context;
    uint8_t hash[32];

    if (text_unhex(name, hash, sizeof(hash)) != 0 || !s->wanted(s->context, hash))
        local_remove_old(s->vault, copy_folder, name, COPY_SECONDS);
}

void pack_sweep_copies(struct vault *v, bool (*wanted)(void *context, const uint8_t hash[32]),
                       void *context)
{
    struct sweep s = {v, wanted, context};

    local_list(v, copy_folder, sweep_one, &s);
}

/* Reads the counts of blocks and chunks and then one item of the last column. */
static bool peek(int fd, uint32_t chunk, struct chunk_id *found)
{
    uint8_t counts[8];
    struct error ignored;
    size_t got;

    if (file_read_at(fd, ENVELOPE_BODY, counts, sizeof(counts), &got, "", &ignored) < 0 ||
        got != sizeof(counts) || chunk >= load_u32(counts + 4))
        return false;
    uint64_t at =
        ENVELOPE_BODY + table_id_offset(load_u32(counts), load_u32(counts + 4), chunk);
    return file_read_at(fd, at, found->bytes, sizeof(found->bytes), &got, "", &ignored) == 0 &&
           got == sizeof(found->bytes);
}

bool pack_peek(struct vault *v, const struct seal_pack *id, uint32_t chunk,
               struct chunk_id *found)
{
    char name[65];

    text_hex(id->hash, sizeof(id->hash), name);
    char *path CLEANUP_TEXT = local_path(v, copy_folder, name);
    int fd CLEANUP_FD = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

    return fd >= 0 && peek(fd, chunk, found);
}

int pack_decode(const struct pack *p, struct codec *codec, uint32_t number, void *sealed,
                size_t size, void *raw, struct error *e)
{
    const struct table_block *b = &p->table.blocks[number];
    bool packed = b->codec == TABLE_CODEC_ZSTD;

    ASSERT(number < p->table.block_count && size == b->stored);
    if (envelope_unseal(&p->envelope, number, sealed, size, packed ? sealed : raw, e) < 0 ||
        (packed && codec_unpack(codec, sealed, size - ENVELOPE_TAG_SIZE, raw, b->raw, e) < 0)) {
        error_context(e, "block %u", number);
        return pack_error(&p->id, e);
    }
    return 0;
}

int pack_check_chunk(const struct pack *p, const struct chunk_id *id, const void *data,
                     size_t size, struct error *e)
{
    struct chunk_id found;

    vault_chunk_identify(p->vault, p->kind, data, size, &found);
    if (chunk_id_equal(&found, id))
        return 0;
    return corrupt(&p->id, e, "a chunk's content does not fit its id");
}
