/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_codec.h - records of a vault's lock: to and from bytes, as they stand in storage, and
 * what follows from all of them.  Format: doc/format.md section 14.
 */
#ifndef CORE_VAULT_LOCK_CODEC_H
#define CORE_VAULT_LOCK_CODEC_H

#include "base/trust.h"
#include "vault/keys.h"
#include "vault/lock.h"
#include "vault/name.h"

/* X(symbol, number in storage) */
#define LOCK_KINDS(X)                                                                          \
    X(SET, 1)                                                                                  \
    X(LIFT, 2)                                                                                 \
    X(MARK, 3)
enum lock_kind {
#define X(symbol, number) LOCK_##symbol = number,
    LOCK_KINDS(X)
#undef X
};

enum { LOCK_OBJECT_LIMIT = 4096, LOCK_KEY_SIZE = 32 };
/* Generations from here on are those of marks, which each copy of a vault has its own of. */
#define LOCK_MARK_FIRST UINT32_C(0x80000000)

struct lock_record {
    uint32_t generation; /* that of the name */
    uint32_t kind;       /* enum lock_kind */
    int64_t made_ns;     /* trusted time then */
    /* SET */
    uint32_t mode, least_days, most_days;
    int64_t effective_ns;
    /* SET: the public key that lifts it; LIFT: that of who lifts; all zero = nobody's. */
    uint8_t key[LOCK_KEY_SIZE];
    uint8_t proof[64]; /* LIFT: signature by that key; zeroes without one */
    /* MARK */
    int64_t wall_ns, boot_ns;
    char boot_id[TRUST_BOOT_ID_SIZE];
};

bool lock_has_key(const struct lock_record *r);
/* Fills in key and proof of a LIFT, whose other members are final, from the seed of its key. */
int lock_prove(struct lock_record *r, const uint8_t uuid[16], const uint8_t seed[32],
               struct error *e);
/* Encodes and signs for the vault `uuid`. */
int lock_encode(const struct lock_record *r, const uint8_t uuid[16], const struct keys *keys,
                struct buffer *out, struct error *e);
/* Decodes the object stored as `name`: form, signature, vault, name, and the proof of a lift.
 * INTEGRITY, or NEWER_FORMAT for kinds, modes and versions that this program does not know. */
int lock_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                struct lock_record *r, struct error *e);

/* A record as it stands in storage. */
struct lock_entry {
    char name[32];
    uint32_t generation;
    uint64_t bytes;
    bool valid;
    struct lock_record record; /* when valid */
    struct error why;          /* when not; class NOT_FOUND: it went after the listing */
};
/* Reads and judges all of them, ascending; the caller frees `*entries`. */
int lock_load(struct vault *v, struct lock_entry **entries, size_t *count, struct error *e);

/* What follows from the entries. */
void lock_judge(const struct lock_entry *entries, size_t count, struct vault_lock *lock);
/* Whether the SET record is lifted by some later record. */
bool lock_is_lifted(const struct lock_entry *entries, size_t count,
                    const struct lock_record *r);
/* Whether `lift` would lift it. */
bool lock_lifts(const struct lock_record *lift, const struct lock_record *r);
/* The SET record that is not lifted and has a key to be lifted by; or NULL. */
const struct lock_record *lock_with_key(const struct lock_entry *entries, size_t count);
/* The trusted time, whatever the wall clock says now: `wall_ns` when no entry is valid. */
int64_t lock_trusted(const struct lock_entry *entries, size_t count, int64_t wall_ns,
                     int64_t boot_ns, const char *boot_id);
/* The same by the clocks of this machine, and never ahead of its wall clock. */
int64_t lock_now(const struct lock_entry *entries, size_t count);

/* As vault_lock_allows for a seal of `v` that is known by its name alone (without "seals/"),
 * where the time of `other` (another copy of the vault; NULL = none) counts too. */
int lock_allows_name(struct vault *v, struct vault *other, const char *name, struct error *e);

/* Copies all records of `from` but its marks to the target `to` of another copy, and its newest
 * mark; not flushed.  What stands there and is not genuine is replaced.  CONFLICT when another
 * genuine record has one of the names. */
int lock_copy(struct vault *from, struct target *to, struct error *e);

#endif
