/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_pkcs11.h - a key in a PKCS#11 token (OASIS PKCS #11 version 2.40), and how it wraps.
 *
 * The token's key never leaves it, and it wraps no secret of a vault itself but a fresh data
 * key, in the ways below; the rest is common/envelope.h under the magic "laganp11".  So every
 * form is bound to its context, whatever the token can do.
 *
 *     1  AES-GCM in the token: 12 bytes of nonce, the data key, 16 bytes of tag
 *     2  AES key wrap with padding (RFC 5649) in the token
 *     3  RSA-OAEP with SHA-256 (RFC 8017), public half computed here, private in the token
 *     4  the same with SHA-1, for tokens that know no other: OAEP does not need collisions to
 *        be hard
 *
 * One call at a time over all instances (the descriptor says so): a module, and who is logged
 * in to a token, belong to the process as a whole.
 */
#ifndef PLUGINS_KEY_PKCS11_H
#define PLUGINS_KEY_PKCS11_H

#include "common/envelope.h"

#include <stdbool.h>

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#define PKCS11_MAGIC "laganp11"

enum {
    PKCS11_LABEL_BYTES = 256,   /* of a key's label or id */
    PKCS11_MODULUS_BYTES = 2048 /* of an RSA key */
};

/* What was configured. */
struct pkcs11_settings {
    char *module;
    char *token;  /* NULL = any */
    char *serial; /* NULL = any */
    int64_t slot; /* -1 = any */
    char *key;    /* label; NULL = any */
    uint8_t *id;  /* NULL = any */
    size_t id_size;
    char *pin; /* NULL = none */
    size_t pin_size;
};

/* A loaded module, shared by all handles that use it. */
struct pkcs11_module {
    struct pkcs11_module *next;
    char *path;
    struct ck_function_list *functions;
    void *library;
    unsigned users;
    bool ours; /* to finalise */
};

enum pkcs11_kind { PKCS11_AES = 1, PKCS11_RSA = 2 };

/* A key as the token tells of it. */
struct pkcs11_key {
    ck_object_handle_t object;
    enum pkcs11_kind kind;
    unsigned bits;
    bool decrypts; /* and encrypts, where it is an AES key */
    bool unwraps;  /* and wraps, likewise */
    char label[PKCS11_LABEL_BYTES + 1];
    uint8_t id[PKCS11_LABEL_BYTES];
    size_t id_size;
    uint8_t modulus[PKCS11_MODULUS_BYTES]; /* of RSA keys */
    size_t modulus_size;
    uint8_t exponent[16];
    size_t exponent_size;
};

/* A session with a token in which the key was found, or (`connected` false) none yet, or none
 * any more. */
struct pkcs11_token {
    const struct pkcs11_settings *settings;
    struct pkcs11_module *module;
    bool connected;
    bool lost; /* the last failure was one that a new session may mend */
    ck_slot_id_t slot;
    ck_session_handle_t session;
    char label[33];
    char serial[17];
    struct pkcs11_key key;
};

/* failure.c: what a module's return values mean. */

/* Describes `rv` and returns its class. `t` (may be NULL) learns whether the session is lost.
 */
uint32_t pkcs11_fail(struct pkcs11_token *t, struct lagan_op *op, ck_rv_t rv, const char *what);
/* Whether a decryption that ended so may mean that another key had encrypted. */
bool pkcs11_is_foreign(ck_rv_t rv);

/* module.c: loading. */

/* The module at `path`, initialised; give it back with pkcs11_module_release.  NULL after
 * lagan_fail, with the class in `*result`. */
struct pkcs11_module *pkcs11_module_take(struct lagan_op *op, const char *path,
                                         uint32_t *result);
/* NULL is fine. */
void pkcs11_module_release(struct pkcs11_module *m);

/* token.c: from settings to a session with its key. */

/* Finds the token, opens a session, logs in and finds the key; `make`: a key that is not there
 * is made.  OFFLINE, AUTH, NOT_FOUND, DENIED, and others of pkcs11_fail. */
uint32_t pkcs11_connect(struct pkcs11_token *t, struct lagan_op *op, bool make);
void pkcs11_disconnect(struct pkcs11_token *t);

/* object.c: keys in a token. */

/* Finds the one key that the settings mean, and what can be done with it. */
uint32_t pkcs11_key_find(struct pkcs11_token *t, struct lagan_op *op);
/* Makes an AES-256 key that never leaves the token, and finds it. */
uint32_t pkcs11_key_make(struct pkcs11_token *t, struct lagan_op *op);
/* "key NAME, id 3f2a" as the settings have it. */
void pkcs11_key_describe(const struct pkcs11_settings *s, char *text, size_t room);
void pkcs11_write_hex(const uint8_t *data, size_t size, char *text, size_t room);

/* way.c: how a data key is wrapped. */

/* Wraps `data_key` in the best way that key and token can, and tries whether it can be
 * unwrapped. */
uint32_t pkcs11_way_wrap(struct pkcs11_token *t, struct lagan_op *op,
                         const uint8_t data_key[ENVELOPE_KEY_BYTES], uint16_t *way,
                         uint8_t *wrapped, size_t room, size_t *size);
/* AUTH when the key is not the one that wrapped it. */
uint32_t pkcs11_way_unwrap(struct pkcs11_token *t, struct lagan_op *op, uint16_t way,
                           const uint8_t *wrapped, size_t size,
                           uint8_t data_key[ENVELOPE_KEY_BYTES]);

#endif
