/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_copy.c - begins a copy of a vault: key slots and the lock first, the configuration
 * last, as when a vault is made.  What an attempt that broke off has left is taken up.
 */
#include "vault/conf.h"
#include "vault/lock_codec.h"
#include "vault/slot.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

static int conflict(const char *name, struct error *e)
{
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                     "another vault lies there: its %s is not that of this one", name);
}

static int copy_object(struct target *to, const char *name, const struct buffer *data,
                       struct error *e)
{
    switch (stored_put(to, name, data->data, data->size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        return conflict(name, e);
    default:
        return -1;
    }
}

static bool travels(const struct vault *v, const struct slot_entry *entry)
{
    return entry->valid && entry->slot.kind != VAULT_SLOT_PROVIDER &&
           memcmp(entry->slot.uuid, vault_settings(v)->uuid, VAULT_UUID_SIZE) == 0;
}

static int copy_slots(struct vault *v, struct target *to, struct error *e)
{
    struct slot_entry *entries;
    size_t count;
    int result = 0;

    if (slot_list(vault_target(v), &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        if (travels(v, &entries[i]))
            result = copy_object(to, entries[i].name, &entries[i].data, e);
    slot_list_free(entries, count);
    return result;
}

/* Ascending: a reader takes the highest generation whose chain is whole. */
static int copy_generations(struct vault *v, struct target *to,
                            const struct conf_entry *entries, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
        if (!entries[i].valid)
            continue;
        if (stored_read(vault_target(v), entries[i].name, CONF_OBJECT_LIMIT, &data, e) != 0 ||
            copy_object(to, entries[i].name, &data, e) != 0)
            return -1;
    }
    return target_flush(to, e);
}

/* Whatever lies there already must be a part of this very vault. */
static int check_place(const struct vault *v, struct target *to, struct error *e)
{
    struct conf_entry *entries;
    size_t count;
    int result = 0;

    if (conf_load(to, &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        if (!entries[i].valid || memcmp(entries[i].conf.settings.uuid, vault_settings(v)->uuid,
                                        VAULT_UUID_SIZE) != 0)
            result = conflict(entries[i].name, e);
    free(entries);
    return result;
}

static int make_slot(struct vault *v, struct target *to, const struct vault_slot_request *slot,
                     struct error *e)
{
    const struct keys *keys = vault_keys_needed(v, e);
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    char name[NAME_SIZE];

    if (keys == NULL || slot == NULL)
        return keys == NULL ? -1 : 0;
    return slot_store(to, slot, vault_settings(v)->uuid, keys_masters(keys), name, &object, e);
}

int vault_copy_begin(struct vault *v, struct target *to, const struct vault_slot_request *slot,
                     struct error *e)
{
    struct conf_entry *entries;
    size_t count;
    int result;

    if (check_place(v, to, e) != 0 || make_slot(v, to, slot, e) != 0 ||
        copy_slots(v, to, e) != 0 || lock_copy(v, to, e) != 0 || target_flush(to, e) != 0 ||
        conf_load(vault_target(v), &entries, &count, e) != 0)
        return -1;
    result = copy_generations(v, to, entries, count, e);
    free(entries);
    return result;
}
