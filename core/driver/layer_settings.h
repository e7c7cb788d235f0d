/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_settings.h - which layers a target or source has, and how they are set.
 *
 * People write them into a `layers { }` section of a region's target or zone, or of a
 * `driver NAME` section, which concerns every use of that driver; the region's come first.  The
 * table below feeds the parser, the manual's check and the completion.
 */
#ifndef CORE_DRIVER_LAYER_SETTINGS_H
#define CORE_DRIVER_LAYER_SETTINGS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(member, name, type, default, minimum, maximum, help)
 *
 * Types: COUNT (a number), DURATION (nanoseconds; "90s"), RATE (bytes per second; "10M"), SIZE
 * (bytes), FLAG (yes, no), TEXT (one text), LIST (several texts).  The default is what people
 * would write.
 */
#define LAYER_SETTINGS(X)                                                                      \
    X(dry_run, "dry-run", FLAG, "no", 0, 1, "let nothing change anything, and say what would") \
    X(read_only, "read-only", FLAG, "no", 0, 1, "refuse what would change something")          \
    X(cache, "cache", TEXT, "", 0, 4096, "folder in which small objects are kept once read")   \
    X(cache_bytes, "cache-size", SIZE, "256M", 1 << 20, INT64_MAX, "most bytes in the cache")  \
    X(prefix, "prefix", TEXT, "", 0, 100, "prefix of all keys in the store")                   \
    X(emulate_if_absent, "emulate-if-absent", FLAG, "no", 0, 1,                                \
      "look before each put, for a store that cannot; safe for a single writer only")          \
    X(retry, "retry", COUNT, "5", 0, 100, "how often a call is made again; 0 = never")         \
    X(retry_pause_ns, "retry-pause", DURATION, "1s", 1000000, 3600000000000,                   \
      "first pause before that; it doubles, with jitter")                                      \
    X(retry_limit_ns, "retry-limit", DURATION, "2m", 0, 86400000000000,                        \
      "no attempt begins later after the first failure; 0 = no limit")                         \
    X(parallel, "parallel", COUNT, "0", 0, 1024, "calls at a time; 0 = no limit")              \
    X(send_rate, "send-rate", RATE, "0", 0, INT64_MAX, "bytes per second to it; 0 = no limit") \
    X(receive_rate, "receive-rate", RATE, "0", 0, INT64_MAX,                                   \
      "bytes per second from it; 0 = no limit")                                                \
    X(timeout_ns, "timeout", DURATION, "0", 0, 86400000000000,                                 \
      "longest time of one attempt; 0 = no limit")                                             \
    X(statistics, "statistics", FLAG, "no", 0, 1, "log calls, bytes and times at the end")     \
    X(trace, "trace", FLAG, "no", 0, 1, "a log line for each attempt")                         \
    X(latency_ns, "latency", DURATION, "0", 0, 600000000000, "make each call so much slower")  \
    X(fault, "fault", LIST, "", 0, 256, "make calls fail: VERB:CLASS[:WHEN:N]")

/* Several texts, in the order given. */
struct layer_list {
    char **items;
    size_t count;
};

#define LAYER_SETTING_TYPE_COUNT int64_t
#define LAYER_SETTING_TYPE_DURATION int64_t
#define LAYER_SETTING_TYPE_RATE int64_t
#define LAYER_SETTING_TYPE_SIZE int64_t
#define LAYER_SETTING_TYPE_FLAG bool
#define LAYER_SETTING_TYPE_TEXT char *
#define LAYER_SETTING_TYPE_LIST struct layer_list

/* All settings of a stack.  Zeroed is not a default: layer_settings_init. */
struct layer_settings {
#define X(member, name, type, fallback, minimum, maximum, help)                                \
    LAYER_SETTING_TYPE_##type member;
    LAYER_SETTINGS(X)
#undef X
};

/* Sets all defaults. */
int layer_settings_init(struct layer_settings *s, struct error *e);
/* Frees what it holds; fine after a failed init and on zeroes. */
void layer_settings_free(struct layer_settings *s);
int layer_settings_copy(const struct layer_settings *from, struct layer_settings *to,
                        struct error *e);
/* Sets one by its name, in the form people write.  A LIST gets one item more.  Errors: CONFIG:
 * no such setting (the message lists those there are), a value out of form or range. */
int layer_settings_set(struct layer_settings *s, const char *name, const char *value,
                       struct error *e);

/* The table, for help, manual and completion; `index` from 0 until NULL comes. */
struct layer_setting {
    const char *name;
    const char *fallback;
    const char *help;
};
const struct layer_setting *layer_setting_row(size_t index);

#endif
