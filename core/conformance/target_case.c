/* SPDX-License-Identifier: Apache-2.0 */
/* target_case.c - puts, gets, stats and removals with judgement. */
#include "conformance/target_case.h"

#include "base/object.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PIECE = 65536 };

struct key key_of(const struct trial *t, const char *format, ...)
{
    struct key key;
    size_t used = (size_t)snprintf(key.text, sizeof key.text, "%s", t->prefix);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(key.text + used, sizeof key.text - used, format, arguments);
    va_end(arguments);
    return key;
}

const char *key_short(const struct trial *t, const char *key)
{
    size_t size = strlen(t->prefix);
    return strncmp(key, t->prefix, size) == 0 ? key + size : key;
}

/* Contents. */

struct content content_of(struct trial *t, uint64_t seed, uint64_t bytes)
{
    return (struct content){.trial = t, .seed = seed, .bytes = bytes, .fail_from = UINT64_MAX};
}

static uint32_t read_content(void *context, uint64_t offset, void *data, size_t size)
{
    struct content *c = context;
    EXPECT(c->trial, offset <= c->bytes && size <= c->bytes - offset,
           "target.h, struct lagan_content",
           "the driver read %zu bytes of the content at %llu; it has %llu", size,
           (unsigned long long)offset, (unsigned long long)c->bytes);
    trial_tick(c->trial);
    if (c->pause_ns > 0)
        trial_pause(c->pause_ns);
    c->count++;
    call_callback();
    if (offset + size > c->fail_from)
        return c->fail_class;
    trial_bytes(c->seed, offset, data, size);
    c->seen += size;
    return LAGAN_OK;
}

struct lagan_content content_for(struct content *c)
{
    return (struct lagan_content){.context = c, .read = read_content};
}

uint32_t case_put_content(struct trial *t, struct opened *o, const char *key, struct content *c,
                          uint64_t flags, const uint8_t *sha256)
{
    struct lagan_content content = content_for(c);
    struct call call;
    call_begin(t, o, &call, "put %s, %llu bytes, flags 0x%llx%s", key,
               (unsigned long long)c->bytes, (unsigned long long)flags,
               sha256 ? ", with a SHA-256" : "");
    return call_end(t, &call,
                    trial_target(t)->put(o->handle, &call.operation.op, key, c->bytes, &content,
                                         flags, sha256));
}

uint32_t case_put(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                  uint64_t bytes)
{
    struct content c = content_of(t, seed, bytes);
    return case_put_content(t, o, key, &c, LAGAN_PUT_IF_ABSENT, NULL);
}

void must_put(struct trial *t, struct opened *o, const char *key, uint64_t seed, uint64_t bytes)
{
    EXPECT_OK(t, case_put(t, o, key, seed, bytes), "target.h, put");
}

/* Sinks. */

struct taken taken_for(struct trial *t, uint64_t limit)
{
    return (struct taken){
        .trial = t, .limit = limit, .piece = DEFAULT_PIECE, .fail_after = UINT64_MAX};
}

void taken_free(struct taken *taken)
{
    free(taken->data);
    taken->data = NULL;
}

/* Room that ends where the memory does, so that a driver which writes behind it is seen by
 * memory checkers; beyond the limit there is more, and what comes there is a fault. */
static void *sink_room(void *context, size_t *size)
{
    struct taken *taken = context;
    trial_tick(taken->trial);
    if (taken->no_room)
        return NULL;
    if (taken->room - taken->bytes < taken->piece) {
        uint64_t room = taken->bytes + taken->piece;
        if (room < taken->room * 2)
            room = taken->room * 2;
        uint8_t *grown = realloc(taken->data, (size_t)room);
        ASSERT(grown);
        taken->data = grown;
        taken->room = room;
    }
    *size = taken->piece;
    return taken->data + taken->bytes;
}

static uint32_t sink_filled(void *context, size_t size)
{
    struct taken *taken = context;
    EXPECT(taken->trial, size >= 1 && size <= taken->piece, "target.h, struct lagan_sink",
           "the driver says that it filled %zu bytes; there was room for %zu", size,
           taken->piece);
    taken->bytes += size;
    EXPECT(taken->trial, taken->bytes <= taken->limit, "target.h, get",
           "more bytes than were asked for: %llu", (unsigned long long)taken->bytes);
    if (taken->pause_ns > 0)
        trial_pause(taken->pause_ns);
    call_callback();
    return taken->bytes > taken->fail_after ? taken->fail_class : (uint32_t)LAGAN_OK;
}

