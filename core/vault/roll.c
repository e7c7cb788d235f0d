/* SPDX-License-Identifier: Apache-2.0 */
/* roll.c - lists of packs outside of seals, and all packs that a backup needs. */
#include "vault/roll.h"
#include "crypto/hash.h"
#include "vault/field.h"
#include "vault/moves.h"
#include "vault/name.h"
#include "vault/stored.h"
#include "vault/vault_private.h"

#include <stdlib.h>
#include <string.h>

#define ROLL_MAGIC "LAGANROL"

enum { PACK_BYTES = 32 + 8, ROLL_OBJECT_LIMIT = 16 + ROLL_PACK_LIMIT * PACK_BYTES };

int roll_encode(const struct seal_pack *packs, size_t count, struct buffer *out,
                struct error *e)
{
    if (count == 0 || count > ROLL_PACK_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a roll of %zu packs", count);
    buffer_append(out, ROLL_MAGIC, FIELD_MAGIC_SIZE);
    buffer_append_u8(out, FIELD_VERSION);
    buffer_append_zeroes(out, 3);
    buffer_append_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, packs[i].hash, 32);
        buffer_append_u64(out, packs[i].bytes);
    }
    return buffer_check(out, e);
}

static int corrupt(struct error *e, const char *what, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what, why);
}

static int take_packs(struct reader *r, uint32_t count, struct seal_pack *packs,
                      const char *what, struct error *e)
{
    for (uint32_t i = 0; i < count; i++) {
        memcpy(packs[i].hash, reader_take(r, 32), 32);
        packs[i].bytes = reader_u64(r);
        if (i > 0 && memcmp(packs[i - 1].hash, packs[i].hash, 32) >= 0)
            return corrupt(e, what, "its packs are not in order");
    }
    return 0;
}

int roll_decode(const void *data, size_t size, const char *what, struct seal_pack **packs,
                size_t *count, struct error *e)
{
    struct reader r = reader_of(data, size);
    struct seal_pack *found;
    const uint8_t *zeroes;
    uint32_t n;

    if (field_magic(&r, ROLL_MAGIC, what, e) != 0)
        return -1;
    zeroes = reader_take(&r, 3);
    n = reader_u32(&r);
    if (r.failed || zeroes[0] != 0 || zeroes[1] != 0 || zeroes[2] != 0 || n == 0 ||
        r.left != (uint64_t)n * PACK_BYTES)
        return corrupt(e, what, "damaged at its head or cut off");
    found = malloc(n * sizeof(*found));
    if (found == NULL)
        return error_no_memory(e, "a roll");
    if (take_packs(&r, n, found, what, e) != 0) {
        free(found);
        return -1;
    }
    *packs = found;
    *count = n;
    return 0;
}

int roll_write(struct vault *v, const struct seal_pack *packs, size_t count, uint8_t hash[32],
               struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    uint8_t found[HASH_SIZE];
    char name[NAME_SIZE];

    if (vault_writable(v, e) != 0 || roll_encode(packs, count, &object, e) != 0)
        return -1;
    hash_sha256(object.data, object.size, found);
    name_of_roll(found, name);
    switch (stored_put(vault_target(v), name, object.data, object.size, e)) {
    case STORED_DONE:
        memcpy(hash, found, sizeof(found));
        return 0;
    case STORED_TAKEN:
        return corrupt(e, name, "something else stands there");
    default:
        return -1;
    }
}

int roll_read(struct vault *v, const uint8_t hash[32], struct seal_pack **packs, size_t *count,
              struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    char name[NAME_SIZE];

    name_of_roll(hash, name);
    if (stored_read_hashed(vault_target(v), name, ROLL_OBJECT_LIMIT, hash, 32, &object, e) != 0)
        return -1;
    return roll_decode(object.data, object.size, name, packs, count, e);
}

static int compare_packs(const void *a, const void *b)
{
    return memcmp(((const struct seal_pack *)a)->hash, ((const struct seal_pack *)b)->hash, 32);
}

/* Sorts; the same pack twice is kept once. */
static int unite(struct seal_pack *packs, size_t *count, const char *what, struct error *e)
{
    size_t kept = 0;

    if (*count == 0)
        return 0;
    qsort(packs, *count, sizeof(*packs), compare_packs);
    for (size_t i = 1; i < *count; i++) {
        if (compare_packs(&packs[kept], &packs[i]) != 0)
            packs[++kept] = packs[i];
        else if (packs[kept].bytes != packs[i].bytes)
            return corrupt(e, what, "the same pack is listed with two sizes");
    }
    *count = kept + 1;
    return 0;
}

/* From `v`, or from another copy of the vault (NULL = none) when that one's is missing or
 * damaged. */
static int read_either(struct vault *v, struct vault *other, const uint8_t hash[32],
                       struct seal_pack **packs, size_t *count, struct error *e)
{
    struct error why = ERROR_INIT, ignored = ERROR_INIT;

    if (roll_read(v, hash, packs, count, &why) == 0)
        return 0;
    if (other != NULL && (stored_is_damage(&why) || why.error_class == LAGAN_NOT_FOUND) &&
        roll_read(other, hash, packs, count, &ignored) == 0)
        return 0;
    *e = why;
    return -1;
}

static int append_roll(struct vault *v, struct vault *other, const uint8_t hash[32],
                       struct seal_pack **packs, size_t *count, struct error *e)
{
    struct seal_pack *more, *grown;
    size_t more_count;

    if (read_either(v, other, hash, &more, &more_count, e) != 0)
        return -1;
    grown = realloc(*packs, (*count + more_count) * sizeof(*grown));
    if (grown == NULL) {
        free(more);
        return error_no_memory(e, "a list of packs");
    }
    memcpy(grown + *count, more, more_count * sizeof(*more));
    free(more);
    *packs = grown;
    *count += more_count;
    return 0;
}

int vault_backup_packs(struct vault *v, const struct seal *seal, struct seal_pack **packs,
                       size_t *count, struct error *e)
{
    struct seal_pack *found = NULL;
    size_t found_count = 0;
    struct moves moves;

    if (moves_load(v, &moves, e) != 0)
        return -1;
    int result = backup_packs_either(v, NULL, seal, &found, &found_count, e);
    if (result == 0)
        result = moves_resolve(&moves, NULL, prune_seal_number(seal), &found, &found_count,
                               NULL, NULL, e);
    moves_free(&moves);
    if (result != 0) {
        free(found);
        return -1;
    }
    *packs = found;
    *count = found_count;
    return 0;
}

int backup_packs_either(struct vault *v, struct vault *other, const struct seal *seal,
                        struct seal_pack **packs, size_t *count, struct error *e)
{
    struct seal_pack *all = malloc((seal->pack_count + 1) * sizeof(*all));
    size_t all_count = seal->pack_count;

    if (all == NULL)
        return error_no_memory(e, "a list of packs");
    if (all_count > 0)
        memcpy(all, seal->packs, all_count * sizeof(*all));
    for (size_t i = 0; i < seal->roll_count; i++)
        if (append_roll(v, other, seal->rolls[i], &all, &all_count, e) != 0)
            goto failed;
    if (unite(all, &all_count, seal->name, e) != 0)
        goto failed;
    *packs = all;
    *count = all_count;
    return 0;
failed:
    free(all);
    return -1;
}
