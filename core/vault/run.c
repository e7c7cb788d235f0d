/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - index runs: listed, opened, read page by page. */
#include "vault/run.h"
#include "base/object.h"
#include "vault/name.h"
#include "vault/run_layout.h"

#include <stdlib.h>
#include <string.h>

enum { RUN_MAGIC = 0x52554e20, PACK_BYTES = 45 };

struct run {
    uint32_t magic; /* RUN_MAGIC */
    struct target *target;
    char name[NAME_SIZE];
    struct envelope envelope;
    struct envelope_trailer trailer;
    uint64_t entries;
    struct run_pack *packs;
    size_t pack_count;
    uint8_t (*replaced)[32];
    size_t replaced_count;
    struct filter filter;
};

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
}

void run_pack_give(const struct run_pack *pack, struct buffer *out)
{
    buffer_append(out, pack->id.hash, sizeof(pack->id.hash));
    buffer_append_u64(out, pack->id.bytes);
    buffer_append_u8(out, pack->kind);
    buffer_append_u32(out, pack->chunks);
}

void run_pack_take(struct run_pack *pack, struct reader *r)
{
    const uint8_t *hash = reader_take(r, sizeof(pack->id.hash));

    *pack = (struct run_pack){0};
    if (hash != NULL)
        memcpy(pack->id.hash, hash, sizeof(pack->id.hash));
    pack->id.bytes = reader_u64(r);
    pack->kind = reader_u8(r);
    pack->chunks = reader_u32(r);
}

int run_packs_check(const struct run_pack *packs, size_t count, uint64_t entries,
                    struct error *e)
{
    uint64_t chunks = 0;

    for (size_t i = 0; i < count; i++)
        chunks += packs[i].chunks;
    return chunks == entries ? 0 : corrupt(e, "its entries are not all those of its packs");
}

/* A growing list of names. */
struct listing {
    struct run_name *runs;
    size_t count;
};

static int list_one(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct name name;

    /* What is no run is for verify to find. */
    if (!name_parse(key, &name) || name.kind != NAME_RUN)
        return 0;
    struct run_name *grown = reallocarray(l->runs, l->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "listing index runs");
    l->runs = grown;
    struct run_name *r = &l->runs[l->count++];
    *r = (struct run_name){.level = name.number, .sequence = name.id, .bytes = bytes};
    memcpy(r->hash, name.hash, sizeof(r->hash));
    return 0;
}

int run_list(struct vault *v, struct run_name **runs, size_t *count, struct error *e)
{
    struct listing l = {0};

    if (target_list(vault_target(v), "runs/", list_one, &l, e) < 0) {
        free(l.runs);
        return -1;
    }
    *runs = l.runs;
    *count = l.count;
    return 0;
}

static int take_packs(struct run *r, struct reader *value, struct error *e)
{
    if (value->left % PACK_BYTES != 0 || r->packs != NULL)
        return corrupt(e, "its list of packs has a wrong length");
    r->pack_count = value->left / PACK_BYTES;
    r->packs = calloc(r->pack_count + 1, sizeof(*r->packs));
    if (r->packs == NULL)
        return error_no_memory(e, "an index run");
    for (size_t i = 0; i < r->pack_count; i++)
        run_pack_take(&r->packs[i], value);
    return 0;
}

static int take_replaced(struct run *r, struct reader *value, struct error *e)
{
    if (value->left % 32 != 0 || r->replaced != NULL)
        return corrupt(e, "its list of replaced runs has a wrong length");
    r->replaced_count = value->left / 32;
    r->replaced = calloc(r->replaced_count + 1, sizeof(*r->replaced));
    if (r->replaced == NULL)
        return error_no_memory(e, "an index run");
    if (r->replaced_count > 0)
        memcpy(r->replaced, reader_take(value, value->left), r->replaced_count * 32);
    return 0;
}

static int take_field(struct run *r, uint16_t type, struct reader *value, struct error *e)
{
    switch (type) {
    case RUN_TLV_ENTRIES:
        r->entries = reader_u64(value);
        return reader_done(value) ? 0 : corrupt(e, "its number of entries has a wrong length");
    case RUN_TLV_PACKS:
        return take_packs(r, value, e);
    case RUN_TLV_FENCES:
        if (value->left != (size_t)run_pages(r->entries) * ENTRY_ID_SIZE)
            return corrupt(e, "its fences do not fit its entries");
        return 0;
    case RUN_TLV_FILTER:
        return filter_decode(&r->filter, value, e);
    case RUN_TLV_REPLACED:
        return take_replaced(r, value, e);
    default:
        return 0;
    }
}

static int take_directory(struct run *r, const struct buffer *content, struct error *e)
{
    struct reader all = reader_of(content->data, content->size);
    struct reader value;
    uint16_t type, last = 0;

    while (reader_tlv(&all, &type, &value)) {
        if (type <= last)
            return corrupt(e, "its directory is out of order");
        last = type;
        if (take_field(r, type, &value, e) < 0)
            return -1;
    }
    if (!reader_done(&all) || r->packs == NULL)
        return corrupt(e, "its directory is incomplete");
    if (r->entries > (uint64_t)UINT32_MAX * RUN_PAGE_ENTRIES ||
        r->trailer.messages != run_pages(r->entries) ||
        r->trailer.directory_offset !=
            envelope_directory_offset(run_page_offset(r->entries, r->trailer.messages), false))
        return corrupt(e, "its pages do not fit its entries");
    return run_packs_check(r->packs, r->pack_count, r->entries, e);
}

