/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c - the tables, as steps from one version to the next.  A step that was released never
 * changes; what comes later is a step of its own.
 */
#include "catalog/catalog_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPLICATION_ID = 0x4c61676e }; /* "Lagn" */

static const char version_1[] =
    "CREATE TABLE settings ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE regions ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " target_driver TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE sources ("
    " id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
    " name TEXT NOT NULL UNIQUE,"
    " driver TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE source_parameters ("
    " source BLOB NOT NULL REFERENCES sources ON DELETE CASCADE,"
    " position INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (source, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE source_rules ("
    " source BLOB NOT NULL REFERENCES sources ON DELETE CASCADE,"
    " position INTEGER NOT NULL,"
    " name TEXT NOT NULL CHECK (name IN ('exclude', 'include')),"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (source, position)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE vaults ("
    " uuid BLOB PRIMARY KEY NOT NULL CHECK (length(uuid) = 16),"
    " name TEXT NOT NULL,"
    " region TEXT NOT NULL REFERENCES regions (name),"
    " type TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " encryption TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " prefix TEXT NOT NULL,"
    " key_driver TEXT NOT NULL,"
    " root_public BLOB NOT NULL CHECK (length(root_public) = 32),"
    " description TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " UNIQUE (region, name),"
    " UNIQUE (region, prefix)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE vault_key_parameters ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " position INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (vault, position)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE backups ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " id TEXT NOT NULL CHECK (length(id) = 16),"
    " seal_name TEXT NOT NULL,"
    " seal_hash BLOB NOT NULL CHECK (length(seal_hash) = 32),"
    " source BLOB NOT NULL CHECK (length(source) = 16),"
    " source_name TEXT NOT NULL,"
    " source_driver TEXT NOT NULL,"
    " host TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " start_ns INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL,"
    " entries INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " bytes_stored INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " description TEXT NOT NULL,"
    " parent TEXT NOT NULL,"
    " PRIMARY KEY (vault, id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX backups_by_source ON backups (vault, source, created_ns, id);"
    "CREATE INDEX backups_by_time ON backups (created_ns, vault, id);"

    "CREATE TABLE tasks ("
    " id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 14),"
    " type TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " vault BLOB CHECK (length(vault) = 16),"
    " source BLOB CHECK (length(source) = 16),"
    " backup TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " entries_done INTEGER NOT NULL,"
    " entries_total INTEGER NOT NULL,"
    " bytes_done INTEGER NOT NULL,"
    " bytes_total INTEGER NOT NULL,"
    " problems INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " started_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL,"
    " error_class INTEGER NOT NULL,"
    " error_code TEXT NOT NULL,"
    " error_text TEXT NOT NULL,"
    " pid INTEGER NOT NULL,"
    " boot_id TEXT NOT NULL,"
    " process_start INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX tasks_by_time ON tasks (created_ns, id);";

/* Objects that no other object of a vault names. */
static const char version_2[] = "CREATE TABLE vault_slots ("
                                " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
                                " id TEXT NOT NULL CHECK (length(id) = 32),"
                                " kind TEXT NOT NULL,"
                                " label TEXT NOT NULL,"
                                " created_ns INTEGER NOT NULL,"
                                " PRIMARY KEY (vault, id)) STRICT, WITHOUT ROWID;"
                                "CREATE TABLE tombstones ("
                                " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
                                " seal_name TEXT NOT NULL,"
                                " PRIMARY KEY (vault, seal_name)) STRICT, WITHOUT ROWID;";

/* Regions apart: mirrors, replicas, the queue between them, and what people are told of it. */
static const char version_3[] =
    "ALTER TABLE vaults ADD COLUMN lineage BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE vaults ADD COLUMN project TEXT NOT NULL DEFAULT 'main';"
    "ALTER TABLE vaults ADD COLUMN plan TEXT NOT NULL DEFAULT 'full';"
    "ALTER TABLE vaults ADD COLUMN redundancy TEXT NOT NULL DEFAULT 'lrs';"
    "ALTER TABLE vaults ADD COLUMN trial_end_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN quota_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN quota_warning INTEGER NOT NULL DEFAULT 80;"
    "ALTER TABLE vaults ADD COLUMN auto_expand INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN quota_warned INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN deleted_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN purge_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE vaults ADD COLUMN reason TEXT NOT NULL DEFAULT '';"
    "UPDATE vaults SET lineage = uuid;"
    "CREATE TABLE vault_tags ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (vault, name)) STRICT, WITHOUT ROWID;"

    "ALTER TABLE sources ADD COLUMN vault BLOB REFERENCES vaults ON DELETE SET NULL;"

    "ALTER TABLE backups ADD COLUMN region TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE backups ADD COLUMN origin TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE backups ADD COLUMN kind TEXT NOT NULL DEFAULT 'files';"
    "ALTER TABLE backups ADD COLUMN system_disk INTEGER NOT NULL DEFAULT 0;"
    "UPDATE backups SET region ="
    " coalesce((SELECT v.region FROM vaults v WHERE v.uuid = backups.vault), '');"

    "ALTER TABLE tasks ADD COLUMN parent TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE tasks ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX tasks_by_parent ON tasks (parent, state) WHERE parent <> '';"

    "CREATE TABLE mirrors ("
    " vault BLOB PRIMARY KEY NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " source BLOB NOT NULL UNIQUE REFERENCES vaults,"
    " state TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " history_ns INTEGER NOT NULL,"
    " history_total INTEGER NOT NULL,"
    " history_bytes INTEGER NOT NULL,"
    " delete_delay_ns INTEGER NOT NULL,"
    " rpo_ns INTEGER NOT NULL,"
    " latest_ns INTEGER NOT NULL,"
    " synced_ns INTEGER NOT NULL,"
    " braked_ns INTEGER NOT NULL,"
    " released_ns INTEGER NOT NULL,"
    " error_class INTEGER NOT NULL,"
    " error_code TEXT NOT NULL,"
    " error_text TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    /* One line of items for each vault that is written to. */
    "CREATE TABLE lanes ("
    " vault BLOB PRIMARY KEY NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " served INTEGER NOT NULL,"
    " hold_ns INTEGER NOT NULL,"
    " away_ns INTEGER NOT NULL,"
    " tries INTEGER NOT NULL,"
    " paused INTEGER NOT NULL,"
    " reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE items ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " lane BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " operation TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " class INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " first_failure_ns INTEGER NOT NULL,"
    " token INTEGER NOT NULL,"
    " lease_boot_ns INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " boot_id TEXT NOT NULL,"
    " process_start INTEGER NOT NULL,"
    " task TEXT NOT NULL,"
    " UNIQUE (lane, operation, subject)) STRICT;"
    "CREATE INDEX items_waiting ON items (lane, class, due_ns, id) WHERE state = 'waiting';"
    "CREATE INDEX items_running ON items (lane, id) WHERE state = 'running';"
    "CREATE INDEX items_dead ON items (lane, id) WHERE state = 'dead';"
    "CREATE TABLE item_errors ("
    " item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,"
    " number INTEGER NOT NULL," /* attempts start again when an item is replayed */
    " attempt INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " error_class INTEGER NOT NULL,"
    " error_code TEXT NOT NULL,"
    " error_text TEXT NOT NULL,"
    " PRIMARY KEY (item, number)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE ledger ("
    " number INTEGER PRIMARY KEY NOT NULL," /* the order in which lines came */
    " id TEXT NOT NULL UNIQUE CHECK (length(id) = 14),"
    " source_vault BLOB NOT NULL CHECK (length(source_vault) = 16),"
    " backup TEXT NOT NULL CHECK (length(backup) = 16),"
    " source_region TEXT NOT NULL,"
    " region TEXT NOT NULL,"
    " project TEXT NOT NULL,"
    " vault BLOB NOT NULL CHECK (length(vault) = 16),"
    " replica TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " description TEXT NOT NULL,"
    " way TEXT NOT NULL,"
    " policy TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " gone_ns INTEGER NOT NULL,"
    " task TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " started_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " bytes_sent INTEGER NOT NULL,"
    " error_class INTEGER NOT NULL,"
    " error_code TEXT NOT NULL,"
    " error_text TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX ledger_live ON ledger (source_vault, backup, region)"
    " WHERE state IN ('waiting_replicate', 'replicating', 'success') AND gone_ns = 0;"
    "CREATE INDEX ledger_by_backup ON ledger (source_vault, backup, region);"
    "CREATE INDEX ledger_by_replica ON ledger (vault, replica);"

    "CREATE TABLE usage ("
    " month TEXT NOT NULL CHECK (length(month) = 7),"
    " kind TEXT NOT NULL,"
    " vault BLOB NOT NULL CHECK (length(vault) = 16),"
    " route TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " samples INTEGER NOT NULL,"
    " sampled_ns INTEGER NOT NULL,"
    " PRIMARY KEY (month, kind, vault, route)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE audit ("
    " sequence INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL," /* remembers the last one */
    " at_ns INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " event TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;"
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;"
    "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;";

/* What is done without anybody there: policies, their runs, what keeps backups, what was seen.
 */
static const char version_4[] =
    "ALTER TABLE backups ADD COLUMN trigger TEXT NOT NULL DEFAULT 'manual';"
    "ALTER TABLE backups ADD COLUMN policy TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE backups ADD COLUMN slot_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN expire_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN is_full INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN consistency TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE backups ADD COLUMN consistency_wanted TEXT NOT NULL DEFAULT '';"

    "CREATE TABLE source_settings ("
    " source BLOB NOT NULL REFERENCES sources ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE policies ("
    " id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
    " name TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL,"
    " enabled INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " changed_ns INTEGER NOT NULL,"
    " revision INTEGER NOT NULL,"
    " cursor_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE policy_settings ("
    " policy BLOB NOT NULL REFERENCES policies ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (policy, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE policy_vaults ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " kind TEXT NOT NULL,"
    " policy BLOB NOT NULL REFERENCES policies ON DELETE CASCADE,"
    " applied_ns INTEGER NOT NULL,"
    " PRIMARY KEY (vault, kind)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX policy_vaults_by_policy ON policy_vaults (policy, vault);"

    /* A row for every slot that came due, and for every run by hand. */
    "CREATE TABLE runs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " policy BLOB NOT NULL CHECK (length(policy) = 16)," /* stays when the policy goes */
    " policy_name TEXT NOT NULL,"
    " trigger TEXT NOT NULL,"
    " slot_ns INTEGER NOT NULL,"
    " slots INTEGER NOT NULL," /* that the row stands for: several in a row were missed */
    " state TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " is_full INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX runs_by_slot ON runs (policy, slot_ns) WHERE trigger <> 'manual';"
    "CREATE INDEX runs_by_policy ON runs (policy, id);"
    "CREATE INDEX runs_open ON runs (policy, id) WHERE state IN ('waiting', 'running');"

    /* Work for one process at a time: part of a run, or upkeep that comes again (`run` 0). */
    "CREATE TABLE jobs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " run INTEGER NOT NULL,"
    " operation TEXT NOT NULL,"
    " vault BLOB NOT NULL,"  /* x'' = none */
    " source BLOB NOT NULL," /* x'' = none */
    " state TEXT NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " until_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " token INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " boot_id TEXT NOT NULL,"
    " process_start INTEGER NOT NULL,"
    " task TEXT NOT NULL,"
    " backup TEXT NOT NULL,"
    " started_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL,"
    " done_ns INTEGER NOT NULL," /* upkeep: the last success */
    " error_class INTEGER NOT NULL,"
    " error_code TEXT NOT NULL,"
    " error_text TEXT NOT NULL,"
    " UNIQUE (run, operation, vault, source)) STRICT;"
    "CREATE INDEX jobs_waiting ON jobs (due_ns, id) WHERE state = 'waiting';"
    "CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';"

    /* What must not be deleted, and why. */
    "CREATE TABLE pins ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " backup TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " owner TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " pid INTEGER NOT NULL," /* 0 = not bound to a process */
    " boot_id TEXT NOT NULL,"
    " process_start INTEGER NOT NULL,"
    " PRIMARY KEY (vault, backup, kind, owner)) STRICT, WITHOUT ROWID;"
    /* What was let go, and by which rule. */
    "CREATE TABLE deletions ("
    " number INTEGER PRIMARY KEY NOT NULL,"
    " vault BLOB NOT NULL CHECK (length(vault) = 16),"
    " backup TEXT NOT NULL,"
    " source_name TEXT NOT NULL,"
    " backup_name TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " policy TEXT NOT NULL,"
    " rule TEXT NOT NULL,"
    " reason TEXT NOT NULL) STRICT;"
    "CREATE INDEX deletions_by_backup ON deletions (backup);"
    /* Expiry that a brake has stopped in a vault. */
    "CREATE TABLE expiry_brakes ("
    " vault BLOB PRIMARY KEY NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " braked_ns INTEGER NOT NULL,"
    " released_ns INTEGER NOT NULL,"
    " reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    /* When an object of a vault was last read in full, and found whole. */
    "CREATE TABLE verified ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " object BLOB NOT NULL CHECK (length(object) = 32),"
    " bytes INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " whole INTEGER NOT NULL,"
    " PRIMARY KEY (vault, object)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE drills ("
    " number INTEGER PRIMARY KEY NOT NULL,"
    " vault BLOB NOT NULL CHECK (length(vault) = 16),"
    " backup TEXT NOT NULL,"
    " policy TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " started_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL,"
    " entries INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " differences INTEGER NOT NULL,"
    " digest BLOB NOT NULL,"
    " task TEXT NOT NULL,"
    " detail TEXT NOT NULL) STRICT;"
    "CREATE INDEX drills_by_vault ON drills (vault, number);"
    /* What people are still to be told, by each way. */
    "CREATE TABLE notices ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " event TEXT NOT NULL,"
    " severity TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " body TEXT NOT NULL,"
    " way TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " error_text TEXT NOT NULL) STRICT;"
    "CREATE INDEX notices_due ON notices (due_ns, number);";

/* What can be taken back: backups that were deleted, and what several people have to approve.
 */
static const char version_5[] =
    "ALTER TABLE backups ADD COLUMN keep_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN deleted_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN purge_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backups ADD COLUMN delete_reason TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE backups ADD COLUMN state_before TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE mirrors ADD COLUMN breaches INTEGER NOT NULL DEFAULT 0;"

    /* Who approves of what destroys something in a vault, and how many of them have to. */
    "CREATE TABLE approval_rules ("
    " vault BLOB PRIMARY KEY NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " needed INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE approvers ("
    " vault BLOB NOT NULL REFERENCES vaults ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " public_key BLOB NOT NULL CHECK (length(public_key) = 32),"
    " PRIMARY KEY (vault, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE approval_requests ("
    " id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
    " vault BLOB NOT NULL CHECK (length(vault) = 16)," /* stays when the vault goes */
    " operation TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " actor TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " until_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX approval_requests_open ON approval_requests (vault, operation)"
    " WHERE state = 'waiting';"
    "CREATE TABLE approvals ("
    " request TEXT NOT NULL REFERENCES approval_requests ON DELETE CASCADE,"
    " approver TEXT NOT NULL,"
    " signature BLOB NOT NULL CHECK (length(signature) = 64),"
    " at_ns INTEGER NOT NULL,"
    " PRIMARY KEY (request, approver)) STRICT, WITHOUT ROWID;";

/* From version i to version i + 1. */
static const char *const migrations[] = {version_1,        version_2,       version_3,
                                         version_4,        version_5,       schema_version_6,
                                         schema_version_7, schema_version_8};

enum { VERSION = sizeof(migrations) / sizeof(migrations[0]) };

int schema_version(void)
{
    return VERSION;
}

/* The version is noted twice: in the file's head and in a row, so that a damaged head is not
 * taken for a newer program's file. */
static int note_version(struct catalog *c, int version, struct error *e)
{
    char sql[128];

    snprintf(sql, sizeof(sql),
             "PRAGMA user_version = %d; INSERT OR REPLACE INTO settings VALUES"
             " ('schema_version', '%d')",
             version, version);
    return query_execute(c, sql, e);
}

static int migrate_one(struct catalog *c, int from, struct error *e)
{
    char sql[64];

    if (query_execute(c, "BEGIN IMMEDIATE", e) != 0)
        return -1;
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
    if (query_execute(c, sql, e) == 0 && query_execute(c, migrations[from], e) == 0 &&
        note_version(c, from + 1, e) == 0 && query_execute(c, "COMMIT", e) == 0)
        return 0;
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return error_context(e, "making version %d of the catalog", from + 1);
}

int schema_migrate(struct catalog *c, struct error *e)
{
    int64_t version;

    if (query_single_number(c, "PRAGMA user_version", &version, e) != 0)
        return -1;
    for (; version < VERSION; version++)
        if (migrate_one(c, (int)version, e) != 0)
            return -1;
    return 0;
}

static int damaged(struct catalog *c, const char *why, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the catalog %s: the file is damaged (%s)", c->path, why);
}

/* The version as the row has it; 0 when there is none. */
static int noted_version(struct catalog *c, int64_t *version, struct error *e)
{
    static const char sql[] = "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM settings"
                              " WHERE name = 'schema_version'";

    return query_single_number(c, sql, version, e);
}

/* The text of all tables and indexes, allocated. */
static int schema_text(sqlite3 *db, struct buffer *out)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(
        db, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1, 2",
        -1, &statement, NULL);

    while (status == SQLITE_OK || status == SQLITE_ROW) {
        status = sqlite3_step(statement);
        for (int i = 0; i < 4 && status == SQLITE_ROW; i++)
            buffer_append_counted(out, sqlite3_column_text(statement, i),
                                  (size_t)sqlite3_column_bytes(statement, i));
    }
    sqlite3_finalize(statement);
    return status;
}

int schema_make(sqlite3 *db, int64_t version)
{
    int status = SQLITE_OK;

    for (int64_t i = 0; i < version && status == SQLITE_OK; i++)
        status = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
    return status;
}

/* The text that the first `version` migrations make. */
static int expected_text(int64_t version, struct buffer *out)
{
    sqlite3 *db = NULL;
    int status = sqlite3_open(":memory:", &db);

    if (status == SQLITE_OK)
        status = schema_make(db, version);
    if (status == SQLITE_OK)
        status = schema_text(db, out);
    sqlite3_close(db);
    return status;
}

/* A schema that somebody changed, by damage or on purpose, is not worked with. */
static int compare_text(struct catalog *c, int64_t version, struct error *e)
{
    struct buffer found CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer expected CLEANUP_BUFFER = BUFFER_INIT;
    int status = schema_text(c->db, &found);

    if (status != SQLITE_DONE)
        return query_error(c, query_status(c), e);
    if (expected_text(version, &expected) != SQLITE_DONE || found.failed || expected.failed)
        return error_no_memory(e, "the schema of the catalog");
    if (found.size == expected.size && memcmp(found.data, expected.data, found.size) == 0)
        return 0;
    return damaged(c, "its tables are not those of lagan", e);
}

int schema_check(struct catalog *c, struct error *e)
{
    int64_t application, version, noted;

    if (query_single_number(c, "PRAGMA application_id", &application, e) != 0 ||
        query_single_number(c, "PRAGMA user_version", &version, e) != 0)
        return -1;
    if (application != APPLICATION_ID || version < 1)
        return damaged(c, "it does not say that it is lagan's", e);
    if (noted_version(c, &noted, e) != 0)
        return e->native == SQLITE_ERROR ? damaged(c, "it has no settings", e) : -1;
    if (noted != version)
        return damaged(c, "its head and its tables disagree on the version", e);
    if (version > VERSION)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "the catalog %s has version %lld; this lagan knows up to %d: use a "
                         "newer lagan",
                         c->path, (long long)version, VERSION);
    return compare_text(c, version, e);
}
