/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy_simulate.c - what policies would do: runs, what goes, and what is stored. */
#include "cli/policy_record.h"

#include "base/clock.h"
#include "engine/policy_row.h"
#include "policy/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of policies that have made no backups yet. */
#define ASSUMED_DURATION_NS (10 * 60 * SECOND_NS)
#define ASSUMED_BYTES (UINT64_C(64) << 20)
#define ASSUMED_FULL_BYTES (UINT64_C(1) << 30)

enum { LATEST_RUNS = 10, LIMIT_YEARS = 200, RUNS_AT_ONCE = 64 };

/* A run that has made backups, all sources of all vaults together. */
struct past_run {
    struct simulate_backup backup;
    int64_t slot_ns, start_ns, end_ns;
    bool full;
};

/* A policy with what is known of it, and what becomes of it. */
struct subject {
    struct catalog_policy *row;
    struct policy *policy;
    uint8_t (*vaults)[CATALOG_ID_SIZE];
    size_t vault_count;
    struct past_run *past;
    size_t past_count;
    struct simulate_backup *backups;
    bool assumed; /* sizes and times are */
    bool named;   /* on the command line, or waited for by one that is */
    uint64_t runs, full, skipped, missed, dropped, kept, bytes;
};

struct month {
    size_t policy;
    int64_t end_ns;
    uint64_t count, bytes;
};

struct forecast {
    struct session *session;
    bool show_events;
    struct subject *subjects;
    size_t count;
    struct month *months;
    size_t month_count, month_room;
    int64_t from_ns, to_ns;
};

/* ---- what is there ---- */

static bool is_in_vaults(const struct subject *subject, const uint8_t vault[CATALOG_ID_SIZE])
{
    for (size_t i = 0; i < subject->vault_count; i++) {
        if (memcmp(subject->vaults[i], vault, CATALOG_ID_SIZE) == 0)
            return true;
    }
    return false;
}

/* The backups of one slot are one run; one by hand, or without a slot, is one for itself. */
static struct past_run *past_of(struct subject *subject, const struct catalog_backup *row)
{
    size_t last = subject->past_count > RUNS_AT_ONCE ? subject->past_count - RUNS_AT_ONCE : 0;
    for (size_t i = subject->past_count; row->slot_ns != 0 && i > last; i--) {
        if (subject->past[i - 1].slot_ns == row->slot_ns)
            return &subject->past[i - 1];
    }
    void *grown = reallocarray(subject->past, subject->past_count + 1, sizeof(*subject->past));
    if (!grown)
        return NULL;
    subject->past = grown;
    struct past_run *past = &subject->past[subject->past_count++];
    *past = (struct past_run){.slot_ns = row->slot_ns,
                              .start_ns = row->start_ns,
                              .end_ns = row->end_ns,
                              .backup = {.by_policy = row->policy[0] != '\0'}};
    return past;
}

static int take_backup(struct forecast *f, struct subject *subject,
                       const struct catalog_backup *row, struct error *e)
{
    bool by_policy = row->policy[0] != '\0';
    if (by_policy ? strcmp(row->policy, subject->row->name) != 0
                  : !is_in_vaults(subject, row->vault))
        return 0;
    if (row->created_ns >= f->from_ns || row->state == CATALOG_BACKUP_ERROR ||
        row->state == CATALOG_BACKUP_DELETING || row->state == CATALOG_BACKUP_DELETED)
        return 0;
    struct past_run *past = past_of(subject, row);
    if (!past)
        return error_no_memory(e, "backups");
    if (row->created_ns > past->backup.created_ns)
        past->backup.created_ns = row->created_ns;
    if (row->expire_ns > past->backup.expire_ns)
        past->backup.expire_ns = row->expire_ns;
    if (row->keep_ns > past->backup.keep_ns)
        past->backup.keep_ns = row->keep_ns;
    past->backup.bytes_stored += row->bytes_stored;
    past->start_ns = row->start_ns < past->start_ns ? row->start_ns : past->start_ns;
    past->end_ns = row->end_ns > past->end_ns ? row->end_ns : past->end_ns;
    past->full = past->full || row->full;
    return 0;
}

