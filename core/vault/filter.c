/* SPDX-License-Identifier: Apache-2.0 */
/* filter.c - binary fuse filters of 8 bits with three hashes. */
#include "vault/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEGMENT_LENGTH_LIMIT = 1 << 18,
    ATTEMPT_LIMIT = 100, /* each fails in one of about 100 cases */
    COUNT_ONE = 4        /* counts stand above two bits that tell the position */
};

/* The three places of one key. */
struct places {
    uint32_t at[3];
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint8_t fingerprint(uint64_t m)
{
    return (uint8_t)(m ^ m >> 32);
}

static struct places places_of(const struct filter *f, uint64_t m)
{
    uint32_t length = f->segment_length;
    uint64_t range = (uint64_t)f->segments * length;
    uint32_t first = (uint32_t)((unsigned __int128)m * range >> 64);

    return (struct places){{
        first,
        (first + length) ^ ((uint32_t)(m >> 18) & (length - 1)),
        (first + 2 * length) ^ ((uint32_t)m & (length - 1)),
    }};
}

static size_t filter_bytes(const struct filter *f)
{
    return ((size_t)f->segments + 2) * f->segment_length;
}

bool filter_may_contain(const struct filter *f, uint64_t key)
{
    if (f->fingerprints == NULL)
        return false;
    uint64_t m = mix(key + f->seed);
    struct places p = places_of(f, m);
    const uint8_t *prints = f->fingerprints;

    return fingerprint(m) == (prints[p.at[0]] ^ prints[p.at[1]] ^ prints[p.at[2]]);
}

void filter_free(struct filter *f)
{
    if (f == NULL)
        return;
    free(f->fingerprints);
    *f = (struct filter){0};
}

/* The shape that the paper found best for `count` keys. */
static void choose_shape(struct filter *f, size_t count)
{
    double n = (double)(count < 2 ? 2 : count);
    double length = floor(log(n) / log(3.33) + 2.25);
    double factor = fmax(1.125, 0.875 + 0.25 * log(1e6) / log(n));

    f->segment_length =
        length >= 18 ? (uint32_t)SEGMENT_LENGTH_LIMIT : UINT32_C(1) << (uint32_t)length;
    uint64_t capacity = (uint64_t)llround(n * factor);
    uint64_t segments = (capacity + f->segment_length - 1) / f->segment_length;
    f->segments = segments > 3 ? (uint32_t)(segments - 2) : 1;
}

/* What peeling works on: per place how many keys are left there, and the xor of their hashes.
 */
struct peeling {
    uint64_t *hashes;
    uint8_t *counts;
    uint32_t *order; /* places that hold one key alone, then those that were peeled */
    size_t size;     /* places */
};

static void peeling_free(struct peeling *p)
{
    free(p->hashes);
    free(p->counts);
    free(p->order);
}

static int peeling_new(struct peeling *p, size_t size, struct error *e)
{
    *p = (struct peeling){
        .hashes = calloc(size, sizeof(*p->hashes)),
        .counts = calloc(size, sizeof(*p->counts)),
        .order = calloc(size, sizeof(*p->order)),
        .size = size,
    };
    if (p->hashes != NULL && p->counts != NULL && p->order != NULL)
        return 0;
    peeling_free(p);
    return error_no_memory(e, "building a filter");
}

/* Adds all keys; false when a count overflows.  `*distinct` counts them without doubles. */
static bool peeling_fill(struct peeling *p, const struct filter *f, const uint64_t *keys,
                         size_t count, size_t *distinct)
{
    *distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && keys[i] == keys[i - 1])
            continue;
        uint64_t m = mix(keys[i] + f->seed);
        struct places at = places_of(f, m);
        for (unsigned j = 0; j < 3; j++) {
            uint8_t *c = &p->counts[at.at[j]];
            *c = (uint8_t)((*c + COUNT_ONE) ^ j);
            p->hashes[at.at[j]] ^= m;
            if (*c < COUNT_ONE)
                return false;
        }
        ++*distinct;
    }
    return true;
}

/* Takes the key that is alone at place `from` out of its two other places; those that then hold
 * one key are put at `end` of the order, whose new end is returned. */
