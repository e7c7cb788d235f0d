/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_check.h - whether the keys of a vault are there: asked before they are needed, told at
 * once, and remembered.
 */
#ifndef CORE_ENGINE_KEY_CHECK_H
#define CORE_ENGINE_KEY_CHECK_H

#include "engine/setup.h"

/* What became of a slot. */
enum key_slot_state {
    KEY_SLOT_OPENS,  /* it was unwrapped, and holds this vault's secrets */
    KEY_SLOT_FAILS,  /* a provider that is known here does not open it */
    KEY_SLOT_UNKNOWN /* nobody here knows its provider */
};
/* "opens", "fails", "unknown".  Static. */
const char *key_slot_state_name(enum key_slot_state state);

typedef int key_slot_function(void *context, const struct vault_slot *slot,
                              enum key_slot_state state, const struct error *why,
                              struct error *e);

/*
 * Unwraps every provider slot of `vault` (open, with a row; it may be locked and stays so) with
 * the provider of the row and those that slot_provider.h remembers, and compares what comes out
 * with the configuration.  `each` (may be NULL) is called for every such slot.
 *
 * The verdict is remembered.  0 when the provider of the row opens the vault and no other slot
 * fails, or when the row has no provider; else KEY_UNAVAILABLE, WRONG_KEY or TEMPORARY, with
 * the provider, the key and the next step in its text.
 */
int key_check(struct setup *s, const struct open_vault *vault, key_slot_function *each,
              void *context, struct error *e);

/* Opens the vault of `row` and checks it.  `*why` is of class OK, or the reason why its place
 * could not be looked at: then nothing is said of its keys. */
int key_check_row(struct setup *s, const struct catalog_vault *row, key_slot_function *each,
                  void *context, struct error *why, struct error *e);

/* At the start of a run: checks every vault that has a provider and is in use.  `each` (may be
 * NULL) learns of each, with the class OK or why its key cannot be had.  `*failed` is the
 * number of those. */
int key_check_all(struct setup *s,
                  void (*each)(void *context, const struct catalog_vault *row,
                               const struct error *why),
                  void *context, uint64_t *failed, struct error *e);

/* The last verdict. */
struct key_verdict {
    int64_t checked_ns; /* 0 = never */
    bool fine;
    char text[ERROR_TEXT_SIZE]; /* why not */
};
/* Of the vault with this uuid. */
int key_verdict_read(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct key_verdict *verdict, struct error *e);

/* The provider of `row` did not unlock `vault`, as `e` says: adds key and next step where the
 * key is what is missing, and remembers it.  Returns -1. */
int key_check_explain(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                      struct error *e);
/* It did: an earlier bad verdict is over. */
void key_check_opened(struct setup *s, const struct catalog_vault *row);

#endif