static int take_row(void *context, const struct catalog_backup *row, struct error *e)
{
    struct forecast *f = context;
    for (size_t i = 0; i < f->count; i++) {
        if (take_backup(f, &f->subjects[i], row, e) != 0)
            return -1;
    }
    return 0;
}

/* The mean of the latest runs that were full, or not: bytes or time.  The very first one holds
 * everything, which later full ones do not store again. */
static uint64_t mean_of(const struct subject *subject, bool full, bool of_bytes)
{
    uint64_t sum = 0, count = 0;
    for (size_t i = subject->past_count; i > 1 && count < LATEST_RUNS; i--) {
        const struct past_run *past = &subject->past[i - 1];
        if (past->full != full || !past->backup.by_policy)
            continue;
        int64_t took_ns = past->end_ns > past->start_ns ? past->end_ns - past->start_ns : 0;
        sum += of_bytes ? past->backup.bytes_stored : (uint64_t)took_ns;
        count++;
    }
    return count > 0 ? sum / count : 0;
}

/* What a run takes: as the latest did; as the first one did; or assumed. */
static void judge_past(struct subject *subject, struct simulate_policy *in)
{
    const struct past_run *first = subject->past_count > 0 ? &subject->past[0] : NULL;
    int64_t first_ns = first ? first->end_ns - first->start_ns : 0;
    subject->assumed = !first;
    in->bytes_each = mean_of(subject, false, true);
    in->bytes_full = mean_of(subject, true, true);
    in->duration_ns = (int64_t)mean_of(subject, false, false);
    in->full_ns = (int64_t)mean_of(subject, true, false);
    if (in->duration_ns == 0)
        in->duration_ns = first ? first_ns : ASSUMED_DURATION_NS;
    if (!first)
        in->bytes_each = ASSUMED_BYTES;
    if (in->bytes_full == 0)
        in->bytes_full = first ? in->bytes_each : ASSUMED_FULL_BYTES;
}

/* The number of the policy that `subject` waits for, + 1; one that is not simulated: 0. */
static size_t after_of(const struct forecast *f, const struct subject *subject)
{
    const char *after = subject->policy->texts[POLICY_SETTING_AFTER];
    for (size_t i = 0; after && i < f->count; i++) {
        if (strcmp(f->subjects[i].row->name, after) == 0)
            return i + 1;
    }
    return 0;
}

