/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c - both ends of the chain are differences of two sorted lists of hashes. */
#include "vault/chain.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 32 };

/* Hashes, sorted and each once. */
struct hashes {
    uint8_t (*all)[HASH_BYTES];
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, HASH_BYTES);
}

static void sort(struct hashes *h)
{
    size_t kept = 0;

    if (h->count == 0)
        return;
    qsort(h->all, h->count, HASH_BYTES, compare);
    for (size_t i = 1; i < h->count; i++)
        if (compare(h->all[kept], h->all[i]) != 0 && ++kept != i)
            memcpy(h->all[kept], h->all[i], HASH_BYTES);
    h->count = kept + 1;
}

static int allocate(struct hashes *h, size_t count, struct error *e)
{
    *h = (struct hashes){calloc(count + 1, HASH_BYTES), 0};
    return h->all != NULL ? 0 : error_no_memory(e, "the chain of seals");
}

/* The links' own hashes. */
static int own(const struct chain_link *links, size_t count, struct hashes *h, struct error *e)
{
    if (allocate(h, count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        memcpy(h->all[h->count++], links[i].hash, HASH_BYTES);
    sort(h);
    return 0;
}

/* The hashes that links name as previous. */
static int named(const struct chain_link *links, size_t count, struct hashes *h,
                 struct error *e)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += links[i].previous_count;
    if (allocate(h, total, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < links[i].previous_count; j++)
            memcpy(h->all[h->count++], links[i].previous[j], HASH_BYTES);
    sort(h);
    return 0;
}

/* Leaves in `from` what is not in `other`. */
static void subtract(struct hashes *from, const struct hashes *other)
{
    size_t kept = 0, j = 0;

    for (size_t i = 0; i < from->count; i++) {
        while (j < other->count && compare(other->all[j], from->all[i]) < 0)
            j++;
        if (j == other->count || compare(other->all[j], from->all[i]) != 0)
            memmove(from->all[kept++], from->all[i], HASH_BYTES);
    }
    from->count = kept;
}

static int both(const struct chain_link *links, size_t count, struct hashes *o,
                struct hashes *n, struct error *e)
{
    if (own(links, count, o, e) != 0)
        return -1;
    if (named(links, count, n, e) == 0)
        return 0;
    free(o->all);
    return -1;
}

int chain_heads(const struct chain_link *links, size_t count, uint8_t (**heads)[32],
                size_t *head_count, struct error *e)
{
    struct hashes o, n;

    if (both(links, count, &o, &n, e) != 0)
        return -1;
    subtract(&o, &n);
    free(n.all);
    if (o.count == 0) {
        free(o.all);
        o.all = NULL;
    }
    *heads = o.all;
    *head_count = o.count;
    return 0;
}

int chain_gaps(const struct chain_link *links, size_t count,
               int (*each)(void *context, const uint8_t hash[32], struct error *e),
               void *context, struct error *e)
{
    struct hashes o, n;
    int result = 0;

    if (both(links, count, &o, &n, e) != 0)
        return -1;
    subtract(&n, &o);
    for (size_t i = 0; i < n.count && result == 0; i++)
        result = each(context, n.all[i], e);
    free(o.all);
    free(n.all);
    return result;
}
