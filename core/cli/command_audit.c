/* SPDX-License-Identifier: Apache-2.0 */
/* command_audit.c - who changed what, and whether the log is what it was. */
#include "cli/session.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/mirror.h"
#include "vault/audit_head.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 100 };

/* The last lines of the log. */
struct tail {
    struct session *session;
    int64_t behind; /* lines up to this one are left out */
};

static int list_line(void *context, const struct catalog_audit *line, struct error *e)
{
    const struct tail *tail = context;
    struct output *o = &tail->session->output;
    char hash[2 * CATALOG_HASH_SIZE + 1];
    (void)e;
    if (line->sequence <= tail->behind)
        return 0;
    text_hex(line->hash, sizeof(line->hash), hash);
    record_begin(o, "audit");
    record_number(o, "line", (uint64_t)line->sequence);
    record_time(o, "at", line->at_ns);
    record_text(o, "actor", line->actor);
    record_text(o, "event", catalog_event_name(line->event));
    record_text(o, "subject", line->subject);
    record_text(o, "detail", line->detail);
    record_text(o, "hash", hash);
    record_end(o);
    return 0;
}

int command_audit_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"line", "LINE", true},   {"at", "AT", false},      {"actor", "WHO", false},
        {"event", "WHAT", false}, {"subject", "ON", false}, {"detail", "DETAIL", false}};
    const char *text = session_value(s, OPTION_LIMIT);
    struct tail tail = {.session = s};
    struct catalog_audit last = {.sequence = 0};
    uint64_t limit = DEFAULT_LIMIT;
    if (text && text_parse_u64(text, &limit) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s is no number", text);
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_audit_head(session_catalog(s), &last, e) < 0)
        return -1;
    if (limit > 0 && (uint64_t)last.sequence > limit)
        tail.behind = last.sequence - (int64_t)limit;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_audit_list(session_catalog(s), 0, 0, list_line, &tail, e);
    output_table_end(&s->output, "nothing was changed yet");
    return result;
}

/* The heads that mirrors have, beside the log. */
struct witnesses {
    struct session *session;
    const char *mirror;
    uint8_t writer[CATALOG_ID_SIZE]; /* this installation */
    uint64_t heads;
    uint64_t others; /* heads of logs that are not here */
};

static int compare_head(void *context, const struct vault_audit_head *head, struct error *e)
{
    struct witnesses *w = context;
    uint8_t hash[CATALOG_HASH_SIZE];
    if (memcmp(head->writer, w->writer, sizeof(w->writer)) != 0) {
        w->others++;
        return 0;
    }
    int found =
        catalog_audit_hash(session_catalog(w->session), (int64_t)head->sequence, hash, e);
    if (found < 0)
        return -1;
    w->heads++;
    if (found > 0 && memcmp(hash, head->hash, sizeof(hash)) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_AUDIT_BROKEN,
                     found > 0
                         ? "line %llu of the audit log is not what the mirror %s has noted"
                         : "line %llu of the audit log is missing: the mirror %s has noted "
                           "it",
                     (unsigned long long)head->sequence, w->mirror);
}

/* A mirror that cannot be reached is no witness, and no fault of the log. */
static int ask_mirror(struct witnesses *w, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    struct catalog *catalog = session_catalog(w->session);
    struct open_vault vault = {0};
    struct error away = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(catalog, id, e);
    if (!row)
        return -1;
    if (setup_vault_open_row(w->session->setup, row, &locked, true, &vault, &away) != 0) {
        report_line("lagan: warning: %s; what it has noted is not compared", away.text);
        return 0;
    }
    catalog_writer_id(catalog, w->writer);
    w->mirror = vault.row->name;
    int result = vault_audit_head_list(vault.vault, NULL, compare_head, w, e);
    open_vault_close(&vault);
    return result;
}

int command_audit_verify(struct session *s, struct error *e)
{
    struct witnesses w = {.session = s};
    struct catalog_mirror *mirrors = NULL;
    size_t count = 0;
    uint64_t lines = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_audit_verify(session_catalog(s), &lines, e) != 0)
        return -1;
    int result = catalog_mirror_all(session_catalog(s), &mirrors, &count, e);
    for (size_t i = 0; i < count && result == 0; i++)
        result = ask_mirror(&w, mirrors[i].vault, e);
    free(mirrors);
    if (result != 0)
        return -1;
    if (s->output.use_json) {
        record_begin(&s->output, "audit_verify");
        record_number(&s->output, "lines", lines);
        record_number(&s->output, "heads", w.heads);
        record_number(&s->output, "other_heads", w.others);
        record_end(&s->output);
    }
    output_note(&s->output, "%llu lines are what they were; %llu heads in mirrors agree",
                (unsigned long long)lines, (unsigned long long)w.heads);
    /* Several installations may share a mirror; but a catalog that was made anew begins a new
     * log, and whoever did that may have wanted the old one gone. */
    if (w.others > 0)
        output_note(&s->output,
                    "%llu heads are of logs of other catalogs, or of one that was here before",
                    (unsigned long long)w.others);
    return 0;
}
