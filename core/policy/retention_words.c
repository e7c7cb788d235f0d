/* SPDX-License-Identifier: Apache-2.0 */
/* retention_words.c - rules and decisions on retention in words for people. */
#include "policy/retention.h"

#include "base/clock.h"
#include "base/object.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *sentence;
    bool keeps;
} verdicts[] = {
#define X(symbol, name, keeps, sentence) {name, sentence, keeps},
    RETENTION_VERDICTS(X)
#undef X
};
enum { VERDICTS = sizeof(verdicts) / sizeof(verdicts[0]) };

const char *retention_verdict_name(enum retention_verdict verdict)
{
    ASSERT((unsigned)verdict < VERDICTS);
    return verdicts[verdict].name;
}

bool retention_verdict_keeps(enum retention_verdict verdict)
{
    ASSERT((unsigned)verdict < VERDICTS);
    return verdicts[verdict].keeps;
}

/* ---- a line that grows, cut where the room ends ---- */

struct line {
    char *text;
    size_t size, length;
};

static void add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    if (line->length + 1 >= line->size)
        return;
    va_start(arguments, format);
    int more =
        vsnprintf(line->text + line->length, line->size - line->length, format, arguments);
    va_end(arguments);
    line->length += more > 0 ? (size_t)more : 0;
    if (line->length >= line->size)
        line->length = line->size - 1;
}

static void add_count(struct line *line, int64_t count, const char *unit)
{
    add(line, "%lld %s%s", (long long)count, unit, count == 1 ? "" : "s");
}

/* In the largest unit that fits evenly. */
static void add_span(struct line *line, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{INT64_C(86400000000000), "day"},
                 {INT64_C(3600000000000), "hour"},
                 {INT64_C(60000000000), "minute"}};
    char text[TEXT_SIZE_SIZE];
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns % units[i].ns == 0) {
            add_count(line, ns / units[i].ns, units[i].name);
            return;
        }
    }
    text_format_duration(ns, text);
    add(line, "%s", text);
}

static void add_time(struct line *line, const char *words, int64_t wall_ns)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(wall_ns, text);
    if (wall_ns == INT64_MAX)
        snprintf(text, sizeof(text), "for ever");
    add(line, "%s%s", words, text);
}

/* ---- rules ---- */

static void add_periods(struct line *line, const struct retention_rules *rules)
{
    const char *which = rules->pick == RETENTION_FIRST ? "the first" : "the latest";
#define X(member, name, period)                                                                \
    if (rules->member > 0) {                                                                   \
        add(line, "%s%s of each of ", line->length > 0 ? ", " : "", which);                    \
        add_count(line, rules->member, period);                                                \
    }
    RETENTION_PERIODS(X)
#undef X
}

void retention_describe(const struct retention_rules *rules, char *text, size_t size)
{
    struct line line = {text, size, 0};
    if (size > 0)
        text[0] = '\0';
    if (rules->count > 0)
        add(&line, "the last %u", rules->count);
    if (rules->calendar_months != 0) {
        add(&line, "for ");
        if (rules->calendar_months % 12 == 0)
            add_count(&line, rules->calendar_months / 12, "year");
        else
            add_count(&line, rules->calendar_months, "month");
    } else if (rules->time_ns != 0) {
        add(&line, "for ");
        add_span(&line, rules->time_ns);
    }
    add_periods(&line, rules);
    if (line.length == 0)
        add(&line, "everything");
    if (rules->least_ns > 0) {
        add(&line, ", nothing younger than ");
        add_span(&line, rules->least_ns);
    }
}

/* ---- decisions ---- */

static uint32_t limit_of(const struct retention_rules *rules, enum retention_verdict verdict,
                         const struct retention_backup *backup)
{
    if (!rules)
        return 0;
    switch (verdict) {
    case RETENTION_COUNT:
        return backup->failed ? rules->failed : rules->count;
    case RETENTION_HOURLY:
        return rules->hourly;
    case RETENTION_DAILY:
        return rules->daily;
    case RETENTION_WEEKLY:
        return rules->weekly;
    case RETENTION_MONTHLY:
        return rules->monthly;
    case RETENTION_YEARLY:
        return rules->yearly;
    default:
        return 0;
    }
}

static void add_facts(struct line *line, const struct retention_rules *rules,
                      const struct retention_decision *decision,
                      const struct retention_backup *backup)
{
    uint32_t limit = limit_of(rules, decision->verdict, backup);
    char text[160];
    if (limit > 0 && decision->rank > 0)
        add(line, " (number %u of %u)", decision->rank, limit);
    if (decision->verdict == RETENTION_PINNED && backup->pinned)
        add(line, ": %s", backup->pinned);
    if (decision->verdict == RETENTION_LOCKED)
        add_time(line, " until ", backup->locked_until_ns);
    if (decision->verdict == RETENTION_EXTENDED)
        add_time(line, " until ", backup->keep_ns);
    if (decision->verdict == RETENTION_TIME)
        add_time(line, "; it stays until ", backup->expire_ns);
    if (decision->verdict == RETENTION_EXPIRED)
        add_time(line, ": it was to stay until ", backup->expire_ns);
    if (decision->verdict == RETENTION_NOT_KEPT && rules) {
        retention_describe(rules, text, sizeof(text));
        add(line, " (%s)", text);
    }
}

/* What keeps it besides. */
static void add_others(struct line *line, const struct retention_decision *decision)
{
    const char *before = "; also ";
    for (unsigned i = 0; i < VERDICTS; i++) {
        if (i == decision->verdict || !(decision->all & (1U << i)))
            continue;
        add(line, "%s%s", before, verdicts[i].name);
        before = ", ";
    }
}

void retention_explain(const struct retention_rules *rules,
                       const struct retention_decision *decision,
                       const struct retention_backup *backup, char *text, size_t size)
{
    struct line line = {text, size, 0};
    ASSERT((unsigned)decision->verdict < VERDICTS);
    if (size > 0)
        text[0] = '\0';
    add(&line, "%s", verdicts[decision->verdict].sentence);
    add_facts(&line, rules, decision, backup);
    if (verdicts[decision->verdict].keeps)
        add_others(&line, decision);
}
