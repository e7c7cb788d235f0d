/* SPDX-License-Identifier: Apache-2.0 */
/* command_rule.c - replication rules of objects: listed, shown, their objects looked at. */
#include "cli/rule_record.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_OBJECTS = 50 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct catalog_object_rule *rule_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    return catalog_object_rule_find(session_catalog(s), session_operand(s, 0), e);
}

int rule_words(const struct session *s, size_t first, struct catalog_pairs *words,
               struct error *e)
{
    return session_settings(s, first, ERROR_RULE_SETTING, "prefix=photos/", words, e);
}

/* ---- records ---- */

static void record_source(struct session *s, const char *member,
                          const uint8_t id[CATALOG_ID_SIZE])
{
    struct error ignored = ERROR_INIT;
    struct catalog_source *source = catalog_source_get(session_catalog(s), id, &ignored);
    record_text(&s->output, member, source ? source->name : "(gone)");
    catalog_source_free(source);
}

static void record_lag(struct output *o, const struct rule_lag *lag)
{
    record_number(o, "pending", lag->figures.pending);
    record_size(o, "pending_bytes", lag->figures.pending_bytes);
    record_duration(o, "oldest_pending_age", lag->oldest_pending_age_ns);
    record_number(o, "failed", lag->figures.failed);
    record_duration(o, "behind", lag->behind_ns);
    record_duration(o, "rpo", lag->rpo_ns);
    record_flag(o, "over_rpo", lag->over);
}

int record_rule(struct session *s, const struct catalog_object_rule *row, struct rule_lag *lag,
                struct error *e)
{
    struct output *o = &s->output;
    struct rule_lag own;
    if (rule_lag(session_catalog(s), row, &own, e) != 0)
        return -1;
    record_begin(o, "rule");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_source(s, "from", row->from);
    record_source(s, "to", row->to);
    record_text(o, "state", catalog_rule_state_name(row->state));
    record_flag(o, "running", row->running);
    if (row->reason[0])
        record_text(o, "reason", row->reason);
    record_pairs(o, "settings", &row->settings);
    record_lag(o, &own);
    record_number(o, "copied", row->copied);
    record_size(o, "copied_bytes", row->copied_bytes);
    record_number(o, "markers", row->marked);
    record_time(o, "since", row->since_ns);
    record_time(o, "seen", row->seen_ns);
    record_time(o, "next", row->state == CATALOG_RULE_ENABLED ? row->next_ns : 0);
    record_time(o, "created", row->created_ns);
    if (row->why.error_class != LAGAN_OK) {
        record_text(o, "error", error_code_name(row->why.code));
        record_text(o, "message", row->why.text);
    }
    record_end(o);
    if (lag)
        *lag = own;
    return 0;
}

/* ---- list ---- */

static int list_rules(struct session *s, const uint8_t *from, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},      {"from", "FROM", false},
        {"to", "TO", false},          {"state", "STATE", false},
        {"pending", "PENDING", true}, {"oldest_pending_age", "OLDEST", true},
        {"failed", "FAILED", true},   {"copied", "COPIED", true},
        {"seen", "SEEN", false},      {"settings", "SETTINGS", false}};
    struct catalog_object_rule **rows = NULL;
    size_t count = 0;
    if (catalog_object_rule_all(session_catalog(s), from, &rows, &count, e) != 0)
        return -1;
    output_table(&s->output, columns, COUNT(columns));
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = record_rule(s, rows[i], NULL, e);
    output_table_end(&s->output, "no rules; `lagan rule create` makes one");
    catalog_object_rule_all_free(rows, count);
    return result;
}

int command_rule_list(struct session *s, struct error *e)
{
    struct catalog_source *from = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_operand(s, 0)) {
        from = catalog_source_find(session_catalog(s), session_operand(s, 0), e);
        if (!from)
            return -1;
    }
    int result = list_rules(s, from ? from->id : NULL, e);
    catalog_source_free(from);
    return result;
}

/* ---- show ---- */

static int show_skip(void *context, const char *reason, uint64_t count, struct error *e)
{
    struct output *o = context;
    (void)e;
    record_begin(o, "skipped");
    record_text(o, "reason", reason);
    record_number(o, "versions", count);
    record_end(o);
    return 0;
}

static int show_skips(struct session *s, const struct catalog_object_rule *row, struct error *e)
{
    static const struct column columns[] = {{"reason", "NOT COPIED BECAUSE", false},
                                            {"versions", "VERSIONS", true}};
    output_line(&s->output, "%s", "");
    output_table(&s->output, columns, COUNT(columns));
    int result =
        catalog_object_skip_list(session_catalog(s), row->id, show_skip, &s->output, e);
    output_table_end(&s->output, "nothing was left out");
    output_note(&s->output, "never copied: %s", object_rules_never());
    return result;
}

