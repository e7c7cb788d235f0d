/* SPDX-License-Identifier: Apache-2.0 */
/* rotation_objects.c - see rotation_objects.h. */
#include "engine/rotation_objects.h"

#include "crypto/hash.h"
#include "driver/operation.h"
#include "vault/carry.h"
#include "vault/distrust.h"

#include <string.h>

struct listing {
    rotation_object_function *each;
    void *context;
};

static int show(void *context, const char *key, uint64_t bytes, struct error *e)
{
    const struct listing *listing = context;
    struct name name;

    if (operation_check(e) != 0)
        return -1;
    if (!name_parse(key, &name) ||
        (name.kind != NAME_PACK && name.kind != NAME_RUN && name.kind != NAME_PARITY))
        return 0;
    return listing->each(listing->context, key, name.hash, bytes, e);
}

int rotation_list(struct vault *v, rotation_object_function *each, void *context,
                  struct error *e)
{
    struct listing listing = {each, context};

    return target_list(vault_target(v), "", show, &listing, e);
}

bool rotation_can_come_back(const char *text, uint8_t hash[32])
{
    struct name name;

    if (!name_parse(text, &name) || (name.kind != NAME_PACK && name.kind != NAME_ROLL))
        return false;
    memcpy(hash, name.hash, sizeof(name.hash));
    return true;
}

struct reading {
    struct hash hash;
    void (*read)(void *context, uint64_t bytes);
    void *context;
};

static int take(void *context, const void *data, size_t size, struct error *e)
{
    struct reading *reading = context;

    hash_update(&reading->hash, data, size);
    reading->read(reading->context, size);
    return operation_check(e);
}

int rotation_read(struct vault *v, const char *name, const uint8_t hash[32],
                  void (*read)(void *context, uint64_t bytes), void *context, struct error *e)
{
    struct reading reading = {.read = read, .context = context};
    uint8_t found[HASH_SIZE];

    hash_begin(&reading.hash);
    if (target_get_to(vault_target(v), name, 0, LAGAN_TO_THE_END, take, &reading, e) != 0)
        return -1;
    hash_finish(&reading.hash, found);
    if (memcmp(found, hash, sizeof(found)) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its bytes do not fit its name");
}

int rotation_bring(struct vault *from, struct vault *to, const char *name,
                   const uint8_t hash[32], struct error *e)
{
    const struct carry carry = {.from = vault_target(from), .to = vault_target(to)};
    struct carry_object what = {
        .name = name, .hash_bytes = HASH_SIZE, .bytes = CARRY_ANY_LENGTH};
    struct error absent = ERROR_INIT;
    uint64_t bytes;

    memcpy(what.hash, hash, sizeof(what.hash));
    what.replace = target_stat(carry.to, name, &bytes, &absent) == 0;
    if (carry_object(&carry, &what, NULL, NULL, e) == CARRY_FAILED)
        return -1;
    return target_flush(carry.to, e);
}

void rotation_trust(struct vault *v, const char *text, const uint8_t hash[32], bool whole)
{
    struct name name;

    if (!name_parse(text, &name) || name.kind != NAME_PACK)
        return;
    if (whole)
        distrust_forget(v, hash);
    else
        distrust_note(v, hash);
}
