/* SPDX-License-Identifier: Apache-2.0 */
/* chunker.c - where chunks end; the loop over positions is chunker_scan's. */
#include "vault/chunker.h"

#include "base/object.h"
#include "crypto/secret.h"
#include "vault/chunker_scan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKER_MAGIC = 0x43484e4b, IMPLEMENTATION_LIMIT = 8 };

struct chunker {
    uint32_t magic;
    bool fixed;
    size_t smallest, average, largest;
    unsigned hard, easy; /* bits that are zero at a cut, below and above the average */
    size_t scanned;      /* positions of the chunk at hand that are no cuts */
    scan_function *scan;
    struct scan_key key;
};

/* The implementation that tests have asked for; NULL = the best. */
static const struct scan_implementation *_Atomic chosen;

static const struct scan_implementation *implementation_best(void)
{
    const struct scan_implementation *best = atomic_load(&chosen);
    if (best)
        return best;
    for (best = scan_implementations; !best->runs_here(); best++)
        ASSERT(best->name != NULL);
    return best;
}

const char *const *chunker_implementations(void)
{
    static const char *names[IMPLEMENTATION_LIMIT + 1];
    size_t count = 0;
    for (const struct scan_implementation *row = scan_implementations; row->name; row++) {
        if (row->runs_here())
            names[count++] = row->name;
    }
    names[count] = NULL;
    return names;
}

bool chunker_use(const char *name)
{
    if (!name) {
        atomic_store(&chosen, NULL);
        return true;
    }
    for (const struct scan_implementation *row = scan_implementations; row->name; row++) {
        if (strcmp(row->name, name) == 0 && row->runs_here()) {
            atomic_store(&chosen, row);
            return true;
        }
    }
    return false;
}

static struct chunker *chunker_make(unsigned average_log2, struct error *e)
{
    if (average_log2 < CHUNKER_LOG2_MIN || average_log2 > CHUNKER_LOG2_MAX) {
        error_set(e, LAGAN_INVALID, ERROR_FAILED, "an average chunk size of 2^%u bytes",
                  average_log2);
        return NULL;
    }
    /* The key schedule is aligned for the widest loads. */
    struct chunker *c = aligned_alloc(64, (sizeof(*c) + 63) / 64 * 64);
    if (!c) {
        error_no_memory(e, "a chunker");
        return NULL;
    }
    memset(c, 0, sizeof(*c));
    c->magic = CHUNKER_MAGIC;
    c->average = (size_t)1 << average_log2;
    c->smallest = c->average / 4;
    c->largest = c->average * 4;
    c->hard = average_log2 + 2;
    c->easy = average_log2 - 2;
    return c;
}

struct chunker *chunker_new(const uint8_t key[CHUNKER_KEY_SIZE], unsigned average_log2,
                            struct error *e)
{
    struct chunker *c = chunker_make(average_log2, e);
    if (c) {
        scan_key_expand(&c->key, key);
        c->scan = implementation_best()->scan;
    }
    return c;
}

struct chunker *chunker_new_fixed(unsigned average_log2, struct error *e)
{
    struct chunker *c = chunker_make(average_log2, e);
    if (c) {
        c->fixed = true;
        c->largest = c->average;
    }
    return c;
}

void chunker_free(struct chunker *c)
{
    if (!c)
        return;
    OBJECT_CHECK(c, CHUNKER_MAGIC);
    secret_wipe(c, sizeof(*c));
    free(c);
}

void chunker_reset(struct chunker *c)
{
    OBJECT_CHECK(c, CHUNKER_MAGIC);
    c->scanned = 0;
}

/* The first cut at a position in [from, end), or `end`. */
static size_t chunker_scan(struct chunker *c, const uint8_t *data, size_t from, size_t end)
{
    size_t middle = end < c->average ? end : c->average;
    size_t at = from;
    if (at < middle) {
        at = c->scan(&c->key, data, at, middle, c->hard);
        if (at < middle)
            return at;
    }
    return at < end ? c->scan(&c->key, data, at, end, c->easy) : end;
}

size_t chunker_next(struct chunker *c, const uint8_t *data, size_t size, bool last)
{
    OBJECT_CHECK(c, CHUNKER_MAGIC);
    size_t cut = 0;
    /* Positions below `end` can be looked at: `size` bytes have size + 1 positions. */
    size_t end = size < c->largest ? size + 1 : c->largest;
    size_t from = c->scanned > c->smallest ? c->scanned : c->smallest;
    if (!c->fixed && from < end) {
        size_t at = chunker_scan(c, data, from, end);
        if (at < end)
            cut = at;
        c->scanned = end;
    }
    if (cut == 0 && size >= c->largest)
        cut = c->largest;
    if (cut == 0 && last)
        cut = size;
    if (cut != 0)
        c->scanned = 0;
    return cut;
}
