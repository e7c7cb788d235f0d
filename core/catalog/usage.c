/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.c - what was stored, sent and restored, by month.  A row of kind "stored" holds the sum
 * of its samples, so that the mean does not lose a little with every one.
 */
#include "catalog/usage.h"
#include "catalog/catalog_private.h"

#include <string.h>
#include <time.h>

NAMES(kind, CATALOG_USAGES)

enum { SECOND_NS = 1000000000 };

const char *catalog_usage_kind_name(enum catalog_usage_kind kind)
{
    return kind_name((int)kind);
}

/* Its sort order is that of time. */
static void month_of(int64_t at_ns, char month[CATALOG_MONTH_SIZE])
{
    time_t seconds = (time_t)(at_ns / SECOND_NS);
    struct tm date;

    gmtime_r(&seconds, &date);
    strftime(month, CATALOG_MONTH_SIZE, "%Y-%m", &date);
}

static int write_row(struct catalog *c, const char *sql, const struct catalog_usage *usage,
                     struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, usage->month);
        query_text(&q, catalog_usage_kind_name(usage->kind));
        query_blob(&q, usage->vault, CATALOG_ID_SIZE);
        query_text(&q, usage->route);
        query_number(&q, usage->bytes < INT64_MAX ? (int64_t)usage->bytes : INT64_MAX);
        query_number(&q, usage->sampled_ns);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_usage_add(struct catalog *c, enum catalog_usage_kind kind,
                      const uint8_t vault[CATALOG_ID_SIZE], const char *route, uint64_t bytes,
                      int64_t at_ns, struct error *e)
{
    static const char sql[] =
        "INSERT INTO usage (month, kind, vault, route, bytes, samples, sampled_ns)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT (month, kind, vault, route) DO UPDATE"
        " SET bytes = min(bytes, 9223372036854775807 - ?5) + ?5,"
        " sampled_ns = max(sampled_ns, ?6)";
    struct catalog_usage usage = {.kind = kind, .bytes = bytes, .sampled_ns = at_ns};

    ASSERT(kind != CATALOG_USAGE_STORED);
    if (strlen(route) >= sizeof(usage.route))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "the route '%.40s...' is too long",
                         route);
    memcpy(usage.route, route, strlen(route));
    memcpy(usage.vault, vault, sizeof(usage.vault));
    month_of(at_ns, usage.month);
    return write_row(c, sql, &usage, e);
}

int catalog_usage_sample(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         uint64_t bytes, int64_t at_ns, struct error *e)
{
    /* Days of UTC are as long as this, whatever the clock says of leap seconds. */
    static const char sql[] =
        "INSERT INTO usage (month, kind, vault, route, bytes, samples, sampled_ns)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) ON CONFLICT (month, kind, vault, route) DO UPDATE"
        " SET bytes = min(bytes, 9223372036854775807 - ?5) + ?5, samples = samples + 1,"
        " sampled_ns = ?6 WHERE ?6 / 86400000000000 > sampled_ns / 86400000000000";
    struct catalog_usage usage = {
        .kind = CATALOG_USAGE_STORED, .bytes = bytes, .sampled_ns = at_ns};

    memcpy(usage.vault, vault, sizeof(usage.vault));
    month_of(at_ns, usage.month);
    return write_row(c, sql, &usage, e);
}

struct visit {
    int (*each)(void *context, const struct catalog_usage *usage, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_usage row;

    row_text(q, row.month, sizeof(row.month));
    row.kind = (enum catalog_usage_kind)row_enum(q, kind_count, kind_name);
    row_blob(q, row.vault, CATALOG_ID_SIZE);
    row_text(q, row.route, sizeof(row.route));
    row.bytes = (uint64_t)row_number(q);
    row.samples = (uint64_t)row_number(q);
    row.sampled_ns = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    if (row.kind == CATALOG_USAGE_STORED && row.samples > 0)
        row.bytes /= row.samples;
    return visit->each(visit->context, &row, e);
}

int catalog_usage_list(struct catalog *c, const char *month, const uint8_t *vault,
                       int (*each)(void *context, const struct catalog_usage *usage,
                                   struct error *e),
                       void *context, struct error *e)
{
    static const char sql[] =
        "SELECT month, kind, vault, route, bytes, samples, sampled_ns FROM usage"
        " WHERE (?1 IS NULL OR month = ?1) AND (?2 IS NULL OR vault = ?2)"
        " ORDER BY month, kind, vault, route";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, month);
        query_id_or_null(&q, vault);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
