/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c - lines of items: one for each vault that is written to. */
#include "base/text.h"
#include "catalog/catalog_private.h"
#include "catalog/queue.h"

#include <string.h>

int lane_make(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "INSERT INTO lanes VALUES (?, 0, 0, 0, 0, 0, '')"
                              " ON CONFLICT (vault) DO NOTHING";

    if (query_run_for(c, sql, vault, e) == 0)
        return 0;
    if (query_status(c) == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                  "the vault that is written to is not in the catalog");
    return -1;
}

static int read_row(struct query *q, struct catalog_lane *lane, struct error *e)
{
    row_blob(q, lane->vault, CATALOG_ID_SIZE);
    lane->hold_ns = row_number(q);
    lane->away_ns = row_number(q);
    lane->tries = (uint64_t)row_number(q);
    lane->paused = row_number(q) != 0;
    row_text(q, lane->reason, sizeof(lane->reason));
    lane->waiting = (uint64_t)row_number(q);
    lane->running = (uint64_t)row_number(q);
    lane->dead = (uint64_t)row_number(q);
    return query_row_check(q, e);
}

int catalog_lane_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct catalog_lane *lane, struct error *e)
{
    static const char sql[] =
        "SELECT vault, hold_ns, away_ns, tries, paused, reason,"
        " (SELECT count(*) FROM items WHERE lane = lanes.vault AND state = 'waiting'),"
        " (SELECT count(*) FROM items WHERE lane = lanes.vault AND state = 'running'),"
        " (SELECT count(*) FROM items WHERE lane = lanes.vault AND state = 'dead')"
        " FROM lanes WHERE vault = ?";
    struct catalog_lane row = {.paused = false};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_step(&q, e);
        if (result > 0)
            result = read_row(&q, &row, e);
        query_end(&q);
    }
    catalog_unlock(c);
    if (result == 0)
        *lane = row;
    return result;
}

int catalog_lane_away(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], int64_t now_ns,
                      int64_t until_ns, const char *reason, struct error *e)
{
    static const char sql[] =
        "UPDATE lanes SET hold_ns = ?, away_ns = iif(away_ns = 0, ?, away_ns),"
        " tries = tries + 1, reason = ? WHERE vault = ?";
    char text[CATALOG_TEXT_SIZE];
    struct query q;

    text_escape_line(text, sizeof(text), reason, strlen(reason));
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = lane_make(c, vault, e);
    if (result == 0)
        result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, until_ns);
        query_number(&q, now_ns);
        query_text(&q, text);
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_lane_back(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] =
        "UPDATE lanes SET hold_ns = 0, away_ns = 0, tries = 0, reason = ''"
        " WHERE vault = ? AND (hold_ns <> 0 OR away_ns <> 0)";

    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, query_run_for(c, sql, vault, e), e);
}

int catalog_lane_pause(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], bool paused,
                       struct error *e)
{
    static const char sql[] = "UPDATE lanes SET paused = ? WHERE vault = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = lane_make(c, vault, e);
    if (result == 0)
        result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, paused);
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}
