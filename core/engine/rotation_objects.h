/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotation_objects.h - what the rotation (verify_rotation.h) does with objects of a vault;
 * knows no catalog.
 */
#ifndef CORE_ENGINE_ROTATION_OBJECTS_H
#define CORE_ENGINE_ROTATION_OBJECTS_H

#include "vault/vault.h"

#include <stdbool.h>

typedef int rotation_object_function(void *context, const char *name, const uint8_t hash[32],
                                     uint64_t bytes, struct error *e);
/* Calls `each` for every object that is named by its hash, but rolls: these are read with the
 * structure. */
int rotation_list(struct vault *v, rotation_object_function *each, void *context,
                  struct error *e);
/* True for packs and rolls, which another copy of the vault has under the same name. */
bool rotation_can_come_back(const char *name, uint8_t hash[32]);
/* Reads the object; `read` is called with the bytes of each piece.  INTEGRITY when they do not
 * fit its name. */
int rotation_read(struct vault *v, const char *name, const uint8_t hash[32],
                  void (*read)(void *context, uint64_t bytes), void *context, struct error *e);
/* Copies it from another copy of the vault over what is there, durably; nothing changes when
 * what is there is not whole. */
int rotation_bring(struct vault *from, struct vault *to, const char *name,
                   const uint8_t hash[32], struct error *e);
/* Damaged packs are distrusted by those who would build on them (vault/distrust.h). */
void rotation_trust(struct vault *v, const char *name, const uint8_t hash[32], bool whole);

#endif
