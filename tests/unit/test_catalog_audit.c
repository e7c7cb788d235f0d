/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_audit.c - the chain of audit lines, and what breaks it. */
#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "crypto/hash.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_lines(struct catalog *c)
{
    struct error e = ERROR_INIT;

    must(catalog_audit_add(c, CATALOG_EVENT_VAULT_CREATE, "main", &e, "in %s", "east"), &e);
    must(catalog_audit_add(c, CATALOG_EVENT_BACKUP_CREATE, "0123", &e, "of %d files", 3), &e);
    must(catalog_audit_add(c, CATALOG_EVENT_MIRROR_CREATE, "main", &e, "to west"), &e);
    must(catalog_audit_add(c, CATALOG_EVENT_BACKUP_DELETE, "0123", &e, "%s", ""), &e);
}

static int join(void *context, const struct catalog_audit *line, struct error *e)
{
    (void)e;
    strcat(strcat(context, catalog_event_name(line->event)), " ");
    return 0;
}

static void audit_lines(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    uint8_t hash[CATALOG_HASH_SIZE];
    char text[400] = "", host[128] = "";
    uint64_t lines = 9;

    (void)state;
    assert_int_equal(catalog_audit_head(c, &line, &e), 0);
    must(catalog_audit_verify(c, &lines, &e), &e);
    assert_int_equal(lines, 0);
    add_lines(c);
    must(catalog_audit_verify(c, &lines, &e), &e);
    assert_int_equal(lines, 4);
    assert_int_equal(catalog_audit_head(c, &line, &e), 1);
    assert_int_equal(line.sequence, 4);
    assert_int_equal(line.event, CATALOG_EVENT_BACKUP_DELETE);
    assert_string_equal(line.subject, "0123");
    assert_string_equal(line.detail, "");
    gethostname(host, sizeof(host) - 1);
    assert_non_null(strstr(line.actor, "@"));
    assert_string_equal(strchr(line.actor, '@') + 1, host);
    assert_int_equal(catalog_audit_hash(c, 4, hash, &e), 1);
    assert_memory_equal(hash, line.hash, sizeof(hash));
    assert_int_equal(catalog_audit_hash(c, 5, hash, &e), 0);
    must(catalog_audit_list(c, 0, 0, join, text, &e), &e);
    assert_string_equal(text, "vault-create backup-create mirror-create backup-delete ");
    text[0] = '\0';
    must(catalog_audit_list(c, line.at_ns, 1, join, text, &e), &e);
    assert_string_equal(text, "backup-delete ");
    must_be_sound(c);
    catalog_close(c);
}

/* What audit.h says of the hash, computed by hand. */
static void audit_hash_as_described(void **state)
{
    struct catalog *c = open_catalog("s");
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    uint8_t hash[HASH_SIZE];

    (void)state;
    must(catalog_audit_add(c, CATALOG_EVENT_TAG, "main", &e, "a=b"), &e);
    assert_int_equal(catalog_audit_head(c, &line, &e), 1);
    const char *const texts[] = {line.actor, "tag", "main", "a=b"};
    buffer_append_zeroes(&bytes, HASH_SIZE);
    buffer_append_u64(&bytes, 1);
    buffer_append_u64(&bytes, (uint64_t)line.at_ns);
    for (size_t i = 0; i < 4; i++) {
        buffer_append_u32(&bytes, (uint32_t)strlen(texts[i]));
        buffer_append(&bytes, texts[i], strlen(texts[i]));
    }
    hash_sha256(bytes.data, bytes.size, hash);
    assert_memory_equal(hash, line.hash, sizeof(hash));
    catalog_close(c);
}

static void audit_cuts_and_escapes(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    char longer[3000];
    uint64_t lines;

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    longer[1] = '\n';
    must(catalog_audit_add(c, CATALOG_EVENT_TAG, longer, &e, "%s", longer), &e);
    assert_int_equal(catalog_audit_head(c, &line, &e), 1);
    assert_int_equal(strlen(line.subject), sizeof(line.subject) - 1);
    assert_int_equal(strlen(line.detail), sizeof(line.detail) - 1);
    assert_memory_equal(line.detail, "x\\x0ax", 6);
    must(catalog_audit_verify(c, &lines, &e), &e);
    catalog_close(c);
}

