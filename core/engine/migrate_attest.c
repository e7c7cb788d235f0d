/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate_attest.c - the statement that all of the source is at the destination (MIG-14): both
 * listings are walked side by side, each hashed, and what comes of it is signed.
 *
 * A root is SHA-256 over each object in the order of names at the destination: the name's
 * length as a varint, the name, the object's length as a little-endian 64-bit number.
 */
#include "engine/migrate_private.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "driver/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_HEAD "lagan-statement-key-1:"
enum { KEY_FILE_LIMIT = 4096 };

void migrate_statement_clear(struct migrate_statement *statement)
{
    buffer_free(&statement->text);
}

/* ---- what is listed ---- */

struct attesting {
    struct migrate_statement *statement;
    struct hash source, target;
};

static void add_object(struct hash *h, struct migrate_listed *listed, const struct buffer *name,
                       uint64_t bytes)
{
    struct buffer head CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t length[8];
    buffer_append_varint(&head, name->size);
    store_u64(length, bytes);
    hash_update(h, head.data, head.size);
    hash_update(h, name->data, name->size);
    hash_update(h, length, sizeof(length));
    listed->objects++;
    listed->bytes += bytes;
}

static void note_problem(void *context, const struct lagan_entry *entry)
{
    struct attesting *a = context;
    (void)entry;
    a->statement->unlisted++;
}

static void note_extra(void *context, const struct lagan_entry *entry)
{
    struct attesting *a = context;
    (void)entry;
    a->statement->extra++;
}

static bool is_folder_mark(const struct object_ends *ends, const struct lagan_entry *entry)
{
    const uint8_t *key = entry->key;
    return ends->from_flat && !ends->to_flat && entry->bytes == 0 && entry->key_size > 0 &&
           key[entry->key_size - 1] == '/';
}

static void compare(struct attesting *a, const struct migrate_entry *entry,
                    const struct migrate_entry *there)
{
    struct migrate_statement *statement = a->statement;
    const struct lagan_entry *object = &entry->seen.copy.entry;
    const struct lagan_entry *copy = there ? &there->seen.copy.entry : NULL;
    uint64_t bytes = object->bytes;
    /* What tells no length has that of its copy. */
    if ((object->flags & LAGAN_ENTRY_STREAM) && copy)
        bytes = copy->bytes;
    add_object(&a->source, &statement->source, &entry->order, bytes);
    statement->missing += copy == NULL;
    if (!copy)
        return;
    statement->different += copy->bytes != bytes;
    add_object(&a->target, &statement->target, &entry->order, copy->bytes);
}

static int list_both(struct migrate_job *job, struct attesting *a, struct error *e)
{
    const struct migrate_notes notes = {a, note_problem, NULL, note_extra};
    const struct migrate_entry *entry, *there;
    struct migrate_join *join = migrate_join_open(job->ends, job->plan, NULL, 0, &notes, e);
    int found = join ? 1 : -1;
    while (found > 0) {
        found = migrate_join_next(join, &entry, &there, e);
        if (found > 0 && operation_check(e) != 0)
            found = -1;
        if (found > 0 && !is_folder_mark(job->ends, &entry->seen.copy.entry))
            compare(a, entry, there);
    }
    migrate_join_close(join);
    return found;
}

static int look(struct migrate_job *job, struct migrate_statement *statement, struct error *e)
{
    struct attesting a = {.statement = statement};
    hash_begin(&a.source);
    hash_begin(&a.target);
    if (list_both(job, &a, e) != 0)
        return -1;
    hash_finish(&a.source, statement->source.root);
    hash_finish(&a.target, statement->target.root);
    statement->at_ns = clock_wall_ns();
    statement->complete =
        statement->missing == 0 && statement->different == 0 && statement->unlisted == 0 &&
        memcmp(statement->source.root, statement->target.root, HASH_SIZE) == 0;
    return 0;
}

/* ---- the text ---- */

static void say(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, "%s: ", name);
    text_escape(out, value, strlen(value));
    buffer_append_u8(out, '\n');
}

static void say_number(struct buffer *out, const char *name, uint64_t value)
{
    buffer_append_format(out, "%s: %llu\n", name, (unsigned long long)value);
}

static void say_bytes(struct buffer *out, const char *name, const void *data, size_t size)
{
    char hex[2 * HASH_SIZE + 1];
    text_hex(data, size, hex);
    say(out, name, hex);
}

static void say_listed(struct buffer *out, const char *end, const struct migrate_listed *listed)
{
    char name[48];
    snprintf(name, sizeof(name), "%s-objects", end);
    say_number(out, name, listed->objects);
    snprintf(name, sizeof(name), "%s-bytes", end);
    say_number(out, name, listed->bytes);
    snprintf(name, sizeof(name), "%s-root", end);
    say_bytes(out, name, listed->root, HASH_SIZE);
}

/* Of a place without a name, that of the source. */
static void say_place(struct buffer *out, const char *name, struct source *s,
                      const char *registered)
{
    struct error ignored = ERROR_INIT;
    char place[SOURCE_PLACE_SIZE];
    say(out, name, registered);
    if (source_place_name(s, place, &ignored) == 0) {
        buffer_append_format(out, "%s-", name);
        say(out, "place", place);
    }
}

