/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell_metrics.c - the figures of the catalog as metrics, in the text format of Prometheus
 * (version 0.0.4).  The table below is all there is; doc/operations.md explains those that an
 * alarm should watch.
 */
#include <config.h>

#include "engine/tell.h"

#include "base/clock.h"
#include "base/object.h"
#include "catalog/figures.h"
#include "engine/trusted_time.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

/* What becomes of a value: X(symbol).  `of` is the second value of a row, where one is named.
 */
enum unit {
    UNIT_COUNT,   /* as it is */
    UNIT_FLAG,    /* 1 when it is not 0 */
    UNIT_ONE,     /* 1: the labels say all */
    UNIT_TIME,    /* nanoseconds since 1970: seconds since 1970; 0 = never */
    UNIT_SECONDS, /* nanoseconds: seconds */
    UNIT_AGE,     /* nanoseconds since 1970: how many seconds ago; 0 = not at all */
    UNIT_SHARE,   /* of `of`, at most 1; 1 when that is 0 */
    UNIT_USE,     /* of `of`; left out when that is 0 */
    UNIT_WITHIN   /* 1 when the age is not above the nanoseconds of `of`, or that is 0 */
};

/* X(name behind "lagan_", type, help, kind of figure, value, unit, `of`, labels used; 0 = all)
 */
