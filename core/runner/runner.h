/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner.h - the loop that does what is due: copies to other regions, samples of what is
 * stored, tidying.  Several runners may work on one catalog.
 */
#ifndef CORE_RUNNER_RUNNER_H
#define CORE_RUNNER_RUNNER_H

#include "mirror/worker.h"

struct runner_request {
    struct setup *setup;
    bool once; /* do what is due, then end */
    void *context;
    void (*told)(void *context, const struct work_news *news); /* as in mirror/worker.h */
    /* The key of a vault cannot be had (codes KEY_UNAVAILABLE and WRONG_KEY): looked at when
     * the run begins and once a day; may be NULL. */
    void (*key_gone)(void *context, const struct catalog_vault *row, const struct error *why);
    uint64_t *keys_gone; /* the number of such vaults, at the last look; may be NULL */
    /* A round has failed as a whole (the catalog is locked or its disk full) and is tried
     * again; may be NULL. */
    void (*failed)(void *context, const struct error *why);
};

/* Runs until operation_cancel_all (driver/operation.h) is called, or for one round.  `*result`
 * counts over all rounds; its states are those of the last one. */
int runner_run(const struct runner_request *request, struct work_result *result,
               struct error *e);

#endif
