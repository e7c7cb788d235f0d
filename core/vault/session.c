/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - the life of a session: chunks in, packs out, the seal last. */
#include "base/clock.h"
#include "base/log.h"
#include "base/object.h"
#include "base/pool.h"
#include "vault/name.h"
#include "vault/session_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where nothing new is stored, the time is looked at after so many chunks. */
enum { SIGN_CHUNKS = 4096 };

/* What a writer may leave lying before another one takes it for dead, where only age tells. */
#define SWEEP_AGE_NS (INT64_C(48) * 3600 * 1000000000)

int session_mark(struct session *s, uint32_t number, uint8_t mark, uint8_t *marks,
                 struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&s->lock);
    if (number >= s->pack_room) {
        size_t room = 2 * (size_t)number + 256;
        uint8_t *grown = realloc(s->packs, room);
        if (grown == NULL) {
            result = error_no_memory(e, "a session");
        } else {
            memset(grown + s->pack_room, 0, room - s->pack_room);
            s->packs = grown;
            s->pack_room = room;
        }
    }
    if (result == 0)
        s->packs[number] |= mark;
    if (result == 0 && marks != NULL)
        *marks = s->packs[number];
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* A pack of ours has its name. */
static int committed(void *context, struct pack *pack, struct error *e)
{
    struct session *s = context;
    struct seal_pack id = pack->id;
    uint32_t number;

    if (index_add(s->index, pack, &number, e) < 0 ||
        session_mark(s, number, PACK_NEEDED | PACK_OWN, NULL, e) < 0)
        return -1;
    journal_pack(s->journal, &id);
    session_prune_sign(s);
    atomic_fetch_add(&s->bytes_stored, id.bytes);
    atomic_fetch_add(&s->pack_total, 1);
    return 0;
}

void session_drop_parent(struct session *s, const char *why)
{
    log_write(LOG_WARNING, "vault", "the last backup is no parent, everything is read anew: %s",
              why);
    free(s->parent_packs);
    s->parent_packs = NULL;
    s->parent_pack_count = s->parent_roll_count = 0;
    s->has_parent = false;
}

/* A backup that rests on packs which are not there, or not whole, would be as damaged. */
static void judge_parent(struct session *s)
{
    char name[NAME_SIZE];

    for (size_t i = 0; i < s->parent_pack_count; i++) {
        if (index_has_pack(s->index, s->parent_packs[i].hash))
            continue;
        name_of_pack(s->parent_packs[i].hash, name);
        session_drop_parent(s, name);
    }
}

static int copy_parent(struct session *s, const struct seal *parent, struct error *e)
{
    if (parent == NULL)
        return 0;
    s->has_parent = true;
    memcpy(s->parent, parent->hash, sizeof(s->parent));
    s->parent_rolls = calloc(parent->roll_count + 1, sizeof(*s->parent_rolls));
    if (s->parent_rolls == NULL)
        return error_no_memory(e, "a session");
    if (parent->roll_count > 0)
        memcpy(s->parent_rolls, parent->rolls, parent->roll_count * sizeof(*s->parent_rolls));
    s->parent_roll_count = parent->roll_count;
    s->parent_number = prune_seal_number(parent);
    return session_prune_parent(s, parent, e);
}

/* What dead writers left in the target is no reason to fail. */
static void sweep(struct session *s)
{
    struct error ignored = ERROR_INIT;

    if (target_sweep(vault_target(s->vault), SWEEP_AGE_NS, NULL, &ignored) < 0)
        log_write(LOG_DEBUG, "vault", "%s", ignored.text);
}

static int start_threads(struct session *s, const struct session_request *from, struct error *e)
{
    struct packer_request request = {.vault = s->vault,
                                     .session = s->object.session,
                                     .threads =
                                         from->threads > 0 ? from->threads : pool_processors(),
                                     .context = s,
                                     .committed = committed,
                                     .pass = from->pass,
                                     .pass_context = from->pass_context};

    s->packer = packer_new(&request, e);
    return s->packer == NULL ? -1 : 0;
}

static int start(struct session *s, const struct session_request *request, struct error *e)
{
    struct index_request index = {
        .memory_bytes = SESSION_TABLE_BYTES, .tolerant = true, .condemned = &s->epochs};
    struct journal_content content = {0};

    if (vault_writer(s->vault, request->writer_id, &s->writer, e) < 0)
        return -1;
    sweep(s);
    /* The session first, then what is there: section 10's order. */
    if (session_resume_begin(s, &content, e) < 0)
        return -1;
    s->sign_ns = clock_boot_ns();
    int result = copy_parent(s, request->parent, e);
    if (result == 0)
        result = index_open(s->vault, &index, &s->index, e);
    if (result == 0)
        judge_parent(s);
    if (result == 0)
        result = session_resume_packs(s, &content, e);
    free(content.packs);
    if (result < 0 || store_over(s->vault, s->index, SESSION_BLOCK_BYTES, &s->store, e) < 0)
        return -1;
    return start_threads(s, request, e);
}