uint32_t case_get(struct trial *t, struct opened *o, const char *key, uint64_t offset,
                  uint64_t length, struct taken *taken)
{
    struct lagan_sink sink = {.context = taken, .room = sink_room, .filled = sink_filled};
    struct call c;
    if (length == LAGAN_TO_THE_END)
        call_begin(t, o, &c, "get %s, from %llu to the end", key, (unsigned long long)offset);
    else
        call_begin(t, o, &c, "get %s, %llu bytes from %llu", key, (unsigned long long)length,
                   (unsigned long long)offset);
    return call_end(
        t, &c, trial_target(t)->get(o->handle, &c.operation.op, key, offset, length, &sink));
}

uint32_t case_stat(struct trial *t, struct opened *o, const char *key, uint64_t *bytes)
{
    struct lagan_object object = {.size = sizeof object};
    struct call c;
    uint32_t result;
    call_begin(t, o, &c, "stat %s", key);
    result = call_end(t, &c, trial_target(t)->stat(o->handle, &c.operation.op, key, &object));
    if (result != LAGAN_OK)
        return result;
    EXPECT(t, object.key == NULL, "target.h, stat", "the object's key is set");
    *bytes = object.bytes;
    return LAGAN_OK;
}

uint32_t case_remove(struct trial *t, struct opened *o, const char *key)
{
    struct call c;
    call_begin(t, o, &c, "remove %s", key);
    return call_end(t, &c, trial_target(t)->remove(o->handle, &c.operation.op, key));
}

uint32_t case_flush(struct trial *t, struct opened *o)
{
    struct call c;
    call_begin(t, o, &c, "flush");
    return call_end(t, &c, trial_target(t)->flush(o->handle, &c.operation.op));
}

/* What is there. */

/* The taken bytes are those of `seed` from `offset` on. */
static void expect_bytes(struct trial *t, const struct taken *taken, uint64_t seed,
                         uint64_t offset, uint64_t bytes)
{
    uint8_t wanted[4096];
    EXPECT(t, taken->bytes == bytes, "target.h, get", "%llu bytes came instead of %llu",
           (unsigned long long)taken->bytes, (unsigned long long)bytes);
    for (uint64_t at = 0; at < bytes; at += sizeof wanted) {
        size_t size = bytes - at < sizeof wanted ? (size_t)(bytes - at) : sizeof wanted;
        trial_bytes(seed, offset + at, wanted, size);
        if (memcmp(taken->data + at, wanted, size) == 0)
            continue;
        for (size_t i = 0; i < size; i++)
            EXPECT(t, taken->data[at + i] == wanted[i], "target.h, get",
                   "byte %llu of the object is 0x%02x instead of 0x%02x",
                   (unsigned long long)(offset + at + i), taken->data[at + i], wanted[i]);
    }
}

static void expect_range(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                         uint64_t bytes)
{
    struct taken taken = taken_for(t, bytes);
    EXPECT_OK(t, case_get(t, o, key, 0, LAGAN_TO_THE_END, &taken), "target.h, get");
    expect_bytes(t, &taken, seed, 0, bytes);
    taken_free(&taken);
}

void expect_object(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                   uint64_t bytes)
{
    uint64_t told = 0;
    EXPECT_OK(t, case_stat(t, o, key, &told), "target.h, stat");
    EXPECT(t, told == bytes, "target.h, stat", "%llu bytes instead of %llu",
           (unsigned long long)told, (unsigned long long)bytes);
    expect_range(t, o, key, seed, bytes);
}

void expect_absent(struct trial *t, struct opened *o, const char *key)
{
    struct taken taken = taken_for(t, 0);
    uint64_t bytes = 0;
    expect_class(t, case_stat(t, o, key, &bytes), LAGAN_NOT_FOUND, "target.h, stat");
    expect_class(t, case_get(t, o, key, 0, LAGAN_TO_THE_END, &taken), LAGAN_NOT_FOUND,
                 "target.h, get");
    taken_free(&taken);
}

bool expect_whole_or_absent(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                            uint64_t bytes)
{
    static const uint32_t either[] = {LAGAN_OK, LAGAN_NOT_FOUND, LAGAN_CLASS_COUNT};
    uint64_t told = 0;
    uint32_t result = case_stat(t, o, key, &told);
    expect_one_of(t, result, either, "target.h, stat");
    if (result == LAGAN_NOT_FOUND)
        return false;
    EXPECT(t, told == bytes, "target.h, Atomic",
           "part of an object is visible: %llu bytes instead of %llu", (unsigned long long)told,
           (unsigned long long)bytes);
    expect_range(t, o, key, seed, bytes);
    return true;
}
