/* SPDX-License-Identifier: Apache-2.0 */
/* life.c - cases for every kind: the order of life, and what a driver may hold in it. */
#include "conformance/raw.h"
#include "conformance/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK "driver.h, Life of an instance"

static struct opened *open_kind(struct trial *t)
{
    return trial_open(t, t->kind->open_flags);
}

/* Open, work, close. */
static void one_life(struct trial *t, unsigned round)
{
    struct opened *o = open_kind(t);
    t->kind->exercise(t, o, round);
    trial_close(t, o);
}

static void whole_life(struct trial *t)
{
    one_life(t, 1);
    one_life(t, 2);
}

/* Freed in each state that it can be in. */
static void freed_anywhere(struct trial *t)
{
    struct raw r = raw_new(t);
    size_t rows = raw_configure(&r, SIZE_MAX);
    raw_free(&r);
    for (size_t most = 0; most <= rows; most++) {
        r = raw_new(t);
        raw_configure(&r, most);
        raw_free(&r);
    }
    r = raw_new(t);
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    raw_free(&r);
    r = raw_new(t);
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    EXPECT_OK(t, raw_start(&r), "driver.h, start");
    raw_free(&r);
    one_life(t, 3);
}

/* Until open nothing outside is touched: a place that is not there is not made. */
static void untouched(struct trial *t)
{
    const char *place = trial_place_path(t);
    char other[4200];
    if (!place)
        trial_skip(t, "what lies at the place cannot be seen from here");
    snprintf(other, sizeof other, "%s-never-made", place);
    EXPECT(t, access(other, F_OK) < 0, "lagan(1), driver check", "%s is there already", other);
    instance_free(trial_instance(t, other));
    trial_asked("instance_new .. start, stop, instance_free");
    EXPECT(t, access(other, F_OK) < 0, LOOK, "%s was made before open", other);
}

/* Opened without the flag that makes it, an absent place is an error, and stays absent. */
static void absent_place(struct trial *t)
{
    const char *place = trial_place_path(t);
    struct error e = ERROR_INIT;
    struct instance *i;
    void *handle = NULL;
    char other[4200];
    if (!place)
        trial_skip(t, "what lies at the place cannot be seen from here");
    snprintf(other, sizeof other, "%s-not-there", place);
    i = trial_instance(t, other);
    trial_asked("open of a place that is not there, read-only");
    EXPECT(t, instance_open(i, LAGAN_OPEN_READ_ONLY, &handle, &e) < 0, "driver.h, open",
           "OK, and %s is not there", other);
    EXPECT(t, e.error_class == LAGAN_NOT_FOUND || e.error_class == LAGAN_OFFLINE,
           "driver.h, open", "%s instead of not-found: %s", error_class_name(e.error_class),
           e.text);
    EXPECT(t, access(other, F_OK) < 0, "driver.h, LAGAN_OPEN_INITIALISE",
           "%s was made though nobody asked for it", other);
    instance_free(i);
}

static void unknown_flag(struct trial *t)
{
    struct raw r = raw_new(t);
    void *handle = NULL;
    uint32_t result;
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    EXPECT_OK(t, raw_start(&r), "driver.h, start");
    result = raw_open(&r, t->kind->open_flags | UINT64_C(1) << 29, &handle);
    expect_class(t, result, LAGAN_UNSUPPORTED, "driver.h, Flags");
    result = raw_open(&r, t->kind->open_flags | UINT64_C(1) << 62, &handle);
    EXPECT_OK(t, result, "driver.h, Flags");
    raw_close(&r, handle);
    raw_free(&r);
}

/* Cancelled before it starts: no effect, and the instance can be opened later. */
static void cancelled_open(struct trial *t)
{
    struct raw r = raw_new(t);
    void *handle = NULL;
    uint32_t result;
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    EXPECT_OK(t, raw_start(&r), "driver.h, start");
    call_cancel_all();
    result = raw_open(&r, t->kind->open_flags, &handle);
    call_cancel_reset();
    expect_class(t, result, LAGAN_CANCELLED, "driver.h, Blocking");
    EXPECT_OK(t, raw_open(&r, t->kind->open_flags, &handle), "driver.h, open");
    raw_close(&r, handle);
    raw_free(&r);
}

