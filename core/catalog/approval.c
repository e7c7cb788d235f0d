/* SPDX-License-Identifier: Apache-2.0 */
/* approval.c - see approval.h. */
#include "catalog/approval.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <string.h>

enum { ID_DIGITS_LEAST = 4 };

static const char *const states[] = {
#define X(symbol, name) name,
    CATALOG_REQUEST_STATES(X)
#undef X
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static const char *state_name(int state)
{
    return states[state];
}

const char *catalog_request_state_name(enum catalog_request_state state)
{
    ASSERT((unsigned)state < STATES);
    return states[state];
}

/* ---- who ---- */

static int add_approver(struct query *q, void *context, struct error *e)
{
    struct catalog_approvers *all = context;
    struct catalog_approver *made = &all->items[all->count];

    if (all->count == CATALOG_APPROVER_LIMIT)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "the catalog names more than %d approvers of a vault",
                         CATALOG_APPROVER_LIMIT);
    all->count++;
    row_text(q, made->name, sizeof(made->name));
    row_blob(q, made->public_key, sizeof(made->public_key));
    return query_row_check(q, e);
}

static int read_needed(struct catalog *c, const uint8_t *vault, uint32_t *needed,
                       struct error *e)
{
    static const char sql[] = "SELECT needed FROM approval_rules WHERE vault = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    int found = query_step(&q, e);
    *needed = found > 0 ? (uint32_t)row_number(&q) : 0;
    query_end(&q);
    return found < 0 ? -1 : 0;
}

int catalog_approvers_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          struct catalog_approvers *approvers, struct error *e)
{
    static const char sql[] =
        "SELECT name, public_key FROM approvers WHERE vault = ? ORDER BY name";
    struct query q;

    *approvers = (struct catalog_approvers){.needed = 0};
    catalog_lock(c);
    int result = read_needed(c, vault, &approvers->needed, e);
    if (result == 0)
        result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_list(&q, add_approver, approvers, e);
    }
    catalog_unlock(c);
    return result;
}

static int insert_approver(struct catalog *c, const uint8_t *vault,
                           const struct catalog_approver *approver, struct error *e)
{
    static const char sql[] =
        "INSERT INTO approvers (vault, name, public_key) VALUES (?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, approver->name);
    query_blob(&q, approver->public_key, sizeof(approver->public_key));
    if (query_finish(&q, e) == 0)
        return 0;
    if (query_is_taken(query_status(c)))
        error_set(e, LAGAN_INVALID, ERROR_NAME_TAKEN, "the approver %s is named twice",
                  approver->name);
    return -1;
}

static int insert_needed(struct catalog *c, const uint8_t *vault, uint32_t needed,
                         struct error *e)
{
    static const char sql[] = "INSERT INTO approval_rules (vault, needed) VALUES (?, ?)";
    struct query q;

    if (needed == 0)
        return 0;
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_number(&q, needed);
    return query_finish(&q, e);
}

int catalog_approvers_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const struct catalog_approvers *approvers, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM approvers WHERE vault = ?", vault, e);
    if (result == 0)
        result = query_run_for(c, "DELETE FROM approval_rules WHERE vault = ?", vault, e);
    if (result == 0)
        result = insert_needed(c, vault, approvers->needed, e);
    for (size_t i = 0; result == 0 && i < approvers->count; i++)
        result = insert_approver(c, vault, &approvers->items[i], e);
    return write_end(c, result, e);
}

/* ---- what was asked for ---- */

#define REQUEST_COLUMNS "id, vault, operation, subject, actor, state, created_ns, until_ns"

int catalog_request_insert(struct catalog *c, struct catalog_request *request, struct error *e)
{
    static const char sql[] =
        "INSERT INTO approval_requests (" REQUEST_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    struct query q;

    audit_name_actor(request->actor);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, request->id);
        query_blob(&q, request->vault, CATALOG_ID_SIZE);
        query_text(&q, request->operation);
        query_text(&q, request->subject);
        query_text(&q, request->actor);
        query_text(&q, catalog_request_state_name(request->state));
        query_number(&q, request->created_ns);
        query_number(&q, request->until_ns);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

static int read_request(struct query *q, struct catalog_request *row, struct error *e)
{
    row_text(q, row->id, sizeof(row->id));
    row_blob(q, row->vault, CATALOG_ID_SIZE);
    row_text(q, row->operation, sizeof(row->operation));
    row_text(q, row->subject, sizeof(row->subject));
    row_text(q, row->actor, sizeof(row->actor));
    row->state = (enum catalog_request_state)row_enum(q, STATES, state_name);
    row->created_ns = row_number(q);
    row->until_ns = row_number(q);
    return query_row_check(q, e);
}