static int show_gaps(struct session *s, const struct catalog_object_rule *row, struct error *e)
{
    static const struct column columns[] = {{"from", "GAP FROM", false}, {"to", "TO", false}};
    struct catalog_object_gap *gaps = NULL;
    size_t count = 0;
    struct output *o = &s->output;
    if (catalog_object_gap_all(session_catalog(s), row->id, &gaps, &count, e) != 0)
        return -1;
    if (count > 0)
        output_line(o, "%s", "");
    output_table(o, columns, COUNT(columns));
    for (size_t i = 0; i < count; i++) {
        record_begin(o, "gap");
        record_time(o, "from", gaps[i].from_ns);
        record_time(o, "to", gaps[i].to_ns);
        record_end(o);
    }
    output_table_end(o, NULL);
    if (count > 0)
        output_note(o, "`lagan rule backfill %s` copies what was made in gaps", row->name);
    free(gaps);
    return 0;
}

static int check_rpo(struct session *s, const struct catalog_object_rule *row,
                     const struct rule_lag *lag)
{
    char behind[TEXT_SIZE_SIZE], rpo[TEXT_SIZE_SIZE];
    if (!lag->over)
        return 0;
    text_format_duration(lag->behind_ns, behind);
    text_format_duration(lag->rpo_ns, rpo);
    report_line("lagan: the rule %s is behind by %s, and may be by %s", row->name, behind, rpo);
    s->status = STATUS_LAGGING;
    return 0;
}

int command_rule_show(struct session *s, struct error *e)
{
    struct catalog_object_rule *row = rule_operand(s, e);
    struct rule_lag lag;
    int result = row ? record_rule(s, row, &lag, e) : -1;
    if (result == 0)
        result = show_gaps(s, row, e);
    if (result == 0)
        result = show_skips(s, row, e);
    if (result == 0)
        result = check_rpo(s, row, &lag);
    catalog_object_rule_free(row);
    return result;
}

/* ---- status ---- */

static int show_copy(void *context, const struct catalog_object_copy *copy, struct error *e)
{
    struct output *o = context;
    (void)e;
    record_begin(o, "object");
    record_bytes(o, "key", copy->object, copy->object_size);
    record_text(o, "version", copy->version);
    record_text(o, "status", catalog_copy_state_name(copy->state));
    record_flag(o, "delete_marker", copy->marker);
    record_size(o, "bytes", copy->bytes);
    record_time(o, "made", copy->moment_ns);
    record_time(o, "queued", copy->queued_ns);
    record_time(o, "done", copy->done_ns);
    record_number(o, "attempts", copy->attempts);
    if (copy->copy_version[0])
        record_text(o, "copy_version", copy->copy_version);
    if (copy->reason[0])
        record_text(o, "reason", copy->reason);
    if (copy->why.error_class != LAGAN_OK) {
        record_text(o, "error", error_code_name(copy->why.code));
        record_text(o, "class", error_class_name(copy->why.error_class));
        record_text(o, "message", copy->why.text);
    }
    record_end(o);
    return 0;
}

static int parse_status_options(const struct session *s, int *state, uint64_t *limit,
                                struct error *e)
{
    const char *word = session_value(s, OPTION_STATE);
    const char *number = session_value(s, OPTION_LIMIT);
    *state = word ? catalog_copy_state_parse(word) : -1;
    *limit = DEFAULT_OBJECTS;
    if (word && *state < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--state %s: it can be pending, completed, failed or skipped", word);
    if (number && text_parse_u64(number, limit) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s: it is a number; 0 = all",
                         number);
    return 0;
}

static int list_copies(struct session *s, const struct catalog_object_rule *row, int state,
                       uint64_t limit, struct error *e)
{
    size_t keys = s->arguments.operand_count - 1;
    int result = 0;
    if (keys == 0)
        return catalog_object_copy_list(session_catalog(s), row->id, NULL, 0, state, limit,
                                        show_copy, &s->output, e);
    for (size_t i = 1; i <= keys && result == 0; i++) {
        const char *key = session_operand(s, i);
        result = catalog_object_copy_list(session_catalog(s), row->id, key, strlen(key), state,
                                          0, show_copy, &s->output, e);
    }
    return result;
}

int command_rule_status(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"key", "KEY", false},       {"version", "VERSION", false},
        {"status", "STATUS", false}, {"bytes", "SIZE", true},
        {"made", "MADE", false},     {"attempts", "TRIED", true},
        {"reason", "REASON", false}, {"copy_version", "COPY", false},
        {"message", "WHY", false}};
    uint64_t limit;
    int state;
    if (parse_status_options(s, &state, &limit, e) != 0)
        return -1;
    struct catalog_object_rule *row = rule_operand(s, e);
    if (!row)
        return -1;
    output_table(&s->output, columns, COUNT(columns));
    int result = list_copies(s, row, state, limit, e);
    output_table_end(&s->output, "no versions");
    catalog_object_rule_free(row);
    return result;
}
