/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_settings.c - every setting of policies: what is right, what is wrong, and what it
 * means. */
#include "policy/policy.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (86400 * SECOND_NS)
#define BACKUP POLICY_FOR_BACKUP
#define REPLICATION POLICY_FOR_REPLICATION

/* Good and bad values of each setting; lists end with NULL. */
static const struct {
    enum policy_setting setting;
    const char *good[8], *bad[8];
    const char *expected; /* part of the message for each bad one; NULL = that of a parser */
} values[] = {
    {POLICY_SETTING_SCHEDULE, {"daily 02:00", "interval 6h"}, {"", "daily", "02:00"}, NULL},
    {POLICY_SETTING_ZONE, {"UTC", "UTC+01:00", "local"}, {"", "Nowhere", "../UTC"}, NULL},
    {POLICY_SETTING_JITTER,
     {"0", "1s", "10m", "7d", "1w"},
     {"", "8d", "10", "-1s", "1mo", "x"},
     "expected "},
    {POLICY_SETTING_WINDOW, {"0", "6h", "30d"}, {"31d", "six", "6"}, "expected "},
    {POLICY_SETTING_CATCH_UP,
     {"none", "one"},
     {"", "all", "on", "none|one", "One"},
     "none or one"},
    {POLICY_SETTING_AFTER, {"nightly"}, {"", "a\nb", "\xff"}, "expected "},
    {POLICY_SETTING_TIMEOUT, {"0", "1s", "12h", "30d"}, {"31d", ""}, "up to 30d"},
    {POLICY_SETTING_FULL_EVERY,
     {"-1", "0", "1", "7", "100"},
     {"-2", "101", "", "x", "1.5", "- 1"},
     "from -1 (never) to 100"},
    {POLICY_SETTING_KEEP_COUNT,
     {"1", "99999", "-1"},
     {"0", "100000", "-2", "", "+1"},
     "from 1 to 99999"},
    {POLICY_SETTING_KEEP_TIME,
     {"30d", "6mo", "1y", "99999d", "1y6mo", "2w1d"},
     {"", "0", "100000d", "30", "1y1d", "1000y", "99999999999999999999d"},
     "expected "},
    {POLICY_SETTING_KEEP_HOURLY, {"0", "24", "100"}, {"-1", "101", ""}, "from 0 to 100"},
    {POLICY_SETTING_KEEP_DAILY, {"0", "7", "100"}, {"-1", "101"}, "from 0 to 100"},
    {POLICY_SETTING_KEEP_WEEKLY, {"0", "4", "100"}, {"-1", "101"}, "from 0 to 100"},
    {POLICY_SETTING_KEEP_MONTHLY, {"0", "12", "100"}, {"-1", "101"}, "from 0 to 100"},
    {POLICY_SETTING_KEEP_YEARLY, {"0", "5", "100"}, {"-1", "101"}, "from 0 to 100"},
    {POLICY_SETTING_KEEP_PICK,
     {"last", "first"},
     {"", "newest", "last|first"},
     "last or first"},
    {POLICY_SETTING_KEEP_MIN, {"0", "14d", "99999d"}, {"100000d", "1y", "x"}, "expected "},
    {POLICY_SETTING_KEEP_FAILED, {"0", "10", "100"}, {"-1", "101"}, "from 0 to 100"},
    {POLICY_SETTING_REPLICATE_TO, {"west"}, {""}, "a text"},
    {POLICY_SETTING_REPLICATE_INTO, {"copies"}, {""}, "a text"},
    {POLICY_SETTING_MIRROR_TO, {"west"}, {""}, "a text"},
    {POLICY_SETTING_CONSISTENCY,
     {"none", "crash", "app"},
     {"", "full", "App"},
     "none, crash or app"},
    {POLICY_SETTING_BEFORE, {"/bin/true", "sync; sleep 1"}, {"", "a\tb"}, "expected "},
    {POLICY_SETTING_AFTER_HOOK, {"/bin/true"}, {""}, "a text"},
    {POLICY_SETTING_FAILED, {"/bin/true"}, {""}, "a text"},
    {POLICY_SETTING_FINALLY, {"/bin/true"}, {""}, "a text"},
    {POLICY_SETTING_FREEZE, {"/bin/true"}, {""}, "a text"},
    {POLICY_SETTING_THAW, {"/bin/true"}, {""}, "a text"},
    {POLICY_SETTING_HOOK_TIMEOUT, {"1s", "60s", "1d"}, {"0", "2d", "60"}, "from 1s to 1d"},
    {POLICY_SETTING_DRILL, {"0", "30d", "3660d"}, {"3661d", "1mo", "30"}, "expected "},
    {POLICY_SETTING_DRILL_SAMPLE, {"1", "10", "100"}, {"0", "101", "10%"}, "from 1 to 100"},
    {POLICY_SETTING_NICE, {"0", "10", "19"}, {"-1", "20", ""}, "from 0 to 19"},
    {POLICY_SETTING_NOTIFY, {"mail", "mail,pager"}, {""}, "a text"},
};