static void write_text(const struct migrate_job *job, const struct migrate_status *status,
                       struct migrate_statement *statement)
{
    struct buffer *out = &statement->text;
    char when[CLOCK_TEXT_SIZE];
    const char *prefix = job->plan->texts[MIGRATE_SETTING_PREFIX];
    const char *verify = job->plan->texts[MIGRATE_SETTING_VERIFY];
    clock_format_utc(statement->at_ns, when);
    say(out, "lagan-migration-statement", "1");
    say(out, "migration", job->row->name);
    say_bytes(out, "id", job->row->id, CATALOG_ID_SIZE);
    say(out, "at", when);
    say_place(out, "source", object_ends_from(job->ends), job->row->source_name);
    say(out, "prefix", prefix ? prefix : "");
    say_place(out, "target", object_ends_to(job->ends), job->row->target_name);
    say_listed(out, "source", &statement->source);
    say_listed(out, "target", &statement->target);
    say_number(out, "missing", statement->missing);
    say_number(out, "different", statement->different);
    say_number(out, "not-listed", statement->unlisted);
    say_number(out, "other-objects", statement->extra);
    say_number(out, "passes", status->pass.number);
    say_number(out, "failures", status->failures);
    say(out, "verified-by", verify ? verify : "content");
    say(out, "complete", statement->complete ? "yes" : "no");
    say_bytes(out, "public-key", statement->public_key, SIGNATURE_PUBLIC_SIZE);
}

/* ---- the key ---- */

static int make_key(const char *path, uint8_t seed[SIGNATURE_SEED_SIZE], struct error *e)
{
    char text[sizeof(KEY_HEAD) + 2 * SIGNATURE_SEED_SIZE + 2] = KEY_HEAD;
    crypto_random(seed, SIGNATURE_SEED_SIZE);
    text_hex(seed, SIGNATURE_SEED_SIZE, text + strlen(KEY_HEAD));
    size_t length = strlen(text);
    text[length++] = '\n';
    int result = file_write_new(path, text, length, 0600, NULL, e);
    secret_wipe(text, sizeof(text));
    return result;
}

/* The key in the file: 1, 0 when there is none, -1. */
static int read_key(const char *path, uint8_t seed[SIGNATURE_SEED_SIZE], struct error *e)
{
    struct buffer file CLEANUP_BUFFER = BUFFER_INIT;
    if (file_read(path, KEY_FILE_LIMIT, &file, e) != 0)
        return e->error_class == LAGAN_NOT_FOUND ? 0 : -1;
    buffer_append_u8(&file, 0);
    if (buffer_check(&file, e) != 0)
        return -1;
    char *text = (char *)file.data;
    text[strcspn(text, "\r\n")] = '\0';
    int result = strncmp(text, KEY_HEAD, strlen(KEY_HEAD)) == 0 &&
                         text_unhex(text + strlen(KEY_HEAD), seed, SIGNATURE_SEED_SIZE) == 0
                     ? 1
                     : error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                                 "%s is no key that statements are signed with", path);
    secret_wipe(file.data, file.size);
    return result;
}

static int get_key(struct setup *s, uint8_t seed[SIGNATURE_SEED_SIZE], struct error *e)
{
    char *path CLEANUP_TEXT = setup_key_path(s, "migrate", e);
    if (!path)
        return -1;
    int found = read_key(path, seed, e);
    if (found != 0)
        return found < 0 ? -1 : 0;
    *e = ERROR_INIT;
    if (make_key(path, seed, e) == 0)
        return 0;
    /* Somebody else may have made it meanwhile. */
    return e->error_class == LAGAN_EXISTS && read_key(path, seed, e) > 0 ? 0 : -1;
}

static int sign(struct migrate_job *job, const struct migrate_status *status,
                struct migrate_statement *statement, struct error *e)
{
    uint8_t seed[SIGNATURE_SEED_SIZE];
    int result = get_key(job->setup, seed, e);
    if (result == 0)
        result = signature_public(seed, statement->public_key, e);
    if (result == 0) {
        write_text(job, status, statement);
        result = buffer_check(&statement->text, e);
    }
    if (result == 0)
        result = signature_make(seed, statement->text.data, statement->text.size,
                                statement->signature, e);
    secret_wipe(seed, sizeof(seed));
    return result;
}

int migrate_attest(struct setup *s, const struct catalog_migration *row,
                   struct migrate_statement *statement, struct error *e)
{
    struct migrate_job job = {.setup = s, .catalog = setup_catalog(s), .row = row};
    struct migrate_status status = {0};
    *statement = (struct migrate_statement){0};
    int result = migrate_job_open(&job, e);
    if (result == 0)
        result = look(&job, statement, e);
    if (result == 0)
        result = migrate_status_read(job.catalog, row, &status, e);
    if (result == 0)
        result = sign(&job, &status, statement, e);
    if (result == 0)
        result = catalog_audit_add(job.catalog, CATALOG_EVENT_MIGRATE_ATTEST, row->name, e,
                                   "%s: %llu objects, %llu bytes",
                                   statement->complete ? "complete" : "not complete",
                                   (unsigned long long)statement->source.objects,
                                   (unsigned long long)statement->source.bytes);
    migrate_status_clear(&status);
    migrate_job_close(&job);
    if (result != 0)
        migrate_statement_clear(statement);
    return result;
}
