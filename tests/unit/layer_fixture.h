/* SPDX-License-Identifier: Apache-2.0 */
/* layer_fixture.h - targets with layers, opened from words; a last layer that looks on. */
#ifndef TESTS_UNIT_LAYER_FIXTURE_H
#define TESTS_UNIT_LAYER_FIXTURE_H

#include "driver/layer.h"
#include "driver_fixture.h"

#include <stdatomic.h>

/* An open target. */
struct layered {
    struct instance *instance;
    struct target *target;
};

/* `words`: of the driver, "name=value"; `layers`: of the layers, "setting=value"; both end with
 * NULL.  The test fails when it cannot be opened. */
struct layered layered_open(struct driver_host *host, const char *driver,
                            const char *const *words, const char *const *layers,
                            uint64_t flags);
void layered_close(struct layered *l);

/* Settings from "setting=value" words, without retries unless a word says so. */
void layered_settings(const char *const *layers, struct layer_settings *settings);

/* A layer under test, with one behind it that counts. */
struct probe {
    struct layer layer;
    struct layer below;
    struct layer_place place;
    struct layer_settings settings;
    atomic_int running, most; /* calls at a time */
    atomic_int calls;
    int64_t duration_ns;                /* of each call */
    uint32_t (*answer)(struct call *c); /* NULL = OK */
};
void probe_open(struct probe *p, const struct layer_kind *kind, enum lagan_kind driver_kind,
                const char *const *layers);
void probe_close(struct probe *p);
/* One call through the layer with an op of its own. */
uint32_t probe_call(struct probe *p, struct call *c);

/* Nanoseconds that only go on. */
int64_t now_ns(void);

#endif