static int prepare(struct forecast *f, struct simulate_policy *in, struct error *e)
{
    for (size_t i = 0; i < f->count; i++) {
        struct subject *subject = &f->subjects[i];
        in[i] = (struct simulate_policy){.policy = subject->policy,
                                         .enabled = subject->named || subject->row->enabled,
                                         .after = after_of(f, subject)};
        judge_past(subject, &in[i]);
        subject->backups = calloc(subject->past_count + 1, sizeof(*subject->backups));
        if (!subject->backups)
            return error_no_memory(e, "backups");
        for (size_t j = 0; j < subject->past_count; j++)
            subject->backups[j] = subject->past[j].backup;
        in[i].backups = subject->backups;
        in[i].backup_count = subject->past_count;
        if (catalog_run_since_full(session_catalog(f->session), subject->row->id,
                                   &in[i].since_full, &in[i].last_full_ns, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- what becomes of it ---- */

static void count_event(struct subject *subject, const struct simulate_event *event)
{
    switch (event->kind) {
    case SIMULATE_RUN:
        subject->runs++;
        subject->full += event->full;
        break;
    case SIMULATE_SKIP:
        subject->skipped++;
        break;
    case SIMULATE_MISS:
        subject->missed += event->count;
        break;
    case SIMULATE_DROP:
        subject->dropped++;
        break;
    case SIMULATE_END:
        subject->kept = event->count;
        subject->bytes = event->bytes;
        break;
    case SIMULATE_MONTH:
    case SIMULATE_KEEP:
        break;
    }
}

static int keep_month(struct forecast *f, const struct simulate_event *event, struct error *e)
{
    if (f->month_count == f->month_room) {
        size_t room = f->month_room ? 2 * f->month_room : 64;
        void *grown = reallocarray(f->months, room, sizeof(*f->months));
        if (!grown)
            return error_no_memory(e, "months");
        f->months = grown;
        f->month_room = room;
    }
    f->months[f->month_count++] =
        (struct month){event->policy, event->at_ns, event->count, event->bytes};
    return 0;
}

static const char *why_of(const struct simulate_event *event)
{
    if (event->kind == SIMULATE_DROP || event->kind == SIMULATE_KEEP)
        return retention_verdict_name(event->verdict);
    return event->text ? event->text : "";
}

static void record_event(struct forecast *f, const struct simulate_event *event)
{
    struct output *o = &f->session->output;
    record_begin(o, "simulated");
    record_time(o, "at", event->at_ns);
    record_text(o, "policy", f->subjects[event->policy].row->name);
    record_text(o, "event", simulate_event_name(event->kind));
    record_time(o, "slot", event->slot_ns);
    if (event->kind == SIMULATE_RUN)
        record_flag(o, "full", event->full);
    if (event->kind == SIMULATE_MISS)
        record_number(o, "slots", event->count);
    if (event->kind == SIMULATE_RUN || event->kind == SIMULATE_DROP ||
        event->kind == SIMULATE_KEEP)
        record_size(o, "bytes", event->bytes);
    record_text(o, "why", why_of(event));
    record_end(o);
}

static int take_event(void *context, const struct simulate_event *event, struct error *e)
{
    struct forecast *f = context;
    count_event(&f->subjects[event->policy], event);
    if (event->kind == SIMULATE_MONTH)
        return keep_month(f, event, e);
    if (f->show_events && event->kind != SIMULATE_END)
        record_event(f, event);
    return 0;
}

static int simulate_all(struct forecast *f, struct error *e)
{
    static const struct column columns[] = {
        {"at", "AT", false},      {"policy", "POLICY", false}, {"event", "WHAT", false},
        {"slot", "OF", false},    {"full", "FULL", false},     {"slots", "SLOTS", true},
        {"bytes", "BYTES", true}, {"why", "WHY", false}};
    struct simulate_policy *in = calloc(f->count + 1, sizeof(*in));
    if (!in)
        return error_no_memory(e, "policies");
    struct simulate_request request = {.policies = in,
                                       .policy_count = f->count,
                                       .from_ns = f->from_ns,
                                       .to_ns = f->to_ns,
                                       .expire_ns =
                                           setup_config(f->session->setup)->runner.expire_ns,
                                       .context = f,
                                       .event = take_event};
    if (f->show_events)
        output_table(&f->session->output, columns, COUNT(columns));
    int result = prepare(f, in, e) == 0 ? simulate_run(&request, e) : -1;
    if (f->show_events)
        output_table_end(&f->session->output, "nothing happens");
    free(in);
    return result;
}

/* The month that ends then; the moment before it is in it in any zone's clock of the policy. */
static void month_text(const struct forecast *f, const struct month *month, char text[16])
{
    struct timezone_local local = timezone_local_of(f->subjects[month->policy].policy->zone,
                                                    month->end_ns / SECOND_NS - 1);
    snprintf(text, 16, "%04d-%02d", local.year % 10000, local.month % 100);
}

static void show_months(struct forecast *f)
{
    static const struct column columns[] = {{"month", "MONTH", false},
                                            {"policy", "POLICY", false},
                                            {"backups", "BACKUPS", true},
                                            {"bytes", "STORED", true}};
    struct output *o = &f->session->output;
    char text[16];
    output_table(o, columns, COUNT(columns));
    for (size_t i = 0; i < f->month_count; i++) {
        month_text(f, &f->months[i], text);
        record_begin(o, "simulated_month");
        record_text(o, "month", text);
        record_text(o, "policy", f->subjects[f->months[i].policy].row->name);
        record_number(o, "backups", f->months[i].count);
        record_size(o, "bytes", f->months[i].bytes);
        record_end(o);
    }
    output_table_end(o, "no month ends");
}

static void show_sums(struct forecast *f)
{
    static const struct column columns[] = {
        {"policy", "POLICY", false},  {"runs", "RUNS", true},     {"full", "FULL", true},
        {"skipped", "SKIPPED", true}, {"missed", "MISSED", true}, {"dropped", "DROPPED", true},
        {"backups", "BACKUPS", true}, {"bytes", "STORED", true}};
    struct output *o = &f->session->output;
    output_table(o, columns, COUNT(columns));
    for (size_t i = 0; i < f->count; i++) {
        const struct subject *subject = &f->subjects[i];
        record_begin(o, "simulated_policy");
        record_text(o, "policy", subject->row->name);
        record_time(o, "from", f->from_ns);
        record_time(o, "to", f->to_ns);
        record_number(o, "runs", subject->runs);
        record_number(o, "full", subject->full);
        record_number(o, "skipped", subject->skipped);
        record_number(o, "missed", subject->missed);
        record_number(o, "dropped", subject->dropped);
        record_number(o, "backups", subject->kept);
        record_size(o, "bytes", subject->bytes);
        record_flag(o, "assumed", subject->assumed);
        record_end(o);
    }
    output_table_end(o, "no policies; `lagan policy create` makes one");
    for (size_t i = 0; i < f->count; i++) {
        if (f->subjects[i].assumed)
            output_note(
                o,
                "%s has no backups yet: runs of 10 minutes are assumed, 1 GiB the first "
                "time and 64 MiB each later time",
                f->subjects[i].row->name);
    }
}

/* ---- the command ---- */

/* "2026-11-21", "2026-11-21T07:00" on the clock of this machine, "...Z" in UTC. */
static bool read_date(const char *text, int64_t *ns)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%dT%H:%M:%SZ"};
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct tm date = {.tm_mday = 1, .tm_isdst = -1};
        const char *end = strptime(text, forms[i], &date);
        if (!end || *end != '\0' || date.tm_year < 70 || date.tm_year >= 300 - 50)
            continue;
        bool utc = end[-1] == 'Z';
        *ns = (int64_t)(utc ? timegm(&date) : mktime(&date)) * SECOND_NS;
        return true;
    }
    return false;
}

/* The end may be so much later than the beginning. */
static bool read_end(const char *text, int64_t from_ns, int64_t *to_ns)
{
    struct error no_span = ERROR_INIT;
    int64_t ns, months;
    if (read_date(text, to_ns))
        return true;
    if (policy_span_parse(text, &ns, &months, &no_span) != 0 || months > 12 * LIMIT_YEARS)
        return false;
    time_t from = from_ns / SECOND_NS;
    struct tm date;
    localtime_r(&from, &date);
    date.tm_mon += (int)months;
    date.tm_isdst = -1;
    return !__builtin_add_overflow((int64_t)mktime(&date) * SECOND_NS, ns, to_ns);
}

static int parse_times(const struct session *s, struct forecast *f, struct error *e)
{
    const char *from = session_value(s, OPTION_FROM);
    const char *to = session_value(s, OPTION_TO_TIME);
    f->from_ns = clock_wall_ns();
    if (from && !read_date(from, &f->from_ns))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--from %s: it is written as 2026-11-21 or 2026-11-21T07:00", from);
    if (!read_end(to ? to : "1y", f->from_ns, &f->to_ns))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--to %s: it is written as 2027-11-21, 2027-11-21T07:00, or how much "
                         "later, as 1y",
                         to);
    if (f->to_ns < f->from_ns ||
        (f->to_ns - f->from_ns) / SECOND_NS > INT64_C(86400) * 366 * LIMIT_YEARS)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--to must be behind --from, by %d years at most", LIMIT_YEARS);
    return 0;
}

static int add_subject(struct forecast *f, struct catalog_policy *row, struct error *e)
{
    void *grown = reallocarray(f->subjects, f->count + 1, sizeof(*f->subjects));
    if (!grown) {
        catalog_policy_free(row);
        return error_no_memory(e, "policies");
    }
    f->subjects = grown;
    struct subject *subject = &f->subjects[f->count++];
    *subject = (struct subject){.row = row};
    if (policy_row_parse(row, &subject->policy, e) != 0)
        return -1;
    return catalog_policy_vaults(session_catalog(f->session), row->id, &subject->vaults,
                                 &subject->vault_count, e);
}

static bool has_subject(const struct forecast *f, const uint8_t id[CATALOG_ID_SIZE])
{
    for (size_t i = 0; i < f->count; i++) {
        if (memcmp(f->subjects[i].row->id, id, CATALOG_ID_SIZE) == 0)
            return true;
    }
    return false;
}

/* A policy by name or id, unless it is there already. */
static int add_named(struct forecast *f, const char *text, bool named, struct error *e)
{
    struct catalog_policy *row = catalog_policy_find(session_catalog(f->session), text, e);
    if (!row)
        return -1;
    if (has_subject(f, row->id)) {
        catalog_policy_free(row);
        return 0;
    }
    if (add_subject(f, row, e) != 0)
        return -1;
    f->subjects[f->count - 1].named = named;
    return 0;
}

/* What is waited for is simulated, too. */
static int add_awaited(struct forecast *f, struct error *e)
{
    for (size_t i = 0; i < f->count; i++) {
        const char *after = f->subjects[i].policy->texts[POLICY_SETTING_AFTER];
        if (after && add_named(f, after, f->subjects[i].named, e) != 0)
            return -1;
    }
    return 0;
}

static int add_all(struct forecast *f, struct error *e)
{
    struct catalog_policy **rows = NULL;
    size_t count = 0;
    int result = catalog_policy_all(session_catalog(f->session), &rows, &count, e);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = add_subject(f, rows[i], e);
        rows[i] = NULL;
    }
    catalog_policy_all_free(rows, count);
    return result;
}

