/* SPDX-License-Identifier: Apache-2.0 */
/* verify_rotation.c - see verify_rotation.h. */
#include "engine/verify_rotation.h"

#include "base/log.h"
#include "catalog/audit.h"
#include "catalog/keep.h"
#include "catalog/mirror.h"
#include "driver/operation.h"
#include "engine/lost.h"
#include "engine/rotation_objects.h"
#include "engine/task.h"
#include "vault/verify.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 /* results written at a time */ };

struct rotation {
    struct setup *setup;
    struct catalog *catalog;
    const struct catalog_vault *row;
    const struct rotation_request *request;
    struct rotation_result *result;
    struct task task;
    struct job_reporter reporter;
    struct open_vault vault;
    struct open_vault other; /* the mirror, or the vault that this one mirrors */
    bool other_tried, has_other;
    struct rotation_object *objects;
    size_t count;
    struct rotation_object *suspects;
    size_t suspect_count;
    struct catalog_verified batch[BATCH];
    size_t batched;
    struct job_progress progress;
};

/* ---- what is to be read ---- */

static int by_age(const void *a, const void *b)
{
    const struct rotation_object *x = a, *y = b;

    if (x->damaged != y->damaged)
        return x->damaged ? -1 : 1;
    if (x->read_ns != y->read_ns)
        return x->read_ns < y->read_ns ? -1 : 1;
    return memcmp(x->hash, y->hash, sizeof(x->hash));
}

/* `bytes` of `part` in `whole`, rounded up. */
static uint64_t share_of(uint64_t bytes, int64_t part, int64_t whole)
{
    double share = whole > 0 ? (double)part / (double)whole : 1;

    return share >= 1 ? bytes : (uint64_t)((double)bytes * share) + 1;
}

uint64_t rotation_choose(struct rotation_object *objects, size_t count,
                         const struct rotation_request *request)
{
    uint64_t all = 0, chosen = 0;
    int64_t deadline = request->now_ns + request->period_ns - request->within_ns;

    for (size_t i = 0; i < count; i++)
        all += objects[i].bytes;
    if (count > 0)
        qsort(objects, count, sizeof(*objects), by_age);
    uint64_t part = share_of(all, request->period_ns, request->within_ns);
    for (size_t i = 0; i < count; i++) {
        struct rotation_object *o = &objects[i];
        bool last_chance = o->read_ns != 0 && o->read_ns <= deadline;
        /* A clock that was set back leaves times that have not been. */
        bool impossible = o->read_ns > request->now_ns;
        o->due = o->damaged || last_chance || impossible || chosen < part;
        chosen += o->due ? o->bytes : 0;
    }
    return chosen;
}

static int collect(void *context, const char *name, const uint8_t hash[CATALOG_HASH_SIZE],
                   uint64_t bytes, struct error *e)
{
    struct rotation *r = context;

    if ((r->count & (r->count - 1)) == 0) {
        void *grown = reallocarray(r->objects, r->count * 2 + 1, sizeof(*r->objects));
        if (grown == NULL)
            return error_no_memory(e, "the objects of a vault");
        r->objects = grown;
    }
    struct rotation_object *o = &r->objects[r->count];
    *o = (struct rotation_object){.bytes = bytes, .name = strdup(name)};
    if (o->name == NULL)
        return error_no_memory(e, "the objects of a vault");
    memcpy(o->hash, hash, sizeof(o->hash));
    r->count++;
    r->result->objects++;
    r->result->bytes += bytes;
    return 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct rotation_object *x = a, *y = b;

    return memcmp(x->hash, y->hash, sizeof(x->hash));
}

/* Hashes that are remembered of objects that are gone. */
struct memory {
    struct rotation *rotation;
    uint8_t (*gone)[CATALOG_HASH_SIZE];
    size_t count;
};

static int recall(void *context, const struct catalog_verified *row, struct error *e)
{
    struct memory *m = context;
    struct rotation *r = m->rotation;
    struct rotation_object like = {.bytes = 0}, *found = NULL;

    memcpy(like.hash, row->object, sizeof(like.hash));
    if (r->count > 0)
        found = bsearch(&like, r->objects, r->count, sizeof(like), by_hash);
    if (found != NULL) {
        found->read_ns = row->at_ns;
        found->damaged = !row->whole;
        return 0;
    }
    void *grown = reallocarray(m->gone, m->count + 1, sizeof(*m->gone));
    if (grown == NULL)
        return error_no_memory(e, "what was verified");
    m->gone = grown;
    memcpy(m->gone[m->count++], row->object, sizeof(like.hash));
    return 0;
}

static int forget(struct rotation *r, const struct memory *m, struct error *e)
{
    if (m->count == 0)
        return 0;
    if (catalog_begin(r->catalog, e) != 0)
        return -1;
    for (size_t i = 0; i < m->count; i++) {
        if (catalog_verified_clear(r->catalog, r->row->uuid, m->gone[i], e) == 0)
            continue;
        catalog_rollback(r->catalog);
        return -1;
    }
    return catalog_commit(r->catalog, e);
}

