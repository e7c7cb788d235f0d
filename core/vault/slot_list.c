/* SPDX-License-Identifier: Apache-2.0 */
/* slot_list.c - key slots in storage. */
#include "vault/slot.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    struct slot_entry *entries;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct slot_entry *grown;
    struct name name;

    (void)bytes;
    if (!name_parse(key, &name) || name.kind != NAME_KEY)
        return 0;
    grown = realloc(l->entries, (l->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "key slots");
    l->entries = grown;
    grown[l->count] = (struct slot_entry){.valid = false};
    snprintf(grown[l->count].name, sizeof(grown->name), "%s", key);
    l->count++;
    return 0;
}

static int read_entry(struct target *target, struct slot_entry *entry, struct error *e)
{
    struct name name;

    if (name_parse(entry->name, &name) &&
        stored_read_hashed(target, entry->name, SLOT_OBJECT_LIMIT, name.hash, 16, &entry->data,
                           &entry->why) == 0 &&
        slot_decode(entry->data.data, entry->data.size, entry->name, &entry->slot,
                    &entry->why) == 0) {
        entry->valid = true;
        return 0;
    }
    if (stored_is_damage(&entry->why) || entry->why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = entry->why;
    return -1;
}

int slot_list(struct target *target, struct slot_entry **entries, size_t *count,
              struct error *e)
{
    struct listing l = {0};

    if (target_list(target, "keys/", collect, &l, e) != 0)
        goto failed;
    for (size_t i = 0; i < l.count; i++)
        if (read_entry(target, &l.entries[i], e) != 0)
            goto failed;
    *entries = l.entries;
    *count = l.count;
    return 0;
failed:
    slot_list_free(l.entries, l.count);
    return -1;
}

void slot_list_free(struct slot_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_free(&entries[i].data);
    free(entries);
}

static int encode(const struct vault_slot_request *request, const uint8_t uuid[16],
                  const struct masters *masters, struct buffer *object, struct error *e)
{
    CLEANUP_BUFFER struct buffer wrapped = BUFFER_INIT;
    CLEANUP_SECRET struct secret kek = {{0}};
    uint8_t salt[SLOT_SALT_SIZE];
    struct slot s;

    if (slot_prepare(request, uuid, &s, &wrapped, &kek, e) != 0)
        return -1;
    crypto_random(salt, sizeof(salt));
    return slot_encode(&s, kek.bytes, salt, masters, object, e);
}

int slot_store(struct target *target, const struct vault_slot_request *request,
               const uint8_t uuid[16], const struct masters *masters, char name[NAME_SIZE],
               struct buffer *object, struct error *e)
{
    uint8_t hash[HASH_SIZE];

    if (encode(request, uuid, masters, object, e) != 0)
        return -1;
    hash_sha256(object->data, object->size, hash);
    name_of_key(hash, name);
    switch (stored_put(target, name, object->data, object->size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: something else stands there",
                         name);
    default:
        return -1;
    }
}
