/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_lanes.c - which stream goes into which lane, and when lanes pay.
 *
 * Streams are taken longest first, and whoever ends makes room for the next one, so that lanes
 * stay full as long as there is something to fill them with.  Once too few are left, a narrower
 * kernel takes over, and at last OpenSSL, which has one stream at a time but instructions made
 * for it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "crypto/hash_lanes.h"

#include "base/object.h"
#include "crypto/hash_lanes_kernel.h"
#include "crypto/secret.h"

#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const uint32_t lane_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

/* One row of the table of implementations. */
struct lane_kernel {
    const char *name;
    size_t lanes; /* that it has */
    size_t worth; /* lanes in use from which on it beats the rows below */
    lane_function *run;
    bool (*runs_here)(void);
};

#if defined(__x86_64__)
static bool runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}
static bool runs_avx512vl(void)
{
    return runs_avx512() && __builtin_cpu_supports("avx512vl");
}
#endif
static bool runs_everywhere(void)
{
    return true;
}

/* Widest first; the last takes what no other does. */
static const struct lane_kernel kernels[] = {
#if defined(__x86_64__)
    {"avx512", 16, 9, lanes_avx512, runs_avx512},
    {"avx512vl", 8, 5, lanes_avx512vl, runs_avx512vl},
#endif
    {"openssl", 0, 0, NULL, runs_everywhere},
};
enum { KERNEL_COUNT = sizeof(kernels) / sizeof(kernels[0]) };

/* The implementation that tests have asked for; NULL = by number of lanes. */
static const struct lane_kernel *_Atomic chosen;

const char *const *hash_lanes_implementations(void)
{
    static const char *names[KERNEL_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        if (kernels[i].runs_here())
            names[count++] = kernels[i].name;
    }
    names[count] = NULL;
    return names;
}

bool hash_lanes_use(const char *name)
{
    if (!name) {
        atomic_store(&chosen, NULL);
        return true;
    }
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        if (strcmp(kernels[i].name, name) == 0 && kernels[i].runs_here()) {
            atomic_store(&chosen, &kernels[i]);
            return true;
        }
    }
    return false;
}

/* The best for that many streams; its `run` is NULL when they go one by one. */
static const struct lane_kernel *kernel_for(size_t streams)
{
    const struct lane_kernel *best = atomic_load(&chosen);
    if (best)
        return best;
    for (best = kernels; streams < best->worth || !best->runs_here(); best++)
        ASSERT(best < kernels + KERNEL_COUNT - 1);
    return best;
}

/* The lanes at work: the first `used`, without gaps. */
struct lane_set {
    struct lane_state state;
    const uint8_t *data[LANES_MAX];
    struct hash_lane *lane[LANES_MAX]; /* its size is what is left */
    size_t used;
};

static void state_load(struct lane_set *set, size_t at, const struct hash *hash)
{
    const SHA256_CTX *context = (const SHA256_CTX *)hash;
    for (size_t i = 0; i < LANE_WORDS; i++)
        set->state.word[i][at] = context->h[i];
}

static void state_store(const struct lane_set *set, size_t at, struct hash *hash)
{
    SHA256_CTX *context = (SHA256_CTX *)hash;
    for (size_t i = 0; i < LANE_WORDS; i++)
        context->h[i] = set->state.word[i][at];
}

/* OpenSSL counts bits, in two halves. */
static void count_bytes(struct hash *hash, size_t size)
{
    SHA256_CTX *context = (SHA256_CTX *)hash;
    uint64_t bits = ((uint64_t)context->Nh << 32 | context->Nl) + ((uint64_t)size << 3);
    context->Nl = (SHA_LONG)bits;
    context->Nh = (SHA_LONG)(bits >> 32);
}

static void set_add(struct lane_set *set, struct hash_lane *lane)
{
    state_load(set, set->used, lane->hash);
    set->data[set->used] = lane->data;
    set->lane[set->used] = lane;
    set->used++;
}

/* Takes a stream out of its lane and does the rest of it; the last lane takes its place. */
static void set_remove(struct lane_set *set, size_t at)
{
    struct hash_lane *lane = set->lane[at];
    size_t last = --set->used;
    state_store(set, at, lane->hash);
    hash_update(lane->hash, set->data[at], lane->size);
    if (at == last)
        return;
    for (size_t i = 0; i < LANE_WORDS; i++)
        set->state.word[i][at] = set->state.word[i][last];
    set->data[at] = set->data[last];
    set->lane[at] = set->lane[last];
}

/* Runs until the first stream has no whole block left.  Lanes without one chew on another's. */
static void set_run(struct lane_set *set, const struct lane_kernel *kernel)
{
    size_t least = SIZE_MAX;
    for (size_t l = 0; l < set->used; l++)
        least = set->lane[l]->size < least ? set->lane[l]->size : least;
    least -= least % LANE_BLOCK;
    for (size_t l = set->used; l < kernel->lanes; l++)
        set->data[l] = set->data[0];
    kernel->run(&set->state, set->data, least / LANE_BLOCK);
    for (size_t l = set->used; l-- > 0;) {
        set->data[l] += least;
        set->lane[l]->size -= least;
        count_bytes(set->lane[l]->hash, least);
        if (set->lane[l]->size < LANE_BLOCK)
            set_remove(set, l);
    }
}

