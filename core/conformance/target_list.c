/* SPDX-License-Identifier: Apache-2.0 */
/* target_list.c - cases: list. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK "target.h, list"

/* In byte order: "-" and "." sort before "/", digits, "_" and letters behind it. */
static const char *const names[] = {
    "-",   "-a",    ".x",    "0",   "00",    "1",     "10",   "2",     "_",    "a-",
    "a-b", "a-x/y", "a.b",   "a/-", "a/b",   "a/b-c", "a/bb", "a/c/d", "a/c0", "a0",
    "a_",  "ab",    "abb/c", "abc", "b/a/a", "b/a0",  "b/b",  "z",     "zz/z", "zzz"};
enum { NAMES = sizeof names / sizeof names[0] };

static struct opened *with_names(struct trial *t, struct key keys[NAMES])
{
    struct opened *o = trial_open(t, 0);
    unsigned order[NAMES];
    for (unsigned i = 0; i < NAMES; i++) {
        keys[i] = key_of(t, "%s", names[i]);
        order[i] = i;
    }
    for (unsigned i = NAMES; i-- > 1;) {
        unsigned other = (unsigned)trial_below(t, i + 1);
        unsigned kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (unsigned i = 0; i < NAMES; i++)
        must_put(t, o, keys[order[i]].text, order[i], order[i] * 3);
    return o;
}

static void order(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    expect_listed(t, o, keys, NAMES);
    trial_close(t, o);
}

static void pages(struct trial *t)
{
    static const uint32_t limits[] = {1, 2, 3, 7, NAMES - 1, NAMES, NAMES + 1, 999};
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct listing l = listing_new();
        list_all(t, o, t->prefix, limits[i], &l);
        EXPECT(t, l.count == NAMES, LOOK, "%zu objects in pages of %u, instead of %u", l.count,
               limits[i], NAMES);
        for (size_t n = 0; n < NAMES; n++)
            EXPECT(t, strcmp(l.rows[n].key, keys[n].text) == 0, LOOK,
                   "%s came where %s was to come", l.rows[n].key, keys[n].text);
        listing_free(&l);
    }
    trial_close(t, o);
}

/* The objects behind `after` are those of `keys` that sort behind it. */
static void expect_behind(struct trial *t, struct opened *o, const struct key *keys,
                          const char *after)
{
    struct listing l = listing_new();
    bool more = false;
    size_t first = 0;
    while (first < NAMES && strcmp(keys[first].text, after) <= 0)
        first++;
    EXPECT_OK(t, case_list(t, o, t->prefix, after, 1000, &l, &more), LOOK);
    EXPECT(t, l.count == NAMES - first && !more, LOOK, "%zu objects behind %s instead of %zu%s",
           l.count, after, NAMES - first, more ? ", and others said to follow" : "");
    for (size_t i = 0; i < l.count; i++)
        EXPECT(t, strcmp(l.rows[i].key, keys[first + i].text) == 0, LOOK,
               "%s came where %s was to come", l.rows[i].key, keys[first + i].text);
    listing_free(&l);
}

static void start_after(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (size_t i = 0; i < NAMES; i++)
        expect_behind(t, o, keys, keys[i].text);
    trial_close(t, o);
}

static void start_between(struct trial *t)
{
    static const char *const gaps[] = {"a",    "a/a", "a/b-",   "a/b/z", "a/c",
                                       "a0z",  "ab-", "abb/cc", "b",     "zz",
                                       "zzzz", "0/0", "-0",     "a-x",   "a-x/z"};
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        expect_behind(t, o, keys, key_of(t, "%s", gaps[i]).text);
    trial_close(t, o);
}

static void start_outside(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    expect_behind(t, o, keys, "-");
    expect_behind(t, o, keys, "0");
    expect_behind(t, o, keys, "check");
    expect_behind(t, o, keys, "zzzzzzzz");
    expect_behind(t, o, keys, "d/e/f");
    trial_close(t, o);
}