/* Those that were named, or all. */
static int gather(struct forecast *f, struct error *e)
{
    const struct session *s = f->session;
    if (s->arguments.operand_count == 0)
        return add_all(f, e);
    for (size_t i = 0; i < s->arguments.operand_count; i++) {
        if (add_named(f, session_operand(s, i), true, e) != 0)
            return -1;
    }
    return add_awaited(f, e);
}

static void forecast_clear(struct forecast *f)
{
    for (size_t i = 0; f->subjects && i < f->count; i++) {
        struct subject *subject = &f->subjects[i];
        catalog_policy_free(subject->row);
        policy_free(subject->policy);
        free(subject->vaults);
        free(subject->past);
        free(subject->backups);
    }
    free(f->subjects);
    free(f->months);
}

static int forecast_run(struct forecast *f, struct error *e)
{
    struct session *s = f->session;
    if (gather(f, e) != 0 ||
        catalog_backup_list(session_catalog(s), NULL, NULL, take_row, f, e) != 0 ||
        simulate_all(f, e) != 0)
        return -1;
    if (f->show_events)
        output_line(&s->output, "%s", "");
    show_months(f);
    output_line(&s->output, "%s", "");
    show_sums(f);
    return 0;
}

int command_policy_simulate(struct session *s, struct error *e)
{
    struct forecast f = {.session = s,
                         .show_events = s->output.use_json || session_given(s, OPTION_VERBOSE)};
    if (parse_times(s, &f, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    int result = forecast_run(&f, e);
    forecast_clear(&f);
    return result;
}