/* All lanes hold at least one block, and their hashes have no part of a block. */
static void run_lanes(struct hash_lane *lanes, size_t count)
{
    struct lane_set set = {.used = 0};
    const struct lane_kernel *kernel = kernel_for(count);
    size_t width = kernel->lanes;
    size_t next = 0;
    while (kernel->run) {
        while (set.used < width && next < count)
            set_add(&set, &lanes[next++]);
        if (set.used == 0)
            break;
        set_run(&set, kernel);
        kernel = kernel_for(set.used + (count - next));
    }
    while (set.used > 0)
        set_remove(&set, set.used - 1);
    for (; next < count; next++)
        hash_update(lanes[next].hash, lanes[next].data, lanes[next].size);
    secret_wipe(&set.state, sizeof(set.state));
}

static int compare_longest(const void *a, const void *b)
{
    size_t x = ((const struct hash_lane *)a)->size, y = ((const struct hash_lane *)b)->size;
    return (x < y) - (x > y);
}

/* Completes the block that the stream of `lane` has begun; false when no whole one follows. */
static bool lane_align(struct hash_lane *lane)
{
    size_t begun = ((const SHA256_CTX *)lane->hash)->num;
    size_t head = begun ? LANE_BLOCK - begun : 0;
    if (lane->size < head + LANE_BLOCK) {
        hash_update(lane->hash, lane->data, lane->size);
        return false;
    }
    hash_update(lane->hash, lane->data, head);
    lane->data = (const uint8_t *)lane->data + head;
    lane->size -= head;
    return true;
}

void hash_update_lanes(struct hash_lane lanes[], size_t count)
{
    size_t whole = 0;
    for (size_t i = 0; i < count; i++) {
        if (lane_align(&lanes[i]))
            lanes[whole++] = lanes[i];
    }
    qsort(lanes, whole, sizeof(*lanes), compare_longest);
    run_lanes(lanes, whole);
}

enum { MACS_AT_ONCE = 64, LENGTH_BYTES = 8, TAIL_BYTES = 2 * LANE_BLOCK };

/* A MAC in the making. */
struct mac {
    struct hash hash;
    uint8_t tail[TAIL_BYTES]; /* what is left of the message, padded as FIPS 180-4, 5.1.1 */
};

/* Most significant byte first. */
static void put_bytes(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

/* Puts the padding behind the `size` bytes of m->tail that end a message; its size with it.
 * `all` = bytes of the message, the key's block among them. */
static size_t tail_pad(struct mac *m, size_t size, uint64_t all)
{
    size_t end = size + 1 + LENGTH_BYTES <= LANE_BLOCK ? LANE_BLOCK : TAIL_BYTES;
    memset(m->tail + size, 0, end - size);
    m->tail[size] = 0x80;
    put_bytes(m->tail + end - LENGTH_BYTES, all << 3, LENGTH_BYTES);
    return end;
}

/* The digest of a hash whose padding has been put in. */
static void put_digest(const struct hash *hash, uint8_t out[HASH_SIZE])
{
    const SHA256_CTX *context = (const SHA256_CTX *)hash;
    for (size_t i = 0; i < LANE_WORDS; i++)
        put_bytes(out + 4 * i, context->h[i], 4);
}

/* The inner hashes of at most MACS_AT_ONCE messages: their blocks, then their ends. */
static void macs_inner(struct mac *macs, const struct mac_key *key, size_t count,
                       const void *const data[], const size_t size[])
{
    struct hash_lane lanes[MACS_AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        macs[i].hash = key->inner;
        lanes[i] = (struct hash_lane){&macs[i].hash, data[i], size[i] - size[i] % LANE_BLOCK};
    }
    hash_update_lanes(lanes, count);
    for (size_t i = 0; i < count; i++) {
        size_t left = size[i] % LANE_BLOCK;
        if (left > 0)
            memcpy(macs[i].tail, (const uint8_t *)data[i] + size[i] - left, left);
        lanes[i] = (struct hash_lane){&macs[i].hash, macs[i].tail,
                                      tail_pad(&macs[i], left, LANE_BLOCK + (uint64_t)size[i])};
    }
    hash_update_lanes(lanes, count);
}

static void macs_outer(struct mac *macs, const struct mac_key *key, size_t count,
                       uint8_t out[][HASH_SIZE])
{
    struct hash_lane lanes[MACS_AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        put_digest(&macs[i].hash, macs[i].tail);
        macs[i].hash = key->outer;
        lanes[i] = (struct hash_lane){&macs[i].hash, macs[i].tail,
                                      tail_pad(&macs[i], HASH_SIZE, LANE_BLOCK + HASH_SIZE)};
    }
    hash_update_lanes(lanes, count);
    for (size_t i = 0; i < count; i++)
        put_digest(&macs[i].hash, out[i]);
}

void mac_compute_many(const struct mac_key *key, size_t count, const void *const data[],
                      const size_t size[], uint8_t out[][HASH_SIZE])
{
    struct mac macs[MACS_AT_ONCE];
    size_t i = 0;
    while (i < count && kernel_for(count - i)->run) {
        size_t some = count - i < MACS_AT_ONCE ? count - i : MACS_AT_ONCE;
        macs_inner(macs, key, some, data + i, size + i);
        macs_outer(macs, key, some, out + i);
        i += some;
    }
    if (i > 0)
        secret_wipe(macs, sizeof(macs[0]) * (i < MACS_AT_ONCE ? i : MACS_AT_ONCE));
    for (; i < count; i++)
        mac_compute(key, data[i], size[i], out[i]);
}
