/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - reading, examining and listing objects. */
#include "tgt_exec/tgt_exec.h"

#include <string.h>

/* `size` announced bytes into the sink, for as long as that takes them. */
static uint32_t move_bytes(struct program_call *c, uint64_t size, const struct lagan_sink *sink)
{
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        size_t room_size = 0;
        size_t got = 0;
        char waste[16384];
        void *room = c->refused == LAGAN_OK ? sink->room(sink->context, &room_size) : NULL;
        if (!room && c->refused == LAGAN_OK)
            program_refuse(c, lagan_fail(c->op, LAGAN_INVALID, 0, "the reader takes no more"));
        if (!room)
            room_size = sizeof waste;
        result = program_receive_some(c, room ? room : waste,
                                      size < room_size ? (size_t)size : room_size, &got);
        size -= got;
        if (result != LAGAN_OK || !room || c->refused != LAGAN_OK)
            continue;
        uint32_t taken = sink->filled(sink->context, got);
        if (taken != LAGAN_OK)
            program_refuse(c, taken);
    }
    return result;
}

/* `*left` = LAGAN_TO_THE_END: as much as there is. */
static uint32_t hear_data(struct program_call *c, uint64_t left, const struct lagan_sink *sink)
{
    bool open_end = left == LAGAN_TO_THE_END;
    bool last = false;
    for (;;) {
        struct program_line line;
        uint64_t size = 0;
        uint32_t result = program_hear(c, &line, &last);
        if (result == LAGAN_END)
            return program_protest(c, "an answer that was not asked for");
        if (result != LAGAN_OK)
            return result;
        if (last)
            break;
        if (strcmp(line.verb, "data") != 0 || line.count != 1)
            return program_protest(c, "no data where data are due");
        if (!program_take_number(&line, "bytes", INT64_MAX, &size))
            return program_protest_word(c, &line);
        if (size > left)
            return program_protest(c, "more data than were asked for");
        left -= open_end ? 0 : size;
        result = move_bytes(c, size, sink);
        if (result != LAGAN_OK)
            return result;
    }
    return left == 0 || open_end ? (uint32_t)LAGAN_OK
                                 : program_protest(c, "fewer data than were asked for");
}

uint32_t exec_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                  uint64_t length, const struct lagan_sink *sink)
{
    const struct exec_handle *h = handle;
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = program_begin(&c, h->program, op, NULL, 0);
    if (result == LAGAN_OK) {
        program_add_verb(&request, "get");
        program_add_string(&request, "key", key);
        program_add_number(&request, "offset", offset);
        if (length != LAGAN_TO_THE_END)
            program_add_number(&request, "length", length);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = hear_data(&c, length, sink);
    return program_end(&c, result);
}

static int64_t take_modified_ns(struct program_line *line)
{
    int64_t seconds = 0;
    uint32_t ns = 0;
    int64_t modified_ns;
    if (!program_take_time(line, "modified", &seconds, &ns) ||
        __builtin_mul_overflow(seconds, INT64_C(1000000000), &modified_ns) ||
        __builtin_add_overflow(modified_ns, ns, &modified_ns))
        return 0;
    return modified_ns;
}

uint32_t exec_stat(void *handle, struct lagan_op *op, const char *key,
                   struct lagan_object *object)
{
    const struct exec_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint64_t bytes = 0;
    program_add_verb(&request, "stat");
    program_add_string(&request, "key", key);
    uint32_t result = program_exchange(&c, h->program, op, NULL, 0, &request, &line);
    if (result == LAGAN_OK) {
        int64_t modified_ns = take_modified_ns(&line);
        if (!program_take_number(&line, "bytes", INT64_MAX, &bytes) || line.wrong)
            result = program_protest_word(&c, &line);
        object->bytes = bytes;
        object->modified_ns = modified_ns;
    }
    return program_end(&c, result);
}

static uint32_t hand_object(struct program_call *c, struct program_line *line,
                            const struct lagan_object_collector *objects)
{
    struct lagan_object object = {.size = sizeof object};
    if (strcmp(line->verb, "object") != 0)
        return program_protest(c, "an answer that was not asked for");
    if (!program_take_text(line, "key", LAGAN_KEY_LIMIT, &object.key) ||
        !program_take_number(line, "bytes", INT64_MAX, &object.bytes))
        return program_protest_word(c, line);
    object.modified_ns = take_modified_ns(line);
    if (line->wrong)
        return program_protest_word(c, line);
    if (c->refused == LAGAN_OK) {
        uint32_t taken = objects->add(objects->context, &object);
        if (taken != LAGAN_OK)
            program_refuse(c, taken);
    }
    return LAGAN_OK;
}

static uint32_t hear_objects(struct program_call *c, uint32_t limit,
                             const struct lagan_object_collector *objects, int *more)
{
    uint32_t count = 0;
    for (;;) {
        struct program_line line;
        bool last = false;
        uint32_t result = program_hear(c, &line, &last);
        if (result == LAGAN_END)
            return program_protest(c, "an answer that was not asked for");
        if (result != LAGAN_OK)
            return result;
        if (last) {
            *more = program_find(&line, "more") != NULL;
            return *more && count == 0 ? program_protest(c, "an empty page with more behind it")
                                       : (uint32_t)LAGAN_OK;
        }
        if (count++ == limit)
            return program_protest(c, "more objects than were asked for");
        result = hand_object(c, &line, objects);
        if (result != LAGAN_OK)
            return result;
    }
}

uint32_t exec_list(void *handle, struct lagan_op *op, const char *prefix,
                   const char *start_after, uint32_t limit,
                   const struct lagan_object_collector *objects, int *more)
{
    const struct exec_handle *h = handle;
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = program_begin(&c, h->program, op, NULL, 0);
    if (result == LAGAN_OK) {
        program_add_verb(&request, "list");
        program_add_string(&request, "prefix", prefix);
        program_add_string(&request, "start-after", start_after);
        program_add_number(&request, "limit", limit);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = hear_objects(&c, limit, objects, more);
    return program_end(&c, result);
}

uint32_t exec_capacity(void *handle, struct lagan_op *op, uint64_t *total, uint64_t *available)
{
    struct exec_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result;
    *total = UINT64_MAX;
    *available = UINT64_MAX;
    if (atomic_load(&h->absent) & ABSENT_CAPACITY)
        return LAGAN_OK;
    program_add_verb(&request, "capacity");
    result = program_exchange(&c, h->program, op, NULL, 0, &request, &line);
    if (result == LAGAN_OK) {
        program_take_number(&line, "total", UINT64_MAX, total);
        program_take_number(&line, "available", UINT64_MAX, available);
        if (line.wrong)
            result = program_protest_word(&c, &line);
    }
    result = program_end(&c, result);
    if (result != LAGAN_UNSUPPORTED || !c.unknown)
        return result;
    atomic_fetch_or(&h->absent, ABSENT_CAPACITY);
    return LAGAN_OK;
}