static void prefixes(struct trial *t)
{
    static const char *const rows[] = {"a",    "a/",  "a-",  "a/b",  "a/b-", "a/c/", "ab",
                                       "ab/c", "zz",  "zzz", "zzzz", "b/a",  "-",    "0",
                                       "00",   "000", "a/c", "x",    "b/",   "b/a/a"};
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key prefix = key_of(t, "%s", rows[i]);
        struct listing l = listing_new();
        size_t count = 0;
        list_all(t, o, prefix.text, 2, &l);
        for (size_t n = 0; n < NAMES; n++) {
            if (strncmp(keys[n].text, prefix.text, strlen(prefix.text)) != 0)
                continue;
            EXPECT(t, count < l.count && strcmp(l.rows[count].key, keys[n].text) == 0, LOOK,
                   "%s starts with \"%s\" and is not listed in its turn", names[n], rows[i]);
            count++;
        }
        EXPECT(t, count == l.count, LOOK, "%zu objects with the prefix \"%s\" instead of %zu",
               l.count, rows[i], count);
        listing_free(&l);
    }
    trial_close(t, o);
}

static void more_flag(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (uint32_t limit = 1; limit <= NAMES + 1; limit++) {
        struct listing l = listing_new();
        bool more = false;
        EXPECT_OK(t, case_list(t, o, t->prefix, "", limit, &l, &more), LOOK);
        EXPECT(t, more || l.count == NAMES, LOOK,
               "%zu of %u objects came, and no others are said to follow", l.count, NAMES);
        EXPECT(t, !more || l.count < NAMES || limit == NAMES, LOOK,
               "others are said to follow the last of %u objects", NAMES);
        listing_free(&l);
    }
    trial_close(t, o);
}

static void collector_error(struct trial *t)
{
    static const size_t at[] = {0, 1, 9, NAMES - 1};
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct listing l = listing_new();
        bool more = false;
        l.fail_at = at[i];
        l.fail_class = LAGAN_PRECONDITION;
        expect_class(t, case_list(t, o, t->prefix, "", 1000, &l, &more), LAGAN_PRECONDITION,
                     "target.h, struct lagan_object_collector");
        EXPECT(t, l.count == at[i], "target.h, struct lagan_object_collector",
               "the listing went on after the collector had failed");
        listing_free(&l);
    }
    expect_listed(t, o, keys, NAMES);
    trial_close(t, o);
}

static void lengths(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    struct listing l = listing_new();
    list_all(t, o, t->prefix, 8, &l);
    for (size_t i = 0; i < l.count; i++)
        EXPECT(t, l.rows[i].bytes == i * 3, "target.h, struct lagan_object",
               "%s is listed with %llu bytes and has %zu", l.rows[i].key,
               (unsigned long long)l.rows[i].bytes, i * 3);
    listing_free(&l);
    trial_close(t, o);
}

static void fresh(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key keys[20];
    for (size_t i = 0; i < 20; i++) {
        keys[i] = key_of(t, "k%02zu", i);
        must_put(t, o, keys[i].text, i, i);
        expect_listed(t, o, keys, i + 1);
    }
    for (size_t i = 20; i-- > 0;) {
        EXPECT_OK(t, case_remove(t, o, keys[i].text), "target.h, remove");
        expect_listed(t, o, keys, i);
    }
    trial_close(t, o);
}

static void nothing(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct listing l = listing_new();
    bool more = true;
    EXPECT_OK(t, case_list(t, o, key_of(t, "no/such").text, "", 10, &l, &more), LOOK);
    EXPECT(t, l.count == 0 && !more, LOOK, "a prefix that nothing starts with shows objects");
    listing_free(&l);
    trial_close(t, o);
}

/* The second half of a listing, by another process that knows nothing but the last key. */
static void list_rest(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    struct key keys[NAMES];
    (void)context;
    for (size_t i = 0; i < NAMES; i++)
        keys[i] = key_of(t, "%s", names[i]);
    expect_behind(t, o, keys, keys[NAMES / 2].text);
    trial_close(t, o);
}