static unsigned kinds_of(enum policy_setting setting)
{
    static const unsigned kinds[] = {
#define X(symbol, name, kinds, value, help) kinds,
        POLICY_SETTINGS(X)
#undef X
    };
    return kinds[setting];
}

static void check_values(size_t row, bool seen[POLICY_SETTING_COUNT])
{
    enum policy_setting setting = values[row].setting;
    const char *name = policy_setting_name(setting);
    unsigned kind = kinds_of(setting) & BACKUP ? BACKUP : REPLICATION;

    seen[setting] = true;
    for (size_t i = 0; i < 8 && values[row].good[i]; i++) {
        struct error e = ERROR_INIT;
        if (policy_setting_check(kind, name, values[row].good[i], &e) != 0)
            fail_msg("%s=%s: %s", name, values[row].good[i], e.text);
    }
    for (size_t i = 0; i < 8 && values[row].bad[i]; i++) {
        struct error e = ERROR_INIT;
        if (policy_setting_check(kind, name, values[row].bad[i], &e) == 0)
            fail_msg("%s=%s is taken", name, values[row].bad[i]);
        if (values[row].expected != NULL &&
            (e.code != ERROR_POLICY_SETTING || !strstr(e.text, values[row].expected) ||
             !strstr(e.text, name)))
            fail_msg("%s=%s: %s", name, values[row].bad[i], e.text);
    }
}

static void settings_values(void **state)
{
    bool seen[POLICY_SETTING_COUNT] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        check_values(i, seen);
    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        if (!seen[i])
            fail_msg("%s is in no row", policy_setting_name((enum policy_setting)i));
        assert_int_equal(policy_setting_find(policy_setting_name((enum policy_setting)i)), i);
    }
}

static void settings_codes_of_parsers(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    policy_setting_check(BACKUP, "schedule", "daily 24:00", &e);
    assert_int_equal(e.code, ERROR_SCHEDULE);
    assert_non_null(strstr(e.text, "at character 7"));
    policy_setting_check(BACKUP, "zone", "Nowhere", &e);
    assert_int_equal(e.code, ERROR_TIME_ZONE);
}

static const struct {
    unsigned kind;
    const char *name, *part;
} unknown[] = {
    {BACKUP, "keepdaily", "did you mean keep-daily?"},
    {BACKUP, "sched", "no setting 'sched'"},
    {BACKUP, "shedule", "did you mean schedule?"},
    {BACKUP, "", "no setting ''"},
    {BACKUP, "Zone", "did you mean zone?"},
    {BACKUP, "replicate-to", "a setting of replication policies"},
    {REPLICATION, "freeze", "a setting of backup policies"},
    {REPLICATION, "freze", "no setting 'freze'"},
};

static void settings_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct error e = ERROR_INIT;
        assert_int_equal(policy_setting_check(unknown[i].kind, unknown[i].name, "1", &e), -1);
        if (e.code != ERROR_POLICY_SETTING || !strstr(e.text, unknown[i].part))
            fail_msg("%s: %s", unknown[i].name, e.text);
    }
    assert_int_equal(policy_setting_find("nothing"), -1);
}

/* ---- all together ---- */

static struct policy *parsed(unsigned kind, const struct policy_pair *pairs, size_t count)
{
    struct policy *policy = NULL;
    struct error e = ERROR_INIT;
    if (policy_parse(kind, pairs, count, 0, &policy, &e) != 0)
        fail_msg("%s", e.text);
    return policy;
}

