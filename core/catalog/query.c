/* SPDX-License-Identifier: Apache-2.0 */
/* query.c - running statements: binding, stepping, reading rows, and what SQLite's errors mean.
 */
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* X(primary result of SQLite, class, code, words) */
#define STATUS_ROWS(X)                                                                         \
    X(SQLITE_BUSY, LAGAN_BUSY, ERROR_LOCKED, "another program is writing to it")               \
    X(SQLITE_LOCKED, LAGAN_BUSY, ERROR_LOCKED, "another program is writing to it")             \
    X(SQLITE_FULL, LAGAN_NO_SPACE, ERROR_NO_SPACE, "no space left")                            \
    X(SQLITE_NOMEM, LAGAN_INTERNAL, ERROR_NO_MEMORY, "out of memory")                          \
    X(SQLITE_READONLY, LAGAN_DENIED, ERROR_FAILED, "it cannot be written")                     \
    X(SQLITE_PERM, LAGAN_DENIED, ERROR_FAILED, "permission denied")                            \
    X(SQLITE_CANTOPEN, LAGAN_DENIED, ERROR_FAILED, "it cannot be opened")                      \
    X(SQLITE_TOOBIG, LAGAN_LIMIT, ERROR_FAILED, "a value is too long")                         \
    X(SQLITE_INTERRUPT, LAGAN_CANCELLED, ERROR_INTERRUPTED, "interrupted")                     \
    X(SQLITE_IOERR, LAGAN_IO, ERROR_FAILED, "input/output error")                              \
    X(SQLITE_CONSTRAINT, LAGAN_INVALID, ERROR_CONFLICT, "it contradicts what is there")        \
    X(SQLITE_CORRUPT, LAGAN_CORRUPT, ERROR_INTEGRITY, "the file is damaged")                   \
    X(SQLITE_NOTADB, LAGAN_CORRUPT, ERROR_INTEGRITY, "the file is damaged")

static const struct {
    int status;
    uint32_t error_class;
    enum error_code code;
    const char *words;
} statuses[] = {
#define X(status, error_class, code, words) {status, error_class, code, words},
    STATUS_ROWS(X)
#undef X
};

static const char *advice(enum error_code code)
{
    return code == ERROR_INTEGRITY ? "; run `lagan catalog rebuild`" : "";
}

int query_error(struct catalog *c, int status, struct error *e)
{
    int number = c->db != NULL ? sqlite3_system_errno(c->db) : 0;
    const char *detail = c->db != NULL ? sqlite3_errmsg(c->db) : sqlite3_errstr(status);

    c->failed = true;
    if (status == SQLITE_IOERR_FSYNC || status == SQLITE_IOERR_DIR_FSYNC)
        c->broken = true;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status != (status & 0xff))
            continue;
        bool by_system = status == SQLITE_CANTOPEN || (status & 0xff) == SQLITE_IOERR;
        if (by_system && number != 0)
            return error_errno(e, number, "the catalog %s", c->path);
        error_set(e, statuses[i].error_class, statuses[i].code, "the catalog %s: %s (%s)%s",
                  c->path, statuses[i].words, detail, advice(statuses[i].code));
        e->native = status;
        return -1;
    }
    error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "the catalog %s: %s (%d)", c->path, detail,
              status);
    e->native = status;
    return -1;
}

bool query_is_taken(int status)
{
    return status == SQLITE_CONSTRAINT_UNIQUE || status == SQLITE_CONSTRAINT_PRIMARYKEY;
}

int query_status(const struct catalog *c)
{
    return sqlite3_extended_errcode(c->db);
}

int query_execute(struct catalog *c, const char *sql, struct error *e)
{
    int status = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return status == SQLITE_OK ? 0 : query_error(c, query_status(c), e);
}

uint64_t query_changes(const struct catalog *c)
{
    return (uint64_t)sqlite3_changes64(c->db);
}

static struct statement *find_statement(struct catalog *c, const char *sql)
{
    for (size_t i = 0; i < c->statement_count; i++)
        if (c->statements[i].sql == sql)
            return &c->statements[i];
    return NULL;
}

