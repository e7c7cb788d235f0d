/* SPDX-License-Identifier: Apache-2.0 */
/* vault_slots.c - unlocks a vault by its key slots, and looks after them. */
#include "base/log.h"
#include "vault/lock.h"
#include "vault/slot.h"

#include <stdio.h>
#include <string.h>

/* The attempts to unlock so far. */
struct unlocking {
    struct vault *vault;
    const struct slot_opener *opener;
    bool done;
    size_t tried;
    const struct slot_entry *damaged; /* NULL = none; the first */
    struct error failure;             /* the last, or EMPTY */
};

const char *vault_slot_kind_name(enum vault_slot_kind kind)
{
    switch (kind) {
#define X(symbol, value, name)                                                                 \
    case VAULT_SLOT_##symbol:                                                                  \
        return name;
        VAULT_SLOT_KINDS(X)
#undef X
    }
    return "unknown";
}

static int derive_and_adopt(struct vault *v, const struct slot_entry *entry,
                            const struct secret *kek, struct error *e)
{
    struct masters *masters = masters_new(e);
    struct keys *keys = NULL;

    if (masters == NULL)
        return -1;
    if (slot_open(&entry->slot, kek->bytes, entry->name, masters, e) == 0)
        keys = keys_new(vault_settings(v)->uuid, masters, e);
    masters_free(masters);
    if (keys == NULL)
        return -1;
    return vault_adopt_keys(v, keys, e) == 0 ? 0 : error_context(e, "%s", entry->name);
}

static bool is_ours(const struct vault *v, const struct slot_entry *entry)
{
    return entry->valid &&
           memcmp(entry->slot.uuid, vault_settings(v)->uuid, VAULT_UUID_SIZE) == 0;
}

static bool fits(const struct slot *s, const struct slot_opener *opener)
{
    if (s->kind != opener->kind)
        return false;
    return s->kind != VAULT_SLOT_PROVIDER ||
           strcmp(s->driver, driver_name(key_provider_driver(opener->provider))) == 0;
}

static void try_slot(struct unlocking *u, const struct slot_entry *entry)
{
    CLEANUP_SECRET struct secret kek = {{0}};
    struct error e = ERROR_INIT;

    if (!entry->valid) {
        if (u->damaged == NULL)
            u->damaged = entry;
        return;
    }
    if (!is_ours(u->vault, entry) || !fits(&entry->slot, u->opener))
        return;
    u->tried++;
    if (slot_kek(&entry->slot, u->opener, entry->name, &kek, &e) == 0 &&
        derive_and_adopt(u->vault, entry, &kek, &e) == 0)
        u->done = true;
    /* What is not just a wrong key tells more: keep that. */
    else if (u->failure.error_class == LAGAN_OK || u->failure.code == ERROR_WRONG_KEY)
        u->failure = e;
}

/* Says why no slot opened. */
static int explain(const struct unlocking *u, struct error *e)
{
    const char *kind = vault_slot_kind_name(u->opener->kind);

    if (u->tried > 0 && u->failure.code != ERROR_WRONG_KEY) {
        *e = u->failure;
        return -1;
    }
    if (u->tried == 0 && u->damaged != NULL) {
        *e = u->damaged->why;
        return error_context(e, "no whole %s slot is left", kind);
    }
    if (u->damaged != NULL)
        return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY,
                         "no %s slot opens with this key; %s is damaged and could not be tried",
                         kind, u->damaged->name);
    return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY,
                     u->tried > 0 ? "no %s slot opens with this key"
                                  : "the vault has no %s slot for this key",
                     kind);
}