static void settings_defaults(void **state)
{
    struct policy *policy = parsed(BACKUP, NULL, 0);
    (void)state;
    assert_null(policy->schedule);
    assert_non_null(policy->zone); /* SCH-10: whatever is counted, there is a zone */
    assert_string_equal(timezone_name(policy->zone), "local");
    assert_int_equal(policy->jitter_ns + policy->window_ns + policy->timeout_ns, 0);
    assert_false(policy->catch_up); /* TSK-14 */
    assert_int_equal(policy->full_every, -1);
    assert_int_equal(policy->retention.count, 0);
    assert_int_equal(policy->retention.time_ns, 0);
    assert_int_equal(policy->retention.failed, 10);
    assert_int_equal(policy->hook_timeout_ns, 60 * SECOND_NS);
    assert_int_equal(policy->drill_ns, 0);
    assert_int_equal(policy->drill_percent, 10);
    assert_int_equal(policy->nice, -1);
    assert_int_equal(policy->consistency, POLICY_CONSISTENCY_NONE);
    policy_free(policy);
    policy_free(NULL);
}

static void settings_meaning(void **state)
{
    static const struct policy_pair pairs[] = {
        {"schedule", "weekly mon,thu 22:00"},
        {"zone", "Europe/Berlin"},
        {"jitter", "10m"},
        {"window", "6h"},
        {"catch-up", "one"},
        {"after", "other"},
        {"timeout", "1d"},
        {"full-every", "7"},
        {"keep-count", "5"},
        {"keep-hourly", "1"},
        {"keep-daily", "2"},
        {"keep-weekly", "3"},
        {"keep-monthly", "4"},
        {"keep-yearly", "6"},
        {"keep-pick", "first"},
        {"keep-min", "2d"},
        {"keep-failed", "8"},
        {"mirror-to", "west"},
        {"consistency", "app"},
        {"before", "b"},
        {"freeze", "f"},
        {"thaw", "t"},
        {"hook-timeout", "90s"},
        {"drill", "30d"},
        {"drill-sample", "25"},
        {"nice", "7"},
        {"notify", "mail"},
    };
    struct policy *p = parsed(BACKUP, pairs, sizeof pairs / sizeof pairs[0]);
    (void)state;
    assert_string_equal(schedule_text(p->schedule), "weekly mon,thu 22:00");
    assert_string_equal(timezone_name(p->zone), "Europe/Berlin");
    assert_int_equal(p->jitter_ns, 600 * SECOND_NS);
    assert_int_equal(p->window_ns, 21600 * SECOND_NS);
    assert_true(p->catch_up);
    assert_int_equal(p->timeout_ns, DAY_NS);
    assert_int_equal(p->full_every, 7);
    assert_int_equal(p->retention.count, 5);
    assert_int_equal(p->retention.hourly, 1);
    assert_int_equal(p->retention.daily, 2);
    assert_int_equal(p->retention.weekly, 3);
    assert_int_equal(p->retention.monthly, 4);
    assert_int_equal(p->retention.yearly, 6);
    assert_int_equal(p->retention.pick, RETENTION_FIRST);
    assert_int_equal(p->retention.least_ns, 2 * DAY_NS);
    assert_int_equal(p->retention.failed, 8);
    assert_int_equal(p->consistency, POLICY_CONSISTENCY_APP);
    assert_int_equal(p->hook_timeout_ns, 90 * SECOND_NS);
    assert_int_equal(p->drill_ns, 30 * DAY_NS);
    assert_int_equal(p->drill_percent, 25);
    assert_int_equal(p->nice, 7);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_equal(p->texts[policy_setting_find(pairs[i].name)], pairs[i].value);
    assert_null(p->texts[POLICY_SETTING_KEEP_TIME]);
    policy_free(p);
}

static void settings_keep_time(void **state)
{
    static const struct {
        const char *text;
        int64_t days, months;
    } rows[] = {{"30d", 30, 0}, {"2w1d", 15, 0}, {"6mo", 180, 6}, {"1y6mo", 540, 18}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy_pair pair = {"keep-time", rows[i].text};
        struct policy *policy = parsed(BACKUP, &pair, 1);
        assert_int_equal(policy->retention.time_ns, rows[i].days * DAY_NS);
        assert_int_equal(policy->retention.calendar_months, rows[i].months);
        policy_free(policy);
    }
}