static int prepare(struct catalog *c, const char *sql, unsigned flags, sqlite3_stmt **handle,
                   struct error *e)
{
    int status = sqlite3_prepare_v3(c->db, sql, -1, flags, handle, NULL);

    return status == SQLITE_OK ? 0 : query_error(c, query_status(c), e);
}

int query_start(struct catalog *c, const char *sql, struct query *q, struct error *e)
{
    struct statement *statement = find_statement(c, sql);

    *q = (struct query){.catalog = c, .next_bind = 1};
    if (statement == NULL && c->statement_count < STATEMENT_LIMIT) {
        struct statement fresh = {.sql = sql};
        if (prepare(c, sql, SQLITE_PREPARE_PERSISTENT, &fresh.handle, e) != 0)
            return -1;
        statement = &c->statements[c->statement_count++];
        *statement = fresh;
    }
    if (statement == NULL || statement->used)
        return prepare(c, sql, 0, &q->handle, e); /* a list inside a list */
    statement->used = true;
    q->statement = statement;
    q->handle = statement->handle;
    return 0;
}

static void bound(struct query *q, int status)
{
    if (q->status == SQLITE_OK)
        q->status = status;
}

void query_number(struct query *q, int64_t value)
{
    bound(q, sqlite3_bind_int64(q->handle, q->next_bind++, value));
}

void query_text(struct query *q, const char *value)
{
    bound(q, sqlite3_bind_text(q->handle, q->next_bind++, value, -1, SQLITE_TRANSIENT));
}

void query_blob(struct query *q, const void *data, size_t size)
{
    bound(q, sqlite3_bind_blob64(q->handle, q->next_bind++, data, size, SQLITE_TRANSIENT));
}

void query_id(struct query *q, const uint8_t id[CATALOG_ID_SIZE])
{
    static const uint8_t none[CATALOG_ID_SIZE];

    if (memcmp(id, none, sizeof(none)) == 0)
        bound(q, sqlite3_bind_null(q->handle, q->next_bind++));
    else
        query_blob(q, id, CATALOG_ID_SIZE);
}

void query_id_or_null(struct query *q, const uint8_t *id)
{
    if (id != NULL)
        query_blob(q, id, CATALOG_ID_SIZE);
    else
        query_text(q, NULL);
}

int query_step(struct query *q, struct error *e)
{
    if (q->status != SQLITE_OK)
        return query_error(q->catalog, q->status, e);
    int status = sqlite3_step(q->handle);
    q->next_column = 0;
    if (status == SQLITE_ROW)
        return 1;
    if (status == SQLITE_DONE)
        return 0;
    return query_error(q->catalog, query_status(q->catalog), e);
}

void query_end(struct query *q)
{
    if (q->handle == NULL)
        return;
    if (q->statement == NULL) {
        sqlite3_finalize(q->handle);
    } else {
        sqlite3_reset(q->handle);
        sqlite3_clear_bindings(q->handle);
        q->statement->used = false;
    }
    q->handle = NULL;
}

int query_finish(struct query *q, struct error *e)
{
    int result = query_step(q, e);

    query_end(q);
    return result < 0 ? -1 : 0;
}

int query_list(struct query *q, int (*row)(struct query *q, void *context, struct error *e),
               void *context, struct error *e)
{
    int found, result = 0;

    q->catalog->listing++;
    while (result == 0 && (found = query_step(q, e)) != 0)
        result = found < 0 ? -1 : row(q, context, e);
    q->catalog->listing--;
    query_end(q);
    return result;
}

int query_list_all(struct catalog *c, const char *sql,
                   int (*row)(struct query *q, void *context, struct error *e), void *context,
                   struct error *e)
{
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0)
        result = query_list(&q, row, context, e);
    catalog_unlock(c);
    return result;
}

