/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_schedule_slots.c - slots of random schedules against a slow, plain reference that
 * looks at every minute, around changes of summer time; and against systemd's own answers.
 *
 * ROUNDS=50 tries fifty times as many.
 */
#include "policy/schedule.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)

enum { WINDOW_MINUTES = 21 * 1440, TEXT_SIZE = 512, FIELDS = 5 };

static uint64_t random_state = 1;

static int random_below(int limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

static int rounds(int standard)
{
    const char *text = getenv("ROUNDS");
    return standard * (text ? atoi(text) : 1);
}

/* ---- random schedules: the text, and beside it what it means ---- */

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

struct model {
    char text[TEXT_SIZE];
    bool fits[FIELDS][64]; /* by field and number; days from the end when `from_end` */
    bool from_end, either, repeats;
    int every;
    int64_t anchor_day;
    int times[24]; /* minutes of the day; when there are any they count, not the fields */
    int time_count;
};

struct bounds {
    int low, high;
};
static const struct bounds bounds[FIELDS] = {{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}};

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
    size_t size = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + size, TEXT_SIZE - size, format, arguments);
    va_end(arguments);
}

/* One list for a field, appended to `text`.  Returns whether it has a star, range or step. */
static bool random_field(char *text, bool fits[64], struct bounds b, const char *range)
{
    int kind = random_below(5), low = b.low + random_below(b.high - b.low);
    int high = low + 1 + random_below(b.high - low), step = 1 + random_below(4);

    memset(fits, 0, 64);
    switch (kind) {
    case 0:
        append(text, "*");
        for (int n = b.low; n <= b.high; n++)
            fits[n] = true;
        return true;
    case 1:
        append(text, "%d", low);
        fits[low] = true;
        return false;
    case 2:
        append(text, "%d,%d", low, high);
        fits[low] = fits[high] = true;
        return false;
    case 3:
        append(text, "%d%s%d", low, range, high);
        for (int n = low; n <= high; n++)
            fits[n] = true;
        return true;
    default:
        step = step < high - low ? step : high - low;
        append(text, "%d%s%d/%d", low, range, high, step);
        for (int n = low; n <= high; n += step)
            fits[n] = true;
        return true;
    }
}

static void all_fit(bool fits[64])
{
    memset(fits, 1, 64);
}

static void random_cron(struct model *m)
{
    bool star[FIELDS];

    strcpy(m->text, "cron");
    for (int f = 0; f < FIELDS; f++) {
        strcat(m->text, " ");
        size_t start = strlen(m->text);
        bool wild = random_field(m->text, m->fits[f], bounds[f], "-");
        star[f] = m->text[start] == '*';
        m->repeats = m->repeats || (f <= HOUR && wild);
    }
    m->either = !star[DAY] && !star[WEEKDAY];
}

static void random_weekdays(char *text, bool fits[64])
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    int first = random_below(7), last = random_below(7);

    memset(fits, 0, 64);
    strcat(strcat(strcat(text, names[first]), first == last ? "," : ".."), names[last]);
    for (int day = first; day != last; day = (day + 1) % 7)
        fits[day] = true;
    fits[last] = true;
}

static void random_calendar(struct model *m)
{
    static const struct bounds from_end = {1, 28};

    strcpy(m->text, "calendar ");
    all_fit(m->fits[WEEKDAY]);
    if (random_below(2)) {
        random_weekdays(m->text, m->fits[WEEKDAY]);
        strcat(m->text, " ");
    }
    strcat(m->text, "*-");
    random_field(m->text, m->fits[MONTH], bounds[MONTH], "..");
    m->from_end = random_below(4) == 0;
    strcat(m->text, m->from_end ? "~" : "-");
    if (m->from_end) {
        int near = 1 + random_below(from_end.high - 2), far = near + random_below(3);
        append(m->text, "%d..%d", far, near);
        memset(m->fits[DAY], 0, 64);
        for (int n = near; n <= far; n++)
            m->fits[DAY][n] = true;
    } else {
        random_field(m->text, m->fits[DAY], bounds[DAY], "..");
    }
    strcat(m->text, " ");
    bool wild = random_field(m->text, m->fits[HOUR], bounds[HOUR], "..");
    strcat(m->text, ":");
    m->repeats = random_field(m->text, m->fits[MINUTE], bounds[MINUTE], "..") || wild;
}

static void random_days(struct model *m)
{
    int kind = random_below(3), time = random_below(300);

    for (int f = 0; f < FIELDS; f++)
        all_fit(m->fits[f]);
    m->every = kind == 1 ? 1 + random_below(5) : 0;
    if (kind == 0)
        strcpy(m->text, "daily ");
    if (kind == 1)
        append(m->text, "every %d days ", m->every);
    if (kind == 2) {
        strcpy(m->text, "weekly ");
        random_weekdays(m->text, m->fits[WEEKDAY]);
        strcat(m->text, " ");
    }
    for (; time < 1380 && m->time_count < 24; time += 60 + random_below(200)) {
        append(m->text, "%s%d:%02d", m->time_count > 0 ? "," : "", time / 60, time % 60);
        m->times[m->time_count++] = time;
    }
}

