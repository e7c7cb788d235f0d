/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - is everything there, and is it what it was?  Three depths; never writes to the
 * target.
 */
#ifndef CORE_VAULT_VERIFY_H
#define CORE_VAULT_VERIFY_H

#include "vault/seal.h"

/* X(symbol, name, what it does) */
#define VERIFY_DEPTHS(X)                                                                       \
    X(STRUCTURE, "structure",                                                                  \
      "names, sizes, signatures, chain of seals, needed packs present")                        \
    X(OBJECTS, "objects", "and every object read and compared with its name; needs no key")    \
    X(DATA, "data", "and every block decrypted, every id checked, every tree walked")
enum verify_depth {
#define X(symbol, name, text) VERIFY_##symbol,
    VERIFY_DEPTHS(X)
#undef X
};

/* One thing found wrong. */
struct verify_finding {
    const char *object; /* name of the damaged, missing or foreign object */
    bool fatal;         /* false = a warning: nothing is lost by it */
    struct error why;
    /* Ids of backups that are hurt (16 hex digits each); may be empty. */
    const char *const *backups;
    size_t backup_count;
};

struct verify_progress {
    uint64_t objects_done, objects_total;
    uint64_t bytes_done, bytes_total;
};

struct verify_request {
    enum verify_depth depth; /* DATA needs an unlocked vault */
    unsigned threads;        /* 0 = number of processors */
    const char *backup;      /* id: only what this backup needs; NULL = the whole vault */
    bool filling; /* a mirror, where backups arrive in any order: a gap in the chain of seals is
                     a warning */
    void *context;
    void (*found)(void *context, const struct verify_finding *finding);
    void (*progress)(void *context, const struct verify_progress *progress); /* may be NULL */
};

struct verify_result {
    uint64_t objects;
    uint64_t bytes;
    uint64_t chunks;  /* DATA */
    uint64_t entries; /* DATA */
    uint64_t backups;
    uint64_t damaged; /* fatal findings */
    uint64_t warnings;
};

/* 0 when the check itself could be done, whatever it found; both callbacks come from one thread
 * at a time. */
int vault_verify(struct vault *v, const struct verify_request *request,
                 struct verify_result *result, struct error *e);

#endif
