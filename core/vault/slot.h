/* SPDX-License-Identifier: Apache-2.0 */
/* slot.h - key slots: the master secrets, wrapped.  Format: doc/format.md section 3.1. */
#ifndef CORE_VAULT_SLOT_H
#define CORE_VAULT_SLOT_H

#include "vault/capsule.h"
#include "vault/keys.h"
#include "vault/name.h"

enum { SLOT_OBJECT_LIMIT = 64 << 10, SLOT_SALT_SIZE = 32, SLOT_SCRYPT_LOG2_N = 17 };

struct slot_scrypt {
    uint32_t log2_n;
    uint32_t r;
    uint32_t p;
    uint8_t salt[32];
};

/* A slot, decoded or to be encoded.  Readers and the capsule point into the object. */
struct slot {
    uint32_t kind; /* enum vault_slot_kind */
    uint32_t role; /* 0: owner */
    uint8_t uuid[16];
    char label[256];
    int64_t created_ns;
    char driver[64];           /* PROVIDER */
    struct reader wrapped;     /* PROVIDER: the wrapped key-encryption key */
    struct slot_scrypt scrypt; /* PASSPHRASE; log2_n 0 = absent */
    char identity[256];        /* PROVIDER */
    struct capsule capsule;    /* decoded slots only */
};

/* Encodes a slot that holds `masters` under the key-encryption key `kek`.  `salt` is random and
 * never used twice. */
int slot_encode(const struct slot *s, const uint8_t kek[32], const uint8_t salt[SLOT_SALT_SIZE],
                const struct masters *masters, struct buffer *out, struct error *e);
/* Decodes; `data` must outlive `s`.  INTEGRITY or NEWER_FORMAT, naming `what`. */
int slot_decode(const void *data, size_t size, const char *what, struct slot *s,
                struct error *e);
/* Unwraps into `masters`.  WRONG_KEY when `kek` is not the slot's, INTEGRITY when it was
 * altered. */
int slot_open(const struct slot *s, const uint8_t kek[32], const char *what,
              struct masters *masters, struct error *e);

/* How a slot is opened: one of the three, as `kind` says. */
struct slot_opener {
    enum vault_slot_kind kind;
    struct key_provider *provider;
    const void *passphrase;
    size_t passphrase_size;
    const uint8_t *recovery_key;
};

/* The key-encryption key of a slot of the opener's kind. */
int slot_kek(const struct slot *s, const struct slot_opener *opener, const char *what,
             struct secret *kek, struct error *e);
/* Prepares a new slot from a request: a fresh key-encryption key, wrapped or derived as its
 * kind asks for; `wrapped` holds what s->wrapped points to.  A recovery key goes to the
 * request. */
int slot_prepare(const struct vault_slot_request *request, const uint8_t uuid[16],
                 struct slot *s, struct buffer *wrapped, struct secret *kek, struct error *e);

/* A slot as it stands in storage. */
struct slot_entry {
    char name[64];
    struct buffer data;
    bool valid;
    struct slot slot; /* when valid */
    struct error why; /* when not */
};

/* Reads all slots, those of other vaults too; free with slot_list_free.  Only damage is kept
 * per entry: what cannot be reached fails. */
int slot_list(struct target *target, struct slot_entry **entries, size_t *count,
              struct error *e);
void slot_list_free(struct slot_entry *entries, size_t count);
/* Makes a slot and stores it under its hash, not flushed. */
int slot_store(struct target *target, const struct vault_slot_request *request,
               const uint8_t uuid[16], const struct masters *masters, char name[NAME_SIZE],
               struct buffer *object, struct error *e);

#endif