/* ---- the reference ---- */

/* Whether a minute on the wall (since 1970) fits. */
static bool model_fits(const struct model *m, int64_t wall_minute)
{
    int64_t number = wall_minute / 1440;
    int minute = (int)(wall_minute % 1440), year, month, day, next_year, next_month, next_day;
    bool date, weekday = m->fits[WEEKDAY][timezone_weekday(number)], time = false;

    timezone_date_of(number, &year, &month, &day);
    if (m->from_end) {
        int left = 0;
        do
            timezone_date_of(number + ++left, &next_year, &next_month, &next_day);
        while (next_month == month);
        date = m->fits[DAY][left];
    } else {
        date = m->fits[DAY][day];
    }
    if (m->every > 0 && (number < m->anchor_day || (number - m->anchor_day) % m->every != 0))
        return false;
    for (int i = 0; i < m->time_count; i++)
        time = time || m->times[i] == minute;
    if (m->time_count == 0)
        time = m->fits[HOUR][minute / 60] && m->fits[MINUTE][minute % 60];
    return time && m->fits[MONTH][month] && (m->either ? date || weekday : date && weekday);
}

/* Three weeks in a zone, minute by minute. */
struct window {
    const char *zone_name, *around;
    struct timezone *zone;
    int64_t from_ns;
    int64_t wall[WINDOW_MINUTES]; /* minutes since 1970 on the wall; [0] is from_ns */
};

static struct window windows[] = {
    {.zone_name = "Europe/Berlin", .around = "2026-03-29"},
    {.zone_name = "Europe/Berlin", .around = "2026-10-25"},
    {.zone_name = "America/New_York", .around = "2026-03-08"},
    {.zone_name = "America/New_York", .around = "2026-11-01"},
    {.zone_name = "Australia/Lord_Howe", .around = "2026-04-05"},
    {.zone_name = "Australia/Lord_Howe", .around = "2026-10-04"},
    {.zone_name = "Pacific/Apia", .around = "2011-12-30"},
    {.zone_name = "Africa/Casablanca", .around = "2026-02-15"},
    {.zone_name = "UTC", .around = "2028-02-29"},
};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

static void window_open(struct window *w)
{
    struct error e = ERROR_INIT;
    int year, month, day;

    if (timezone_load(w->zone_name, &w->zone, &e) != 0)
        fail_msg("%s", e.text);
    sscanf(w->around, "%d-%d-%d", &year, &month, &day);
    int64_t from_s = (timezone_days_of(year, month, day) - 10) * 86400;
    w->from_ns = from_s * SECOND_NS;
    for (int i = 0; i < WINDOW_MINUTES; i++) {
        struct timezone_local local = timezone_local_of(w->zone, from_s + i * 60);
        w->wall[i] = timezone_days_of(local.year, local.month, local.day) * 1440 +
                     local.hour * 60 + local.minute;
    }
}

/* Whether there is a slot at minute `i`; `*shown` is the latest time that the wall has shown.
 */
static bool reference_slot(const struct model *m, const struct window *w, int i, int64_t *shown)
{
    bool slot = false;

    for (int64_t skipped = w->wall[i - 1] + 1; skipped < w->wall[i] && !slot; skipped++)
        slot = model_fits(m, skipped);
    if (w->wall[i] > *shown || m->repeats)
        slot = slot || model_fits(m, w->wall[i]);
    if (w->wall[i] > *shown)
        *shown = w->wall[i];
    return slot;
}

static void compare(const struct model *m, const struct window *w)
{
    struct schedule *schedule = NULL;
    struct error e = ERROR_INIT;
    int64_t shown = w->wall[0], after = w->from_ns, slot = 0, anchor, second;
    bool found;

    /* A moment of the anchor's day in the zone. */
    struct timezone_local noon = {.hour = 12};
    timezone_date_of(m->anchor_day, &noon.year, &noon.month, &noon.day);
    timezone_utc_of(w->zone, &noon, &anchor, &second);
    if (schedule_parse(m->text, anchor * SECOND_NS, &schedule, &e) != 0)
        fail_msg("%s", e.text);
    found = schedule_next(schedule, w->zone, after, &slot);
    for (int i = 1; i < WINDOW_MINUTES; i++) {
        int64_t at = w->from_ns + i * MINUTE_NS;
        bool wanted = reference_slot(m, w, i, &shown);
        if (wanted != (found && slot == at))
            fail_msg("'%s' in %s: %s at minute %d from %s - 10 d; next is %lld", m->text,
                     w->zone_name, wanted ? "no slot" : "a slot", i, w->around,
                     found ? (long long)((slot - w->from_ns) / MINUTE_NS) : -1);
        if (wanted) {
            after = slot;
            found = schedule_next(schedule, w->zone, after, &slot);
            assert_true(!found || slot > after);
        }
        if (found && slot < at)
            fail_msg("'%s' in %s: a slot between minutes", m->text, w->zone_name);
    }
    schedule_free(schedule);
}

