/* SPDX-License-Identifier: Apache-2.0 */
/* run_write.c - an index run from a sorted stream. */
#include "base/object.h"
#include "vault/name.h"
#include "vault/run_layout.h"

#include <stdlib.h>
#include <string.h>

struct run_writer {
    struct envelope_writer writer;
    uint64_t entries;
    uint32_t pages;
    uint32_t in_page;
    struct buffer fences;
    struct buffer keys; /* uint64_t, for the filter */
    uint8_t page[RUN_PAGE_BYTES];
};

static int end_page(struct run_writer *w, struct error *e)
{
    size_t size = (size_t)w->in_page * ENTRY_SIZE;

    if (envelope_seal(&w->writer.env, w->pages, w->page, size, w->page, e) < 0)
        return -1;
    w->pages++;
    w->in_page = 0;
    return envelope_writer_append(&w->writer, w->page, size + ENVELOPE_TAG_SIZE, e);
}

static int add(struct run_writer *w, const struct entry *entry, struct error *e)
{
    uint64_t key = entry_key(entry->id);

    if (w->in_page == 0)
        buffer_append(&w->fences, entry->id, sizeof(entry->id));
    buffer_append(&w->keys, &key, sizeof(key));
    entry_store(entry, w->page + (size_t)w->in_page * ENTRY_SIZE);
    w->in_page++;
    w->entries++;
    if (buffer_check(&w->keys, e) < 0 || buffer_check(&w->fences, e) < 0)
        return -1;
    return w->in_page == RUN_PAGE_ENTRIES ? end_page(w, e) : 0;
}

static int add_all(struct run_writer *w, struct entry_stream *entries, struct error *e)
{
    struct entry entry;
    int result;

    while ((result = entries->next(entries, &entry, e)) > 0)
        if (add(w, &entry, e) < 0)
            return -1;
    if (result < 0)
        return -1;
    return w->in_page > 0 ? end_page(w, e) : 0;
}

static void append_tlv(struct buffer *out, uint16_t type, const struct buffer *value)
{
    buffer_append_tlv(out, type, value->data, (uint32_t)value->size);
    out->failed = out->failed || value->failed;
}

static int make_filter(const struct run_writer *w, struct buffer *out, struct error *e)
{
    struct filter f = {0};

    /* A buffer's memory comes from malloc: it is aligned for its keys. */
    if (filter_build(&f, (const uint64_t *)(const void *)w->keys.data, (size_t)w->entries, 0,
                     e) < 0)
        return -1;
    filter_encode(&f, out);
    filter_free(&f);
    return buffer_check(out, e);
}

static int make_directory(const struct run_writer *w, const struct run_request *request,
                          struct buffer *out, struct error *e)
{
    struct buffer packs CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer filter CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t entries[8];

    if (make_filter(w, &filter, e) < 0)
        return -1;
    store_u64(entries, w->entries);
    for (size_t i = 0; i < request->pack_count; i++)
        run_pack_give(&request->packs[i], &packs);
    buffer_append_tlv(out, RUN_TLV_ENTRIES, entries, sizeof(entries));
    append_tlv(out, RUN_TLV_PACKS, &packs);
    append_tlv(out, RUN_TLV_FENCES, &w->fences);
    append_tlv(out, RUN_TLV_FILTER, &filter);
    if (request->replaced_count > 0)
        buffer_append_tlv(out, RUN_TLV_REPLACED, request->replaced,
                          (uint32_t)(32 * request->replaced_count));
    return buffer_check(out, e);
}

static int write_run(struct run_writer *w, struct target *target, const struct envelope *env,
                     const struct run_request *request, struct run_name *made, struct error *e)
{
    struct buffer directory CLEANUP_BUFFER = BUFFER_INIT;
    char name[NAME_SIZE];

    *made = (struct run_name){.level = request->level, .sequence = request->sequence};
    if (envelope_writer_begin(&w->writer, target, env, 0, e) < 0 ||
        add_all(w, request->entries, e) < 0 ||
        run_packs_check(request->packs, request->pack_count, w->entries, e) < 0 ||
        make_directory(w, request, &directory, e) < 0)
        return -1;
    /* The filter is made: its keys are needed no more. */
    buffer_free(&w->keys);
    if (envelope_writer_finish(&w->writer, &directory, w->pages, false, made->hash, e) < 0)
        return -1;
    made->bytes = w->writer.bytes;
    name_of_run(made->level, made->sequence, made->hash, name);
    return envelope_writer_commit(&w->writer, name, e);
}

int run_write(struct target *target, const struct envelope *env,
              const struct run_request *request, struct run_name *name, struct error *e)
{
    struct run_writer *w = calloc(1, sizeof(*w));
    struct run_name made;

    ASSERT(request->level <= RUN_LEVEL_LIMIT && env->kind == ENVELOPE_RUN);
    if (w == NULL)
        return error_no_memory(e, "an index run");
    int result = write_run(w, target, env, request, &made, e);
    envelope_writer_end(&w->writer);
    buffer_free(&w->fences);
    buffer_free(&w->keys);
    free(w);
    if (result == 0)
        *name = made;
    return result;
}
