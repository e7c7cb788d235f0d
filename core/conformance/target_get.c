/* SPDX-License-Identifier: Apache-2.0 */
/* target_get.c - cases: get and stat. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <string.h>

#define LOOK "target.h, get"

enum { BYTES = 200003, SEED = 21 };

static struct opened *with_object(struct trial *t, struct key *key)
{
    struct opened *o = trial_open(t, 0);
    *key = key_of(t, "folder/object");
    must_put(t, o, key->text, SEED, BYTES);
    return o;
}

/* The range comes exactly. */
static void expect_piece(struct trial *t, struct opened *o, const char *key, uint64_t offset,
                         uint64_t length, uint64_t wanted, size_t piece)
{
    struct taken taken = taken_for(t, wanted);
    uint8_t byte;
    taken.piece = piece;
    EXPECT_OK(t, case_get(t, o, key, offset, length, &taken), LOOK);
    EXPECT(t, taken.bytes == wanted, LOOK, "%llu bytes came instead of %llu",
           (unsigned long long)taken.bytes, (unsigned long long)wanted);
    for (uint64_t i = 0; i < wanted; i++) {
        trial_bytes(SEED, offset + i, &byte, 1);
        EXPECT(t, taken.data[i] == byte, LOOK, "byte %llu of the object is 0x%02x, not 0x%02x",
               (unsigned long long)(offset + i), taken.data[i], byte);
    }
    taken_free(&taken);
}

static void ranges(struct trial *t)
{
    static const struct {
        uint64_t offset, length;
    } rows[] = {{0, 1},       {0, BYTES},     {1, BYTES - 1}, {BYTES - 1, 1}, {4095, 2},
                {4096, 4096}, {65535, 65537}, {131072, 1},    {BYTES - 7, 7}, {100000, 100003},
                {8191, 3},    {512, 512},     {777, 123456},  {65536, 65536}};
    struct key key;
    struct opened *o = with_object(t, &key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_piece(t, o, key.text, rows[i].offset, rows[i].length, rows[i].length, 65536);
    trial_close(t, o);
}

static void random_ranges(struct trial *t)
{
    struct key key;
    struct opened *o = with_object(t, &key);
    for (unsigned i = 0; i < 60; i++) {
        uint64_t offset = trial_below(t, BYTES);
        uint64_t length = 1 + trial_below(t, BYTES - offset);
        expect_piece(t, o, key.text, offset, length, length, 1 + trial_below(t, 70000));
    }
    trial_close(t, o);
}

static void to_the_end(struct trial *t)
{
    static const uint64_t offsets[] = {0, 1, 65536, BYTES - 1, BYTES};
    struct key key;
    struct opened *o = with_object(t, &key);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        expect_piece(t, o, key.text, offsets[i], LAGAN_TO_THE_END, BYTES - offsets[i], 65536);
    trial_close(t, o);
}

static void beyond(struct trial *t)
{
    static const struct {
        uint64_t offset, length;
    } rows[] = {{0, BYTES + 1}, {BYTES - 1, 2},      {BYTES, 1},
                {BYTES + 1, 1}, {BYTES + 100000, 5}, {BYTES + 1, LAGAN_TO_THE_END},
                {1, BYTES}};
    struct key key;
    struct opened *o = with_object(t, &key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct taken taken = taken_for(t, BYTES);
        expect_class(t, case_get(t, o, key.text, rows[i].offset, rows[i].length, &taken),
                     LAGAN_INVALID, LOOK);
        EXPECT(t, taken.bytes == 0, LOOK,
               "%llu bytes were delivered from a range beyond the end",
               (unsigned long long)taken.bytes);
        taken_free(&taken);
    }
    trial_close(t, o);
}

static void overflow(struct trial *t)
{
    static const struct {
        uint64_t offset, length;
    } rows[] = {{UINT64_MAX, 1}, {UINT64_MAX - 1, 5}, {UINT64_MAX - 10, LAGAN_TO_THE_END},
                {INT64_MAX, 2},  {1, UINT64_MAX - 1}, {UINT64_C(1) << 63, UINT64_C(1) << 63}};
    struct key key;
    struct opened *o = with_object(t, &key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct taken taken = taken_for(t, 0);
        expect_class(t, case_get(t, o, key.text, rows[i].offset, rows[i].length, &taken),
                     LAGAN_INVALID, LOOK);
        taken_free(&taken);
    }
    trial_close(t, o);
}

static void small_rooms(struct trial *t)
{
    static const size_t rooms[] = {1, 7, 511, 4097};
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "small");
    must_put(t, o, key.text, SEED, 10007);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        expect_piece(t, o, key.text, 3, 10000, 10000, rooms[i]);
    trial_close(t, o);
}

static void absent(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key neighbour = key_of(t, "a/b");
    expect_absent(t, o, key_of(t, "nothing").text);
    expect_absent(t, o, key_of(t, "no/folder/at/all").text);
    must_put(t, o, neighbour.text, 1, 10);
    expect_absent(t, o, key_of(t, "a/bc").text);
    expect_absent(t, o, key_of(t, "a/c").text);
    expect_absent(t, o, key_of(t, "b").text);
    trial_close(t, o);
}

/* A folder, where there are such, is no object. */
static void folder(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    must_put(t, o, key_of(t, "deep/er/object").text, 1, 10);
    expect_absent(t, o, key_of(t, "deep/er").text);
    expect_absent(t, o, key_of(t, "deep").text);
    trial_close(t, o);
}