static void put_names(struct trial *t, void *context)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    (void)context;
    trial_close(t, o);
}

static void other_process(struct trial *t)
{
    trial_wait(t, trial_fork(t, put_names, NULL));
    trial_wait(t, trial_fork(t, list_rest, NULL));
}

static void many(struct trial *t)
{
    static const uint32_t limits[] = {100, 999, 1000, 1001, 1010, 100000};
    struct opened *o = trial_open(t, 0);
    unsigned count = 1010;
    for (unsigned i = 0; i < count; i++)
        must_put(t, o, key_of(t, "%u/%03x", i % 3, i).text, 0, 0);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct listing l = listing_new();
        list_all(t, o, t->prefix, limits[i], &l);
        EXPECT(t, l.count == count, LOOK, "%zu of %u objects in pages of %u", l.count, count,
               limits[i]);
        listing_free(&l);
    }
    trial_close(t, o);
}

static void whole_store(struct trial *t)
{
    struct key keys[NAMES];
    struct opened *o = with_names(t, keys);
    struct listing l = listing_new();
    list_all(t, o, "", 100, &l);
    for (size_t i = 0; i < NAMES; i++)
        EXPECT(t, listing_find(&l, keys[i].text) != SIZE_MAX, LOOK,
               "%s is not in the listing of the whole store", keys[i].text);
    EXPECT(t, l.count == NAMES, LOOK, "%zu objects in a store of %u", l.count, NAMES);
    listing_free(&l);
    trial_close(t, o);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_list[] = {
    {"target-list-order", TARGET, CHECK_CORE, CASE_SAFE, NULL, order,
     "objects come in byte order, however they were put"},
    {"target-list-pages", TARGET, CHECK_CORE, CASE_SAFE, NULL, pages,
     "pages of 1, 2, 3, 7, 999 objects, and around their number, show each exactly once"},
    {"target-list-start-after-each-key", TARGET, CHECK_CORE, CASE_SAFE, NULL, start_after,
     "a listing goes on behind any key"},
    {"target-list-start-after-no-key", TARGET, CHECK_CORE, CASE_SAFE, NULL, start_between,
     "the key to start behind need not exist"},
    {"target-list-start-outside-prefix", TARGET, CHECK_CORE, CASE_SAFE, NULL, start_outside,
     "the key to start behind need not have the prefix"},
    {"target-list-prefix-is-bytes", TARGET, CHECK_CORE, CASE_SAFE, NULL, prefixes,
     "a prefix may end within a component"},
    {"target-list-more-is-true", TARGET, CHECK_CORE, CASE_SAFE, NULL, more_flag,
     "others are said to follow when they do"},
    {"target-list-collector-error-unchanged", TARGET, CHECK_CORE, CASE_SAFE, NULL,
     collector_error, "an error of the collector ends the listing and is returned as it is"},
    {"target-list-lengths", TARGET, CHECK_CORE, CASE_SAFE, NULL, lengths,
     "listings tell the length of each object"},
    {"target-list-fresh", TARGET, CHECK_CORE, CASE_SAFE, NULL, fresh,
     "each put and each removal shows in the next listing"},
    {"target-list-nothing", TARGET, CHECK_CORE, CASE_SAFE, NULL, nothing,
     "a prefix without objects is an empty page"},
    {"target-list-goes-on-elsewhere", TARGET, CHECK_CORE, CASE_SAFE, NULL, other_process,
     "another process goes on where a listing stopped"},
    {"target-list-many", TARGET, CHECK_CORE, CASE_SAFE | CASE_LONG, NULL, many,
     "1010 objects, in pages below and above the usual limits of stores"},
    {"target-list-whole-store", TARGET, CHECK_CORE, 0, NULL, whole_store,
     "an empty prefix shows all that was put, and nothing else"},
    {.name = NULL}};