/* The first row of a bound query, and whether there is another: 2, 1, 0, -1; ends it. */
static int read_first(struct query *q, struct catalog_request *request, struct error *e)
{
    struct catalog_request row;
    int found = query_step(q, e);

    if (found > 0 && read_request(q, &row, e) != 0)
        found = -1;
    if (found > 0) {
        int more = query_step(q, e);
        found = more < 0 ? -1 : 1 + more;
    }
    query_end(q);
    if (found > 0)
        *request = row;
    return found;
}

int catalog_request_find(struct catalog *c, const char *text, struct catalog_request *request,
                         struct error *e)
{
    static const char sql[] = "SELECT " REQUEST_COLUMNS " FROM approval_requests"
                              " WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2";
    struct query q;
    int found = 0;

    if (strlen(text) >= ID_DIGITS_LEAST) {
        catalog_lock(c);
        found = query_start(c, sql, &q, e);
        if (found == 0) {
            query_text(&q, text);
            found = read_first(&q, request, e);
        }
        catalog_unlock(c);
    }
    if (found == 0)
        return error_set(
            e, LAGAN_NOT_FOUND, ERROR_NO_APPROVAL,
            "there is no request '%s'; `lagan approval list` shows those there are", text);
    if (found > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "'%s' means several requests: give more of the id", text);
    return found < 0 ? -1 : 0;
}

int catalog_request_waiting(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            const char *operation, const char *subject, int64_t now_ns,
                            struct catalog_request *request, struct error *e)
{
    static const char sql[] = "SELECT " REQUEST_COLUMNS " FROM approval_requests"
                              " WHERE vault = ? AND operation = ? AND subject = ?"
                              " AND state = 'waiting' AND until_ns > ?"
                              " ORDER BY created_ns DESC, id LIMIT 1";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, operation);
        query_text(&q, subject);
        query_number(&q, now_ns);
        found = read_first(&q, request, e);
    }
    catalog_unlock(c);
    return found;
}

int catalog_request_end(struct catalog *c, const char *id, enum catalog_request_state state,
                        struct error *e)
{
    static const char sql[] =
        "UPDATE approval_requests SET state = ? WHERE id = ? AND state = 'waiting'";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, catalog_request_state_name(state));
        query_text(&q, id);
        result = query_finish(&q, e);
    }
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                           "the request %s does not wait any more", id);
    return write_end(c, result, e);
}

struct request_visit {
    int (*each)(void *context, const struct catalog_request *request, struct error *e);
    void *context;
};

static int visit_request(struct query *q, void *context, struct error *e)
{
    const struct request_visit *visit = context;
    struct catalog_request row;

    return read_request(q, &row, e) != 0 ? -1 : visit->each(visit->context, &row, e);
}

int catalog_request_list(struct catalog *c, const uint8_t *vault,
                         int (*each)(void *context, const struct catalog_request *request,
                                     struct error *e),
                         void *context, struct error *e)
{
    static const char sql[] = "SELECT " REQUEST_COLUMNS " FROM approval_requests"
                              " WHERE ?1 IS NULL OR vault = ?1 ORDER BY created_ns DESC, id";
    struct request_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, vault);
        result = query_list(&q, visit_request, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* ---- who has approved ---- */

int catalog_approval_insert(struct catalog *c, const char *request,
                            const struct catalog_approval *approval, struct error *e)
{
    static const char sql[] = "INSERT INTO approvals (request, approver, signature, at_ns)"
                              " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, request);
        query_text(&q, approval->approver);
        query_blob(&q, approval->signature, sizeof(approval->signature));
        query_number(&q, clock_wall_ns());
        result = query_finish(&q, e);
    }
    int made = result == 0 && query_changes(c) > 0;
    return write_end(c, result, e) != 0 ? -1 : made;
}

struct approval_visit {
    int (*each)(void *context, const struct catalog_approval *approval, struct error *e);
    void *context;
};

static int visit_approval(struct query *q, void *context, struct error *e)
{
    const struct approval_visit *visit = context;
    struct catalog_approval row;

    row_text(q, row.approver, sizeof(row.approver));
    row_blob(q, row.signature, sizeof(row.signature));
    row.at_ns = row_number(q);
    return query_row_check(q, e) != 0 ? -1 : visit->each(visit->context, &row, e);
}

int catalog_approval_list(struct catalog *c, const char *request,
                          int (*each)(void *context, const struct catalog_approval *approval,
                                      struct error *e),
                          void *context, struct error *e)
{
    static const char sql[] = "SELECT approver, signature, at_ns FROM approvals"
                              " WHERE request = ? ORDER BY approver";
    struct approval_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, request);
        result = query_list(&q, visit_approval, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
