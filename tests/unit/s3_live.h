/* SPDX-License-Identifier: Apache-2.0 */
/* s3_live.h - what tests with a real store share: three buckets of their own in it, objects in
 * them, and keys that are odd. */
#ifndef TESTS_UNIT_S3_LIVE_H
#define TESTS_UNIT_S3_LIVE_H

#include "s3_fixture.h"

#include <stdio.h>

enum { PART_BYTES = 5 << 20, PARTS = 3, LAST_BYTES = 1000, EVENTS_LIMIT = 64 };

/* A bucket of the store, and a client of it. */
struct place {
    char bucket[64];
    char credentials[512];
    struct s3_settings *settings;
    struct s3 *client;
};

/* `locked` is not made yet. */
extern struct place plain, versioned, locked;
/* PARTS parts of random bytes. */
extern uint8_t *content_bytes;
/* In the order of their bytes, all below "odd/"; the longest has S3_KEY_LIMIT bytes. */
enum { ODD_KEYS = 23 };
extern const char *odd_keys[ODD_KEYS];
extern char longest[S3_KEY_LIMIT + 1];

/* Ends the program with status 77 where no store is named; once, at the start of main. */
void live_begin_or_skip(void);
/* Set-up and tear-down of a group: makes the buckets.  They stay with the store, which is made
 * for the test. */
int live_begin(void **state);
int live_end(void **state);

/* Not part of the client: only tests change whether a bucket keeps versions. */
void keep_versions(struct place *p, const char *status);
/* For struct lagan_content: `context` is where the bytes are. */
uint32_t read_content(void *context, uint64_t offset, void *data, size_t size);
void put_bytes(struct place *p, const char *key, const void *data, size_t size,
               const struct s3_give *give, struct s3_made *made);
void put_text(struct place *p, const char *key, const char *text, struct s3_made *made);
/* Every other one empty, the rest with their keys as content. */
void put_odd_keys(struct place *p);
/* Fails the test unless the object has these bytes. */
void assert_bytes(struct place *p, const char *key, const char *version, const void *data,
                  size_t size);

/* What a listing told. */
struct seen {
    size_t count;
    struct {
        char key[S3_KEY_LIMIT + 1];
        struct s3_object object;
    } list[EVENTS_LIMIT];
};

/* All pages of `limit`; static storage. */
struct seen *list_all(struct place *p, const char *prefix, uint32_t limit, bool of_versions);

/* For struct s3_pair_collector: "name=value;" to the struct s3_text `context`. */
uint32_t add_tag(void *context, const char *name, const char *value);
void assert_tags(struct place *p, const char *key, const char *wanted);

#define assert_class(result, op, wanted)                                                       \
    do {                                                                                       \
        uint32_t got_class = (result);                                                         \
        if (got_class != (uint32_t)(wanted))                                                   \
            fail_msg("line %d: class %u instead of %u: %s", __LINE__, got_class,               \
                     (unsigned)(wanted), (op).error.text);                                     \
    } while (0)

#endif
