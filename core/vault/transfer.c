/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - a transfer as a whole; deletions and key slots. */
#include "vault/transfer.h"
#include "base/object.h"
#include "base/text.h"
#include "vault/lock_codec.h"
#include "vault/slot.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vault_same_lineage(const struct vault *a, const struct vault *b, struct error *e)
{
    const struct vault_settings *s = vault_settings(a), *t = vault_settings(b);

    if (vault_target(a) == vault_target(b))
        return error_set(e, LAGAN_INVALID, ERROR_CONFLICT,
                         "both are the same place, and not two copies of a vault");
    if (memcmp(s->uuid, t->uuid, sizeof(s->uuid)) != 0 ||
        memcmp(s->root_public, t->root_public, sizeof(s->root_public)) != 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "these are not two copies of one vault: \"%s\" and \"%s\" have "
                         "different ids or root keys",
                         s->name, t->name);
    return 0;
}

struct transfer *transfer_open(const struct transfer_request *request, struct error *e)
{
    struct transfer *t;

    if (vault_same_lineage(request->from, request->to, e) != 0 ||
        vault_writable(request->to, e) != 0)
        return NULL;
    t = calloc(1, sizeof(*t));
    if (t == NULL) {
        error_no_memory(e, "a transfer");
        return NULL;
    }
    t->magic = TRANSFER_MAGIC;
    t->from = request->from;
    t->to = request->to;
    t->carry = (struct carry){.from = vault_target(request->from),
                              .to = vault_target(request->to),
                              .context = request->context,
                              .pass = request->pass};
    t->parallel = carry_parallel(t->carry.to, request->parallel != 0 ? request->parallel
                                                                     : TRANSFER_PARALLEL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->run_lock, NULL);
    pthread_cond_init(&t->arrived, NULL);
    return t;
}

void transfer_close(struct transfer *t)
{
    if (t == NULL)
        return;
    OBJECT_CHECK(t, TRANSFER_MAGIC);
    ASSERT(t->busy.count == 0);
    transfer_prune_close(t);
    pack_set_free(&t->packs);
    pack_set_free(&t->rolls);
    pack_set_free(&t->busy);
    pack_set_free(&t->runs);
    pack_set_free(&t->source_packs);
    free(t->seals);
    pthread_cond_destroy(&t->arrived);
    pthread_mutex_destroy(&t->run_lock);
    pthread_mutex_destroy(&t->lock);
    t->magic = 0;
    free(t);
}

/* What stands under a tombstone's name at the destination must be one, if not the very same:
 * the destination may have deleted the backup by itself. */
static int check_other_tombstone(struct transfer *t, const char *name, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;
    int found = tombstone_read(t->to, name, &data, &why, e);

    if (found > 0)
        return 0;
    if (found == 0)
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                  "seals/%s.gone at the destination is no genuine tombstone", name);
    return -1;
}

static int put_tombstone(struct transfer *t, const char *name, const struct buffer *data,
                         struct error *e)
{
    char object[NAME_SIZE];

    snprintf(object, sizeof(object), "seals/%s.gone", name);
    if (t->carry.pass != NULL && t->carry.pass(t->carry.context, data->size, e) != 0)
        return -1;
    switch (stored_put(t->carry.to, object, data->data, data->size, e)) {
    case STORED_DONE:
        break;
    case STORED_TAKEN:
        if (check_other_tombstone(t, name, e) != 0)
            return -1;
        break;
    default:
        return -1;
    }
    return target_flush(t->carry.to, e);
}