static int read_directory(struct vault *v, struct run *r, uint64_t bytes, struct error *e)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;

    if (envelope_read(v, r->name, bytes, &r->envelope, &r->trailer, &content, e) < 0)
        return -1;
    int result = r->envelope.kind == ENVELOPE_RUN ? take_directory(r, &content, e)
                                                  : corrupt(e, "it is no index run");
    return result < 0 ? error_context(e, "%s", r->name) : 0;
}

int run_open(struct vault *v, const struct run_name *name, struct run **run, struct error *e)
{
    struct run *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return error_no_memory(e, "an index run");
    r->magic = RUN_MAGIC;
    r->target = vault_target(v);
    name_of_run(name->level, name->sequence, name->hash, r->name);
    if (read_directory(v, r, name->bytes, e) < 0) {
        run_close(r);
        return -1;
    }
    *run = r;
    return 0;
}

void run_close(struct run *r)
{
    if (r == NULL)
        return;
    OBJECT_CHECK(r, RUN_MAGIC);
    envelope_wipe(&r->envelope);
    filter_free(&r->filter);
    free(r->packs);
    free(r->replaced);
    r->magic = 0;
    free(r);
}

const struct run_pack *run_packs(const struct run *r, size_t *count)
{
    *count = r->pack_count;
    return r->packs;
}

uint64_t run_entries(const struct run *r)
{
    return r->entries;
}

const uint8_t (*run_replaced(const struct run *r, size_t *count))[32]
{
    *count = r->replaced_count;
    return (const uint8_t(*)[32])r->replaced;
}

const struct filter *run_filter(const struct run *r)
{
    return &r->filter;
}

/* Reads a few pages at a time. */
enum { STREAM_PAGES = 4 };

struct run_stream {
    struct entry_stream stream;
    struct run *run;
    uint32_t next_page;
    uint32_t entries; /* decrypted, in `plain` */
    uint32_t entry;
    uint8_t *sealed; /* STREAM_PAGES */
    uint8_t *plain;
};

static int stream_fill(struct run_stream *s, struct error *e)
{
    struct run *r = s->run;
    uint32_t pages = r->trailer.messages - s->next_page;

    if (pages > STREAM_PAGES)
        pages = STREAM_PAGES;
    uint64_t start = run_page_offset(r->entries, s->next_page);
    uint64_t end = run_page_offset(r->entries, s->next_page + pages);
    if (target_get(r->target, r->name, start, s->sealed, (size_t)(end - start), e) < 0)
        return -1;
    s->entry = s->entries = 0;
    for (uint32_t i = 0; i < pages; i++, s->next_page++) {
        uint64_t at = run_page_offset(r->entries, s->next_page);
        size_t size = (size_t)(run_page_offset(r->entries, s->next_page + 1) - at);
        if (envelope_unseal(&r->envelope, s->next_page, s->sealed + (at - start), size,
                            s->plain + (size_t)s->entries * ENTRY_SIZE, e) < 0)
            return error_context(e, "%s: page %u", r->name, s->next_page);
        s->entries += (uint32_t)((size - ENVELOPE_TAG_SIZE) / ENTRY_SIZE);
    }
    return 0;
}

static int stream_next(struct entry_stream *stream, struct entry *entry, struct error *e)
{
    struct run_stream *s = (struct run_stream *)stream;

    if (s->entry == s->entries) {
        if (s->next_page == s->run->trailer.messages)
            return 0;
        if (stream_fill(s, e) < 0)
            return -1;
    }
    entry_load(entry, s->plain + (size_t)s->entry++ * ENTRY_SIZE);
    return 1;
}

static int stream_rewind(struct entry_stream *stream, struct error *e)
{
    struct run_stream *s = (struct run_stream *)stream;

    (void)e;
    s->next_page = s->entry = s->entries = 0;
    return 0;
}

static void stream_free(struct entry_stream *stream)
{
    struct run_stream *s = (struct run_stream *)stream;

    free(s->sealed);
    free(s->plain);
    free(s);
}

struct entry_stream *run_stream(struct run *r, struct error *e)
{
    struct run_stream *s = calloc(1, sizeof(*s));

    OBJECT_CHECK(r, RUN_MAGIC);
    if (s != NULL) {
        s->sealed = malloc(STREAM_PAGES * RUN_PAGE_BYTES);
        s->plain = malloc(STREAM_PAGES * RUN_PAGE_BYTES);
    }
    if (s == NULL || s->sealed == NULL || s->plain == NULL) {
        if (s != NULL)
            stream_free(&s->stream);
        error_no_memory(e, "an index run");
        return NULL;
    }
    s->stream = (struct entry_stream){stream_next, stream_rewind, stream_free};
    s->run = r;
    return &s->stream;
}
