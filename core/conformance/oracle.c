/* SPDX-License-Identifier: Apache-2.0 */
/* oracle.c - the perfect target. */
#include "conformance/oracle.h"

#include "base/error.h"

uint32_t oracle_put(struct oracle *o, unsigned key, uint64_t seed, uint64_t bytes)
{
    if (o->objects[key].there)
        return LAGAN_EXISTS;
    o->objects[key] = (struct oracle_object){true, seed, bytes};
    return LAGAN_OK;
}

uint32_t oracle_remove(struct oracle *o, unsigned key)
{
    o->objects[key].there = false;
    return LAGAN_OK;
}

uint32_t oracle_look(const struct oracle *o, unsigned key, struct oracle_object *object)
{
    if (!o->objects[key].there)
        return LAGAN_NOT_FOUND;
    *object = o->objects[key];
    return LAGAN_OK;
}

uint32_t oracle_get(const struct oracle *o, unsigned key, uint64_t offset, uint64_t length,
                    uint64_t *count)
{
    const struct oracle_object *object = &o->objects[key];
    if (!object->there)
        return LAGAN_NOT_FOUND;
    if (offset > object->bytes)
        return LAGAN_INVALID;
    if (length == UINT64_MAX)
        length = object->bytes - offset;
    if (length > object->bytes - offset)
        return LAGAN_INVALID;
    *count = length;
    return LAGAN_OK;
}

uint32_t oracle_copy(struct oracle *o, unsigned from, unsigned to)
{
    if (!o->objects[from].there)
        return LAGAN_NOT_FOUND;
    return oracle_put(o, to, o->objects[from].seed, o->objects[from].bytes);
}

uint32_t oracle_rename(struct oracle *o, unsigned from, unsigned to)
{
    uint32_t result = oracle_copy(o, from, to);
    if (result == LAGAN_OK)
        oracle_remove(o, from);
    return result;
}

size_t oracle_list(const struct oracle *o, unsigned first,
                   bool (*wanted)(void *context, unsigned key), void *context, size_t limit,
                   unsigned keys[ORACLE_KEYS], bool *more)
{
    size_t count = 0;
    *more = false;
    for (unsigned key = first; key < ORACLE_KEYS; key++) {
        if (!o->objects[key].there || !wanted(context, key))
            continue;
        if (count == limit) {
            *more = true;
            break;
        }
        keys[count++] = key;
    }
    return count;
}