int transfer_remove(struct transfer *t, const char *seal_id, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;
    char name[SEAL_NAME_SIZE];
    int found;

    OBJECT_CHECK(t, TRANSFER_MAGIC);
    if (transfer_seal_find(t, seal_id, name, e) != 0)
        return -1;
    found = tombstone_read(t->from, name, &data, &why, e);
    if (found < 0)
        return -1;
    if (found == 0 && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (found == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                         "the source has not deleted backup %s", seal_id);
    /* The destination's own lock decides, with what the source has told it by now. */
    if (transfer_locks(t, e) != 0 || lock_allows_name(t->to, t->from, name, e) != 0)
        return -1;
    return put_tombstone(t, name, &data, e) == 0 ? seal_remove(t->to, name, e) : -1;
}

/* ---- the lock ---- */

int transfer_lock(struct transfer *t, struct error *e)
{
    OBJECT_CHECK(t, TRANSFER_MAGIC);
    if (lock_copy(t->from, t->carry.to, e) != 0)
        return -1;
    return target_flush(t->carry.to, e);
}

int transfer_locks(struct transfer *t, struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&t->lock);
    if (!t->locks_done) {
        /* Flushed with what comes next, before any seal comes or goes. */
        result = lock_copy(t->from, t->carry.to, e);
        t->locks_done = result == 0;
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}

/* The full name and hash of a slot; false for what is no id. */
static bool slot_name(const char *id, char object[NAME_SIZE], struct name *name)
{
    snprintf(object, NAME_SIZE, "keys/%.40s", id);
    return name_parse(object, name);
}

static int read_slot(struct transfer *t, const char *object, const struct name *name,
                     struct buffer *data, struct error *e)
{
    struct slot slot;

    if (stored_read_hashed(t->carry.from, object, SLOT_OBJECT_LIMIT, name->hash, 16, data, e) !=
            0 ||
        slot_decode(data->data, data->size, object, &slot, e) != 0)
        return -1;
    if (memcmp(slot.uuid, vault_settings(t->from)->uuid, sizeof(slot.uuid)) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: of another vault", object);
    return 0;
}

int transfer_slot(struct transfer *t, const char *slot_id, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    char object[NAME_SIZE];
    struct name name;

    OBJECT_CHECK(t, TRANSFER_MAGIC);
    if (!slot_name(slot_id, object, &name))
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no key slot %s", slot_id);
    if (read_slot(t, object, &name, &data, e) != 0 ||
        (t->carry.pass != NULL && t->carry.pass(t->carry.context, data.size, e) != 0))
        return -1;
    switch (stored_put(t->carry.to, object, data.data, data.size, e)) {
    case STORED_DONE:
        return target_flush(t->carry.to, e);
    case STORED_TAKEN:
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "%s: something else stands there at the destination", object);
    default:
        return -1;
    }
}

/* What keeps a slot of the destination. */
static int check_removable(const struct transfer *t, const struct slot_entry *entries,
                           size_t count, const struct slot_entry *found, struct error *e)
{
    const uint8_t *uuid = vault_settings(t->to)->uuid;
    size_t others = 0;

    for (size_t i = 0; i < count; i++)
        others += &entries[i] != found && entries[i].valid &&
                  memcmp(entries[i].slot.uuid, uuid, VAULT_UUID_SIZE) == 0;
    if (others == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "%s is the last key slot of the destination: without it nobody could "
                         "open it",
                         found->name);
    if (found->valid && found->slot.kind == VAULT_SLOT_PROVIDER)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "%s is of the destination's own key provider, and stays", found->name);
    return 0;
}

static int remove_slot(struct transfer *t, const char *object, const struct slot_entry *entries,
                       size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].name, object) != 0)
            continue;
        if (check_removable(t, entries, count, &entries[i], e) != 0 ||
            target_remove(t->carry.to, object, e) != 0)
            return -1;
        break;
    }
    /* Also when it is gone: whoever removed it may not have lived to flush. */
    return target_flush(t->carry.to, e);
}

int transfer_slot_remove(struct transfer *t, const char *slot_id, struct error *e)
{
    struct slot_entry *entries;
    char object[NAME_SIZE];
    struct name name;
    size_t count;
    int result;

    OBJECT_CHECK(t, TRANSFER_MAGIC);
    if (!slot_name(slot_id, object, &name))
        return 0;
    if (slot_list(t->carry.to, &entries, &count, e) != 0)
        return -1;
    result = remove_slot(t, object, entries, count, e);
    slot_list_free(entries, count);
    return result;
}