int query_run_for(struct catalog *c, const char *sql, const uint8_t id[CATALOG_ID_SIZE],
                  struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int query_single_number(struct catalog *c, const char *sql, int64_t *value, struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    int found = query_step(&q, e);
    if (found > 0)
        *value = row_number(&q);
    query_end(&q);
    if (found == 0)
        return query_error(c, SQLITE_CORRUPT, e);
    return found < 0 ? -1 : 0;
}

int query_exists(struct query *q, struct error *e)
{
    int found = query_step(q, e);
    int64_t count = found > 0 ? row_number(q) : 0;

    query_end(q);
    return found < 0 ? -1 : count > 0;
}

int64_t row_number(struct query *q)
{
    int column = q->next_column++;

    if (sqlite3_column_type(q->handle, column) != SQLITE_INTEGER)
        q->malformed = true;
    return sqlite3_column_int64(q->handle, column);
}

void row_text(struct query *q, char *text, size_t room)
{
    int column = q->next_column++;
    int type = sqlite3_column_type(q->handle, column);
    const char *found = (const char *)sqlite3_column_text(q->handle, column);
    size_t size = (size_t)sqlite3_column_bytes(q->handle, column);

    text[0] = '\0';
    if (type == SQLITE_NULL)
        return;
    if (found == NULL || type != SQLITE_TEXT || size >= room || strlen(found) != size) {
        q->malformed = true;
        return;
    }
    memcpy(text, found, size + 1);
}

char *row_text_copy(struct query *q)
{
    const char *found = (const char *)sqlite3_column_text(q->handle, q->next_column++);

    return strdup(found != NULL ? found : "");
}

void row_blob(struct query *q, void *data, size_t size)
{
    int column = q->next_column++;
    const void *found = sqlite3_column_blob(q->handle, column);
    int length = sqlite3_column_bytes(q->handle, column);

    memset(data, 0, size);
    if (sqlite3_column_type(q->handle, column) == SQLITE_NULL)
        return;
    if (found == NULL || (size_t)length != size)
        q->malformed = true;
    else
        memcpy(data, found, size);
}

int name_lookup(const char *name, int count, const char *(*name_of)(int value))
{
    for (int i = 0; i < count; i++)
        if (strcmp(name_of(i), name) == 0)
            return i;
    return -1;
}

int row_enum(struct query *q, int count, const char *(*name_of)(int value))
{
    char name[64];

    row_text(q, name, sizeof(name));
    int value = name_lookup(name, count, name_of);
    if (value >= 0)
        return value;
    q->malformed = true;
    return 0;
}

int row_choice(struct query *q, int count)
{
    int64_t value = row_number(q);

    if (value >= 0 && value < count)
        return (int)value;
    q->malformed = true;
    return 0;
}

static const char *code_name(int code)
{
    return error_code_name((uint32_t)code);
}

void query_why(struct query *q, const struct error *why)
{
    query_number(q, why->error_class);
    query_text(q, error_code_name(why->code));
    query_text(q, why->text);
}

void row_why(struct query *q, struct error *why)
{
    *why = ERROR_INIT;
    why->error_class = (uint32_t)row_number(q);
    why->code = (uint32_t)row_enum(q, ERROR_CODE_COUNT, code_name);
    row_text(q, why->text, sizeof(why->text));
}

int query_row_check(struct query *q, struct error *e)
{
    if (!q->malformed)
        return 0;
    q->catalog->failed = true;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the catalog %s: a row holds what no lagan writes%s", q->catalog->path,
                     advice(ERROR_INTEGRITY));
}

bool id_range(const char *text, size_t size, uint8_t *low, uint8_t *high)
{
    char digits[2 * CATALOG_HASH_SIZE + 1];
    size_t count = 0;

    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (count >= 2 * size || count >= sizeof(digits) - 1)
            return false;
        digits[count++] = *text;
    }
    if (count < 4)
        return false;
    memset(digits + count, '0', 2 * size - count);
    digits[2 * size] = '\0';
    if (text_unhex(digits, low, size) != 0)
        return false;
    memset(digits + count, 'f', 2 * size - count);
    return text_unhex(digits, high, size) == 0;
}
