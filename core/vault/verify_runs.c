/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_runs.c - index runs say where chunks are, so that one that says it wrong hides chunks
 * that are there.  What they say of each pack is compared with what the pack was found to hold.
 */
#include "driver/operation.h"
#include "vault/run.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

/* A run being compared. */
struct comparison {
    struct verify *check;
    struct verify_object *object;
    struct verify_object **packs; /* by the run's numbers; NULL = not to be judged */
    size_t pack_count;
    struct verify_object *wrong; /* a pack of which it says something else than is */
};

/* Packs that are missing or damaged are reported as such: what a run says of them is no matter.
 */
static int find_packs(struct comparison *p, const struct run *run, struct error *e)
{
    const struct run_pack *packs = run_packs(run, &p->pack_count);

    p->packs = calloc(p->pack_count + 1, sizeof(*p->packs));
    if (p->packs == NULL)
        return error_no_memory(e, "checking an index run");
    for (size_t i = 0; i < p->pack_count; i++) {
        struct verify_object *o = verify_find(p->check, NAME_PACK, packs[i].id.hash);

        if (o == NULL || o->reported)
            continue;
        p->packs[i] = o;
        if (o->bytes != packs[i].id.bytes || o->chunks != packs[i].chunks)
            p->wrong = o;
    }
    return 0;
}

static int compare_entries(struct comparison *p, struct run *run, struct error *e)
{
    struct entry_stream *stream = run_stream(run, e);
    struct entry entry;
    int result;

    if (stream == NULL)
        return -1;
    while ((result = stream->next(stream, &entry, e)) > 0 && p->wrong == NULL) {
        struct verify_object *o = entry.pack < p->pack_count ? p->packs[entry.pack] : NULL;

        if (o != NULL && !verify_chunk_is_at(p->check, entry.id,
                                             (size_t)(o - p->check->objects), entry.chunk))
            p->wrong = o;
    }
    entry_stream_free(stream);
    return result < 0 ? -1 : 0;
}

static int compare(struct comparison *p, struct error *e)
{
    const struct verify_object *o = p->object;
    struct run_name name = {.level = o->name.number, .sequence = o->name.id, .bytes = o->bytes};
    struct run *run;
    int result;

    memcpy(name.hash, o->name.hash, sizeof(name.hash));
    if (run_open(p->check->vault, &name, &run, e) != 0)
        return -1;
    result = find_packs(p, run, e);
    if (result == 0 && p->wrong == NULL)
        result = compare_entries(p, run, e);
    run_close(run);
    return result;
}

static void report(const struct comparison *p, const struct error *why)
{
    const char **backups = NULL;
    size_t count;
    struct error wrong = ERROR_INIT;

    if (p->wrong == NULL) {
        verify_found_needed(p->check, p->object, why);
        return;
    }
    error_set(&wrong, LAGAN_CORRUPT, ERROR_INTEGRITY, "it does not say what %s holds",
              p->wrong->text);
    count = verify_backups_of(p->check, p->wrong, &backups);
    verify_found(p->check, p->object->text, true, &wrong, backups, count);
    free(backups);
}

static int check_run(struct verify *c, struct verify_object *o, struct error *e)
{
    struct comparison p = {.check = c, .object = o};
    struct error why = ERROR_INIT;
    int result = compare(&p, &why);

    free(p.packs);
    if (result == 0 && p.wrong == NULL)
        return 0;
    if (result != 0 && !verify_is_finding(c, &why)) {
        *e = why;
        return -1;
    }
    /* One that others replaced may be removed while the check runs. */
    if (result == 0 || why.error_class != LAGAN_NOT_FOUND)
        report(&p, &why);
    return 0;
}

int verify_runs(struct verify *c, struct error *e)
{
    size_t end = c->range[NAME_RUN].end;

    if (c->request->backup != NULL)
        return 0;
    for (size_t i = c->range[NAME_RUN].first; i < end; i++) {
        if (operation_check(e) != 0)
            return -1;
        if (!c->objects[i].reported && check_run(c, &c->objects[i], e) != 0)
            return -1;
    }
    return 0;
}