static void schedule_matches_every_minute_SCH_10(void **state)
{
    static void (*const kinds[])(struct model *) = {random_cron, random_calendar, random_days};
    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    for (int i = 0; i < WINDOWS; i++)
        window_open(&windows[i]);
    for (int i = 0; i < rounds(90); i++) {
        struct model m = {.anchor_day = 14000 + random_below(3)};
        kinds[i / WINDOWS % 3](&m);
        compare(&m, &windows[i % WINDOWS]);
    }
    for (int i = 0; i < WINDOWS; i++)
        timezone_free(windows[i].zone);
}

/* ---- systemd as an oracle ---- */

enum { ORACLE_SLOTS = 5 };

/* One list of an expression, with the limits that systemd has. */
static void random_list(char *text, int low, int high)
{
    int a = low + random_below(high - low), b = a + 1 + random_below(high - a);
    int step = 1 + random_below(b - a);

    switch (random_below(6)) {
    case 0:
    case 1:
        append(text, "*");
        break;
    case 2:
        append(text, "%02d", a);
        break;
    case 3:
        append(text, "%02d,%02d", b, a);
        break;
    case 4:
        append(text, "%02d..%02d", a, b);
        break;
    default:
        append(text, "%02d/%d", a, step);
    }
}

static void random_expression(char text[TEXT_SIZE])
{
    static const char *const weekdays[] = {"", "", "Mon ", "Mon..Fri ", "Sat,Sun ", "Fri,Tue "};
    static const char *const years[] = {"*", "*", "*", "2027", "2026..2029", "2027,2031"};

    strcpy(text, weekdays[random_below(6)]);
    strcat(strcat(text, years[random_below(6)]), "-");
    random_list(text, 1, 12);
    if (random_below(4) == 0) {
        strcat(text, "~");
        append(text, "%02d", 1 + random_below(28));
    } else {
        strcat(text, "-");
        random_list(text, 1, 31);
    }
    for (int i = 0; i < 3; i++) {
        strcat(text, i == 0 ? " " : ":");
        random_list(text, 0, i == 0 ? 23 : 59);
    }
}

/* Reads "Next elapse: Thu 2026-01-01 00:00:00 UTC" and "Iter. #2: ...": seconds since 1970. */
static bool oracle_line(const char *line, int64_t *second)
{
    const char *at = strstr(line, "Next elapse: ");
    int year, month, day, hour, minute, s;

    if (at == NULL)
        at = strstr(line, "Iter. #");
    at = at ? strstr(at, ": ") : NULL;
    if (at == NULL ||
        sscanf(at + 2, "%*s %d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &s) != 6)
        return false;
    *second = timezone_days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + s;
    return true;
}

/* The answers for one expression, of which systemd gives as many as there are. */
static size_t oracle(const char *expression, int64_t seconds[ORACLE_SLOTS])
{
    char command[2 * TEXT_SIZE], line[256];
    size_t count = 0;

    snprintf(
        command, sizeof command,
        "TZ=UTC systemd-analyze calendar --iterations=%d --base-time='2026-01-01 00:00:00' "
        "'%s' 2>&1",
        ORACLE_SLOTS, expression);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out)) {
        if (count < ORACLE_SLOTS && oracle_line(line, &seconds[count]))
            count++;
    }
    if (pclose(out) != 0)
        fail_msg("systemd refuses '%s'", expression);
    return count;
}

static void schedule_agrees_with_systemd(void **state)
{
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    if (system(
            "systemd-analyze calendar --iterations=1 --base-time='2026-01-01 00:00:00' daily "
            ">/dev/null 2>&1") != 0)
        skip();
    assert_int_equal(timezone_load("UTC", &zone, &e), 0);
    for (int i = 0; i < rounds(60); i++) {
        char expression[TEXT_SIZE], text[TEXT_SIZE + 16];
        struct schedule *schedule = NULL;
        int64_t seconds[ORACLE_SLOTS], slot = INT64_C(1767225600) * SECOND_NS;
        random_expression(expression);
        size_t count = oracle(expression, seconds);
        snprintf(text, sizeof text, "calendar %s", expression);
        if (schedule_parse(text, 0, &schedule, &e) != 0)
            fail_msg("%s", e.text);
        for (size_t j = 0; j < ORACLE_SLOTS; j++) {
            bool found = schedule_next(schedule, zone, slot, &slot);
            /* Ours end with the year 2261, systemd's with 2199. */
            if (j == count && found && slot / SECOND_NS >= INT64_C(7258118400))
                break;
            if (found != (j < count) || (found && slot != seconds[j] * SECOND_NS))
                fail_msg("'%s': slot %zu of %zu is %lld, not %lld", text, j, count,
                         found ? (long long)(slot / SECOND_NS) : 0,
                         j < count ? (long long)seconds[j] : 0);
            if (!found)
                break;
        }
        schedule_free(schedule);
    }
    timezone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule_matches_every_minute_SCH_10),
        cmocka_unit_test(schedule_agrees_with_systemd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