#define METRICS(X)                                                                             \
    X("source_last_success_timestamp_seconds", "gauge",                                        \
      "when the newest restorable backup of the source was made; 0 = never", SOURCE,           \
      "created", TIME, NULL, 0)                                                                \
    X("source_last_duration_seconds", "gauge", "how long that backup took", SOURCE, "took",    \
      SECONDS, NULL, 0)                                                                        \
    X("source_last_entries", "gauge", "entries in that backup", SOURCE, "entries", COUNT,      \
      NULL, 0)                                                                                 \
    X("source_last_bytes", "gauge", "bytes of all content in that backup", SOURCE, "bytes",    \
      COUNT, NULL, 0)                                                                          \
    X("source_last_stored_bytes", "gauge", "bytes that backup added to the vault", SOURCE,     \
      "stored", COUNT, NULL, 0)                                                                \
    X("source_last_partial", "gauge", "1 when that backup lacks entries", SOURCE, "partial",   \
      FLAG, NULL, 0)                                                                           \
    X("vault_stored_bytes", "gauge", "bytes that the backups of the vault take", VAULT,        \
      "stored", COUNT, NULL, 0)                                                                \
    X("vault_quota_bytes", "gauge", "how much the vault may hold; 0 = no limit", VAULT,        \
      "quota", COUNT, NULL, 0)                                                                 \
    X("vault_used_ratio", "gauge", "share of the quota that is used", VAULT, "stored", USE,    \
      "quota", 0)                                                                              \
    X("vault_backups", "gauge", "backups that can be restored", VAULT, "backups", COUNT, NULL, \
      0)                                                                                       \
    X("vault_failed_backups", "gauge", "backups in state error", VAULT, "failed", COUNT, NULL, \
      0)                                                                                       \
    X("verify_coverage_ratio", "gauge",                                                        \
      "share of the stored bytes that was read in full within verify-within", VAULT,           \
      "verified_since", SHARE, "stored", 0)                                                    \
    X("verify_oldest_timestamp_seconds", "gauge",                                              \
      "when the object was read that waits longest to be read again; 0 = none was", VAULT,     \
      "verified_oldest", TIME, NULL, 0)                                                        \
    X("verify_damaged_objects", "gauge", "objects that were found damaged", VAULT, "damaged",  \
      COUNT, NULL, 0)                                                                          \
    X("expiry_braked", "gauge", "1 when expiry waits for somebody", VAULT, "braked", FLAG,     \
      NULL, 0)                                                                                 \
    X("drill_last_success_timestamp_seconds", "gauge",                                         \
      "when a restore drill last succeeded; 0 = never", VAULT, "drilled", TIME, NULL, 0)       \
    X("drill_last_failure_timestamp_seconds", "gauge",                                         \
      "when a restore drill last failed or differed; 0 = never", VAULT, "drill_failed", TIME,  \
      NULL, 0)                                                                                 \
    X("policy_enabled", "gauge", "1 when the policy runs by itself", POLICY, "enabled", FLAG,  \
      NULL, 2)                                                                                 \
    X("policy_last_run", "gauge", "how its last run ended: the label state", POLICY,           \
      "enabled", ONE, NULL, 0)                                                                 \
    X("policy_last_slot_timestamp_seconds", "gauge",                                           \
      "when that run was due by its schedule; 0 = no run yet", POLICY, "slot", TIME, NULL, 2)  \
    X("policy_last_duration_seconds", "gauge", "how long that run took", POLICY, "took",       \
      SECONDS, NULL, 2)                                                                        \
    X("policy_last_success_timestamp_seconds", "gauge",                                        \
      "when a run of the policy last succeeded; 0 = never", POLICY, "succeeded", TIME, NULL,   \
      2)                                                                                       \
    X("policy_open_runs", "gauge", "runs that wait or are at work", POLICY, "open", COUNT,     \
      NULL, 2)                                                                                 \
    X("jobs", "gauge", "jobs of the runner that wait or are at work", JOB, "count", COUNT,     \
      NULL, 0)                                                                                 \
    X("jobs_overdue_seconds", "gauge", "for how long the first of them has been due", JOB,     \
      "due", AGE, NULL, 0)                                                                     \
    X("upkeep_last_success_timestamp_seconds", "gauge",                                        \
      "when pruning, verifying, ... last succeeded; 0 = never", UPKEEP, "done", TIME, NULL, 0) \
    X("queue_items", "gauge", "work owed to the vault; state dead: it was given up", ITEM,     \
      "count", COUNT, NULL, 0)                                                                 \
    X("queue_bytes", "gauge", "bytes of that work, as far as they are known", ITEM, "bytes",   \
      COUNT, NULL, 0)                                                                          \
    X("queue_overdue_seconds", "gauge", "for how long the first of it has been due", ITEM,     \
      "due", AGE, NULL, 0)                                                                     \
    X("mirror_state", "gauge", "the state of the mirror: the label state", MIRROR, "rpo", ONE, \
      NULL, 0)                                                                                 \
    X("mirror_lag_seconds", "gauge", "age of the oldest new backup that is not there yet",     \
      MIRROR, "oldest", AGE, NULL, 3)                                                          \
    X("mirror_lag_backups", "gauge", "backups that are not there yet", MIRROR, "backups",      \
      COUNT, NULL, 3)                                                                          \
    X("mirror_lag_bytes", "gauge", "bytes of these", MIRROR, "bytes", COUNT, NULL, 3)          \
    X("mirror_rpo_seconds", "gauge", "how far the mirror may lag; 0 = no limit", MIRROR,       \
      "rpo", SECONDS, NULL, 3)                                                                 \
    X("mirror_rpo_holds", "gauge", "1 when it lags by no more than that", MIRROR, "oldest",    \
      WITHIN, "rpo", 3)                                                                        \
    X("mirror_rpo_breaches_total", "counter", "how often it has begun to lag by more", MIRROR, \
      "breaches", COUNT, NULL, 3)                                                              \
    X("mirror_deletions_waiting", "gauge", "deletions that have not reached the mirror",       \
      MIRROR, "deletions", COUNT, NULL, 3)                                                     \
    X("mirror_dead_items", "gauge", "work for the mirror that was given up", MIRROR, "dead",   \
      COUNT, NULL, 3)                                                                          \
    X("mirror_braked", "gauge", "1 when the brake holds its deletions", MIRROR, "braked",      \
      FLAG, NULL, 3)                                                                           \
    X("mirror_synced_timestamp_seconds", "gauge", "when nothing was left to do; 0 = never",    \
      MIRROR, "synced", TIME, NULL, 3)                                                         \
    X("mirror_latest_timestamp_seconds", "gauge",                                              \
      "when the newest backup was made that has arrived; 0 = none", MIRROR, "latest", TIME,    \
      NULL, 3)                                                                                 \
    X("tasks", "gauge", "tasks that are remembered, by how they ended", TASK, "count", COUNT,  \
      NULL, 0)                                                                                 \
    X("sent_bytes_total", "counter", "bytes that went to other regions or were restored",      \
      SENT, "bytes", COUNT, NULL, 0)                                                           \
    X("notices_waiting", "gauge", "notices that wait to be told", NOTICE, "count", COUNT,      \
      NULL, 0)                                                                                 \
    X("notices_oldest_seconds", "gauge", "for how long the first of them has waited", NOTICE,  \
      "oldest", AGE, NULL, 0)                                                                  \
    X("rule_pending_objects", "gauge", "versions that wait to be copied", RULE, "pending",     \
      COUNT, NULL, 0)                                                                          \
    X("rule_pending_bytes", "gauge", "bytes of these", RULE, "bytes", COUNT, NULL, 0)          \
    X("rule_oldest_pending_seconds", "gauge", "how long ago the oldest of these was made",     \
      RULE, "oldest", AGE, NULL, 0)                                                            \
    X("rule_failed_objects", "gauge", "versions that were given up", RULE, "failed", COUNT,    \
      NULL, 0)                                                                                 \
    X("rule_seen_timestamp_seconds", "gauge",                                                  \
      "when the last whole listing of the source began; 0 = never", RULE, "seen", TIME, NULL,  \
      0)                                                                                       \
    X("rule_copied_objects_total", "counter", "objects copied since the rule was made", RULE,  \
      "copied", COUNT, NULL, 3)                                                                \
    X("rule_copied_bytes_total", "counter", "bytes copied since the rule was made", RULE,      \
      "copied_bytes", COUNT, NULL, 3)