static void sink_error(struct trial *t)
{
    static const uint64_t after[] = {0, 1, 65536, 131072};
    struct key key;
    struct opened *o = with_object(t, &key);
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        struct taken taken = taken_for(t, BYTES);
        taken.fail_after = after[i];
        taken.fail_class = LAGAN_NO_SPACE;
        expect_class(t, case_get(t, o, key.text, 0, LAGAN_TO_THE_END, &taken), LAGAN_NO_SPACE,
                     "target.h, struct lagan_sink");
        EXPECT(t, taken.bytes <= after[i] + taken.piece, "target.h, struct lagan_sink",
               "the driver went on after the sink had failed");
        taken_free(&taken);
    }
    expect_object(t, o, key.text, SEED, BYTES);
    trial_close(t, o);
}

static void sink_no_room(struct trial *t)
{
    struct key key;
    struct opened *o = with_object(t, &key);
    struct taken taken = taken_for(t, BYTES);
    taken.no_room = true;
    expect_class(t, case_get(t, o, key.text, 0, 100, &taken), LAGAN_INVALID,
                 "target.h, struct lagan_sink");
    EXPECT(t, taken.bytes == 0, "target.h, struct lagan_sink",
           "bytes were delivered where there was no room");
    taken_free(&taken);
    trial_close(t, o);
}

static void stat_length(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    for (unsigned i = 0; i < 20; i++) {
        struct key key = key_of(t, "length-%u", i);
        uint64_t bytes = trial_below(t, 100000);
        uint64_t told = UINT64_MAX;
        must_put(t, o, key.text, i, bytes);
        EXPECT_OK(t, case_stat(t, o, key.text, &told), "target.h, stat");
        EXPECT(t, told == bytes, "target.h, stat", "%llu bytes instead of %llu",
               (unsigned long long)told, (unsigned long long)bytes);
    }
    trial_close(t, o);
}

static void error_text(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    uint64_t bytes;
    expect_class(t, case_stat(t, o, key_of(t, "nothing").text, &bytes), LAGAN_NOT_FOUND,
                 "target.h, stat");
    EXPECT(t, call_error()->error_class == LAGAN_NOT_FOUND && call_error()->text[0],
           "driver.h, Errors", "the driver said nothing through lagan_fail()");
    EXPECT(t, call_error()->scope == LAGAN_SCOPE_ITEM, "driver.h, enum lagan_scope",
           "a missing object has scope %u: it concerns that object alone", call_error()->scope);
    trial_close(t, o);
}

static void read_only(struct trial *t)
{
    struct key key;
    struct opened *o = with_object(t, &key);
    struct opened *reader = trial_open(t, LAGAN_OPEN_READ_ONLY);
    expect_object(t, reader, key.text, SEED, BYTES);
    expect_listed(t, reader, &key, 1);
    trial_close(t, reader);
    expect_object(t, o, key.text, SEED, BYTES);
    trial_close(t, o);
}

/* What a driver refuses on such a handle it must really not have done. */
static void read_only_put(struct trial *t)
{
    struct key key;
    struct opened *o = with_object(t, &key);
    struct opened *reader = trial_open(t, LAGAN_OPEN_READ_ONLY);
    struct key other = key_of(t, "other");
    if (case_put(t, reader, other.text, 1, 10) == LAGAN_OK)
        trial_skip(t, "the driver leaves it to the host that nothing is changed");
    expect_absent(t, o, other.text);
    EXPECT(t, case_remove(t, reader, key.text) != LAGAN_OK, "driver.h, LAGAN_OPEN_READ_ONLY",
           "put is refused and remove is not");
    expect_object(t, o, key.text, SEED, BYTES);
    trial_close(t, reader);
    trial_close(t, o);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_get[] = {
    {"target-get-ranges", TARGET, CHECK_CORE, CASE_SAFE, NULL, ranges,
     "ranges around block and buffer limits come exactly"},
    {"target-get-random-ranges", TARGET, CHECK_CORE, CASE_SAFE, NULL, random_ranges,
     "ranges anywhere, into rooms of any size"},
    {"target-get-to-the-end", TARGET, CHECK_CORE, CASE_SAFE, NULL, to_the_end,
     "LAGAN_TO_THE_END from anywhere, the end itself included"},
    {"target-get-beyond-end-is-invalid", TARGET, CHECK_CORE, CASE_SAFE, NULL, beyond,
     "a range that reaches beyond the end is INVALID and delivers nothing"},
    {"target-get-no-overflow", TARGET, CHECK_CORE, CASE_SAFE, NULL, overflow,
     "offsets and lengths near the limits of numbers are INVALID"},
    {"target-get-small-rooms", TARGET, CHECK_CORE, CASE_SAFE, NULL, small_rooms,
     "sinks that give room for one byte, seven, 511"},
    {"target-get-absent", TARGET, CHECK_CORE, CASE_SAFE, NULL, absent,
     "what is not there is NOT_FOUND"},
    {"target-get-folder-is-no-object", TARGET, CHECK_CORE, CASE_SAFE, NULL, folder,
     "the first components of a key are no object"},
    {"target-get-sink-error-unchanged", TARGET, CHECK_CORE, CASE_SAFE, NULL, sink_error,
     "an error of the sink ends the get and is returned as it is"},
    {"target-get-sink-without-room", TARGET, CHECK_CORE, CASE_SAFE, NULL, sink_no_room,
     "a sink without room makes INVALID"},
    {"target-stat-length", TARGET, CHECK_CORE, CASE_SAFE, NULL, stat_length,
     "stat tells the length"},
    {"target-stat-error-in-words", TARGET, CHECK_CORE, CASE_SAFE, NULL, error_text,
     "an error comes with a text and the scope of one object"},
    {"target-open-read-only", TARGET, CHECK_CORE, CASE_SAFE, NULL, read_only,
     "a handle for reading reads"},
    {"target-open-read-only-refuses", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, read_only_put,
     "what a handle for reading refuses is not done"},
    {.name = NULL}};
