/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - staged puts: the driver's own, or bytes kept in memory until their name is known.
 */
#include "base/object.h"
#include "driver/target_private.h"
#include "driver/zones_private.h"

#include <stdlib.h>

struct stage {
    uint32_t magic; /* STAGE_MAGIC */
    struct target *target;
    void *stage;               /* the driver's; NULL when the bytes are kept here */
    struct zones_stage *zones; /* of a target of several zones; else NULL */
    struct buffer kept;        /* when the driver has no stages */
    uint64_t bytes;            /* written so far */
    bool emulated;
    bool failed; /* a write failed: there is nothing to commit */
};

enum { STAGE_MAGIC = 0x73746167 };

static int begin_native(struct stage *s, uint64_t bytes_hint, struct error *e)
{
    struct target *t = s->target;
    struct call c = {.verb = CALL_STAGE_BEGIN, .with.stage_begin = {bytes_hint, &s->stage}};
    struct operation o;
    if (t->zones) {
        s->zones = zones_stage_begin(t, bytes_hint, e);
        return s->zones ? 0 : -1;
    }
    return operation_end(&o, target_call(t, &o, &c), e, "begin an object");
}

struct stage *target_stage_begin(struct target *t, uint64_t bytes_hint, struct error *e)
{
    struct stage *s;
    OBJECT_CHECK(t, TARGET_MAGIC);
    s = calloc(1, sizeof *s);
    if (!s) {
        error_no_memory(e, "an object to be stored");
        return NULL;
    }
    s->magic = STAGE_MAGIC;
    s->target = t;
    s->emulated = t->capabilities.staged_put == LAGAN_SUPPORT_NONE;
    if (!s->emulated && begin_native(s, bytes_hint, e) < 0) {
        free(s);
        return NULL;
    }
    return s;
}

static void stage_free(struct stage *s)
{
    buffer_free(&s->kept);
    s->magic = 0;
    free(s);
}

static int write_native(struct stage *s, const void *data, size_t size, struct error *e)
{
    struct call c = {
        .verb = CALL_STAGE_WRITE, .object = s->stage, .with.stage_write = {data, size}};
    struct operation o;
    if (s->zones)
        return zones_stage_write(s->zones, data, size, e);
    return operation_end(&o, target_call(s->target, &o, &c), e, "write an object");
}

static int write_kept(struct stage *s, const void *data, size_t size, struct error *e)
{
    buffer_append(&s->kept, data, size);
    return buffer_check(&s->kept, e);
}

int stage_write(struct stage *s, const void *data, size_t size, struct error *e)
{
    int result;
    OBJECT_CHECK(s, STAGE_MAGIC);
    ASSERT(!s->failed);
    if (size == 0)
        return 0;
    result = s->emulated ? write_kept(s, data, size, e) : write_native(s, data, size, e);
    s->failed = result < 0;
    s->bytes += size;
    return result;
}

static int commit_zones(struct stage *s, const char *key, struct error *e)
{
    int result = zones_stage_commit(s->zones, key, e);
    stage_free(s);
    return result;
}

static int commit_native(struct stage *s, const char *key, struct error *e)
{
    struct target *t = s->target;
    struct call c = {.verb = CALL_STAGE_COMMIT,
                     .object = s->stage,
                     .with.stage_commit = {key, LAGAN_PUT_IF_ABSENT}};
    struct operation o;
    uint32_t result;
    if (target_check_key(t, "put", key, e) < 0) {
        stage_abort(s);
        return -1;
    }
    if (s->zones)
        return commit_zones(s, key, e);
    result = target_enter(t, &o);
    if (result != LAGAN_OK) {
        stage_abort(s);
        return operation_end(&o, result, e, "put %s", key);
    }
    result = operation_leave(&o, target_call_entered(t, &o, &c));
    if (result == LAGAN_OK) {
        atomic_fetch_add(&t->counters.puts, 1);
        atomic_fetch_add(&t->counters.put_bytes, s->bytes);
    }
    stage_free(s);
    return operation_end(&o, result, e, "put %s", key);
}

int stage_commit(struct stage *s, const char *key, struct error *e)
{
    int result;
    OBJECT_CHECK(s, STAGE_MAGIC);
    ASSERT(!s->failed);
    if (!s->emulated)
        return commit_native(s, key, e);
    result = target_put(s->target, key, s->kept.data, s->kept.size, e);
    stage_free(s);
    return result;
}

void stage_abort(struct stage *s)
{
    if (!s)
        return;
    OBJECT_CHECK(s, STAGE_MAGIC);
    if (s->zones) {
        zones_stage_abort(s->zones);
    } else if (!s->emulated) {
        target_release(s->target, CALL_STAGE_ABORT, s->stage);
    }
    stage_free(s);
}