static int survey(struct rotation *r, struct error *e)
{
    struct memory memory = {.rotation = r};

    if (rotation_list(r->vault.vault, collect, r, e) != 0)
        return -1;
    if (r->count > 0)
        qsort(r->objects, r->count, sizeof(*r->objects), by_hash);
    int result = catalog_verified_list(r->catalog, r->row->uuid, recall, &memory, e);
    if (result == 0)
        result = forget(r, &memory, e);
    free(memory.gone);
    return result;
}

/* ---- damage ---- */

static void note_damage(struct rotation *r, const char *object, const char *text,
                        const char *const *backups, size_t backup_count)
{
    struct buffer *out = &r->result->found;

    r->result->damaged++;
    buffer_append_format(out, "%s: %s", object, text);
    for (size_t i = 0; i < backup_count; i++)
        buffer_append_format(out, "%s %s", i > 0 ? "," : "; hurts backup", backups[i]);
    buffer_append_u8(out, '\n');
    log_write(LOG_ERROR, "verify", "vault %s: %s: %s", r->row->name, object, text);
}

/* Rolls and packs of which the structure says that they are missing or damaged are brought back
 * once that look is over. */
static void suspect(struct rotation *r, const char *object)
{
    struct rotation_object like = {.bytes = 0}, *grown;

    if (!rotation_can_come_back(object, like.hash))
        return;
    grown = reallocarray(r->suspects, r->suspect_count + 1, sizeof(*grown));
    if (grown == NULL)
        return;
    r->suspects = grown;
    like.name = strdup(object);
    grown[r->suspect_count] = like;
    r->suspect_count += like.name != NULL;
}

static void on_finding(void *context, const struct verify_finding *f)
{
    if (!f->fatal)
        return;
    note_damage(context, f->object, f->why.text, f->backups, f->backup_count);
    suspect(context, f->object);
}

static void on_lost(void *context, const struct lost_object *lost)
{
    if (lost->missing)
        note_damage(context, lost->name, lost->why.text, &lost->backup, lost->backup != NULL);
}

static int look_at_structure(struct rotation *r, struct error *e)
{
    struct verify_result found;
    const struct verify_request request = {
        .depth = VERIFY_STRUCTURE,
        .threads = 1,
        .filling = memcmp(r->row->lineage, r->row->uuid, CATALOG_ID_SIZE) != 0,
        .context = r,
        .found = on_finding,
    };

    if (vault_verify(r->vault.vault, &request, &found, e) != 0 ||
        lost_backups(r->setup, &r->vault, on_lost, r, e) != 0)
        return -1;
    return lost_witnesses(r->setup, &r->vault, on_lost, r, e);
}

/* The other copy of the vault: 1, or 0 when there is none. */
static int find_other(struct rotation *r, uint8_t other[CATALOG_ID_SIZE])
{
    struct catalog_mirror mirror;
    struct error ignored = ERROR_INIT;

    if (catalog_mirror_of(r->catalog, r->row->uuid, &mirror, &ignored) > 0) {
        memcpy(other, mirror.vault, CATALOG_ID_SIZE);
        return 1;
    }
    if (r->row->role != CATALOG_ROLE_MIRROR ||
        catalog_mirror_get(r->catalog, r->row->uuid, &mirror, &ignored) != 0)
        return 0;
    memcpy(other, mirror.source, CATALOG_ID_SIZE);
    return 1;
}

static bool open_other(struct rotation *r)
{
    static const struct setup_key locked = {.locked = true};
    uint8_t id[CATALOG_ID_SIZE];
    struct error why = ERROR_INIT;

    if (r->other_tried)
        return r->has_other;
    r->other_tried = true;
    if (find_other(r, id) == 0)
        return false;
    struct catalog_vault *row = catalog_vault_get(r->catalog, id, &why);
    r->has_other =
        row != NULL && setup_vault_open_row(r->setup, row, &locked, true, &r->other, &why) == 0;
    if (!r->has_other)
        log_write(LOG_WARNING, "verify", "vault %s: the other copy cannot be opened: %s",
                  r->row->name, why.text);
    return r->has_other;
}

static int note_healed(struct rotation *r, const char *object, struct error *e)
{
    if (catalog_begin(r->catalog, e) != 0)
        return -1;
    if (catalog_audit_add(r->catalog, CATALOG_EVENT_MIRROR_REPAIR, r->row->name, e,
                          "%s was damaged, and brought back", object) != 0) {
        catalog_rollback(r->catalog);
        return -1;
    }
    return catalog_commit(r->catalog, e);
}

/* True when the object is whole again. */
static bool heal(struct rotation *r, const struct rotation_object *o)
{
    struct error why = ERROR_INIT;

    if (!open_other(r))
        return false;
    if (rotation_bring(r->other.vault, r->vault.vault, o->name, o->hash, &why) != 0 ||
        note_healed(r, o->name, &why) != 0) {
        log_write(LOG_WARNING, "verify", "vault %s: %s was not brought back: %s", r->row->name,
                  o->name, why.text);
        return false;
    }
    log_write(LOG_WARNING, "verify", "vault %s: %s was brought back from the other copy",
              r->row->name, o->name);
    r->result->healed++;
    return true;
}

