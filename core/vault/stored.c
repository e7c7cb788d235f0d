/* SPDX-License-Identifier: Apache-2.0 */
/* stored.c - small objects of a vault in and out of a target. */
#include "vault/stored.h"
#include "crypto/hash.h"

#include <string.h>

int stored_read(struct target *target, const char *name, size_t limit, struct buffer *out,
                struct error *e)
{
    struct error why = ERROR_INIT;

    if (target_get_all(target, name, limit, out, &why) == 0)
        return 0;
    if (why.error_class == LAGAN_LIMIT)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: longer than such an object is",
                         name);
    *e = why;
    return -1;
}

int stored_read_hashed(struct target *target, const char *name, size_t limit,
                       const uint8_t *hash, size_t hash_size, struct buffer *out,
                       struct error *e)
{
    size_t before = out->size;
    uint8_t found[HASH_SIZE];

    if (stored_read(target, name, limit, out, e) != 0)
        return -1;
    hash_sha256(out->data + before, out->size - before, found);
    if (memcmp(found, hash, hash_size) == 0)
        return 0;
    out->size = before;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its bytes do not fit its name",
                     name);
}

bool stored_is_damage(const struct error *e)
{
    return e->error_class == LAGAN_CORRUPT || e->error_class == LAGAN_IO ||
           e->code == ERROR_NEWER_FORMAT;
}

static uint32_t read_nothing(void *context, uint64_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)size;
    return LAGAN_OK;
}

/* To put it again is answered with EXISTS, after which the next flush covers it.  Should it be
 * gone by now, the checksum keeps an empty object from taking its name. */
int stored_confirm(struct target *target, const char *name, const uint8_t hash[32],
                   struct error *e)
{
    const struct lagan_content nothing = {.read = read_nothing};
    struct error why = ERROR_INIT;

    if (target_capabilities(target)->checksum == LAGAN_SUPPORT_NONE)
        return 0;
    if (target_put_content(target, name, 0, &nothing, hash, &why) == 0 ||
        why.error_class == LAGAN_EXISTS)
        return 0;
    if (why.error_class == LAGAN_CORRUPT)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "%s: it is not there any more",
                         name);
    *e = why;
    return -1;
}

/* Whether the object holds exactly these bytes: 1, 0, or -1. */
static int holds(struct target *target, const char *name, const void *data, size_t size,
                 struct error *e)
{
    CLEANUP_BUFFER struct buffer found = BUFFER_INIT;
    struct error why = ERROR_INIT;

    if (target_get_all(target, name, size, &found, &why) == 0)
        return found.size == size && memcmp(found.data, data, size) == 0;
    if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_LIMIT)
        return 0;
    *e = why;
    return -1;
}

enum stored_result stored_put(struct target *target, const char *name, const void *data,
                              size_t size, struct error *e)
{
    struct error put = ERROR_INIT;
    int same;

    if (target_put(target, name, data, size, &put) == 0)
        return STORED_DONE;
    if (put.error_class != LAGAN_EXISTS && put.outcome == LAGAN_OUTCOME_NOT_DONE) {
        *e = put;
        return STORED_FAILED;
    }
    same = holds(target, name, data, size, e);
    if (same != 0)
        return same > 0 ? STORED_DONE : STORED_FAILED;
    if (put.error_class == LAGAN_EXISTS)
        return STORED_TAKEN;
    *e = put;
    return STORED_FAILED;
}