static const struct metric {
    const char *name, *type, *help;
    enum catalog_figure_kind kind;
    const char *value;
    enum unit unit;
    const char *of;
    size_t labels;
} metrics[] = {
#define X(name, type, help, kind, value, unit, of, labels)                                     \
    {name, type, help, CATALOG_FIGURE_##kind, value, UNIT_##unit, of, labels},
    METRICS(X)
#undef X
};
enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };

/* The rows of one kind. */
struct figures {
    struct catalog_figure *items;
    size_t count;
};

static int gather(void *context, const struct catalog_figure *figure, struct error *e)
{
    struct figures *all = context;
    struct catalog_figure *grown = reallocarray(all->items, all->count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "metrics");
    all->items = grown;
    all->items[all->count++] = *figure;
    return 0;
}

/* Numbers */

static void add_seconds(struct buffer *out, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    buffer_append_format(out, "%lld.%03d", (long long)(ns / SECOND_NS),
                         (int)(ns % SECOND_NS / 1000000));
}

static void add_share(struct buffer *out, int64_t part, int64_t whole, bool bounded)
{
    double share = whole > 0 ? (double)part / (double)whole : 1;
    uint64_t millionths;

    if (share < 0 || (bounded && share > 1))
        share = share < 0 ? 0 : 1;
    millionths = share < 1e12 ? (uint64_t)(share * 1e6 + 0.5) : UINT64_C(1000000000000000000);
    /* Whatever is missing is seen: 1 is said of the whole only. */
    if (bounded && part < whole && millionths >= 1000000)
        millionths = 999999;
    buffer_append_format(out, "%llu.%06u", (unsigned long long)(millionths / 1000000),
                         (unsigned)(millionths % 1000000));
}

static int64_t age_of(int64_t then_ns, int64_t now_ns)
{
    return then_ns != 0 && now_ns > then_ns ? now_ns - then_ns : 0;
}

/* The value of a row; `of` is 0 where the metric has none. */
static void add_value(struct buffer *out, enum unit unit, int64_t value, int64_t of,
                      int64_t now_ns)
{
    switch (unit) {
    case UNIT_COUNT:
        buffer_append_format(out, "%lld", (long long)value);
        break;
    case UNIT_FLAG:
        buffer_append_format(out, "%d", value != 0);
        break;
    case UNIT_ONE:
        buffer_append_format(out, "1");
        break;
    case UNIT_TIME:
    case UNIT_SECONDS:
        add_seconds(out, value);
        break;
    case UNIT_AGE:
        add_seconds(out, age_of(value, now_ns));
        break;
    case UNIT_SHARE:
    case UNIT_USE:
        add_share(out, value, of, unit == UNIT_SHARE);
        break;
    case UNIT_WITHIN:
        buffer_append_format(out, "%d", of == 0 || age_of(value, now_ns) <= of);
        break;
    }
}

