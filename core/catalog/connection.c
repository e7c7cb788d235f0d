/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - SQLite opened so that a hostile or damaged file does the least harm. */
#include "catalog/catalog_private.h"

#include <string.h>

enum { BUSY_TIMEOUT_MS = 30000, VALUE_LIMIT_BYTES = 16 << 20 };

static const struct {
    int option;
    int value;
} options[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};

/* temp_store: nothing of the catalog goes to a folder of temporary files. */
static const char pragmas[] = "PRAGMA cell_size_check = ON;"
                              "PRAGMA mmap_size = 0;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON;"
                              "PRAGMA journal_size_limit = 4194304;";

static int configure(struct catalog *c, struct error *e)
{
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
    sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, VALUE_LIMIT_BYTES);
    sqlite3_limit(c->db, SQLITE_LIMIT_ATTACHED, 0);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int found = -1;
        sqlite3_db_config(c->db, options[i].option, options[i].value, &found);
        if (found != options[i].value)
            return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                             "this SQLite (%s) lacks a safety setting (%d)",
                             sqlite3_libversion(), options[i].option);
    }
    return query_execute(c, pragmas, e);
}

static int use_write_ahead_log(struct catalog *c, struct error *e)
{
    char mode[16] = "";
    struct query q;

    if (query_start(c, "PRAGMA journal_mode = WAL", &q, e) != 0)
        return -1;
    int found = query_step(&q, e);
    if (found > 0)
        row_text(&q, mode, sizeof(mode));
    query_end(&q);
    if (found < 0)
        return -1;
    if (strcmp(mode, "wal") != 0)
        return error_set(
            e, LAGAN_UNSUPPORTED, ERROR_FAILED,
            "the catalog %s cannot have a write-ahead log: its folder must be on a "
            "local file system",
            c->path);
    return 0;
}

int connection_open(struct catalog *c, const char *path, bool create, struct error *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (create ? SQLITE_OPEN_CREATE : 0);
    int status = sqlite3_open_v2(path, &c->db, flags, NULL);

    if (status != SQLITE_OK || c->db == NULL) {
        query_error(c, status != SQLITE_OK ? status : SQLITE_NOMEM, e);
        connection_close(c);
        return -1;
    }
    if (configure(c, e) != 0 || use_write_ahead_log(c, e) != 0) {
        connection_close(c);
        return -1;
    }
    return 0;
}

void connection_close(struct catalog *c)
{
    for (size_t i = 0; i < c->statement_count; i++)
        sqlite3_finalize(c->statements[i].handle);
    c->statement_count = 0;
    if (c->db != NULL)
        sqlite3_close(c->db);
    c->db = NULL;
}

/* Closing does so as well, but does not say when it failed. */
int connection_empty_log(struct catalog *c, struct error *e)
{
    int status = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    return status == SQLITE_OK ? 0 : query_error(c, status, e);
}

int connection_check(struct catalog *c, struct error *e)
{
    char text[200];
    struct query q;

    if (query_start(c, "PRAGMA quick_check(1)", &q, e) != 0)
        return -1;
    int found = query_step(&q, e);
    if (found > 0)
        row_text(&q, text, sizeof(text));
    query_end(&q);
    if (found < 0)
        return -1;
    if (found > 0 && strcmp(text, "ok") == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the catalog %s: the file is damaged (%s)", c->path,
                     found > 0 ? text : "no answer");
}