static int unlock(struct vault *v, const struct slot_opener *opener, struct error *e)
{
    struct unlocking u = {.vault = v, .opener = opener};
    struct slot_entry *entries;
    size_t count;
    int result = 0;

    if (slot_list(vault_target(v), &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && !u.done; i++)
        try_slot(&u, &entries[i]);
    if (!u.done)
        result = explain(&u, e);
    slot_list_free(entries, count);
    return result;
}

int vault_unlock_provider(struct vault *v, struct key_provider *provider, struct error *e)
{
    const struct slot_opener opener = {.kind = VAULT_SLOT_PROVIDER, .provider = provider};

    return unlock(v, &opener, e);
}

int vault_unlock_passphrase(struct vault *v, const void *passphrase, size_t size,
                            struct error *e)
{
    const struct slot_opener opener = {
        .kind = VAULT_SLOT_PASSPHRASE, .passphrase = passphrase, .passphrase_size = size};

    return unlock(v, &opener, e);
}

int vault_unlock_recovery(struct vault *v, const uint8_t recovery_key[32], struct error *e)
{
    const struct slot_opener opener = {.kind = VAULT_SLOT_RECOVERY,
                                       .recovery_key = recovery_key};

    return unlock(v, &opener, e) == 0 ? vault_adopt_recovery(v, recovery_key, e) : -1;
}

static void describe(const struct slot_entry *entry, struct vault_slot *slot)
{
    const struct slot *s = &entry->slot;

    *slot = (struct vault_slot){
        .kind = (enum vault_slot_kind)s->kind, .role = s->role, .created_ns = s->created_ns};
    snprintf(slot->id, sizeof(slot->id), "%s", entry->name + strlen("keys/"));
    snprintf(slot->label, sizeof(slot->label), "%s", s->label);
    snprintf(slot->driver, sizeof(slot->driver), "%s", s->driver);
    snprintf(slot->identity, sizeof(slot->identity), "%s", s->identity);
}

int vault_slot_list(struct vault *v,
                    int (*each)(void *context, const struct vault_slot *slot, struct error *e),
                    void *context, struct error *e)
{
    struct slot_entry *entries;
    struct vault_slot slot;
    size_t count;
    int result = 0;

    if (slot_list(vault_target(v), &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (!entries[i].valid)
            log_write(LOG_WARNING, "vault", "%s", entries[i].why.text);
        if (!is_ours(v, &entries[i]))
            continue;
        describe(&entries[i], &slot);
        result = each(context, &slot, e);
    }
    slot_list_free(entries, count);
    return result;
}

int vault_slot_add(struct vault *v, const struct vault_slot_request *request, char id[33],
                   struct error *e)
{
    const struct keys *keys = vault_keys_needed(v, e);
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    char name[NAME_SIZE];

    if (keys == NULL || vault_writable(v, e) != 0)
        return -1;
    if (slot_store(vault_target(v), request, vault_settings(v)->uuid, keys_masters(keys), name,
                   &object, e) != 0 ||
        target_flush(vault_target(v), e) != 0)
        return -1;
    snprintf(id, 33, "%.32s", name + strlen("keys/"));
    return 0;
}

/* The entry called `id`, and how many others would still open the vault. */
static const struct slot_entry *find(const struct vault *v, const struct slot_entry *entries,
                                     size_t count, const char *id, size_t *others)
{
    const struct slot_entry *found = NULL;

    *others = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].name + strlen("keys/"), id) == 0)
            found = &entries[i];
        else if (is_ours(v, &entries[i]))
            (*others)++;
    }
    return found;
}

/* Whether the secrets behind `kek` are those of this vault. */
static int compare_root(const struct vault *v, const struct slot_entry *entry,
                        const struct secret *kek, struct error *e)
{
    struct masters *masters = masters_new(e);
    struct keys *keys = NULL;

    if (masters == NULL)
        return -1;
    if (slot_open(&entry->slot, kek->bytes, entry->name, masters, e) == 0)
        keys = keys_new(vault_settings(v)->uuid, masters, e);
    masters_free(masters);
    if (keys == NULL)
        return -1;
    bool same = secret_equal(keys_root_public(keys), vault_settings(v)->root_public, 32);
    keys_free(keys);
    if (same)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "%s holds the secrets of another vault than the configuration",
                     entry->name);
}

int vault_slot_check(struct vault *v, const char *id, struct key_provider *provider,
                     struct error *e)
{
    const struct slot_opener opener = {.kind = VAULT_SLOT_PROVIDER, .provider = provider};
    CLEANUP_SECRET struct secret kek = {{0}};
    const struct slot_entry *found;
    struct slot_entry *entries;
    size_t count, others;
    int result = -1;

    if (slot_list(vault_target(v), &entries, &count, e) != 0)
        return -1;
    found = find(v, entries, count, id, &others);
    if (found == NULL)
        error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no key slot %s", id);
    else if (!found->valid)
        *e = found->why;
    else if (!is_ours(v, found) || !fits(&found->slot, &opener))
        error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY, "%s is no slot of this provider",
                  found->name);
    else if (slot_kek(&found->slot, &opener, found->name, &kek, e) == 0)
        result = compare_root(v, found, &kek, e);
    slot_list_free(entries, count);
    return result;
}

/* With the recovery keys would go the way to what a lock holds, and the way to lift it. */
static int check_lock(struct vault *v, const struct slot_entry *found, struct error *e)
{
    struct vault_lock lock;

    if (!found->valid || found->slot.kind != VAULT_SLOT_RECOVERY)
        return 0;
    if (vault_lock_read(v, &lock, e) < 0)
        return -1;
    if (lock.mode == VAULT_LOCK_NONE)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                     "%s is a recovery key, and stays while the vault has a lock (%s)",
                     found->name, vault_lock_mode_name(lock.mode));
}

int vault_slot_remove(struct vault *v, const char *id, struct error *e)
{
    struct target *target = vault_target(v);
    const struct slot_entry *found;
    struct slot_entry *entries;
    size_t count, others;
    int result;

    if (vault_writable(v, e) != 0 || slot_list(target, &entries, &count, e) != 0)
        return -1;
    found = find(v, entries, count, id, &others);
    if (found == NULL)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no key slot %s", id);
    else if (others == 0)
        result =
            error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                      "%s is the last key slot: without it nobody could open the vault", id);
    else if (check_lock(v, found, e) != 0)
        result = -1;
    else
        result = target_remove(target, found->name, e) != 0 ? -1 : target_flush(target, e);
    slot_list_free(entries, count);
    return result;
}
