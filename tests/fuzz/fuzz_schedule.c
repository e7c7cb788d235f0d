/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_schedule.c - any text as a schedule: its canonical form means the same, its slots go up.
 */
#include "base/object.h"
#include "fuzz.h"
#include "policy/schedule.h"

#include <string.h>

const char fuzz_name[] = "schedule";
const char *const fuzz_words[] = {
    "daily ", "every ",  " days ", "weekly ", "calendar ", "cron ", "interval ", "I|", "C|",
    "mon",    "..",      "-",      "~",       "/",         ",",     "*",         ":",  "00:00",
    "@daily", "monthly", "PT6H",   "59",      "31",        " ",     "2026",      NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    static const char *const texts[] = {
        "daily 02:00,14:30",
        "every 3 days 02:00",
        "weekly mon,wed..fri 22:00",
        "calendar Mon..Fri *-*-1..7 06:00",
        "calendar *-02~01/2 0/6:*:30",
        "cron 30 2 * * 1-5",
        "cron */15 1,3-5/2 1 jan-mar sun",
        "interval 6h",
        "I|1700000000|P1DT6H",
        "C|1700000000|@weekly",
        "calendar quarterly",
        "calendar Mon *-02-29",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        add(context, texts[i], strlen(texts[i]));
}

/* Both find the same slots, one behind the other. */
static void compare(const struct schedule *a, const struct schedule *b,
                    const struct timezone *zone)
{
    int64_t after = INT64_C(1774000000) * 1000000000;

    for (int i = 0; i < 4; i++) {
        int64_t slot = 0, same = 0, last = 0;
        bool found = schedule_next(a, zone, after, &slot);
        ASSERT(found == schedule_next(b, zone, after, &same));
        if (!found)
            return;
        ASSERT(slot == same && slot > after);
        ASSERT(schedule_last(a, zone, after, slot, &last) && last == slot);
        after = slot;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct timezone *zone;
    char text[512];
    struct schedule *schedule = NULL, *again = NULL;
    struct error e = ERROR_INIT;

    if (zone == NULL && timezone_load("Europe/Berlin", &zone, &e) != 0)
        ASSERT(timezone_load("UTC", &zone, &e) == 0);
    size = size < sizeof(text) ? size : sizeof(text) - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    int result = schedule_parse(text, 0, &schedule, &e);
    fuzz_outcome(result == 0 ? NULL : &e);
    if (result != 0)
        return 0;
    ASSERT(schedule_parse(schedule_text(schedule), 0, &again, &e) == 0);
    ASSERT(strcmp(schedule_text(schedule), schedule_text(again)) == 0);
    compare(schedule, again, zone);
    schedule_free(schedule);
    schedule_free(again);
    return 0;
}
