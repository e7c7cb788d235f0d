/* SPDX-License-Identifier: Apache-2.0 */
/* command_migrate_report.c - what a migration did, what failed, and its signed statement. */
#include "cli/migrate_record.h"

#include "base/file.h"
#include "base/text.h"
#include "engine/key_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- report ---- */

static int show_pass(void *context, const struct catalog_migrate_pass *pass, struct error *e)
{
    struct output *o = context;
    (void)e;
    record_begin(o, "pass");
    record_number(o, "pass", pass->number);
    record_time(o, "started", pass->started_ns);
    record_time(o, "ended", pass->ended_ns);
    record_flag(o, "listed_all", pass->is_listed);
    for (int i = 0; i < CATALOG_MIGRATE_COUNT; i++)
        record_number(o, catalog_migrate_count_name((enum catalog_migrate_count)i),
                      pass->counts.of[i]);
    record_end(o);
    return 0;
}

static int show_failure(void *context, const struct catalog_migrate_failure *failure,
                        struct error *e)
{
    struct output *o = context;
    struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
    key_path(&path, failure->key, failure->key_size);
    if (buffer_check(&path, e) != 0)
        return -1;
    record_begin(o, "failure");
    record_bytes(o, "key", path.data ? path.data : (const uint8_t *)"", path.size);
    record_size(o, "bytes", failure->bytes);
    record_number(o, "pass", failure->pass);
    record_number(o, "attempts", failure->attempts);
    record_time(o, "at", failure->at_ns);
    record_text(o, "class", error_class_name(failure->why.error_class));
    record_text(o, "reason", failure->why.text);
    record_end(o);
    return 0;
}

static int report(struct session *s, const struct catalog_migration *row, struct error *e)
{
    static const struct column passes[] = {
        {"pass", "PASS", true},     {"started", "STARTED", false},
        {"ended", "ENDED", false},  {"listed", "LISTED", true},
        {"copied", "COPIED", true}, {"same", "SAME", true},
        {"kept", "KEPT", true},     {"failed", "FAILED", true},
        {"vanished", "GONE", true}, {"left_out", "LEFT OUT", true}};
    static const struct column failures[] = {{"key", "FAILED", false},
                                             {"class", "CLASS", false},
                                             {"attempts", "TRIES", true},
                                             {"reason", "REASON", false}};
    struct output *o = &s->output;
    if (o->use_json && record_migrate_status(s, row, e) != 0)
        return -1;
    output_line(o, "migration %s: %s", row->name, catalog_migration_state_name(row->state));
    output_table(o, passes, sizeof(passes) / sizeof(passes[0]));
    int result = catalog_migrate_pass_list(session_catalog(s), row->id, show_pass, o, e);
    output_table_end(o, "it was not run yet");
    if (result != 0)
        return -1;
    output_table(o, failures, sizeof(failures) / sizeof(failures[0]));
    result = catalog_migrate_failure_list(session_catalog(s), row->id, NULL, 0, 0, show_failure,
                                          o, e);
    output_table_end(o, NULL);
    return result;
}

/* A field of a CSV. */
static void append_field(struct buffer *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    buffer_append_u8(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"')
            buffer_append_u8(out, '"');
        buffer_append_u8(out, bytes[i]);
    }
    buffer_append_u8(out, '"');
}

struct exporting {
    int fd;
    const char *path;
    struct buffer line;
};

static int export_failure(void *context, const struct catalog_migrate_failure *failure,
                          struct error *e)
{
    struct exporting *x = context;
    struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
    const char *class = error_class_name(failure->why.error_class);
    key_path(&path, failure->key, failure->key_size);
    buffer_clear(&x->line);
    append_field(&x->line, path.data, path.size);
    buffer_append_format(&x->line, ",%llu,%u,", (unsigned long long)failure->bytes,
                         failure->attempts);
    append_field(&x->line, class, strlen(class));
    buffer_append_u8(&x->line, ',');
    append_field(&x->line, failure->why.text, strlen(failure->why.text));
    buffer_append_u8(&x->line, '\n');
    if (buffer_check(&path, e) != 0 || buffer_check(&x->line, e) != 0)
        return -1;
    return file_write_all(x->fd, x->line.data, x->line.size, x->path, e);
}

