/* SPDX-License-Identifier: Apache-2.0 */
/* index_runs.c - index runs and the index: filled from them, written from it. */
#include "base/log.h"
#include "vault/index_private.h"
#include "vault/run_set.h"

#include <stdlib.h>
#include <string.h>

enum { UNCOVERED_LEAST = 32 }; /* packs that are worth a run */

/* Numbers of packs, and what the packs of a run are called among them. */
struct selection {
    uint32_t *numbers;
    size_t count;
    int64_t *names;
};

static void selection_free(struct selection *s)
{
    free(s->numbers);
    free(s->names);
}

static int selection_new(struct selection *s, size_t room, struct error *e)
{
    *s = (struct selection){.numbers = calloc(room + 1, sizeof(*s->numbers)),
                            .names = calloc(room + 1, sizeof(*s->names))};
    if (s->numbers != NULL && s->names != NULL)
        return 0;
    selection_free(s);
    return error_no_memory(e, "the index");
}

/* The packs of a run that count and are in no segment yet. */
static void select_wanted(const struct index *ix, const struct run_pack *packs, size_t count,
                          struct selection *s)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t number = index_packs_find(ix, packs[i].id.hash);
        s->names[i] = ENTRY_DROPPED;
        if (number == INDEX_NONE || ix->packs[number].covered)
            continue;
        s->names[i] = (int64_t)s->count;
        s->numbers[s->count++] = number;
    }
}

/* Copies the wanted entries of a run to a segment. */
static int localize(struct index *ix, struct run *r, struct selection *s,
                    const struct run_pack *packs, size_t count, struct error *e)
{
    struct entry_input input = {.packs = s->names, .pack_count = count};

    for (size_t i = 0; i < count; i++)
        if (s->names[i] != ENTRY_DROPPED) {
            struct index_pack *p = &ix->packs[s->numbers[s->names[i]]];
            p->kind = packs[i].kind;
            p->chunks = packs[i].chunks;
        }
    input.stream = run_stream(r, e);
    if (input.stream == NULL)
        return -1;
    struct entry_stream *merged = entry_merge(&input, 1, e);
    if (merged == NULL)
        return -1;
    int result = index_segments_write(ix, merged, s->numbers, s->count, true, e);
    entry_stream_free(merged);
    return result;
}

static int take_run(struct index *ix, const struct run_summary *summary, struct error *e)
{
    struct selection s;
    struct run *r;
    int result = 0;

    if (selection_new(&s, summary->pack_count, e) < 0)
        return -1;
    select_wanted(ix, summary->packs, summary->pack_count, &s);
    if (s.count > 0) {
        result = run_open(ix->vault, &summary->name, &r, e);
        if (result == 0) {
            result = localize(ix, r, &s, summary->packs, summary->pack_count, e);
            run_close(r);
        }
    }
    selection_free(&s);
    return result;
}

int index_runs_load(struct index *ix, struct error *e)
{
    struct run_set set;

    if (run_set_load(ix->vault, &set, e) < 0)
        return -1;
    for (size_t i = 0; i < set.count; i++) {
        struct error why = ERROR_INIT;
        if (!set.runs[i].ignored && take_run(ix, &set.runs[i], &why) < 0)
            log_write(LOG_INFO, "vault", "an index run is left aside: %s", why.text);
    }
    run_set_free(&set);
    return 0;
}

static int write_run(struct index *ix, struct run_set *set, const uint8_t session[16],
                     struct run_request *request, struct error *e)
{
    struct envelope env;
    struct run_name name;

    request->sequence = run_set_next(set);
    if (envelope_make_fresh(&env, ix->vault, ENVELOPE_RUN, session, e) < 0)
        return -1;
    int result = run_write(vault_target(ix->vault), &env, request, &name, e);
    envelope_wipe(&env);
    return result < 0 ? -1 : run_set_add(set, &name, request, e);
}

