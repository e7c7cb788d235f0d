/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.h - what was stored, sent and restored, by month (UTC).
 */
#ifndef CORE_CATALOG_USAGE_H
#define CORE_CATALOG_USAGE_H

#include "catalog/catalog.h"

/* X(symbol, name, what `route` is) */
#define CATALOG_USAGES(X)                                                                      \
    X(STORED, "stored", "empty; bytes are the mean of daily samples")                          \
    X(REPLICATED, "replicated", "the pair of regions: \"east>west\"")                          \
    X(RESTORED, "restored", "local, private or internet")
enum catalog_usage_kind {
#define X(symbol, name, text) CATALOG_USAGE_##symbol,
    CATALOG_USAGES(X)
#undef X
};
const char *catalog_usage_kind_name(enum catalog_usage_kind kind);

enum { CATALOG_MONTH_SIZE = 8 /* "2026-11" */ };

struct catalog_usage {
    char month[CATALOG_MONTH_SIZE];
    enum catalog_usage_kind kind;
    uint8_t vault[CATALOG_ID_SIZE]; /* stored in, sent to, restored from */
    char route[2 * NAME_SIZE];
    uint64_t bytes;
    uint64_t samples;   /* days, of kind STORED */
    int64_t sampled_ns; /* the last */
};

/* Adds `bytes` to the month of `at_ns`; kinds REPLICATED and RESTORED. */
int catalog_usage_add(struct catalog *c, enum catalog_usage_kind kind,
                      const uint8_t vault[CATALOG_ID_SIZE], const char *route, uint64_t bytes,
                      int64_t at_ns, struct error *e);
/* A sample of what is stored; the first one of a day (UTC) counts, later ones change nothing.
 */
int catalog_usage_sample(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         uint64_t bytes, int64_t at_ns, struct error *e);
/* By month, kind, vault, route; `month` and `vault` NULL = all. */
int catalog_usage_list(struct catalog *c, const char *month, const uint8_t *vault,
                       int (*each)(void *context, const struct catalog_usage *usage,
                                   struct error *e),
                       void *context, struct error *e);

#endif
