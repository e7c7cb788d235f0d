/* SPDX-License-Identifier: Apache-2.0 */
/* notes_private.h - what the files of notes share. */
#ifndef CORE_ENGINE_NOTES_PRIVATE_H
#define CORE_ENGINE_NOTES_PRIVATE_H

#include "engine/notes.h"

/* Adds a number as decimal digits; 0 is left out. */
int notes_add_number(struct vault_note *note, const char *name, int64_t value, struct error *e);
/* 0 when it is not said, or no number. */
int64_t notes_number(const struct vault_note *note, const char *name);

/* ---- notes_policy.c ---- */

/* Notes on all policies that hold for the vault; takes back those on others. */
int notes_tell_policies(struct setup *s, struct vault *v, const struct catalog_vault *row,
                        struct error *e);
/* Takes one policy in. */
int notes_take_policy(struct setup *s, const struct vault_note *note,
                      const struct catalog_vault *row, bool new_vault,
                      struct notes_taken *taken, struct error *e);
/* One number for all that notes_tell_vault would say: it changes when that does. */
int notes_mark(struct setup *s, const struct catalog_vault *row, char mark[65],
               struct error *e);

#endif