/* What configure was given is gone when open needs it. */
static void values_are_copied(struct trial *t)
{
    struct raw r = raw_new(t);
    struct opened o = {0};
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    EXPECT_OK(t, raw_start(&r), "driver.h, start");
    EXPECT_OK(t, raw_open(&r, t->kind->open_flags, &o.handle), "driver.h, configure");
    raw_close(&r, o.handle);
    raw_free(&r);
    one_life(t, 4);
}

static void two_instances(struct trial *t)
{
    struct opened *first = open_kind(t);
    struct opened *second = open_kind(t);
    for (unsigned i = 0; i < 6; i++)
        t->kind->exercise(t, i % 2 ? first : second, i);
    trial_close(t, first);
    t->kind->exercise(t, second, 10);
    trial_close(t, second);
}

static void two_handles(struct trial *t)
{
    struct opened *first = open_kind(t);
    struct opened *second = trial_open_beside(t, first, t->kind->open_flags);
    for (unsigned i = 0; i < 6; i++)
        t->kind->exercise(t, i % 2 ? first : second, i);
    trial_close(t, second);
    t->kind->exercise(t, first, 10);
    trial_close(t, first);
}

static void many_instances(struct trial *t)
{
    enum { INSTANCES = 20 };
    struct opened *opened[INSTANCES];
    for (unsigned i = 0; i < INSTANCES; i++)
        opened[i] = open_kind(t);
    for (unsigned i = 0; i < INSTANCES; i++)
        t->kind->exercise(t, opened[(i * 7) % INSTANCES], i);
    for (unsigned i = 0; i < INSTANCES; i++)
        trial_close(t, opened[(i * 3) % INSTANCES]);
}

/* What is held after `cycles` times the same. */
static struct trial_holdings hold_after(struct trial *t, unsigned cycles,
                                        void (*cycle)(struct trial *t))
{
    struct trial_holdings h;
    for (unsigned i = 0; i < cycles; i++)
        cycle(t);
    trial_count_holdings(&h);
    return h;
}

/* The first block warms up; what grows in each of the others is a leak. */
static void expect_no_growth(struct trial *t, unsigned cycles, void (*cycle)(struct trial *t))
{
    enum { BLOCKS = 4 };
    struct trial_holdings h[BLOCKS];
    bool heap = true;
    for (unsigned i = 0; i < BLOCKS; i++)
        h[i] = hold_after(t, cycles, cycle);
    trial_asked("%u times the same life, four times", cycles);
    EXPECT(t, h[BLOCKS - 1].descriptors < h[0].descriptors + BLOCKS - 1, "driver.h",
           "descriptors grow from %u to %u", h[0].descriptors, h[BLOCKS - 1].descriptors);
    EXPECT(t, h[BLOCKS - 1].threads < h[0].threads + BLOCKS - 1, "driver.h, stop",
           "threads grow from %u to %u", h[0].threads, h[BLOCKS - 1].threads);
    for (unsigned i = 2; i < BLOCKS; i++)
        heap = heap && h[i].heap_bytes >= h[i - 1].heap_bytes + (size_t)cycles * 16;
    EXPECT(t, !heap, "driver.h, Memory", "memory grows: %zu, %zu, %zu, %zu bytes are in use",
           h[0].heap_bytes, h[1].heap_bytes, h[2].heap_bytes, h[3].heap_bytes);
}

static void open_close(struct trial *t)
{
    trial_close(t, open_kind(t));
}

static void no_growth_open(struct trial *t)
{
    expect_no_growth(t, trial_rounds(t, 1) * 50, open_close);
}