static int check_structure(struct rotation *r, struct error *e)
{
    int result = look_at_structure(r, e);

    for (size_t i = 0; i < r->suspect_count; i++) {
        if (result == 0)
            heal(r, &r->suspects[i]);
        free(r->suspects[i].name);
    }
    free(r->suspects);
    r->suspects = NULL;
    r->suspect_count = 0;
    return result;
}

/* ---- reading ---- */

static void count_read(void *context, uint64_t bytes)
{
    struct rotation *r = context;

    r->result->bytes_read += bytes;
    r->progress.bytes_done += bytes;
    r->reporter.progress(r->reporter.context, &r->progress);
}

static int write_batch(struct rotation *r, struct error *e)
{
    if (r->batched == 0)
        return 0;
    if (catalog_begin(r->catalog, e) != 0)
        return -1;
    for (size_t i = 0; i < r->batched; i++) {
        if (catalog_verified_set(r->catalog, r->row->uuid, &r->batch[i], e) == 0)
            continue;
        catalog_rollback(r->catalog);
        return -1;
    }
    r->batched = 0;
    return catalog_commit(r->catalog, e);
}

static int remember(struct rotation *r, struct rotation_object *o, bool whole, struct error *e)
{
    struct catalog_verified *row = &r->batch[r->batched++];

    o->read_ns = r->request->now_ns;
    o->damaged = !whole;
    *row = (struct catalog_verified){.bytes = o->bytes, .at_ns = o->read_ns, .whole = whole};
    memcpy(row->object, o->hash, sizeof(row->object));
    return r->batched == BATCH ? write_batch(r, e) : 0;
}

static int read_one(struct rotation *r, struct rotation_object *o, struct error *e)
{
    struct error why = ERROR_INIT;
    bool whole = rotation_read(r->vault.vault, o->name, o->hash, count_read, r, &why) == 0;

    if (!whole && why.error_class == LAGAN_NOT_FOUND)
        return 0; /* removed meanwhile; that it is missed is for the structure to say */
    if (!whole && why.error_class != LAGAN_CORRUPT && why.error_class != LAGAN_IO) {
        *e = why;
        return -1;
    }
    r->result->objects_read++;
    r->progress.entries_done++;
    if (!whole) {
        note_damage(r, o->name, why.text, NULL, 0);
        whole = heal(r, o);
    }
    rotation_trust(r->vault.vault, o->name, o->hash, whole);
    return remember(r, o, whole, e);
}

static int read_due(struct rotation *r, struct error *e)
{
    r->progress.bytes_total = rotation_choose(r->objects, r->count, r->request);
    for (size_t i = 0; i < r->count; i++)
        r->progress.entries_total += r->objects[i].due;
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].due && read_one(r, &r->objects[i], e) != 0)
            return -1;
    return write_batch(r, e);
}

static void find_oldest(struct rotation *r)
{
    int64_t oldest = r->request->now_ns;

    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].read_ns < oldest)
            oldest = r->objects[i].read_ns;
    r->result->oldest_ns = oldest;
}

/* ---- one turn ---- */

static int open_vault(struct rotation *r, struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    struct catalog_vault *row = catalog_vault_get(r->catalog, r->row->uuid, e);

    if (row == NULL)
        return -1;
    return setup_vault_open_row(r->setup, row, &locked, false, &r->vault, e);
}

static int turn(struct rotation *r, struct error *e)
{
    if (open_vault(r, e) != 0 || check_structure(r, e) != 0 || survey(r, e) != 0)
        return -1;
    if (read_due(r, e) != 0) {
        struct error ignored = ERROR_INIT;
        write_batch(r, &ignored);
        return -1;
    }
    find_oldest(r);
    return 0;
}

static void clean(struct rotation *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->objects[i].name);
    free(r->objects);
    open_vault_close(&r->other);
    open_vault_close(&r->vault);
}

int verify_rotation(struct setup *s, const struct catalog_vault *row,
                    const struct rotation_request *request, struct rotation_result *result,
                    struct error *e)
{
    struct rotation r = {.setup = s,
                         .catalog = setup_catalog(s),
                         .row = row,
                         .request = request,
                         .result = result};
    struct error damage = ERROR_INIT;

    *result = (struct rotation_result){.objects = 0};
    task_begin(&r.task, r.catalog, CATALOG_TASK_VERIFY, row->uuid, NULL, row->name,
               request->reporter);
    r.reporter = task_reporter(&r.task);
    if (request->started != NULL && r.task.catalog != NULL)
        request->started(request->context, r.task.row.id);
    int done = turn(&r, e);
    r.task.row.entries_done = result->objects_read;
    r.task.row.bytes_done = result->bytes_read;
    if (result->damaged > result->healed)
        error_set(&damage, LAGAN_CORRUPT, ERROR_INTEGRITY, "%llu objects damaged or missing",
                  (unsigned long long)(result->damaged - result->healed));
    task_end(&r.task, done != 0 ? e : damage.error_class != LAGAN_OK ? &damage : NULL);
    clean(&r);
    return done == 0 ? 0 : error_context(e, "verify of vault %s", row->name);
}
