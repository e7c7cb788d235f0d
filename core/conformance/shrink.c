/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.c - delta debugging over sequences of steps. */
#include "conformance/shrink.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const struct shrink *shrink;
    uint8_t *steps; /* what fails so far */
    size_t count;
    uint8_t *trial; /* room for as many */
    unsigned attempts;
};

/* The steps without those from `from` to `to`, into `trial`. */
static size_t leave_out(struct work *w, size_t from, size_t to)
{
    size_t size = w->shrink->step_size;
    memcpy(w->trial, w->steps, from * size);
    memcpy(w->trial + from * size, w->steps + to * size, (w->count - to) * size);
    return w->count - (to - from);
}

/* Leaves the part out for good when what remains still fails. */
static bool try_without(struct work *w, size_t from, size_t to)
{
    size_t count;
    if (w->attempts == 0)
        return false;
    w->attempts--;
    count = leave_out(w, from, to);
    if (!w->shrink->fails(w->shrink->context, w->trial, count))
        return false;
    memcpy(w->steps, w->trial, count * w->shrink->step_size);
    w->count = count;
    return true;
}

/* Cuts the steps into pieces of `size` and tries without each; true when one could go. */
static bool pass(struct work *w, size_t size)
{
    bool shorter = false;
    size_t from = 0;
    while (from < w->count && w->attempts > 0) {
        size_t to = from + size < w->count ? from + size : w->count;
        if (to - from < w->count && try_without(w, from, to))
            shorter = true;
        else
            from = to;
    }
    return shorter;
}

size_t shrink_steps(const struct shrink *s, void *steps, size_t count)
{
    struct work w = {.shrink = s, .steps = steps, .count = count, .attempts = s->attempts};
    size_t size;
    if (count < 2)
        return count;
    w.trial = malloc(count * s->step_size);
    if (!w.trial)
        return count;
    size = count / 2;
    for (;;) {
        bool shorter = pass(&w, size);
        if (w.attempts == 0 || w.count < 2 || (size == 1 && !shorter))
            break;
        if (size > w.count / 2)
            size = w.count / 2;
        else if (!shorter)
            size /= 2;
        if (size == 0)
            size = 1;
    }
    free(w.trial);
    return w.count;
}