/* Lines */

static void add_label(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            buffer_append_format(out, "\\n");
        else if (*value == '\\' || *value == '"')
            buffer_append_format(out, "\\%c", *value);
        else
            buffer_append_u8(out, (uint8_t)*value);
    }
    buffer_append_u8(out, '"');
}

static void add_labels(struct buffer *out, const struct metric *metric,
                       const struct catalog_figure *figure)
{
    size_t count = metric->labels > 0 ? metric->labels : catalog_figure_labels(metric->kind);
    char name[32];

    for (size_t i = 0; i < count; i++) {
        catalog_figure_label(metric->kind, i, name);
        buffer_append_u8(out, i == 0 ? '{' : ',');
        add_label(out, name, figure->labels[i]);
    }
    buffer_append_u8(out, '}');
}

static void add_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_append_format(out, "# HELP lagan_%s %s\n# TYPE lagan_%s %s\n", name, help, name,
                         type);
}

static void add_metric(struct buffer *out, const struct metric *metric,
                       const struct figures *all, int64_t now_ns)
{
    int value = catalog_figure_value(metric->kind, metric->value);
    int of = metric->of != NULL ? catalog_figure_value(metric->kind, metric->of) : -1;

    ASSERT(value >= 0 && (of >= 0 || metric->of == NULL));
    if (all->count > 0)
        add_head(out, metric->name, metric->type, metric->help);
    for (size_t i = 0; i < all->count; i++) {
        const struct catalog_figure *figure = &all->items[i];
        int64_t second = of >= 0 ? figure->values[of] : 0;
        if (metric->unit == UNIT_USE && second == 0)
            continue;
        buffer_append_format(out, "lagan_%s", metric->name);
        add_labels(out, metric, figure);
        buffer_append_u8(out, ' ');
        add_value(out, metric->unit, figure->values[value], second, now_ns);
        buffer_append_u8(out, '\n');
    }
}

static int add_kind(struct setup *s, enum catalog_figure_kind kind, int64_t now_ns,
                    struct buffer *out, struct error *e)
{
    int64_t since = now_ns - setup_config(s)->runner.verify_ns;
    struct figures all = {0};
    int result = catalog_figure_list(setup_catalog(s), kind, since, gather, &all, e);

    for (size_t i = 0; i < METRIC_COUNT && result == 0; i++)
        if (metrics[i].kind == kind)
            add_metric(out, &metrics[i], &all, now_ns);
    free(all.items);
    return result;
}

/* What is of no vault, source or policy. */
static void add_general(struct setup *s, int64_t now_ns, struct buffer *out)
{
    struct error ignored = ERROR_INIT;
    struct trusted_time time;

    add_head(out, "build_info", "gauge", "the program that wrote these lines");
    buffer_append_format(out, "lagan_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    add_head(out, "figures_timestamp_seconds", "gauge", "when they were written");
    buffer_append_format(out, "lagan_figures_timestamp_seconds ");
    add_seconds(out, now_ns);
    buffer_append_u8(out, '\n');
    /* Reading the trusted time may write: a catalog that is busy costs this line only. */
    if (trusted_time_read(setup_catalog(s), &time, &ignored) != 0)
        return;
    add_head(out, "clock_doubtful", "gauge",
             "1 when the clock is in doubt and nothing expires");
    buffer_append_format(out, "lagan_clock_doubtful %d\n", time.doubtful);
}

int tell_metrics(struct setup *s, struct buffer *out, struct error *e)
{
    int64_t now = clock_wall_ns();

    add_general(s, now, out);
    for (int kind = 0; kind < CATALOG_FIGURE_COUNT; kind++)
        if (add_kind(s, (enum catalog_figure_kind)kind, now, out, e) != 0)
            return -1;
    return buffer_check(out, e);
}
