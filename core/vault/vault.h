/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault.h - a vault on a target: create, open, unlock, its configuration and its key slots.
 * Format: doc/format.md sections 3 and 4.  Knows no catalog and no policy.
 *
 * A vault that is open but locked can be listed and verified without keys (section 2).
 * Unlocking gives everything else.  After unlocking, all calls are thread-safe unless a header
 * says otherwise.
 */
#ifndef CORE_VAULT_VAULT_H
#define CORE_VAULT_VAULT_H

#include "crypto/secret.h"
#include "driver/key.h"
#include "driver/target.h"
#include "vault/chunk.h"

enum { VAULT_UUID_SIZE = 16, VAULT_NAME_LIMIT = 255 };

enum vault_chunker { VAULT_CHUNKER_AES32 = 1, VAULT_CHUNKER_FIXED = 2 };

/* What a vault is made with; immutable but for what a later generation may change. */
struct vault_settings {
    char name[VAULT_NAME_LIMIT + 1];
    uint8_t uuid[VAULT_UUID_SIZE]; /* set by vault_create */
    uint8_t root_public[32];       /* set by vault_create */
    uint32_t generation;
    int64_t created_ns;
    uint64_t features_compat;
    uint64_t features_read_only;
    uint64_t features_incompat;
    uint32_t chunker; /* enum vault_chunker */
    uint32_t chunk_average_log2;
    uint64_t data_pack_bytes;
    uint64_t meta_pack_bytes;
    uint32_t data_block_bytes;
    uint32_t meta_block_bytes;
    uint32_t codec;
    int32_t compression_level;
    uint32_t key_epoch;
};

/* The defaults of doc/format.md section 4 under `name`. */
void vault_settings_default(struct vault_settings *settings, const char *name);

/* Kinds of key slots; X(symbol, value, name). */
#define VAULT_SLOT_KINDS(X)                                                                    \
    X(PROVIDER, 1, "provider")                                                                 \
    X(PASSPHRASE, 2, "passphrase")                                                             \
    X(RECOVERY, 3, "recovery")
enum vault_slot_kind {
#define X(symbol, value, name) VAULT_SLOT_##symbol = value,
    VAULT_SLOT_KINDS(X)
#undef X
};
/* The name of a kind, "unknown" for what is none.  Static. */
const char *vault_slot_kind_name(enum vault_slot_kind kind);

/* A slot to be made. */
struct vault_slot_request {
    enum vault_slot_kind kind;
    const char *label;             /* UTF-8, for people */
    struct key_provider *provider; /* PROVIDER */
    const void *passphrase;        /* PASSPHRASE, not terminated */
    size_t passphrase_size;
    uint32_t scrypt_log2_n; /* PASSPHRASE; 0 = 17 */
    uint8_t *recovery_key;  /* RECOVERY: receives the 32 fresh bytes; the caller wipes them */
};

/* A slot as it stands in the vault. */
struct vault_slot {
    char id[33];
    enum vault_slot_kind kind;
    uint32_t role;
    int64_t created_ns;
    char label[256];
    char driver[64];    /* PROVIDER */
    char identity[256]; /* PROVIDER: the provider's words on its key */
};

struct vault;

/*
 * Creates a vault on an empty place of `target`: slots first, the configuration last.
 * `conflict` when there is one already.  At least one slot.  `settings` is filled in.
 */
int vault_create(struct target *target, struct vault_settings *settings,
                 const struct vault_slot_request *slots, size_t slot_count, struct error *e);

/*
 * Opens the vault on `target` (which must outlive it), locked.  `cache_directory`: an absolute
 * path where this vault may keep copies of seals, tables of contents and index runs, made when
 * absent; NULL = nowhere (slower).  no-such-vault when there is no configuration, newer-format
 * for what this program does not know.
 */
int vault_open(struct target *target, const char *cache_directory, struct vault **vault,
               struct error *e);
void vault_close(struct vault *v);

/* Unlock with one of the slots of that kind; wrong-key when none opens. */
int vault_unlock_provider(struct vault *v, struct key_provider *provider, struct error *e);
int vault_unlock_passphrase(struct vault *v, const void *passphrase, size_t size,
                            struct error *e);
int vault_unlock_recovery(struct vault *v, const uint8_t recovery_key[32], struct error *e);
bool vault_unlocked(const struct vault *v);

/* Valid until vault_close. */
const struct vault_settings *vault_settings(const struct vault *v);
struct target *vault_target(const struct vault *v);

/* 0 when this program may write into the vault; NEWER_FORMAT when a read-only-compat feature
 * that it does not know forbids that. */
int vault_writable(const struct vault *v, struct error *e);

/* 0 when the two are copies of one vault (its id and root key) in different places; CONFLICT.
 */
int vault_same_lineage(const struct vault *a, const struct vault *b, struct error *e);

/* Slots.  Each is called back; adding needs an unlocked vault; removing the last slot is
 * refused, and so is removing a recovery key while there is a lock (LOCK_STATE). */
int vault_slot_list(struct vault *v,
                    int (*each)(void *context, const struct vault_slot *slot, struct error *e),
                    void *context, struct error *e);
int vault_slot_add(struct vault *v, const struct vault_slot_request *request, char id[33],
                   struct error *e);
int vault_slot_remove(struct vault *v, const char *id, struct error *e);
/* Unwraps the slot with the provider and compares: 0 when it holds this vault's secrets, which
 * are wiped again.  The vault may be locked and stays so.  WRONG_KEY, INTEGRITY, and what the
 * provider says. */
int vault_slot_check(struct vault *v, const char *id, struct key_provider *provider,
                     struct error *e);

/*
 * Begins a copy of the unlocked vault on `to`, which is then opened like any vault: a fresh
 * slot as `slot` (may be NULL) asks for, the recovery and passphrase slots as they are, the
 * records of a lock, the configuration last.  Takes up what an attempt that broke off has left.
 * CONFLICT when another vault lies there.  Backups follow by vault/transfer.h.
 */
int vault_copy_begin(struct vault *v, struct target *to, const struct vault_slot_request *slot,
                     struct error *e);

/* Derived keys and ids; the vault is unlocked.  Thread-safe. */
void vault_chunk_identify(const struct vault *v, enum chunk_kind kind, const void *data,
                          size_t size, struct chunk_id *id);
/* The same for `count` chunks, in about half the time when there are 16 or more. */
void vault_chunk_identify_many(const struct vault *v, enum chunk_kind kind, size_t count,
                               const void *const data[], const size_t size[],
                               struct chunk_id ids[]);
const uint8_t *vault_node_key(const struct vault *v);    /* 32 bytes */
const uint8_t *vault_chunker_key(const struct vault *v); /* 16 bytes */
/* The hard-link group of a driver's id. */
void vault_link_group(const struct vault *v, const void *id, size_t size, uint8_t group[16]);

#endif
