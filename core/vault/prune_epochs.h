/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_epochs.h - the records below `prune/`: what writers must not build on.
 * Protocol: doc/format.md section 13.
 */
#ifndef CORE_VAULT_PRUNE_EPOCHS_H
#define CORE_VAULT_PRUNE_EPOCHS_H

#include "vault/prune_record.h"

struct prune_epoch {
    uint32_t number;
    bool condemn_listed, delete_listed;
    bool condemn_known, delete_known; /* genuine, and read into: */
    struct prune_record condemned, deleted;
};

/* Ascending by number.  `{0}` is empty; prune_epochs_free. */
struct prune_epochs {
    struct prune_epoch *items;
    size_t count;
};

/* Lists and reads all records.  Damaged ones are logged and stay unknown. */
int prune_epochs_load(struct vault *v, struct prune_epochs *epochs, struct error *e);
void prune_epochs_free(struct prune_epochs *epochs);
/* Whether a listing shows other names than those that `epochs` has: 1, 0, -1. */
int prune_epochs_changed(struct vault *v, const struct prune_epochs *epochs, struct error *e);

/* The highest number that is listed; 0 = none. */
uint32_t prune_epochs_highest(const struct prune_epochs *epochs);
/* The number a session is registered under: the highest one such that what it condemns, and
 * each one below, is known.  Whoever prunes waits for sessions below its own epoch, so that
 * what could not be read is not taken away from them. */
uint32_t prune_epochs_usable(const struct prune_epochs *epochs);
/* What counts of an epoch: the deletion once there is one, else what is condemned; NULL when
 * neither is known. */
const struct prune_record *prune_epoch_record(const struct prune_epoch *epoch);
/* The record that names the pack or roll and counts, the latest one; or NULL. */
const struct prune_record *prune_epochs_find(const struct prune_epochs *epochs,
                                             const uint8_t hash[32]);
/* The same among deletions alone, above the epoch `after`. */
const struct prune_record *prune_epochs_find_deleted(const struct prune_epochs *epochs,
                                                     uint32_t after, const uint8_t hash[32]);

#endif
