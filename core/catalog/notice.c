/* SPDX-License-Identifier: Apache-2.0 */
/* notice.c - what people are still to be told. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/keep.h"

#include <stdlib.h>

#define NOTICE_COLUMNS                                                                         \
    "number, event, severity, subject, body, way, created_ns, due_ns, attempts, error_text"

void catalog_notice_free(struct catalog_notice *notice)
{
    if (notice == NULL)
        return;
    free(notice->body);
    notice->body = NULL;
}

static int insert_row(struct catalog *c, struct catalog_notice *row, struct error *e)
{
    static const char sql[] = "INSERT INTO notices (" NOTICE_COLUMNS ")"
                              " VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, row->event);
    query_text(&q, row->severity);
    query_text(&q, row->subject);
    query_text(&q, row->body != NULL ? row->body : "");
    query_text(&q, row->way);
    query_number(&q, row->created_ns);
    query_number(&q, row->due_ns);
    query_number(&q, (int64_t)row->attempts);
    query_text(&q, row->error_text);
    int found = query_step(&q, e);
    if (found > 0)
        row->number = row_number(&q);
    query_end(&q);
    return found < 0 ? -1 : 0;
}

int catalog_notice_insert(struct catalog *c, struct catalog_notice *notice, struct error *e)
{
    struct catalog_notice row = *notice;

    if (row.created_ns == 0)
        row.created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0 || write_end(c, insert_row(c, &row, e), e) != 0)
        return -1;
    *notice = row;
    return 0;
}

static int read_row(struct query *q, struct catalog_notice *row, struct error *e)
{
    row->number = row_number(q);
    row_text(q, row->event, sizeof(row->event));
    row_text(q, row->severity, sizeof(row->severity));
    row_text(q, row->subject, sizeof(row->subject));
    row->body = row_text_copy(q);
    row_text(q, row->way, sizeof(row->way));
    row->created_ns = row_number(q);
    row->due_ns = row_number(q);
    row->attempts = (uint64_t)row_number(q);
    row_text(q, row->error_text, sizeof(row->error_text));
    int result = query_row_check(q, e);
    if (result == 0 && row->body == NULL)
        result = error_no_memory(e, "a notice");
    if (result != 0)
        catalog_notice_free(row);
    return result;
}

int catalog_notice_next(struct catalog *c, int64_t now_ns, struct catalog_notice *notice,
                        struct error *e)
{
    static const char sql[] = "SELECT " NOTICE_COLUMNS " FROM notices WHERE due_ns <= ?"
                              " ORDER BY due_ns, number LIMIT 1";
    struct catalog_notice row;
    struct query q;
    int found = -1;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_number(&q, now_ns);
        found = query_step(&q, e);
        if (found > 0 && read_row(&q, &row, e) != 0)
            found = -1;
        query_end(&q);
    }
    catalog_unlock(c);
    if (found > 0)
        *notice = row;
    return found;
}

int catalog_notice_done(struct catalog *c, int64_t number, struct error *e)
{
    static const char sql[] = "DELETE FROM notices WHERE number = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, number);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_notice_again(struct catalog *c, int64_t number, int64_t due_ns, const char *why,
                         struct error *e)
{
    static const char sql[] = "UPDATE notices SET attempts = attempts + 1, due_ns = ?,"
                              " error_text = ? WHERE number = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, due_ns);
        query_text(&q, why);
        query_number(&q, number);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_notice_count(struct catalog *c, uint64_t *count, struct error *e)
{
    int64_t value = 0;

    catalog_lock(c);
    int result = query_single_number(c, "SELECT count(*) FROM notices", &value, e);
    catalog_unlock(c);
    if (result == 0)
        *count = (uint64_t)value;
    return result;
}
