/* SPDX-License-Identifier: Apache-2.0 */
/* index_segments.c - the local files of an index: opened, written, merged. */
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "vault/index_private.h"
#include "vault/local.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 8 };

static void drop(struct index *ix, size_t at, bool remove_file)
{
    struct index_segment *s = &ix->segments[at];

    segment_close(s->segment);
    free(s->numbers);
    if (s->file != NULL && remove_file)
        local_remove(ix->vault, INDEX_FOLDER, s->file);
    free(s->file);
    *s = ix->segments[--ix->segment_count];
}

void index_segments_free(struct index *ix)
{
    while (ix->segment_count > 0)
        drop(ix, ix->segment_count - 1, false);
    free(ix->segments);
}

static int make_room(struct index *ix, struct error *e)
{
    if (ix->segment_count < ix->segment_room)
        return 0;
    size_t room = ix->segment_room == 0 ? 16 : 2 * ix->segment_room;
    struct index_segment *grown = reallocarray(ix->segments, room, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the index");
    ix->segments = grown;
    ix->segment_room = room;
    return 0;
}

/* What the packs of a segment are called here; they are covered from now on. */
static void number_packs(struct index *ix, struct index_segment *s)
{
    size_t count;
    const struct run_pack *packs = segment_packs(s->segment, &count);

    for (size_t i = 0; i < count; i++) {
        uint32_t number = index_packs_find(ix, packs[i].id.hash);
        s->numbers[i] = number == INDEX_NONE ? ENTRY_DROPPED : (int64_t)number;
        if (number == INDEX_NONE)
            continue;
        ix->packs[number].covered = true;
        ix->packs[number].kind = packs[i].kind;
        ix->packs[number].chunks = packs[i].chunks;
    }
}

int index_segments_add(struct index *ix, struct segment *segment, char *file, struct error *e)
{
    struct index_segment s = {.segment = segment, .file = file};
    size_t count;

    segment_packs(segment, &count);
    s.numbers = calloc(count + 1, sizeof(*s.numbers));
    if (s.numbers == NULL || make_room(ix, e) < 0) {
        free(s.numbers);
        free(file);
        segment_close(segment);
        return error_no_memory(e, "the index");
    }
    number_packs(ix, &s);
    ix->segments[ix->segment_count++] = s;
    return 0;
}

static void load_one(void *context, const char *name)
{
    struct index *ix = context;
    char *path CLEANUP_TEXT = local_path(ix->vault, INDEX_FOLDER, name);
    struct segment *segment;
    struct error e = ERROR_INIT;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

    /* Another process may have merged it into a new one just now. */
    if (fd < 0)
        return;
    if (segment_open(fd, &segment, &e) < 0) {
        log_write(LOG_INFO, "vault", "a local index file is left aside: %s", e.text);
        local_remove(ix->vault, INDEX_FOLDER, name);
        return;
    }
    char *file = strdup(name);
    if (file == NULL)
        segment_close(segment);
    else
        index_segments_add(ix, segment, file, &e);
}

void index_segments_load(struct index *ix)
{
    local_list(ix->vault, INDEX_FOLDER, load_one, ix);
}

/* What covers a pack may be gone: finds out anew. */
static void cover_again(struct index *ix)
{
    for (uint32_t i = 0; i < ix->pack_count; i++)
        ix->packs[i].covered = false;
    for (size_t i = 0; i < ix->segment_count; i++)
        number_packs(ix, &ix->segments[i]);
    for (uint32_t i = 0; i < ix->recent.count; i++)
        ix->packs[ix->recent.entries[i].pack].covered = true;
}

static void drop_damaged(struct index *ix, size_t at, const struct error *why)
{
    log_write(LOG_INFO, "vault", "a local index file is left aside: %s", why->text);
    drop(ix, at, true);
    cover_again(ix);
}

int index_segments_find(struct index *ix, const uint8_t *id, struct entry *found, size_t *count,
                        struct error *e)
{
    struct entry some[SEGMENT_FOUND_LIMIT];
    size_t got;

    for (size_t i = 0; i < ix->segment_count; i++) {
        const struct index_segment *s = &ix->segments[i];
        if (segment_find(s->segment, id, some, &got, e) < 0) {
            drop_damaged(ix, i, e);
            return -1;
        }
        for (size_t j = 0; j < got && *count < INDEX_CANDIDATES; j++) {
            int64_t number = s->numbers[some[j].pack];
            if (number == ENTRY_DROPPED)
                continue;
            found[*count] = some[j];
            found[(*count)++].pack = (uint32_t)number;
        }
    }
    return 0;
}

/* Opens a file to write a segment to: a named one, or one without a name. */
static int create(struct index *ix, bool keep, struct local_file *f, char **file,
                  struct error *e)
{
    uint8_t random[NAME_BYTES];
    char name[2 * NAME_BYTES + 1];

    *f = (struct local_file){.fd = -1};
    *file = NULL;
    if (!keep || vault_cache_directory(ix->vault) == NULL) {
        f->fd = local_temporary(ix->vault, e);
        return f->fd < 0 ? -1 : 0;
    }
    crypto_random(random, sizeof(random));
    text_hex(random, sizeof(random), name);
    *file = strdup(name);
    if (*file == NULL)
        return error_no_memory(e, "the index");
    return local_create(ix->vault, INDEX_FOLDER, name, f, e);
}

static int write_packs(struct index *ix, int fd, struct entry_stream *entries,
                       const uint32_t *numbers, size_t number_count, struct error *e)
{
    struct run_pack *packs = calloc(number_count + 1, sizeof(*packs));

    if (packs == NULL)
        return error_no_memory(e, "the index");
    for (size_t i = 0; i < number_count; i++) {
        const struct index_pack *p = &ix->packs[numbers[i]];
        packs[i] = (struct run_pack){p->id, p->kind, p->chunks};
    }
    int result = segment_write(fd, packs, number_count, entries, e);
    free(packs);
    return result;
}

int index_segments_write(struct index *ix, struct entry_stream *entries,
                         const uint32_t *numbers, size_t number_count, bool keep,
                         struct error *e)
{
    struct segment *segment;
    struct local_file f;
    char *file;
    int fd = -1;

    if (create(ix, keep, &f, &file, e) == 0 &&
        write_packs(ix, f.fd, entries, numbers, number_count, e) == 0) {
        fd = f.fd;
        if (file == NULL)
            f.fd = -1;
        else if (local_publish(&f, e) < 0)
            fd = -1;
    }
    local_discard(&f);
    if (fd < 0 || segment_open(fd, &segment, e) < 0) {
        free(file);
        return -1;
    }
    bool own = file == NULL;
    if (index_segments_add(ix, segment, file, e) < 0)
        return -1;
    ix->segments[ix->segment_count - 1].own = own;
    return 0;
}

int index_merge_begin(const struct index *ix, const bool *pick, const int64_t *names,
                      struct index_merge *m, struct error *e)
{
    struct entry_input *inputs = calloc(ix->segment_count + 1, sizeof(*inputs));

    *m = (struct index_merge){.renames = calloc(ix->segment_count + 1, sizeof(*m->renames))};
    if (inputs == NULL || m->renames == NULL)
        goto no_memory;
    for (size_t i = 0; i < ix->segment_count; i++) {
        const struct index_segment *s = &ix->segments[i];
        struct entry_input *input = &inputs[m->count];
        if (pick != NULL && !pick[i])
            continue;
        segment_packs(s->segment, &input->pack_count);
        int64_t *rename = calloc(input->pack_count + 1, sizeof(*rename));
        input->stream = segment_stream(s->segment, e);
        m->renames[m->count++] = rename;
        if (rename == NULL || input->stream == NULL)
            goto no_memory;
        for (size_t j = 0; j < input->pack_count; j++)
            rename[j] = s->numbers[j] == ENTRY_DROPPED ? ENTRY_DROPPED : names[s->numbers[j]];
        input->packs = rename;
    }
    m->stream = entry_merge(inputs, m->count, e);
    free(inputs);
    if (m->stream != NULL)
        return 0;
    index_merge_end(m);
    return -1;

no_memory:
    for (size_t i = 0; inputs != NULL && i < m->count; i++)
        entry_stream_free(inputs[i].stream);
    free(inputs);
    index_merge_end(m);
    return error_no_memory(e, "the index");
}

void index_merge_end(struct index_merge *m)
{
    entry_stream_free(m->stream);
    for (size_t i = 0; i < m->count; i++)
        free(m->renames[i]);
    free(m->renames);
    *m = (struct index_merge){0};
}

/* Lists the packs of the picked segments, and what they are called in a merge of these. */
static size_t list_packs(const struct index *ix, const bool *pick, int64_t *names,
                         uint32_t *numbers)
{
    size_t count = 0, packs;

    for (uint32_t i = 0; i < ix->pack_count; i++)
        names[i] = ENTRY_DROPPED;
    for (size_t i = 0; i < ix->segment_count; i++) {
        segment_packs(ix->segments[i].segment, &packs);
        for (size_t j = 0; pick[i] && j < packs; j++) {
            int64_t number = ix->segments[i].numbers[j];
            if (number == ENTRY_DROPPED || names[number] != ENTRY_DROPPED)
                continue;
            names[number] = (int64_t)count;
            numbers[count++] = (uint32_t)number;
        }
    }
    return count;
}

/* Writes the picked segments as one, which comes last, and drops them. */
static int merge_picked(struct index *ix, const bool *pick, bool keep, struct error *e)
{
    int64_t *names = calloc((size_t)ix->pack_count + 1, sizeof(*names));
    uint32_t *numbers = calloc((size_t)ix->pack_count + 1, sizeof(*numbers));
    size_t before = ix->segment_count;
    struct index_merge m = {0};
    int result = -1;

    if (names == NULL || numbers == NULL) {
        error_no_memory(e, "the index");
    } else {
        size_t count = list_packs(ix, pick, names, numbers);
        if (index_merge_begin(ix, pick, names, &m, e) == 0)
            result = index_segments_write(ix, m.stream, numbers, count, keep, e);
        index_merge_end(&m);
    }
    free(names);
    free(numbers);
    /* Which of them is damaged is not known: all are made again some time. */
    bool damaged = result < 0 && e->error_class == LAGAN_CORRUPT;
    /* From the end: dropping one moves the last into its place. */
    for (size_t i = before; (result == 0 || damaged) && i-- > 0;)
        if (pick[i])
            drop(ix, i, true);
    if (damaged)
        cover_again(ix);
    return result;
}

/* Sizes of segments differ by the factor INDEX_TIER from tier to tier. */
static unsigned tier_of(const struct index_segment *s)
{
    uint64_t entries = segment_entries(s->segment);
    unsigned tier = 0;

    for (; entries > INDEX_RECENT_LIMIT; entries /= INDEX_TIER)
        tier++;
    return tier;
}

/* Picks the segments of the lowest tier that has too many; false when none has. */
static bool pick_tier(const struct index *ix, bool kept, bool *pick)
{
    size_t counts[64] = {0};

    for (size_t i = 0; i < ix->segment_count; i++)
        if ((ix->segments[i].file != NULL) == kept)
            counts[tier_of(&ix->segments[i])]++;
    for (unsigned tier = 0; tier < 64; tier++) {
        if (counts[tier] < INDEX_TIER)
            continue;
        for (size_t i = 0; i < ix->segment_count; i++)
            pick[i] =
                (ix->segments[i].file != NULL) == kept && tier_of(&ix->segments[i]) == tier;
        return true;
    }
    return false;
}

int index_segments_tidy(struct index *ix, bool kept, struct error *e)
{
    int result = 0;

    for (bool more = true; more && result == 0;) {
        bool *pick = calloc(ix->segment_count + 1, sizeof(*pick));
        if (pick == NULL)
            return error_no_memory(e, "the index");
        more = pick_tier(ix, kept, pick);
        if (more)
            result = merge_picked(ix, pick, kept, e);
        free(pick);
    }
    return result;
}

int index_segments_keep(struct index *ix, struct error *e)
{
    bool *pick = calloc(ix->segment_count + 1, sizeof(*pick));
    bool some = false;
    int result = 0;

    if (pick == NULL)
        return error_no_memory(e, "the index");
    for (size_t i = 0; vault_cache_directory(ix->vault) && i < ix->segment_count; i++) {
        pick[i] = ix->segments[i].own;
        some = some || pick[i];
    }
    if (some)
        result = merge_picked(ix, pick, true, e);
    free(pick);
    return result;
}