static void make_free(struct trial *t)
{
    instance_free(trial_instance(t, NULL));
}

static void no_growth_instances(struct trial *t)
{
    expect_no_growth(t, trial_rounds(t, 1) * 50, make_free);
}

static void work_once(struct trial *t)
{
    one_life(t, 7);
}

static void no_growth_work(struct trial *t)
{
    expect_no_growth(t, trial_rounds(t, 1) * 10, work_once);
}

static void descriptors_given_back(struct trial *t)
{
    struct trial_holdings before;
    struct trial_holdings after;
    one_life(t, 1); /* what a library opens once for the process is its own business */
    trial_count_holdings(&before);
    one_life(t, 2);
    trial_count_holdings(&after);
    trial_asked("open .. close, stop, instance_free");
    EXPECT(t, after.descriptors <= before.descriptors, "driver.h, close",
           "%u descriptors are open that were not before",
           after.descriptors - before.descriptors);
    EXPECT(t, after.threads <= before.threads, "driver.h, stop", "%u threads are left running",
           after.threads - before.threads);
}

static void no_threads_before_start(struct trial *t)
{
    struct trial_holdings before;
    struct trial_holdings after;
    trial_count_holdings(&before);
    struct raw r = raw_new(t);
    raw_configure(&r, SIZE_MAX);
    EXPECT_OK(t, raw_configured(&r), "driver.h, configured");
    trial_count_holdings(&after);
    trial_asked("instance_new, configure, configured");
    EXPECT(t, after.threads <= before.threads, "driver.h, start",
           "%u threads were made before start", after.threads - before.threads);
    raw_free(&r);
}

#define ALL 0

const struct check_case check_cases_life[] = {
    {"life-whole", ALL, CHECK_CORE, CASE_SAFE, NULL, whole_life,
     "an instance is made, opened, used, closed and freed, twice"},
    {"life-freed-in-any-state", ALL, CHECK_CORE, CASE_SAFE, NULL, freed_anywhere,
     "instance_free after each step of the way"},
    {"life-touches-nothing-before-open", ALL, CHECK_CORE, CASE_SAFE, NULL, untouched,
     "a place is not made before open"},
    {"life-absent-place", ALL, CHECK_CORE, CASE_SAFE, NULL, absent_place,
     "an absent place is not-found, and is not made unasked"},
    {"life-open-unknown-flag", ALL, CHECK_CORE, CASE_SAFE, NULL, unknown_flag,
     "open refuses an unknown flag of the low half, and ignores one of the high half"},
    {"life-open-cancelled", ALL, CHECK_CORE, CASE_SAFE, NULL, cancelled_open,
     "an open that is cancelled when it starts has no effect"},
    {"life-values-are-copied", ALL, CHECK_CORE, CASE_SAFE, NULL, values_are_copied,
     "values are not needed any more when configure has returned"},
    {"life-two-instances", ALL, CHECK_CORE, CASE_SAFE, NULL, two_instances,
     "two instances share nothing"},
    {"life-two-handles", ALL, CHECK_CORE, CASE_SAFE, NULL, two_handles,
     "two handles of one instance do not mind each other"},
    {"life-many-instances", ALL, CHECK_CORE, CASE_SAFE, NULL, many_instances,
     "twenty instances at a time"},
    {"life-open-close-does-not-grow", ALL, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL,
     no_growth_open, "opened and closed many times: no growth"},
    {"life-instances-do-not-grow", ALL, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL,
     no_growth_instances, "made and freed many times: no growth"},
    {"life-work-does-not-grow", ALL, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL, no_growth_work,
     "whole lives, many times: no growth"},
    {"life-gives-back", ALL, CHECK_CORE, CASE_SAFE, NULL, descriptors_given_back,
     "descriptors and threads are given back"},
    {"life-no-threads-before-start", ALL, CHECK_CORE, CASE_SAFE, NULL, no_threads_before_start,
     "no thread is made before start"},
    {.name = NULL}};