static const struct {
    unsigned kind;
    struct policy_pair pairs[3];
    enum error_code code;
    const char *part;
} together[] = {
    {BACKUP, {{"jitter", "1m"}, {"jitter", "1m"}}, ERROR_POLICY_SETTING, "given twice"},
    {BACKUP, {{"freeze", "f"}}, ERROR_POLICY_SETTING, "freeze needs thaw"},
    {REPLICATION,
     {{"replicate-into", "v"}},
     ERROR_POLICY_SETTING,
     "replicate-into needs replicate-to"},
    {REPLICATION, {{"zone", "UTC"}}, ERROR_POLICY_SETTING, "needs replicate-to=REGION"},
    {BACKUP, {{"keep-count", "5"}, {"keep-time", "30d"}}, ERROR_RETENTION, "keep-"},
    {BACKUP, {{"schedule", "daily 25:00"}}, ERROR_SCHEDULE, "character 7"},
    {BACKUP, {{"zone", "Nowhere"}, {"schedule", "daily 02:00"}}, ERROR_TIME_ZONE, "Nowhere"},
};

static void settings_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof together / sizeof together[0]; i++) {
        struct policy *policy = NULL;
        struct error e = ERROR_INIT;
        size_t count = 0;
        while (count < 3 && together[i].pairs[count].name)
            count++;
        assert_int_equal(
            policy_parse(together[i].kind, together[i].pairs, count, 0, &policy, &e), -1);
        assert_null(policy);
        if (e.code != together[i].code || !strstr(e.text, together[i].part))
            fail_msg("row %zu: %s", i, e.text);
    }
}

/* CON-08 */
static void settings_full_every_CON_08(void **state)
{
    static const struct {
        const char *row;
        int every;
        uint64_t since;
        int64_t last_hours_ago; /* -1 = never */
        bool full;
    } rows[] = {
        {"never", -1, 1000, 100000, false},
        {"never, even without one", -1, 0, -1, false},
        {"each", 1, 0, 25, true},
        {"each, said as 0", 0, 0, 25, true},
        {"each, but once a day", 1, 0, 22, false},
        {"a day apart", 1, 0, 24, true},
        {"the day on which summer time begins", 1, 0, 23, true},
        {"the 7th", 7, 6, 168, true},
        {"the 6th of 7", 7, 5, 168, false},
        {"late", 7, 40, 168, true},
        {"the 7th within a day", 7, 6, 7, false},
        {"the 100th", 100, 99, 2400, true},
        {"no full one yet", 7, 6, -1, true},
        {"the first one of all", 7, 0, -1, true},
        {"begun without full ones", 7, 3, -1, false},
        {"a full one of tomorrow stops nothing", 7, 6, -24, true},
    };
    int64_t now = INT64_C(1767225600) * SECOND_NS;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy policy = {.full_every = rows[i].every};
        int64_t ago = rows[i].last_hours_ago;
        int64_t last = ago == -1 ? 0 : now - ago * 3600 * SECOND_NS;
        if (policy_full_due(&policy, rows[i].since, last, now) != rows[i].full)
            fail_msg("%s", rows[i].row);
    }
}

static void settings_spans(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds, months;
    } good[] = {{"0", 0, 0},   {"90m", 5400, 0},  {"1h30m", 5400, 0},  {"6mo", 0, 6},
                {"1y", 0, 12}, {"1w", 604800, 0}, {"1d1mo", 86400, 1}, {"0s", 0, 0}};
    static const char *const bad[] = {
        "",    "s", "1", "1x", "1 d", "-1d", "1d ", "1dd2", "1mos", "1M", "9223372036855s",
        "1.5h"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct error e = ERROR_INIT;
        int64_t ns = -1, months = -1;
        assert_int_equal(policy_span_parse(good[i].text, &ns, &months, &e), 0);
        assert_int_equal(ns, good[i].seconds * SECOND_NS);
        assert_int_equal(months, good[i].months);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error e = ERROR_INIT;
        int64_t ns = -1, months = -1;
        if (policy_span_parse(bad[i], &ns, &months, &e) == 0 || ns != -1 || months != -1 ||
            e.code != ERROR_POLICY_SETTING)
            fail_msg("'%s': %s", bad[i], e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_values),   cmocka_unit_test(settings_codes_of_parsers),
        cmocka_unit_test(settings_names),    cmocka_unit_test(settings_defaults),
        cmocka_unit_test(settings_meaning),  cmocka_unit_test(settings_keep_time),
        cmocka_unit_test(settings_together), cmocka_unit_test(settings_full_every_CON_08),
        cmocka_unit_test(settings_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
