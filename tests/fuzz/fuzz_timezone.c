/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_timezone.c - any bytes as a compiled time zone. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/object.h"
#include "base/timezone.h"
#include "fuzz.h"
#include "../unit/zone_file.h"

const char fuzz_name[] = "timezone";
const char *const fuzz_words[] = {
    "TZif", "\n", "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3", ",J60", "/25", "-", ",0/0", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    static const char *const zones[] = {"/usr/share/zoneinfo/Europe/Dublin",
                                        "/usr/share/zoneinfo/Pacific/Apia"};
    const struct zone_file files[] = {
        {.version = 0, .steps = {{1000, 1}, {2000, 0}}, .step_count = 2, .offset_count = 2},
        {.version = '2', .offset_count = 1, .footer = ""},
        {.version = '3', .offset_count = 1, .footer = "EST5EDT,0/0,J365/25"},
        {.version = '4',
         .steps = {{-1000000, 1}, {1000000, 2}},
         .step_count = 2,
         .offsets = {-3600, 3600, 20700},
         .offset_count = 3,
         .footer = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
        zone_file_write(&files[i], &data);
        add(context, data.data, data.size);
    }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
        struct error e = ERROR_INIT;
        if (file_read(zones[i], 1 << 16, &data, &e) == 0)
            add(context, data.data, data.size);
    }
}

/* Whatever the zone is like: its stretches hold the moment, and what a clock shows is shown. */
static void ask(const struct timezone *zone, int64_t utc)
{
    struct timezone_stretch stretch = timezone_stretch_of(zone, utc);
    struct timezone_local local = timezone_local_of(zone, utc);
    int64_t first, second;

    ASSERT(stretch.from_s <= utc && utc < stretch.to_s);
    ASSERT(stretch.offset_s == local.offset_seconds);
    ASSERT(timezone_utc_of(zone, &local, &first, &second) != TIMEZONE_NEVER);
    ASSERT(first <= utc && first <= second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = {-86400, 0, 1500, 1774746000, 4102444800};
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    int result = timezone_decode("input", data, size, &zone, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    for (size_t i = 0; result == 0 && i < sizeof(moments) / sizeof(moments[0]); i++)
        ask(zone, moments[i]);
    timezone_free(zone);
    return 0;
}
