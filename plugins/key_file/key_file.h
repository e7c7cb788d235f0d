/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_file.h - a key in a file, and how it wraps secrets.
 *
 * The file is one line, "lagan-key-1 <64 hex digits: the key> <8 hex digits: check>\n", where
 * the check is the start of the SHA-256 of all before its space.
 *
 * The wrapped form is
 *
 *     0   8  "lagankf1"
 *     8   8  id of the key: HKDF(key, no salt, "lagan key_file id", 8)
 *    16  32  random salt
 *    48  32  commitment
 *    80   n  AES-256-GCM of the secret, nonce zero, with the context as associated data
 *     +  16  tag
 *     +   8  start of the SHA-256 of all before
 *
 * where HKDF-SHA-256(key, salt, "lagan key_file wrap", 64) gives 32 bytes of AES key, used this
 * once, and 32 bytes of commitment, which ties the form to one key.  The sum at the end tells
 * accidental damage from a wrong key.
 */
#ifndef PLUGINS_KEY_FILE_H
#define PLUGINS_KEY_FILE_H

#include <lagan/key.h>

enum { KEY_BYTES = 32, KEY_ID_BYTES = 8 };

/* key.c: the file. */

/* Reads the key from `path`.  NOT_FOUND, DENIED (others could read it), CORRUPT. */
uint32_t key_read(struct lagan_op *op, const char *path, uint8_t key[KEY_BYTES]);
/* Creates `path` with a new random key, durable on return.  EXISTS. */
uint32_t key_create(struct lagan_op *op, const char *path);

/* wrap.c: the cryptography. */

/* The public id of a key.  LAGAN_OK or LAGAN_INTERNAL. */
uint32_t key_identify(struct lagan_op *op, const uint8_t key[KEY_BYTES],
                      uint8_t id[KEY_ID_BYTES]);
/* As the slots of struct lagan_key_ops. */
uint32_t key_wrap(struct lagan_op *op, const uint8_t key[KEY_BYTES], const void *context,
                  size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                  size_t room, size_t *wrapped_size);
uint32_t key_unwrap(struct lagan_op *op, const uint8_t key[KEY_BYTES], const void *context,
                    size_t context_size, const void *wrapped, size_t wrapped_size, void *secret,
                    size_t room, size_t *secret_size);

#endif