/* What failed, as a CSV: KEY,BYTES,ATTEMPTS,CLASS,REASON. */
static int export_failures(struct session *s, const struct catalog_migration *row,
                           const char *path, struct error *e)
{
    static const char head[] = "key,bytes,attempts,class,reason\n";
    struct exporting x = {.path = path};
    x.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (x.fd < 0)
        return error_errno(e, errno, "cannot write %s", path);
    int result = file_write_all(x.fd, head, strlen(head), path, e);
    if (result == 0)
        result = catalog_migrate_failure_list(session_catalog(s), row->id, NULL, 0, 0,
                                              export_failure, &x, e);
    if (result == 0 && fsync(x.fd) != 0)
        result = error_errno(e, errno, "cannot write %s", path);
    file_close(&x.fd);
    buffer_free(&x.line);
    return result;
}

int command_migrate_report(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    const char *path = session_operand(s, 1);
    int result = row ? report(s, row, e) : -1;
    if (result == 0 && path)
        result = export_failures(s, row, path, e);
    if (result == 0 && path)
        output_note(&s->output, "what failed stands in %s", path);
    catalog_migration_free(row);
    return result;
}

/* ---- attest ---- */

static void record_listed(struct output *o, const char *objects, const char *bytes,
                          const char *root, const struct migrate_listed *listed)
{
    char hex[2 * HASH_SIZE + 1];
    text_hex(listed->root, HASH_SIZE, hex);
    record_number(o, objects, listed->objects);
    record_number(o, bytes, listed->bytes);
    record_text(o, root, hex);
}

static void record_statement(struct output *o, const struct catalog_migration *row,
                             const struct migrate_statement *statement)
{
    char key[2 * SIGNATURE_PUBLIC_SIZE + 1], signature[2 * SIGNATURE_SIZE + 1];
    text_hex(statement->public_key, SIGNATURE_PUBLIC_SIZE, key);
    text_hex(statement->signature, SIGNATURE_SIZE, signature);
    record_begin(o, "statement");
    record_text(o, "migration", row->name);
    record_time(o, "at", statement->at_ns);
    record_flag(o, "complete", statement->complete);
    record_listed(o, "source_objects", "source_bytes", "source_root", &statement->source);
    record_listed(o, "target_objects", "target_bytes", "target_root", &statement->target);
    record_number(o, "missing", statement->missing);
    record_number(o, "different", statement->different);
    record_number(o, "not_listed", statement->unlisted);
    record_number(o, "other_objects", statement->extra);
    record_text(o, "public_key", key);
    record_text(o, "signature", signature);
    record_end(o);
}

/* The statement as it was signed, and the signature behind it. */
static int write_statement(const struct migrate_statement *statement, const char *path,
                           struct error *e)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    char signature[2 * SIGNATURE_SIZE + 1];
    text_hex(statement->signature, SIGNATURE_SIZE, signature);
    buffer_append(&out, statement->text.data, statement->text.size);
    buffer_append_format(&out, "signature: %s\n", signature);
    if (buffer_check(&out, e) != 0)
        return -1;
    return file_write_atomic(path, out.data, out.size, 0644, e);
}

int command_migrate_attest(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    const char *path = session_operand(s, 1);
    struct migrate_statement statement = {0};
    int result = row ? migrate_attest(s->setup, row, &statement, e) : -1;
    if (result == 0)
        record_statement(&s->output, row, &statement);
    if (result == 0 && path)
        result = write_statement(&statement, path, e);
    if (result == 0 && !statement.complete)
        s->status = STATUS_INTEGRITY;
    migrate_statement_clear(&statement);
    catalog_migration_free(row);
    return result;
}
