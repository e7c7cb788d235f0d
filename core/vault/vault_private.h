/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_private.h - what the files of this room need of an unlocked vault beyond vault.h:
 * wrapping keys, the writer's signing key, and the writing of seals and rolls.
 */
#ifndef CORE_VAULT_VAULT_PRIVATE_H
#define CORE_VAULT_VAULT_PRIVATE_H

#include "vault/seal.h"
#include "vault/vault.h"

struct seal_memo;

/* The wrapping keys of doc/format.md section 3. */
enum vault_wrapping { VAULT_WRAP_DATA, VAULT_WRAP_META, VAULT_WRAP_INDEX, VAULT_WRAP_COUNT };

/* The wrapping key (32 bytes, valid until vault_close) of key epoch `epoch`.  NULL with LOCKED
 * when the vault is locked, INTEGRITY when no slot holds that epoch.  Thread-safe. */
const uint8_t *vault_wrapping_key(const struct vault *v, enum vault_wrapping use,
                                  uint32_t epoch, struct error *e);

/* Where this vault may keep local copies, an existing directory; NULL = nowhere. */
const char *vault_cache_directory(const struct vault *v);

/* One writer of the vault: its id, public key, the root key's certificate of it, and the seed
 * of its signing key, to be wiped with vault_writer_wipe. */
struct vault_writer {
    uint8_t id[16];
    uint8_t public_key[32];
    uint8_t certificate[64];
    uint8_t seed[32];
};

/* Derives the writer `writer_id` (16 bytes).  LOCKED when the vault is locked. */
int vault_writer(const struct vault *v, const uint8_t writer_id[16],
                 struct vault_writer *writer, struct error *e);
void vault_writer_wipe(struct vault_writer *writer);

/* Signs `label` ‖ `data` as the writer. */
int vault_writer_sign(const struct vault_writer *writer, const char *label, const void *data,
                      size_t size, uint8_t signature[64], struct error *e);
/* Checks a writer's certificate against the root public key of the vault, and its signature of
 * `label` ‖ `data`.  INTEGRITY, naming which of the two failed.  Needs no key. */
int vault_writer_check(const struct vault *v, const uint8_t writer_id[16],
                       const uint8_t public_key[32], const uint8_t certificate[64],
                       const char *label, const void *data, size_t size,
                       const uint8_t signature[64], struct error *e);

/*
 * Writes the seal of a backup, durably; the vault is unlocked and writable, and all that the
 * seal refers to is durable.  The caller has filled session, prune_epoch, packs (ascending),
 * rolls and the inner part; this fills name, id, hash, object_bytes, writer, created_ns,
 * key_epoch and previous (the heads of the chain that a listing shows now).
 */
int seal_write(struct vault *v, struct seal *draft, const struct vault_writer *writer,
               struct error *e);

/* Most packs in one roll, and in a seal itself before rolls are better. */
enum { ROLL_PACK_LIMIT = 100000, SEAL_PACK_LIMIT = 1000 };

/* Stores a list of 1..ROLL_PACK_LIMIT packs, ascending by hash without doubles, under its hash;
 * one that is there already is fine.  Not flushed. */
int roll_write(struct vault *v, const struct seal_pack *packs, size_t count, uint8_t hash[32],
               struct error *e);
/* All packs that a backup lists, rolls followed, whatever became of them since; rolls that are
 * missing or damaged in `v` are read from `other`, another copy of the vault (NULL = none). */
int backup_packs_either(struct vault *v, struct vault *other, const struct seal *seal,
                        struct seal_pack **packs, size_t *count, struct error *e);

/* Removes the seal `name` (without "seals/") behind its tombstone, durably, and forgets the
 * local copy of it.  Absent is fine, and so is a store that lets nothing be removed. */
int seal_remove(struct vault *v, const char *name, struct error *e);
/* Takes back a seal that its own session has just written and that is none: what it needs may
 * have been deleted.  A lock keeps backups, so that it has no say here.  Everybody else calls
 * vault_backup_delete. */
int seal_withdraw(struct vault *v, const struct seal *seal, const uint8_t writer_id[16],
                  const char *reason, struct error *e);

/* The seals that were read since the vault was opened (seal_memo.h); may be NULL. */
struct seal_memo *vault_seals(struct vault *v);

#endif
