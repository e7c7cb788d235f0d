/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - chunks in and out of a vault: sessions write, stores read.
 * Format: doc/format.md sections 5, 6, 10, 11.
 *
 * A session belongs to one backup.  Chunks are handed in by one thread; compression, encryption
 * and writing go on behind it on the session's own threads with bounded memory.  Two sessions,
 * in one or two processes or hosts, never wait for each other.
 */
#ifndef CORE_VAULT_STORE_H
#define CORE_VAULT_STORE_H

#include "base/share.h"
#include "vault/seal.h"

struct session;

struct session_request {
    const uint8_t *writer_id; /* 16 bytes: this installation */
    const uint8_t *source_id; /* 16 bytes: a later session of the same writer and source takes
                                 an  interrupted one up */
    const char *host;         /* name of this host */
    const struct seal
        *parent;      /* NULL = none; its packs are needed by the new backup too.  It is
                         dropped when one of them is missing or known to be damaged */
    unsigned threads; /* for compression and encryption; 0 = number of processors */
    /* Before `bytes` of a pack are written: waits, counts; a failure ends the session.  On
     * several threads at a time; may be NULL. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
    void *pass_context;
};

struct session_counters {
    uint64_t chunks_new;
    uint64_t chunks_known;
    uint64_t bytes_new;    /* raw */
    uint64_t bytes_stored; /* of finished packs, those of the interrupted session too */
    uint64_t packs;
    uint64_t bytes_resumed; /* raw bytes found in packs of the interrupted session */
};

/* Starts a session: registers it, sweeps what dead writers left, loads what is known of an
 * interrupted one.  The vault is unlocked and writable. */
int session_begin(struct vault *v, const struct session_request *request,
                  struct session **session, struct error *e);
/* Stores a chunk of 1..CHUNK_LIMIT bytes unless the vault has it.  `id` is from
 * vault_chunk_identify.  The data is copied. May wait for room.  An error of an earlier chunk's
 * storing may be reported here: the session is then good for session_free only. */
int session_put(struct session *s, enum chunk_kind kind, const struct chunk_id *id,
                const void *data, size_t size, struct error *e);
/* The same of `data` within `share`, which is held for a while instead of copying when that
 * spares time. */
int session_put_shared(struct session *s, enum chunk_kind kind, const struct chunk_id *id,
                       struct share *share, const void *data, size_t size, struct error *e);
/* For trees and content maps: put identifies and stores a CHUNK_META. `get` reads older chunks.
 */
struct chunk_access session_access(struct session *s);
/* Whether the request's parent is one: if not, nothing may be taken over from it. */
bool session_has_parent(const struct session *s);
/* Finishes all packs and makes them durable. */
int session_flush(struct session *s, struct error *e);
/* session_flush, then rolls, the seal (last) and the end of the session.  Fills the seal's id,
 * name, times of creation, packs and chain.  The session is then good for session_free only. */
int session_seal(struct session *s, struct seal *draft, struct error *e);
void session_counters(const struct session *s, struct session_counters *counters);
/* Ends the session's threads and frees it; what was stored stays for a later session to take
 * up. NULL is fine. */
void session_free(struct session *s);

/* Reads chunks.  Thread-safe; keeps decoded blocks, tables of contents and index pages within
 * `memory_bytes`. */
struct store;
int store_open(struct vault *v, size_t memory_bytes, struct store **store, struct error *e);
void store_close(struct store *st);
/* Appends the chunk to `out`, its id checked; INTEGRITY when the vault has no such chunk, or
 * when its pack is damaged or gone (with the pack's name in the text). */
int store_get(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
              struct buffer *out, struct error *e);
/* Whether a chunk is known and in which pack (64 hex digits and a terminator): 1, 0, -1. */
int store_locate(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
                 char pack[65], struct error *e);
/* `get` for metadata chunks. */
struct chunk_access store_access(struct store *st);

#endif
