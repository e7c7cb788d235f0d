/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - the names of a vault's objects.  Format: doc/format.md section 2. */
#ifndef CORE_VAULT_NAME_H
#define CORE_VAULT_NAME_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAME_SIZE = 112 }; /* room for the longest name and its terminator */

/* Kinds of objects: X(symbol, prefix in storage, what people call one). */
#define NAME_KINDS(X)                                                                          \
    X(CONF, "conf/", "configuration")                                                          \
    X(KEY, "keys/", "key slot")                                                                \
    X(PACK, "packs/", "pack")                                                                  \
    X(RUN, "runs/", "index run")                                                               \
    X(ROLL, "rolls/", "roll")                                                                  \
    X(SEAL, "seals/", "seal")                                                                  \
    X(TOMBSTONE, "seals/", "tombstone")                                                        \
    X(SESSION, "sessions/", "session")                                                         \
    X(SESSION_DONE, "sessions/", "end of a session")                                           \
    X(SESSION_SIGN, "sessions/", "sign of a session")                                          \
    X(CONDEMN, "prune/", "record of condemned packs")                                          \
    X(DELETE, "prune/", "record of deleted packs")                                             \
    X(MOVE, "moves/", "record of moved chunks")                                                \
    X(PARITY, "parity/", "parity sidecar")                                                     \
    X(ABOUT, "about/", "description of a copy")                                                \
    X(AUDIT, "audit/", "head of an audit log")                                                 \
    X(LOCK, "locks/", "record of a lock")                                                      \
    X(NOTE, "notes/", "note")
enum name_kind {
#define X(symbol, prefix, text) NAME_##symbol,
    NAME_KINDS(X)
#undef X
        NAME_KIND_COUNT
};

/* A name taken apart. */
struct name {
    enum name_kind kind;
    bool has_hash;    /* the object is named by its content */
    uint8_t hash[32]; /* PACK, RUN, ROLL, MOVE, PARITY: all of it; KEY: the first 16 bytes */
    uint32_t number; /* CONF, ABOUT, LOCK, NOTE: generation; SESSION..., CONDEMN, DELETE: epoch;
                        RUN: level */
    uint64_t id;     /* SEAL, TOMBSTONE: id; RUN: sequence; AUDIT: line; SESSION_SIGN: number */
    uint8_t uuid[16]; /* SESSION...; AUDIT: writer; NOTE: topic */
};

/* False for a name that no object of a vault has. */
bool name_parse(const char *text, struct name *name);

/* "key slot", ...; static storage. */
const char *name_kind_text(enum name_kind kind);

void name_of_conf(uint32_t generation, char text[NAME_SIZE]);
void name_of_about(uint32_t generation, char text[NAME_SIZE]);
void name_of_lock(uint32_t generation, char text[NAME_SIZE]);
void name_of_note(const uint8_t topic[16], uint32_t generation, char text[NAME_SIZE]);
void name_of_audit(const uint8_t writer[16], uint64_t line, char text[NAME_SIZE]);
void name_of_key(const uint8_t hash[32], char text[NAME_SIZE]);
void name_of_pack(const uint8_t hash[32], char text[NAME_SIZE]);
void name_of_run(uint32_t level, uint64_t sequence, const uint8_t hash[32],
                 char text[NAME_SIZE]);
void name_of_roll(const uint8_t hash[32], char text[NAME_SIZE]);
void name_of_move(const uint8_t hash[32], char text[NAME_SIZE]);
void name_of_condemn(uint32_t epoch, char text[NAME_SIZE]);
void name_of_delete(uint32_t epoch, char text[NAME_SIZE]);
void name_of_session(uint32_t epoch, const uint8_t uuid[16], bool done, char text[NAME_SIZE]);
void name_of_session_sign(uint32_t epoch, const uint8_t uuid[16], uint64_t number,
                          char text[NAME_SIZE]);

#endif