int session_begin(struct vault *v, const struct session_request *request,
                  struct session **session, struct error *e)
{
    if (!vault_unlocked(v))
        return error_set(e, LAGAN_DENIED, ERROR_LOCKED, "the vault is locked");
    if (vault_writable(v, e) < 0)
        return -1;
    struct session *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_no_memory(e, "a session");
    s->magic = SESSION_MAGIC;
    s->vault = v;
    pthread_mutex_init(&s->lock, NULL);
    memcpy(s->source, request->source_id, sizeof(s->source));
    memcpy(s->object.vault, vault_settings(v)->uuid, sizeof(s->object.vault));
    memcpy(s->object.writer, request->writer_id, sizeof(s->object.writer));
    snprintf(s->host, sizeof(s->host), "%s", request->host != NULL ? request->host : "");
    s->object.host = s->host;
    s->object.created_ns = clock_wall_ns();
    if (start(s, request, e) < 0) {
        session_free(s);
        return -1;
    }
    *session = s;
    return 0;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    OBJECT_CHECK(s, SESSION_MAGIC);
    packer_free(s->packer);
    store_close(s->store);
    index_close(s->index);
    journal_close(s->journal);
    vault_writer_wipe(&s->writer);
    prune_epochs_free(&s->epochs);
    free(s->parent_packs);
    free(s->parent_rolls);
    free(s->packs);
    pthread_mutex_destroy(&s->lock);
    s->magic = 0;
    free(s);
}

/* The vault has the chunk: 1; 0 not; -1. */
static int known(struct session *s, enum chunk_kind kind, const struct chunk_id *id,
                 size_t size, struct error *e)
{
    uint32_t number;
    uint8_t marks;

    if (packer_knows(s->packer, kind, id))
        return 1;
    int result = index_has(s->index, kind, id, &number, e);
    if (result <= 0)
        return result;
    if (session_mark(s, number, PACK_NEEDED, &marks, e) < 0)
        return -1;
    if ((marks & PACK_RESUMED) != 0)
        atomic_fetch_add(&s->bytes_resumed, size);
    return 1;
}

int session_put(struct session *s, enum chunk_kind kind, const struct chunk_id *id,
                const void *data, size_t size, struct error *e)
{
    return session_put_shared(s, kind, id, NULL, data, size, e);
}

int session_put_shared(struct session *s, enum chunk_kind kind, const struct chunk_id *id,
                       struct share *share, const void *data, size_t size, struct error *e)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    int result = known(s, kind, id, size, e);
    if (result < 0)
        return -1;
    if (result > 0) {
        if (atomic_fetch_add(&s->chunks_known, 1) % SIGN_CHUNKS == SIGN_CHUNKS - 1)
            session_prune_sign(s);
        return 0;
    }
    if (packer_put_shared(s->packer, kind, id, share, data, size, e) < 0)
        return -1;
    atomic_fetch_add(&s->chunks_new, 1);
    atomic_fetch_add(&s->bytes_new, size);
    return 0;
}

static int put_metadata(void *context, const void *data, size_t size, struct chunk_id *id,
                        struct error *e)
{
    struct session *s = context;

    vault_chunk_identify(s->vault, CHUNK_META, data, size, id);
    return session_put(s, CHUNK_META, id, data, size, e);
}

static int get_metadata(void *context, const struct chunk_id *id, struct buffer *out,
                        struct error *e)
{
    struct session *s = context;

    return store_get(s->store, CHUNK_META, id, out, e);
}

struct chunk_access session_access(struct session *s)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    return (struct chunk_access){.context = s, .put = put_metadata, .get = get_metadata};
}

bool session_has_parent(const struct session *s)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    return s->has_parent;
}

int session_flush(struct session *s, struct error *e)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    if (packer_flush(s->packer, e) < 0)
        return -1;
    return target_flush(vault_target(s->vault), e);
}

/* The backup is there: whatever fails now costs time later, no more. */
static void finish(struct session *s, const struct seal *seal)
{
    struct error e = ERROR_INIT;

    journal_sealed(s->journal, seal->name);
    s->object.seal = seal->name;
    if (session_object_finish(s->vault, &s->object, s->epoch, &e) < 0) {
        log_write(LOG_WARNING, "vault", "the end of the session is not recorded: %s", e.text);
    } else {
        journal_finish(s->journal);
        s->journal = NULL;
    }
    s->object.seal = NULL;
    packer_free(s->packer);
    s->packer = NULL;
    if (index_keep(s->index, &e) < 0 || index_write_runs(s->index, s->object.session, &e) < 0)
        log_write(LOG_WARNING, "vault", "the index could not be brought up to date: %s",
                  e.text);
}

int session_seal(struct session *s, struct seal *draft, struct error *e)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    /* One barrier for packs and rolls: the seal comes after all that it names is durable. */
    if (packer_flush(s->packer, e) < 0 || session_prune_before(s, e) < 0 ||
        session_needs(s, draft, e) < 0 || target_flush(vault_target(s->vault), e) < 0)
        return -1;
    memcpy(draft->session, s->object.session, sizeof(draft->session));
    draft->prune_epoch = s->epoch;
    draft->has_parent = s->has_parent;
    memcpy(draft->parent, s->parent, sizeof(draft->parent));
    if (seal_write(s->vault, draft, &s->writer, e) < 0 ||
        session_prune_after(s, &s->object, s->epoch, draft, e) <= 0)
        return -1;
    finish(s, draft);
    return 0;
}

void session_counters(const struct session *s, struct session_counters *counters)
{
    OBJECT_CHECK(s, SESSION_MAGIC);
    *counters = (struct session_counters){
        .chunks_new = atomic_load(&s->chunks_new),
        .chunks_known = atomic_load(&s->chunks_known),
        .bytes_new = atomic_load(&s->bytes_new),
        .bytes_stored = atomic_load(&s->bytes_stored),
        .packs = atomic_load(&s->pack_total),
        .bytes_resumed = atomic_load(&s->bytes_resumed),
    };
}
