/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.h - the shortest part of a sequence of steps that still fails.
 *
 * Delta debugging (ddmin: A. Zeller and R. Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002): what remains fails, and without any one of its steps it does
 * not - as far as the budget of attempts allowed to find out.
 */
#ifndef CORE_CONFORMANCE_SHRINK_H
#define CORE_CONFORMANCE_SHRINK_H

#include <stdbool.h>
#include <stddef.h>

struct shrink {
    size_t step_size; /* bytes of a step; a step is plain memory */
    /* Whether this sequence fails; called again and again. */
    bool (*fails)(void *context, const void *steps, size_t count);
    void *context;
    unsigned attempts; /* calls of `fails` at most */
};

/* Shrinks the `count` steps, which are known to fail, in place; returns how many are left. */
size_t shrink_steps(const struct shrink *s, void *steps, size_t count);

#endif
