/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distrust.h - packs that were found damaged on this host, remembered in the cache directory.
 * Writers take them for absent: what they held is stored anew, so that new backups are whole.
 * Readers try them all the same.  A check that finds a pack whole forgets it.
 */
#ifndef CORE_VAULT_DISTRUST_H
#define CORE_VAULT_DISTRUST_H

#include "vault/vault_private.h"

/* Without a cache directory nothing is remembered. */
void distrust_note(const struct vault *v, const uint8_t hash[32]);
void distrust_forget(const struct vault *v, const uint8_t hash[32]);
/* Calls `each` for every pack that is distrusted. */
void distrust_list(const struct vault *v, void (*each)(void *context, const uint8_t hash[32]),
                   void *context);

#endif
