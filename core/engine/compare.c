/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c - a comparison as a whole: the order of its parts, roots and findings. */
#include "crypto/hash.h"
#include "engine/compare_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPARE_PARALLEL = 8 };

static const struct {
    const char *name;
    bool fatal;
} kinds[] = {
#define X(symbol, name, fatal) {name, fatal},
    COMPARE_KINDS(X)
#undef X
};

const char *compare_kind_name(enum compare_kind kind)
{
    return (unsigned)kind < COMPARE_KIND_COUNT ? kinds[kind].name : "unknown";
}

bool compare_kind_is_fatal(enum compare_kind kind)
{
    return (unsigned)kind >= COMPARE_KIND_COUNT || kinds[kind].fatal;
}

const char *compare_side_name(enum compare_side side)
{
    return side == COMPARE_SOURCE ? "source" : "mirror";
}

struct error *compare_keep_error(const struct error *why)
{
    struct error *copy = malloc(sizeof(*copy));

    if (copy != NULL)
        *copy = *why;
    return copy;
}

void compare_damage(struct compare_place *place, const struct error *why)
{
    free(place->why);
    place->why = compare_keep_error(why);
    place->state = COMPARE_DAMAGED;
}

bool compare_is_damage(const struct error *why)
{
    return why->error_class == LAGAN_CORRUPT || why->error_class == LAGAN_IO ||
           why->error_class == LAGAN_NOT_FOUND || why->error_class == LAGAN_INVALID ||
           why->code == ERROR_NEWER_FORMAT;
}

void compare_progress(struct compare *c, uint64_t objects, uint64_t bytes)
{
    pthread_mutex_lock(&c->lock);
    c->progress.objects_done += objects;
    c->progress.bytes_done += bytes;
    if (c->progress.bytes_done > c->progress.bytes_total)
        c->progress.bytes_total = c->progress.bytes_done;
    if (c->request->progress != NULL)
        c->request->progress(c->request->context, &c->progress);
    pthread_mutex_unlock(&c->lock);
}

void compare_fail(struct compare *c, const struct error *why)
{
    pthread_mutex_lock(&c->lock);
    if (!c->failed)
        c->failure = *why;
    c->failed = true;
    pthread_mutex_unlock(&c->lock);
}

bool compare_failed(struct compare *c)
{
    bool failed;

    pthread_mutex_lock(&c->lock);
    failed = c->failed;
    pthread_mutex_unlock(&c->lock);
    return failed;
}

/* X for each pair of states: a sound copy mends, where there is one. */
struct compare_verdict compare_judge(const struct compare_place at[COMPARE_SIDES])
{
    const enum compare_state s = at[COMPARE_SOURCE].state, m = at[COMPARE_MIRROR].state;
    const bool source = s == COMPARE_PRESENT || s == COMPARE_SOUND;
    const bool mirror = m == COMPARE_PRESENT || m == COMPARE_SOUND;
    const int from = source ? COMPARE_SOURCE : mirror ? COMPARE_MIRROR : -1;

    if ((source || s == COMPARE_PRUNED) && (mirror || m == COMPARE_PRUNED))
        return (struct compare_verdict){.bad = false, .from = -1};
    if (s == COMPARE_DAMAGED && m == COMPARE_DAMAGED)
        return (struct compare_verdict){true, COMPARE_DAMAGED_BOTH, -1};
    if (s == COMPARE_DAMAGED)
        return (struct compare_verdict){true, COMPARE_DAMAGED_SOURCE, from};
    if (m == COMPARE_DAMAGED)
        return (struct compare_verdict){true, COMPARE_DAMAGED_MIRROR, from};
    if (source)
        return (struct compare_verdict){true, COMPARE_ONLY_SOURCE, from};
    if (mirror)
        return (struct compare_verdict){true, COMPARE_ONLY_MIRROR, from};
    return (struct compare_verdict){true, COMPARE_ABSENT_BOTH, -1};
}

static void hash_place(struct compare *c, enum compare_side side, struct hash *h,
                       const char *name, const struct compare_place *at)
{
    uint8_t bytes[8];

    if (at->state != COMPARE_PRESENT && at->state != COMPARE_SOUND)
        return;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(at->bytes >> 8 * i);
    hash_update(h, name, strlen(name) + 1);
    hash_update(h, bytes, sizeof(bytes));
    c->result.objects[side]++;
    c->result.bytes[side] += at->bytes;
}

