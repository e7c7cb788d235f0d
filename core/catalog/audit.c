/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - lines that say who changed what, chained by their hashes. */
#include "catalog/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"
#include "crypto/hash.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUDIT_COLUMNS "sequence, at_ns, actor, event, subject, detail, hash"

NAMES(event, CATALOG_EVENTS)

const char *catalog_event_name(enum catalog_event event)
{
    return event_name((int)event);
}

/* The chain */

static void add_text(struct hash *h, const char *text)
{
    uint8_t length[4];

    store_u32(length, (uint32_t)strlen(text));
    hash_update(h, length, sizeof(length));
    hash_update(h, text, strlen(text));
}

/* What is hashed of a line, as the row has it. */
struct line {
    int64_t sequence;
    int64_t at_ns;
    const char *actor, *event, *subject, *detail;
};

/* `hash` is that of the line before and becomes that of this one. */
static void chain(const struct line *line, uint8_t hash[CATALOG_HASH_SIZE])
{
    uint8_t numbers[16];
    struct hash h;

    store_u64(numbers, (uint64_t)line->sequence);
    store_u64(numbers + 8, (uint64_t)line->at_ns);
    hash_begin(&h);
    hash_update(&h, hash, CATALOG_HASH_SIZE);
    hash_update(&h, numbers, sizeof(numbers));
    add_text(&h, line->actor);
    add_text(&h, line->event);
    add_text(&h, line->subject);
    add_text(&h, line->detail);
    hash_finish(&h, hash);
}

/* Reading */

static int read_row(struct query *q, struct catalog_audit *line, struct error *e)
{
    line->sequence = row_number(q);
    line->at_ns = row_number(q);
    row_text(q, line->actor, sizeof(line->actor));
    line->event = (enum catalog_event)row_enum(q, event_count, event_name);
    row_text(q, line->subject, sizeof(line->subject));
    row_text(q, line->detail, sizeof(line->detail));
    row_blob(q, line->hash, sizeof(line->hash));
    return query_row_check(q, e);
}

int catalog_audit_head(struct catalog *c, struct catalog_audit *line, struct error *e)
{
    static const char sql[] =
        "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY sequence DESC LIMIT 1";
    struct catalog_audit row;
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        found = query_step(&q, e);
        if (found > 0 && read_row(&q, &row, e) != 0)
            found = -1;
        query_end(&q);
    }
    catalog_unlock(c);
    if (found > 0)
        *line = row;
    return found;
}

int catalog_audit_hash(struct catalog *c, int64_t sequence, uint8_t hash[CATALOG_HASH_SIZE],
                       struct error *e)
{
    static const char sql[] = "SELECT hash FROM audit WHERE sequence = ?";
    uint8_t row[CATALOG_HASH_SIZE];
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, sequence);
        found = query_step(&q, e);
        if (found > 0) {
            row_blob(&q, row, sizeof(row));
            found = query_row_check(&q, e) == 0 ? 1 : -1;
        }
        query_end(&q);
    }
    catalog_unlock(c);
    if (found > 0)
        memcpy(hash, row, sizeof(row));
    return found;
}