/* With the change: rolled back, no line; the next one joins what is there. */
static void audit_belongs_to_the_change(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint64_t lines = 0;

    (void)state;
    add_lines(c);
    must(catalog_begin(c, &e), &e);
    must(catalog_audit_add(c, CATALOG_EVENT_TAG, "x", &e, "y"), &e);
    catalog_rollback(c);
    must(catalog_audit_add(c, CATALOG_EVENT_TAG, "x", &e, "z"), &e);
    must(catalog_audit_verify(c, &lines, &e), &e);
    assert_int_equal(lines, 5);
    catalog_close(c);
}

/* Whoever edits the file with SQLite must put the triggers out of the way first... */
static void audit_is_only_appended_to(void **state)
{
    static const char *const edits[] = {"UPDATE audit SET subject = 'x'", "DELETE FROM audit"};
    sqlite3 *db = NULL;

    (void)state;
    struct catalog *c = open_catalog("s");
    add_lines(c);
    catalog_close(c);
    assert_int_equal(sqlite3_open(scratch_path("s/catalog.db"), &db), SQLITE_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_exec(db, edits[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
        assert_non_null(strstr(sqlite3_errmsg(db), "only appended"));
    }
    sqlite3_close(db);
}

/* ... and is found out all the same. */
static void audit_finds_edits(void **state)
{
    static const struct {
        const char *sql;
        const char *says;
    } edits[] = {
        {"UPDATE audit SET subject = 'other' WHERE sequence = 2", "line 2 "},
        {"UPDATE audit SET detail = detail || ' ' WHERE sequence = 1", "line 1 "},
        {"UPDATE audit SET at_ns = at_ns + 1 WHERE sequence = 4", "line 4 "},
        {"UPDATE audit SET actor = 'nobody@x' WHERE sequence = 3", "line 3 "},
        {"UPDATE audit SET event = 'restore' WHERE sequence = 3", "line 3 "},
        {"UPDATE audit SET event = 'party' WHERE sequence = 3", "line 3 "},
        {"UPDATE audit SET hash = zeroblob(32) WHERE sequence = 1", "line 1 "},
        {"DELETE FROM audit WHERE sequence = 1", "line 1 of the audit log is missing"},
        {"DELETE FROM audit WHERE sequence = 2", "line 2 of the audit log is missing"},
        {"DELETE FROM audit WHERE sequence = 4", "line 4 of the audit log is missing"},
        {"DELETE FROM audit", "line 1 of the audit log is missing"},
        {"UPDATE audit SET sequence = 9 WHERE sequence = 4", "line 4 "},
        {"INSERT INTO audit SELECT 5, at_ns, actor, event, subject, detail, hash FROM audit"
         " WHERE sequence = 4",
         "line 5 "},
    };
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        char name[8];
        uint64_t lines, problems = 0;
        sqlite3 *db = NULL;
        snprintf(name, sizeof(name), "s%zu", i);
        struct catalog *c = open_catalog(name);
        add_lines(c);
        catalog_close(c);
        snprintf(name, sizeof(name), "s%zu", i);
        char path[300];
        snprintf(path, sizeof(path), "%s/catalog.db", scratch_path(name));
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        assert_int_equal(sqlite3_exec(db, edits[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        c = open_catalog(name);
        must_fail(catalog_audit_verify(c, &lines, &e), ERROR_AUDIT_BROKEN, edits[i].says, &e);
        must(catalog_check(c, NULL, NULL, &problems, &e), &e);
        assert_true(problems > 0);
        /* Lines that come later do not hide it. */
        must(catalog_audit_add(c, CATALOG_EVENT_TAG, "x", &e, "z"), &e);
        must_fail(catalog_audit_verify(c, &lines, &e), ERROR_AUDIT_BROKEN, edits[i].says, &e);
        catalog_close(c);
    }
}

static const struct CMUnitTest tests[] = {
    scratch_test(audit_lines),
    scratch_test(audit_hash_as_described),
    scratch_test(audit_cuts_and_escapes),
    scratch_test(audit_belongs_to_the_change),
    scratch_test(audit_is_only_appended_to),
    scratch_test(audit_finds_edits),
};

UNIT_MAIN(tests)
