/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - what packs and index runs have in common: a header with a key of its own, AEAD
 * messages back to back, padding, an encrypted directory and a trailer.
 * Format: doc/format.md section 5.
 */
#ifndef CORE_VAULT_ENVELOPE_H
#define CORE_VAULT_ENVELOPE_H

#include "crypto/hash.h"
#include "driver/target.h"
#include "vault/vault_private.h"

enum {
    ENVELOPE_HEADER_SIZE = 128, /* the associated data of all messages */
    ENVELOPE_BODY = 160,        /* header and commitment: where the messages start */
    ENVELOPE_TRAILER_SIZE = 32,
    ENVELOPE_ALIGNMENT = 4096,
    ENVELOPE_TAG_SIZE = 16,
    ENVELOPE_TAIL_SIZE = 64 << 10,      /* read at once from the end of an object */
    ENVELOPE_DIRECTORY_LIMIT = 64 << 20 /* of the plain directory and of the sealed one */
};

/* X(symbol, magic, type, wrapping key, what people call it) */
#define ENVELOPE_KINDS(X)                                                                      \
    X(DATA, "LAGANPAK", 1, VAULT_WRAP_DATA, "data pack")                                       \
    X(META, "LAGANPAK", 2, VAULT_WRAP_META, "metadata pack")                                   \
    X(RUN, "LAGANRUN", 1, VAULT_WRAP_INDEX, "index run")
enum envelope_kind {
#define X(symbol, magic, type, wrapping, text) ENVELOPE_##symbol,
    ENVELOPE_KINDS(X)
#undef X
        ENVELOPE_KIND_COUNT
};

/* A header, and the key once made or unlocked.  Wipe with envelope_wipe. */
struct envelope {
    enum envelope_kind kind;
    uint32_t key_epoch;
    uint8_t vault[16];
    uint8_t session[16];
    uint8_t head[ENVELOPE_BODY]; /* as stored: header and commitment */
    uint8_t key[32];
};

/* What a new envelope is made of. */
struct envelope_request {
    enum envelope_kind kind;
    uint32_t key_epoch;
    const uint8_t *vault;        /* 16 bytes */
    const uint8_t *session;      /* 16 bytes */
    const uint8_t *salt;         /* 32 random bytes, never used before */
    const uint8_t *wrapping_key; /* 32 bytes, of `kind` and `key_epoch` */
};

int envelope_make(struct envelope *env, const struct envelope_request *request,
                  struct error *e);
/* Makes one for the vault, with a fresh salt under the current key epoch. */
int envelope_make_fresh(struct envelope *env, const struct vault *v, enum envelope_kind kind,
                        const uint8_t session[16], struct error *e);
/* Reads the ENVELOPE_BODY bytes at the start of an object, without any key.  CORRUPT, or
 * NEWER_FORMAT. */
int envelope_parse(struct envelope *env, const uint8_t *head, struct error *e);
/* Derives the key of a parsed envelope and compares the commitment.  CORRUPT when it differs.
 */
int envelope_unlock(struct envelope *env, const uint8_t wrapping_key[32], struct error *e);
/* envelope_parse and envelope_unlock for an object of the vault `v`; CORRUPT for one of another
 * vault. */
int envelope_open(struct envelope *env, const struct vault *v, const uint8_t *head,
                  struct error *e);
void envelope_wipe(struct envelope *env);

/* Encrypts message `number`; `out` has room for `size` + ENVELOPE_TAG_SIZE bytes and may be
 * `plain`. Thread-safe. */
int envelope_seal(const struct envelope *env, uint64_t number, const void *plain, size_t size,
                  void *out, struct error *e);
/* Decrypts message `number` of `size` bytes with its tag; `out` has room for `size` -
 * ENVELOPE_TAG_SIZE and may be `sealed`.  CORRUPT when it is not authentic. Thread-safe. */
int envelope_unseal(const struct envelope *env, uint64_t number, const void *sealed,
                    size_t size, void *out, struct error *e);

/* Where the directory starts when the messages end at offset `end`; `last`: of the last pack of
 * a session (Padmé). */
uint64_t envelope_directory_offset(uint64_t end, bool last);

/* The last ENVELOPE_TRAILER_SIZE bytes of an object, but for magic and checksum. */
struct envelope_trailer {
    uint64_t directory_offset;
    uint32_t directory_bytes; /* with tag */
    uint32_t messages;
};

void envelope_trailer_encode(const struct envelope_trailer *trailer, uint8_t *bytes);
/* CORRUPT unless all fits an object of `object_bytes` bytes. */
int envelope_trailer_parse(struct envelope_trailer *trailer, const uint8_t *bytes,
                           uint64_t object_bytes, struct error *e);

/* Appends the sealed directory with the content `content` to `out`. */
int envelope_directory_seal(const struct envelope *env, const void *content, size_t size,
                            struct buffer *out, struct error *e);
/* Decrypts and unpacks a directory: its content is appended to `out`. */
int envelope_directory_open(const struct envelope *env, const void *sealed, size_t size,
                            struct buffer *out, struct error *e);

/* Writes one object to a target: bytes are hashed and staged as they come. */
struct envelope_writer {
    struct envelope env;
    struct target *target;
    struct stage *stage;
    struct hash hash;
    uint64_t bytes; /* so far */
};

/* Starts the object of `env` (copied): its head is written. */
int envelope_writer_begin(struct envelope_writer *w, struct target *target,
                          const struct envelope *env, uint64_t bytes_hint, struct error *e);
/* Appends the next message, sealed. */
int envelope_writer_append(struct envelope_writer *w, const void *data, size_t size,
                           struct error *e);
/* Appends padding, the directory with `content`, and the trailer.  Then `hash` is known. */
int envelope_writer_finish(struct envelope_writer *w, const struct buffer *content,
                           uint32_t messages, bool last, uint8_t hash[32], struct error *e);
/* Gives the object its name; one that is there already is fine, as it is the same. */
int envelope_writer_commit(struct envelope_writer *w, const char *name, struct error *e);
/* Ends a writer in any state, also after commit; what has no name yet leaves no trace. */
void envelope_writer_end(struct envelope_writer *w);

/*
 * Reads head, trailer and directory of an object of `bytes` bytes: `env` is unlocked, the
 * directory's content is appended to `content`.  The kind is that of the header: the caller
 * compares. NOT_FOUND, or CORRUPT with the name in the text.
 */
int envelope_read(const struct vault *v, const char *name, uint64_t bytes, struct envelope *env,
                  struct envelope_trailer *trailer, struct buffer *content, struct error *e);

/* "data pack", ... */
const char *envelope_kind_text(enum envelope_kind kind);

#endif
