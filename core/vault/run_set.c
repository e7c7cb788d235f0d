/* SPDX-License-Identifier: Apache-2.0 */
/* run_set.c - summaries of index runs. */
#include "vault/run_set.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/crc32c.h"
#include "vault/local.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "runs"
enum { PACK_BYTES = 45, SUMMARY_LIMIT = 64 << 20, CHECKSUM = 4 };

static void summary_free(struct run_summary *s)
{
    free(s->packs);
    free(s->replaced);
}

void run_set_free(struct run_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        summary_free(&set->runs[i]);
    free(set->runs);
    *set = (struct run_set){0};
}

/* Copies what a run says of itself. */
static int fill(struct run_summary *s, const struct run_pack *packs, size_t pack_count,
                const void *replaced, size_t replaced_count, struct error *e)
{
    s->packs = calloc(pack_count + 1, sizeof(*s->packs));
    s->replaced = calloc(replaced_count + 1, sizeof(*s->replaced));
    if (s->packs == NULL || s->replaced == NULL) {
        summary_free(s);
        s->packs = NULL;
        s->replaced = NULL;
        return error_no_memory(e, "index runs");
    }
    if (pack_count > 0)
        memcpy(s->packs, packs, pack_count * sizeof(*packs));
    if (replaced_count > 0)
        memcpy(s->replaced, replaced, replaced_count * sizeof(*s->replaced));
    s->pack_count = pack_count;
    s->replaced_count = replaced_count;
    for (size_t i = 0; i < pack_count; i++)
        s->entries += packs[i].chunks;
    return 0;
}

static void keep(struct vault *v, const struct run_summary *s)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    char name[65];

    buffer_append_u32(&b, (uint32_t)s->pack_count);
    for (size_t i = 0; i < s->pack_count; i++)
        run_pack_give(&s->packs[i], &b);
    buffer_append(&b, s->replaced, s->replaced_count * sizeof(*s->replaced));
    if (b.failed)
        return;
    buffer_append_u32(&b, crc32c(b.data, b.size));
    text_hex(s->name.hash, sizeof(s->name.hash), name);
    if (!b.failed)
        local_save(v, FOLDER, name, b.data, b.size);
}

static bool take_kept(struct run_summary *s, const struct buffer *b)
{
    struct error ignored;

    if (b->size < CHECKSUM ||
        load_u32(b->data + b->size - CHECKSUM) != crc32c(b->data, b->size - CHECKSUM))
        return false;
    struct reader r = reader_of(b->data, b->size - CHECKSUM);
    size_t count = reader_u32(&r);
    if (r.failed || count > r.left / PACK_BYTES || (r.left - count * PACK_BYTES) % 32 != 0)
        return false;
    struct run_pack *packs = calloc(count + 1, sizeof(*packs));
    if (packs == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        run_pack_take(&packs[i], &r);
    int result = fill(s, packs, count, r.next, r.left / 32, &ignored);
    free(packs);
    return result == 0;
}

static bool load_kept(struct vault *v, struct run_summary *s)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    char name[65];

    text_hex(s->name.hash, sizeof(s->name.hash), name);
    return local_load(v, FOLDER, name, SUMMARY_LIMIT, &b) && take_kept(s, &b);
}

/* From the run itself. */
static int read_summary(struct vault *v, struct run_summary *s, struct error *e)
{
    size_t pack_count, replaced_count;
    struct run *r;

    if (run_open(v, &s->name, &r, e) < 0)
        return -1;
    const struct run_pack *packs = run_packs(r, &pack_count);
    const void *replaced = run_replaced(r, &replaced_count);
    int result = fill(s, packs, pack_count, replaced, replaced_count, e);
    run_close(r);
    if (result == 0)
        keep(v, s);
    return result;
}

static void ignore_replaced(struct run_set *set, const struct run_summary *by)
{
    for (size_t i = 0; i < by->replaced_count; i++)
        for (size_t j = 0; j < set->count; j++)
            if (memcmp(set->runs[j].name.hash, by->replaced[i], 32) == 0)
                set->runs[j].ignored = true;
}

/* Only a lack of memory fails. */
static int load_all(struct vault *v, struct run_set *set, const struct run_name *names,
                    struct error *e)
{
    for (size_t i = 0; i < set->count; i++) {
        struct run_summary *s = &set->runs[i];
        struct error why = ERROR_INIT;
        s->name = names[i];
        if (load_kept(v, s) || read_summary(v, s, &why) == 0)
            continue;
        if (why.code == ERROR_NO_MEMORY) {
            *e = why;
            return -1;
        }
        s->ignored = true;
        log_write(LOG_INFO, "vault", "an index run is left aside: %s", why.text);
    }
    for (size_t i = 0; i < set->count; i++)
        ignore_replaced(set, &set->runs[i]);
    return 0;
}

int run_set_load(struct vault *v, struct run_set *set, struct error *e)
{
    struct run_name *names = NULL;
    size_t count = 0;

    if (run_list(v, &names, &count, e) < 0)
        return -1;
    struct run_set made = {.runs = calloc(count + 1, sizeof(*made.runs)), .count = count};
    int result =
        made.runs == NULL ? error_no_memory(e, "index runs") : load_all(v, &made, names, e);
    free(names);
    if (result < 0) {
        made.count = made.runs == NULL ? 0 : count;
        run_set_free(&made);
        return -1;
    }
    *set = made;
    return 0;
}

int run_set_add(struct run_set *set, const struct run_name *name,
                const struct run_request *request, struct error *e)
{
    struct run_summary s = {.name = *name};
    struct run_summary *grown = reallocarray(set->runs, set->count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "index runs");
    set->runs = grown;
    if (fill(&s, request->packs, request->pack_count, request->replaced,
             request->replaced_count, e) < 0)
        return -1;
    ignore_replaced(set, &s);
    set->runs[set->count++] = s;
    return 0;
}

uint64_t run_set_next(const struct run_set *set)
{
    uint64_t next = 1;

    for (size_t i = 0; i < set->count; i++)
        if (set->runs[i].name.sequence >= next && set->runs[i].name.sequence < UINT64_MAX)
            next = set->runs[i].name.sequence + 1;
    return next;
}