/* The packs of `numbers` as one run of level 0. */
static int write_level_0(struct index *ix, struct run_set *set, const uint8_t session[16],
                         const uint32_t *numbers, size_t count, struct error *e)
{
    struct run_pack *packs = calloc(count + 1, sizeof(*packs));
    int64_t *names = calloc((size_t)ix->pack_count + 1, sizeof(*names));
    struct index_merge m = {0};
    int result = -1;

    if (packs == NULL || names == NULL) {
        error_no_memory(e, "an index run");
    } else {
        for (uint32_t i = 0; i < ix->pack_count; i++)
            names[i] = ENTRY_DROPPED;
        for (size_t i = 0; i < count; i++) {
            const struct index_pack *p = &ix->packs[numbers[i]];
            packs[i] = (struct run_pack){p->id, p->kind, p->chunks};
            names[numbers[i]] = (int64_t)i;
        }
        result = index_merge_begin(ix, NULL, names, &m, e);
    }
    if (result == 0) {
        struct run_request request = {.packs = packs, .pack_count = count, .entries = m.stream};
        result = write_run(ix, set, session, &request, e);
        index_merge_end(&m);
    }
    free(names);
    free(packs);
    return result;
}

/* The packs that no run covers, in `numbers`. */
static int list_uncovered(const struct index *ix, const struct run_set *set, uint32_t *numbers,
                          size_t *count, struct error *e)
{
    bool *covered = calloc((size_t)ix->pack_count + 1, sizeof(*covered));

    if (covered == NULL)
        return error_no_memory(e, "an index run");
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; !set->runs[i].ignored && j < set->runs[i].pack_count; j++) {
            uint32_t number = index_packs_find(ix, set->runs[i].packs[j].id.hash);
            if (number != INDEX_NONE)
                covered[number] = true;
        }
    *count = 0;
    for (uint32_t i = 0; i < ix->pack_count; i++)
        if (!covered[i] && ix->packs[i].covered && !ix->packs[i].bad && !ix->packs[i].gone)
            numbers[(*count)++] = i;
    free(covered);
    return 0;
}

/* Writes runs over `count` packs, each within the limit of entries. */
static int write_groups(struct index *ix, struct run_set *set, const uint8_t session[16],
                        const uint32_t *numbers, size_t count, struct error *e)
{
    for (size_t start = 0, end; start < count; start = end) {
        uint64_t entries = 0;
        for (end = start; end < count; end++) {
            entries += ix->packs[numbers[end]].chunks;
            if (end > start && entries > RUN_ENTRY_LIMIT)
                break;
        }
        if (write_level_0(ix, set, session, numbers + start, end - start, e) < 0)
            return -1;
    }
    return 0;
}

static int write_uncovered(struct index *ix, struct run_set *set, const uint8_t session[16],
                           struct error *e)
{
    uint32_t *numbers = calloc((size_t)ix->pack_count + 1, sizeof(*numbers));
    size_t count;

    if (numbers == NULL)
        return error_no_memory(e, "an index run");
    int result = list_uncovered(ix, set, numbers, &count, e);
    if (result == 0 && count >= UNCOVERED_LEAST)
        result = write_groups(ix, set, session, numbers, count, e);
    free(numbers);
    return result;
}

/* Runs on their way into one. */
struct run_merge {
    struct run *runs[RUN_MERGE_COUNT];
    struct selection selections[RUN_MERGE_COUNT]; /* `names` only */
    uint8_t replaced[RUN_MERGE_COUNT][32];
    struct run_pack *packs;
    size_t pack_count;
    int64_t *names; /* in `packs`, by number in the index */
    size_t count;
};

static void run_merge_free(struct run_merge *m)
{
    for (size_t i = 0; i < m->count; i++) {
        run_close(m->runs[i]);
        selection_free(&m->selections[i]);
    }
    free(m->packs);
    free(m->names);
}

static int run_merge_new(const struct index *ix, struct run_merge *m, size_t packs,
                         struct error *e)
{
    *m = (struct run_merge){.packs = calloc(packs + 1, sizeof(*m->packs)),
                            .names = calloc((size_t)ix->pack_count + 1, sizeof(*m->names))};
    if (m->packs == NULL || m->names == NULL) {
        run_merge_free(m);
        return error_no_memory(e, "an index run");
    }
    for (uint32_t i = 0; i < ix->pack_count; i++)
        m->names[i] = ENTRY_DROPPED;
    return 0;
}

/* What pack `pack` is called in the result; packs that no backup needs any more are left out.
 */
static int64_t merged_name(const struct index *ix, struct run_merge *m,
                           const struct run_pack *pack)
{
    uint32_t number = index_packs_find(ix, pack->id.hash);

    if (number == INDEX_NONE)
        return ENTRY_DROPPED;
    if (m->names[number] == ENTRY_DROPPED) {
        m->names[number] = (int64_t)m->pack_count;
        m->packs[m->pack_count++] = *pack;
    }
    return m->names[number];
}