struct visit {
    int (*each)(void *context, const struct catalog_audit *line, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_audit row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_audit_list(struct catalog *c, int64_t since_ns, uint64_t limit,
                       int (*each)(void *context, const struct catalog_audit *line,
                                   struct error *e),
                       void *context, struct error *e)
{
    static const char sql[] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE at_ns >= ?"
                              " ORDER BY sequence LIMIT ?";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, since_ns);
        query_number(&q, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* Verifying */

struct verification {
    uint8_t hash[CATALOG_HASH_SIZE]; /* of the line before */
    int64_t sequence;                /* of the line before */
};

static int broken(int64_t sequence, const char *what, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_AUDIT_BROKEN, "line %lld of the audit log %s",
                     (long long)sequence, what);
}

/* Reads what is there, whatever it is: a word that no lagan writes breaks the chain as well. */
static int verify_row(struct query *q, void *context, struct error *e)
{
    struct verification *v = context;
    struct line line = {0};
    uint8_t found[CATALOG_HASH_SIZE];
    char *texts[4];
    bool read = true;

    line.sequence = row_number(q);
    line.at_ns = row_number(q);
    for (size_t i = 0; i < 4; i++)
        read = (texts[i] = row_text_copy(q)) != NULL && read;
    row_blob(q, found, sizeof(found));
    v->sequence++;
    if (read) {
        line = (struct line){line.sequence, line.at_ns, texts[0], texts[1], texts[2], texts[3]};
        chain(&line, v->hash);
    }
    for (size_t i = 0; i < 4; i++)
        free(texts[i]);
    if (!read)
        return error_no_memory(e, "the audit log");
    if (line.sequence != v->sequence)
        return broken(v->sequence, "is missing", e);
    if (memcmp(found, v->hash, sizeof(found)) != 0)
        return broken(line.sequence, "is not what was written", e);
    return 0;
}

int catalog_audit_verify(struct catalog *c, uint64_t *lines, struct error *e)
{
    static const char all[] = "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY sequence";
    static const char last[] =
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'";
    struct verification v = {.sequence = 0};
    int64_t written = 0;

    catalog_lock(c);
    int result = query_list_all(c, all, verify_row, &v, e);
    if (result == 0)
        result = query_single_number(c, last, &written, e);
    catalog_unlock(c);
    if (result == 0 && written > v.sequence)
        result = broken(v.sequence + 1, "is missing", e);
    if (result == 0)
        *lines = (uint64_t)v.sequence;
    return result;
}

/* Writing */

void audit_name_actor(char actor[CATALOG_TEXT_SIZE])
{
    char user[64], host[128] = "", room[1024];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found != NULL)
        snprintf(user, sizeof(user), "%s", entry.pw_name);
    else
        snprintf(user, sizeof(user), "%u", (unsigned)getuid());
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    snprintf(room, sizeof(room), "%s@%s", user, host);
    text_escape_line(actor, CATALOG_TEXT_SIZE, room, strlen(room));
}

static int insert_row(struct catalog *c, const struct line *line,
                      const uint8_t hash[CATALOG_HASH_SIZE], struct error *e)
{
    static const char sql[] =
        "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, line->sequence);
    query_number(&q, line->at_ns);
    query_text(&q, line->actor);
    query_text(&q, line->event);
    query_text(&q, line->subject);
    query_text(&q, line->detail);
    query_blob(&q, hash, CATALOG_HASH_SIZE);
    return query_finish(&q, e);
}

/* After the last line that was ever written: one that was taken away leaves its gap. */
static int append(struct catalog *c, struct line *line, struct error *e)
{
    static const char last[] =
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'";
    uint8_t hash[CATALOG_HASH_SIZE] = {0};
    int64_t written = 0;

    if (query_single_number(c, last, &written, e) != 0 ||
        catalog_audit_hash(c, written, hash, e) < 0)
        return -1;
    line->sequence = written + 1;
    chain(line, hash);
    return insert_row(c, line, hash, e);
}

int catalog_audit_add(struct catalog *c, enum catalog_event event, const char *subject,
                      struct error *e, const char *format, ...)
{
    char actor[CATALOG_TEXT_SIZE], about[CATALOG_TEXT_SIZE];
    char detail[sizeof(((struct catalog_audit *)NULL)->detail)];
    char whole[4 * sizeof(detail)];
    va_list values;

    va_start(values, format);
    vsnprintf(whole, sizeof(whole), format, values);
    va_end(values);
    text_escape_line(detail, sizeof(detail), whole, strlen(whole));
    text_escape_line(about, sizeof(about), subject, strlen(subject));
    audit_name_actor(actor);
    struct line line = {0, clock_wall_ns(), actor, catalog_event_name(event), about, detail};
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, append(c, &line, e), e);
}
