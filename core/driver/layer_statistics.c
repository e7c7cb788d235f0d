/* SPDX-License-Identifier: Apache-2.0 */
/* layer_statistics.c - counts calls, bytes, errors and time for each verb, and logs them when
 * the stack is let go of.  The highest layer: what retries cost is in it. */
#include "driver/layer.h"

#include "base/log.h"
#include "base/text.h"
#include "driver/operation.h"

#include <stdatomic.h>
#include <stdlib.h>

struct count {
    atomic_ullong calls, errors, bytes;
    atomic_llong ns, longest_ns;
};

struct statistics {
    const char *driver;
    struct count counts[CALL_VERB_COUNT];
};

static bool wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)place;
    return settings->statistics;
}

static int make(const struct layer_settings *settings, const struct layer_place *place,
                void **state, struct error *e)
{
    struct statistics *s = calloc(1, sizeof *s);
    (void)settings;
    if (!s)
        return error_no_memory(e, "a layer");
    s->driver = place->driver;
    *state = s;
    return 0;
}

static void tell(const struct statistics *s, enum call_verb verb)
{
    const struct count *count = &s->counts[verb];
    unsigned long long calls = atomic_load(&count->calls);
    char bytes[TEXT_SIZE_SIZE], in[TEXT_SIZE_SIZE], longest[TEXT_SIZE_SIZE];
    if (calls == 0)
        return;
    text_format_size(atomic_load(&count->bytes), bytes);
    text_format_duration(atomic_load(&count->ns), in);
    text_format_duration(atomic_load(&count->longest_ns), longest);
    log_write(LOG_INFO, s->driver,
              "statistics: %s: calls %llu, errors %llu, moved %s in %s, longest %s",
              call_verb_name(verb), calls, (unsigned long long)atomic_load(&count->errors),
              bytes, in, longest);
}

static void free_statistics(void *state)
{
    for (int verb = 0; verb < (int)CALL_VERB_COUNT; verb++)
        tell(state, (enum call_verb)verb);
    free(state);
}

/* The sink of a get whose length is not known before. */
struct counted {
    const struct lagan_sink *to;
    uint64_t bytes;
};

static void *counted_room(void *context, size_t *size)
{
    struct counted *c = context;
    return c->to->room(c->to->context, size);
}

static uint32_t counted_filled(void *context, size_t size)
{
    struct counted *c = context;
    c->bytes += size;
    return c->to->filled(c->to->context, size);
}

static uint32_t call_counted(struct layer *self, const struct call *c, uint64_t *bytes)
{
    struct call below = *c;
    struct counted counted = {.to = c->with.get.sink};
    const struct lagan_sink sink = {&counted, counted_room, counted_filled};
    uint32_t result;
    below.with.get.sink = &sink;
    result = layer_next(self, &below);
    *bytes = counted.bytes;
    return result;
}

static uint64_t bytes_moved(const struct call *c)
{
    return c->verb == CALL_READ_AT ? *c->with.read_at.got : call_bytes(c);
}

static void note(struct count *count, bool failed, uint64_t bytes, int64_t ns)
{
    long long longest = atomic_load(&count->longest_ns);
    atomic_fetch_add(&count->calls, 1);
    atomic_fetch_add(&count->errors, failed);
    atomic_fetch_add(&count->bytes, bytes);
    atomic_fetch_add(&count->ns, ns);
    while (ns > longest &&
           !atomic_compare_exchange_weak(&count->longest_ns, &longest, (long long)ns))
        ;
}

static uint32_t call(struct layer *self, struct call *c)
{
    struct statistics *s = self->state;
    enum call_verb verb = c->verb;
    int64_t begin = operation_now_ns();
    uint64_t bytes = 0;
    uint32_t result = verb == CALL_GET ? call_counted(self, c, &bytes) : layer_next(self, c);
    bool failed = result != LAGAN_OK && result != LAGAN_END;
    if (!failed && verb != CALL_GET)
        bytes = bytes_moved(c);
    note(&s->counts[verb], failed, bytes, operation_now_ns() - begin);
    return result;
}

const struct layer_kind layer_statistics = {.name = "statistics",
                                            .wanted = wanted,
                                            .make = make,
                                            .free = free_statistics,
                                            .call = call};