/* packs/, rolls/, seals/: in the order of names. */
static void make_root(struct compare *c, enum compare_side side)
{
    struct hash h;
    char text[NAME_SIZE];

    hash_begin(&h);
    for (size_t i = 0; i < c->object_count; i++) {
        const struct compare_object *o = &c->objects[i];

        /* What one side has pruned the other may still have. */
        if (!o->needed || o->at[COMPARE_SOURCE].state == COMPARE_PRUNED ||
            o->at[COMPARE_MIRROR].state == COMPARE_PRUNED)
            continue;
        compare_object_name(&c->objects[i].name, text);
        hash_place(c, side, &h, text, &c->objects[i].at[side]);
    }
    for (size_t i = 0; i < c->seal_count; i++) {
        if (!c->seals[i].live)
            continue;
        snprintf(text, sizeof(text), "seals/%s", c->seals[i].name);
        hash_place(c, side, &h, text, &c->seals[i].at[side]);
    }
    hash_finish(&h, c->result.root[side]);
}

void compare_explain(struct compare_finding *f, const struct compare_place at[COMPARE_SIDES])
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (at[side].state == COMPARE_DAMAGED && at[side].why != NULL) {
            f->why = *at[side].why;
            error_context(&f->why, "%s", compare_side_name(side));
            return;
        }
    error_set(&f->why, LAGAN_NOT_FOUND, ERROR_INTEGRITY, "%s: missing at %s", f->object,
              f->kind == COMPARE_ABSENT_BOTH   ? "both sides"
              : f->kind == COMPARE_ONLY_SOURCE ? "the mirror"
                                               : "the source");
}

void compare_report(struct compare *c, struct compare_finding *f)
{
    c->result.found[f->kind]++;
    c->result.mended += f->mended;
    c->result.unmended += f->fatal && !f->mended;
    if (f->fatal)
        c->result.equal = false;
    c->request->found(c->request->context, f);
}

/* Ids of live backups that need the object; marks them. */
static size_t hurt(struct compare *c, const struct compare_object *o, const char **backups)
{
    size_t count = 0;

    for (size_t i = 0; o->needed && i < c->seal_count; i++)
        if (compare_seal_needs(c, &c->seals[i], &o->name)) {
            c->seals[i].hurt = true;
            backups[count++] = c->seals[i].id;
        }
    return count;
}

/* Only what live backups need must be at both sides; of the rest, damage is told. */
static bool is_worth_telling(const struct compare_object *o, struct compare_verdict *v)
{
    if (!v->bad || o->needed)
        return v->bad;
    if (v->kind == COMPARE_ONLY_SOURCE && o->name.kind == NAME_RUN) {
        v->kind = COMPARE_RUN_MISSING;
        return true;
    }
    return v->kind == COMPARE_DAMAGED_SOURCE || v->kind == COMPARE_DAMAGED_MIRROR ||
           v->kind == COMPARE_DAMAGED_BOTH;
}

static void report_objects(struct compare *c, const char **backups)
{
    for (size_t i = 0; i < c->object_count; i++) {
        const struct compare_object *o = &c->objects[i];
        struct compare_verdict v = compare_judge(o->at);
        struct compare_finding f = {.mended = o->mended, .backups = backups};
        char text[NAME_SIZE];

        if (!is_worth_telling(o, &v))
            continue;
        compare_object_name(&o->name, text);
        f.object = text;
        f.kind = v.kind;
        f.fatal = o->needed && compare_kind_is_fatal(v.kind);
        f.backup_count = hurt(c, o, backups);
        compare_explain(&f, o->at);
        if (o->failure != NULL)
            f.failure = *o->failure;
        compare_report(c, &f);
    }
}

/* A seal goes where everything is that it needs: what is needed and could not be mended keeps
 * it back. */
static bool is_complete(const struct compare *c, const struct compare_seal *s,
                        enum compare_side side)
{
    for (size_t i = 0; i < c->object_count; i++) {
        const struct compare_object *o = &c->objects[i];
        const enum compare_state state = o->at[side].state;

        if (o->needed && !o->mended && state != COMPARE_PRESENT && state != COMPARE_SOUND &&
            state != COMPARE_PRUNED && compare_seal_needs(c, s, &o->name))
            return false;
    }
    return true;
}

static void mend(struct compare *c, const struct compare_seal *s, bool gone, int from,
                 struct compare_finding *f)
{
    if (!gone && !is_complete(c, s, 1 - from))
        error_set(&f->failure, LAGAN_PRECONDITION, ERROR_INTEGRITY,
                  "%s: what the backup needs is not whole at the %s", f->object,
                  compare_side_name(1 - from));
    else
        f->mended = compare_mend_seal(c, s, gone, from, &f->failure) == 0;
}

static void report_seal(struct compare *c, struct compare_seal *s, bool gone,
                        const struct compare_verdict *v)
{
    const char *backup = s->id;
    char text[NAME_SIZE];
    struct compare_finding f = {.object = text,
                                .kind = v->kind,
                                .fatal = compare_kind_is_fatal(v->kind),
                                .backups = &backup,
                                .backup_count = gone ? 0 : 1};

    snprintf(text, sizeof(text), "seals/%s%s", s->name, gone ? ".gone" : "");
    compare_explain(&f, gone ? s->gone : s->at);
    if (v->kind == COMPARE_ONLY_MIRROR)
        error_set(&f.why, LAGAN_NOT_FOUND, ERROR_INTEGRITY,
                  "%s: it vanished from the source, and nobody deleted it", text);
    s->hurt |= !gone;
    if (c->request->repair && v->from >= 0)
        mend(c, s, gone, v->from, &f);
    compare_report(c, &f);
}