static size_t peel_one(struct peeling *p, const struct filter *f, uint32_t from, size_t end)
{
    uint64_t m = p->hashes[from];
    unsigned own = p->counts[from] & 3;
    struct places at = places_of(f, m);

    for (unsigned j = 0; j < 3; j++) {
        uint32_t other = at.at[j];
        if (j == own)
            continue;
        if (p->counts[other] / COUNT_ONE == 2)
            p->order[end++] = other;
        p->counts[other] = (uint8_t)((p->counts[other] - COUNT_ONE) ^ j);
        p->hashes[other] ^= m;
    }
    return end;
}

/* Peels all keys off; returns how many came off, their places in order at the start of `order`.
 */
static size_t peel(struct peeling *p, const struct filter *f)
{
    size_t peeled = 0, end = 0;

    for (size_t i = 0; i < p->size; i++)
        if (p->counts[i] / COUNT_ONE == 1)
            p->order[end++] = (uint32_t)i;
    for (size_t next = 0; next < end; next++) {
        uint32_t place = p->order[next];
        if (p->counts[place] / COUNT_ONE != 1)
            continue; /* its key came off at another place */
        end = peel_one(p, f, place, end);
        p->order[peeled++] = place;
    }
    return peeled;
}

/* The hash of a peeled key still stands at the place where it was alone. */
static void assign(const struct peeling *p, struct filter *f, size_t peeled)
{
    for (size_t i = peeled; i-- > 0;) {
        uint32_t place = p->order[i];
        uint64_t m = p->hashes[place];
        struct places at = places_of(f, m);
        uint8_t print = fingerprint(m);
        for (unsigned j = 0; j < 3; j++)
            if (at.at[j] != place)
                print ^= f->fingerprints[at.at[j]];
        f->fingerprints[place] = print;
    }
}

static bool attempt(struct peeling *p, struct filter *f, const uint64_t *keys, size_t count)
{
    size_t distinct;

    memset(p->hashes, 0, p->size * sizeof(*p->hashes));
    memset(p->counts, 0, p->size * sizeof(*p->counts));
    if (!peeling_fill(p, f, keys, count, &distinct) || peel(p, f) != distinct)
        return false;
    assign(p, f, distinct);
    return true;
}

int filter_build(struct filter *f, const uint64_t *keys, size_t count, uint64_t seed,
                 struct error *e)
{
    struct filter made = {0};
    struct peeling p;
    bool built = false;

    choose_shape(&made, count);
    if (peeling_new(&p, filter_bytes(&made), e) < 0)
        return -1;
    made.fingerprints = calloc(filter_bytes(&made), 1);
    for (unsigned i = 0; made.fingerprints != NULL && !built && i < ATTEMPT_LIMIT; i++) {
        made.seed = mix(seed + i);
        built = attempt(&p, &made, keys, count);
    }
    peeling_free(&p);
    if (!built) {
        bool memory = made.fingerprints == NULL;
        filter_free(&made);
        return memory
                   ? error_no_memory(e, "building a filter")
                   : error_set(
                         e, LAGAN_INTERNAL, ERROR_FAILED,
                         "no seed for a filter of %zu keys works: are equal ones neighbours?",
                         count);
    }
    *f = made;
    return 0;
}

void filter_encode(const struct filter *f, struct buffer *out)
{
    buffer_append_u64(out, f->seed);
    buffer_append_u32(out, f->segment_length);
    buffer_append_u32(out, f->segments);
    buffer_append(out, f->fingerprints, filter_bytes(f));
}

int filter_decode(struct filter *f, struct reader *r, struct error *e)
{
    struct filter made = {.seed = reader_u64(r)};

    made.segment_length = reader_u32(r);
    made.segments = reader_u32(r);
    bool power =
        made.segment_length != 0 && (made.segment_length & (made.segment_length - 1)) == 0;
    if (r->failed || !power || made.segment_length > SEGMENT_LENGTH_LIMIT ||
        made.segments == 0 || made.segments > UINT32_MAX / SEGMENT_LENGTH_LIMIT - 2 ||
        filter_bytes(&made) != r->left)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "a filter's size does not fit its shape");
    made.fingerprints = malloc(filter_bytes(&made));
    if (made.fingerprints == NULL)
        return error_no_memory(e, "reading a filter");
    memcpy(made.fingerprints, reader_take(r, filter_bytes(&made)), filter_bytes(&made));
    *f = made;
    return 0;
}