static int run_merge_add(const struct index *ix, struct run_merge *m,
                         const struct run_summary *s, struct error *e)
{
    if (selection_new(&m->selections[m->count], s->pack_count, e) < 0)
        return -1;
    if (run_open(ix->vault, &s->name, &m->runs[m->count], e) < 0) {
        selection_free(&m->selections[m->count]);
        return -1;
    }
    memcpy(m->replaced[m->count], s->name.hash, 32);
    for (size_t i = 0; i < s->pack_count; i++)
        m->selections[m->count].names[i] = merged_name(ix, m, &s->packs[i]);
    m->count++;
    return 0;
}

static struct entry_stream *run_merge_stream(struct run_merge *m, struct error *e)
{
    struct entry_input inputs[RUN_MERGE_COUNT];
    size_t made = 0;

    for (; made < m->count; made++) {
        inputs[made] = (struct entry_input){.stream = run_stream(m->runs[made], e),
                                            .packs = m->selections[made].names};
        if (inputs[made].stream == NULL)
            break;
        run_packs(m->runs[made], &inputs[made].pack_count);
    }
    if (made == m->count)
        return entry_merge(inputs, made, e);
    while (made > 0)
        entry_stream_free(inputs[--made].stream);
    return NULL;
}

/* Merges the runs `picked` of one level. */
static int merge_runs(struct index *ix, struct run_set *set, const uint8_t session[16],
                      const size_t *picked, struct error *e)
{
    struct run_merge m;
    size_t packs = 0;
    int result = 0;

    for (size_t i = 0; i < RUN_MERGE_COUNT; i++)
        packs += set->runs[picked[i]].pack_count;
    if (run_merge_new(ix, &m, packs, e) < 0)
        return -1;
    for (size_t i = 0; result == 0 && i < RUN_MERGE_COUNT; i++)
        result = run_merge_add(ix, &m, &set->runs[picked[i]], e);
    struct entry_stream *stream = result == 0 ? run_merge_stream(&m, e) : NULL;
    result = -1;
    if (stream != NULL) {
        struct run_request request = {.level = set->runs[picked[0]].name.level + 1,
                                      .packs = m.packs,
                                      .pack_count = m.pack_count,
                                      .entries = stream,
                                      .replaced = (const uint8_t(*)[32])m.replaced,
                                      .replaced_count = m.count};
        result = write_run(ix, set, session, &request, e);
    }
    entry_stream_free(stream);
    run_merge_free(&m);
    return result;
}

/* The oldest runs of `level` that are enough for a merge and not too much for its memory. */
static bool pick_level(const struct run_set *set, uint32_t level, size_t *picked)
{
    uint64_t entries = 0;
    size_t count = 0;

    for (size_t i = 0; i < set->count && count < RUN_MERGE_COUNT; i++) {
        const struct run_summary *s = &set->runs[i];
        if (s->ignored || s->name.level != level)
            continue;
        entries += s->entries;
        picked[count++] = i;
    }
    return count == RUN_MERGE_COUNT && entries <= RUN_ENTRY_LIMIT;
}

static int merge_levels(struct index *ix, struct run_set *set, const uint8_t session[16],
                        struct error *e)
{
    size_t picked[RUN_MERGE_COUNT];

    for (uint32_t level = 0; level < RUN_LEVEL_LIMIT; level++)
        while (pick_level(set, level, picked))
            if (merge_runs(ix, set, session, picked, e) < 0)
                return -1;
    return 0;
}

int index_write_runs(struct index *ix, const uint8_t session[16], struct error *e)
{
    struct run_set set = {0};
    int result = 0;

    pthread_mutex_lock(&ix->lock);
    if (ix->pack_count >= UNCOVERED_LEAST) {
        result = index_recent_flush(ix, e);
        if (result == 0)
            result = run_set_load(ix->vault, &set, e);
        if (result == 0)
            result = write_uncovered(ix, &set, session, e);
        if (result == 0)
            result = merge_levels(ix, &set, session, e);
        run_set_free(&set);
    }
    pthread_mutex_unlock(&ix->lock);
    return result;
}