/* A deletion that only one side knows of is told, and never carried on. */
static void report_deletion(struct compare *c, const struct compare_seal *s,
                            enum compare_kind kind)
{
    const char *backup = s->id;
    char text[NAME_SIZE];
    struct compare_finding f = {
        .object = text, .kind = kind, .backups = &backup, .backup_count = 1};

    snprintf(text, sizeof(text), "seals/%s", s->name);
    error_set(&f.why, LAGAN_CHANGED, ERROR_FAILED,
              kind == COMPARE_DELETION_DUE
                  ? "%s: deleted at the source, and not yet at the mirror"
                  : "%s: deleted at the mirror, and not at the source",
              text);
    compare_report(c, &f);
}

static void judge_seal(struct compare *c, struct compare_seal *s)
{
    const bool source = s->gone[COMPARE_SOURCE].state == COMPARE_SOUND;
    const bool mirror = s->gone[COMPARE_MIRROR].state == COMPARE_SOUND;
    const struct compare_verdict seal = compare_judge(s->at), gone = compare_judge(s->gone);

    if (s->live && seal.bad)
        report_seal(c, s, false, &seal);
    if (s->gone[0].state == COMPARE_DAMAGED || s->gone[1].state == COMPARE_DAMAGED)
        report_seal(c, s, true, &gone);
    else if (source && !mirror && s->at[COMPARE_MIRROR].state != COMPARE_ABSENT)
        report_deletion(c, s, COMPARE_DELETION_DUE);
    else if (mirror && !source)
        report_deletion(c, s, COMPARE_DELETED_MIRROR);
}

static int report_all(struct compare *c, struct error *e)
{
    const char **backups = calloc(c->seal_count + 1, sizeof(*backups));

    if (backups == NULL)
        return error_no_memory(e, "findings");
    report_objects(c, backups);
    free(backups);
    for (size_t i = 0; i < c->seal_count; i++) {
        judge_seal(c, &c->seals[i]);
        c->result.backups_hurt += c->seals[i].hurt;
    }
    return 0;
}

static int run(struct compare *c, struct error *e)
{
    if (compare_seals(c, e) != 0 || compare_needs(c, e) != 0 || compare_read(c, e) != 0)
        return -1;
    make_root(c, COMPARE_SOURCE);
    make_root(c, COMPARE_MIRROR);
    c->result.equal =
        memcmp(c->result.root[COMPARE_SOURCE], c->result.root[COMPARE_MIRROR], 32) == 0;
    if (c->request->repair && compare_mend_objects(c, e) != 0)
        return -1;
    return report_all(c, e) == 0 ? compare_notes(c, e) : -1;
}

static void clean(struct compare *c)
{
    for (size_t i = 0; i < c->object_count; i++) {
        free(c->objects[i].at[0].why);
        free(c->objects[i].at[1].why);
        free(c->objects[i].failure);
    }
    for (size_t i = 0; i < c->seal_count; i++)
        for (int side = 0; side < COMPARE_SIDES; side++) {
            free(c->seals[i].at[side].why);
            free(c->seals[i].gone[side].why);
        }
    for (size_t i = 0; i < c->roll_count; i++)
        free(c->rolls[i].packs);
    free(c->objects);
    free(c->rolls);
    for (int side = 0; side < COMPARE_SIDES; side++)
        moves_free(&c->moves[side]);
    free(c->seals);
    seal_scan_free(&c->scan[0]);
    seal_scan_free(&c->scan[1]);
    pthread_mutex_destroy(&c->lock);
}

static int check_request(const struct compare_request *request, struct error *e)
{
    if (vault_same_lineage(request->source, request->mirror, e) != 0)
        return -1;
    if (request->depth > VERIFY_OBJECTS)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "copies are compared as they are stored: their data is checked by "
                         "verifying each vault");
    if (request->repair &&
        (vault_writable(request->source, e) != 0 || vault_writable(request->mirror, e) != 0))
        return -1;
    return 0;
}

int compare_vaults(const struct compare_request *request, struct compare_result *result,
                   struct error *e)
{
    struct compare c = {.request = request,
                        .vault = {request->source, request->mirror},
                        .parallel =
                            request->parallel != 0 ? request->parallel : COMPARE_PARALLEL,
                        .lock = PTHREAD_MUTEX_INITIALIZER};
    int done;

    if (check_request(request, e) != 0)
        return -1;
    done = run(&c, e);
    if (done == 0)
        *result = c.result;
    clean(&c);
    return done;
}
