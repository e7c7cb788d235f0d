/* SPDX-License-Identifier: Apache-2.0 */
/* target_multipart.c - cases: uploads in parts, copies, renames. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <string.h>

#define LOOK "target.h, multipart_complete"

enum { PARTS = 4, SEED = 31 };

/* An object in PARTS parts, as the driver's limits allow. */
struct plan {
    struct opened *opened;
    uint64_t part; /* bytes of each but the last */
    uint64_t bytes;
};

static struct plan open_parts(struct trial *t)
{
    struct plan p = {.opened = trial_open(t, 0), .part = 30000};
    const struct lagan_target_capabilities *told = &p.opened->capabilities;
    NEED_CAPABILITY(t, p.opened, multipart);
    if (told->part_limit > 0 && told->part_limit < PARTS)
        trial_skip(t, "uploads of this driver have at most %u parts", told->part_limit);
    if (told->part_minimum_bytes > p.part)
        p.part = told->part_minimum_bytes;
    if (told->part_maximum_bytes > 0 && told->part_maximum_bytes < p.part)
        p.part = told->part_maximum_bytes;
    p.bytes = p.part * (PARTS - 1) + 777 % p.part + 1;
    return p;
}

/* Puts part `number` of the plan's object of `seed`. */
static uint32_t put_part(struct trial *t, const struct plan *p, void *upload, uint32_t number,
                         uint64_t seed)
{
    uint64_t from = (number - 1) * p->part;
    uint64_t to = number == PARTS ? p->bytes : from + p->part;
    return case_part_put(t, p->opened, upload, number, seed, from, to);
}

static void must_put_part(struct trial *t, const struct plan *p, void *upload, uint32_t number,
                          uint64_t seed)
{
    EXPECT_OK(t, put_part(t, p, upload, number, seed), "target.h, part_put");
}

static void *begin(struct trial *t, const struct plan *p, const char *key)
{
    void *upload = NULL;
    EXPECT_OK(t, case_multipart_begin(t, p->opened, key, p->bytes, &upload),
              "target.h, multipart_begin");
    return upload;
}

static uint32_t complete(struct trial *t, const struct plan *p, void *upload)
{
    return case_multipart_complete(t, p->opened, upload, PARTS, LAGAN_PUT_IF_ABSENT);
}

/* The parts in this order make the object. */
static void in_order(struct trial *t, const uint32_t *order, size_t count)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *upload = begin(t, &p, key.text);
    for (size_t i = 0; i < count; i++) {
        must_put_part(t, &p, upload, order[i], SEED);
        expect_absent(t, p.opened, key.text);
        expect_listed(t, p.opened, NULL, 0);
    }
    EXPECT_OK(t, complete(t, &p, upload), LOOK);
    expect_object(t, p.opened, key.text, SEED, p.bytes);
    expect_listed(t, p.opened, &key, 1);
    trial_close(t, p.opened);
}

static void ascending(struct trial *t)
{
    static const uint32_t order[] = {1, 2, 3, 4};
    in_order(t, order, 4);
}

static void any_order(struct trial *t)
{
    static const uint32_t order[] = {4, 2, 1, 3};
    in_order(t, order, 4);
}

static void repeated(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *upload = begin(t, &p, key.text);
    must_put_part(t, &p, upload, 2, SEED + 1);
    for (uint32_t number = PARTS; number > 0; number--)
        must_put_part(t, &p, upload, number, SEED + (number == 3));
    must_put_part(t, &p, upload, 3, SEED);
    EXPECT_OK(t, complete(t, &p, upload), LOOK);
    expect_object(t, p.opened, key.text, SEED, p.bytes);
    trial_close(t, p.opened);
}

static void missing(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    for (uint32_t left_out = 1; left_out <= PARTS; left_out++) {
        void *upload = begin(t, &p, key.text);
        for (uint32_t number = 1; number <= PARTS; number++)
            if (number != left_out)
                must_put_part(t, &p, upload, number, SEED);
        expect_class(t, complete(t, &p, upload), LAGAN_INVALID, LOOK);
        expect_absent(t, p.opened, key.text);
    }
    expect_listed(t, p.opened, NULL, 0);
    trial_close(t, p.opened);
}

static void wrong_length(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *upload = NULL;
    EXPECT_OK(t, case_multipart_begin(t, p.opened, key.text, p.bytes + 1, &upload),
              "target.h, multipart_begin");
    for (uint32_t number = 1; number <= PARTS; number++)
        must_put_part(t, &p, upload, number, SEED);
    expect_class(t, complete(t, &p, upload), LAGAN_INVALID, LOOK);
    expect_absent(t, p.opened, key.text);
    trial_close(t, p.opened);
}

static void aborted(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    for (uint32_t parts = 0; parts <= PARTS; parts++) {
        void *upload = begin(t, &p, key.text);
        for (uint32_t number = 1; number <= parts; number++)
            must_put_part(t, &p, upload, number, SEED);
        case_multipart_abort(t, p.opened, upload);
        expect_absent(t, p.opened, key.text);
    }
    expect_listed(t, p.opened, NULL, 0);
    must_put(t, p.opened, key.text, 1, 10);
    expect_object(t, p.opened, key.text, 1, 10);
    trial_close(t, p.opened);
}

static void loses(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *upload = begin(t, &p, key.text);
    for (uint32_t number = 1; number <= PARTS; number++)
        must_put_part(t, &p, upload, number, SEED);
    must_put(t, p.opened, key.text, 1, 10);
    expect_class(t, complete(t, &p, upload), LAGAN_EXISTS, LOOK);
    expect_object(t, p.opened, key.text, 1, 10);
    expect_listed(t, p.opened, &key, 1);
    trial_close(t, p.opened);
}

static void two_uploads(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *first = begin(t, &p, key.text);
    void *second = begin(t, &p, key.text);
    for (uint32_t number = 1; number <= PARTS; number++) {
        must_put_part(t, &p, first, number, SEED);
        must_put_part(t, &p, second, number, SEED + 1);
    }
    EXPECT_OK(t, complete(t, &p, second), LOOK);
    expect_class(t, complete(t, &p, first), LAGAN_EXISTS, LOOK);
    expect_object(t, p.opened, key.text, SEED + 1, p.bytes);
    trial_close(t, p.opened);
}

static uint32_t refuse(void *context, uint64_t offset, void *data, size_t size)
{
    (void)offset;
    (void)data;
    (void)size;
    return *(uint32_t *)context;
}

/* A part whose content fails harms no other, and may be put again. */
static void failed_part(struct trial *t)
{
    struct plan p = open_parts(t);
    struct key key = key_of(t, "upload");
    void *upload = begin(t, &p, key.text);
    uint32_t error = LAGAN_IO;
    struct lagan_content content = {.context = &error, .read = refuse};
    struct call c;
    for (uint32_t number = 1; number <= PARTS; number++)
        if (number != 2)
            must_put_part(t, &p, upload, number, SEED);
    call_begin(t, p.opened, &c, "part_put 2, whose content fails");
    expect_class(
        t,
        call_end(t, &c,
                 trial_target(t)->part_put(upload, &c.operation.op, 2, p.part, &content, NULL)),
        LAGAN_IO, "target.h, struct lagan_content");
    must_put_part(t, &p, upload, 2, SEED);
    EXPECT_OK(t, complete(t, &p, upload), LOOK);
    expect_object(t, p.opened, key.text, SEED, p.bytes);
    trial_close(t, p.opened);
}

/* Parts at the same time. */
struct parallel {
    struct trial *trial;
    struct plan plan;
    void *upload;
};

static void put_one(void *context, unsigned index)
{
    struct parallel *work = context;
    for (unsigned i = 0; i < 3; i++)
        must_put_part(work->trial, &work->plan, work->upload, index + 1, SEED);
}

static void at_a_time(struct trial *t)
{
    struct parallel work = {.trial = t, .plan = open_parts(t)};
    struct key key = key_of(t, "upload");
    work.upload = begin(t, &work.plan, key.text);
    trial_threads(t, PARTS, put_one, &work);
    EXPECT_OK(t, complete(t, &work.plan, work.upload), LOOK);
    expect_object(t, work.plan.opened, key.text, SEED, work.plan.bytes);
    trial_close(t, work.plan.opened);
}

/* Copies and renames. */

static struct opened *open_from(struct trial *t, bool renames, struct key *from, struct key *to)
{
    struct opened *o = trial_open(t, 0);
    if (renames)
        NEED_CAPABILITY(t, o, rename);
    else
        NEED_CAPABILITY(t, o, copy);
    *from = key_of(t, "a/from");
    *to = key_of(t, "b/to");
    must_put(t, o, from->text, SEED, 70000);
    return o;
}

static void copies(struct trial *t)
{
    struct key keys[2];
    struct opened *o = open_from(t, false, &keys[0], &keys[1]);
    EXPECT_OK(t, case_copy(t, o, keys[0].text, keys[1].text, LAGAN_PUT_IF_ABSENT),
              "target.h, copy");
    expect_object(t, o, keys[0].text, SEED, 70000);
    expect_object(t, o, keys[1].text, SEED, 70000);
    expect_listed(t, o, keys, 2);
    EXPECT_OK(t, case_remove(t, o, keys[0].text), "target.h, remove");
    expect_object(t, o, keys[1].text, SEED, 70000);
    trial_close(t, o);
}

static void copy_of_nothing(struct trial *t)
{
    struct key from;
    struct key to;
    struct opened *o = open_from(t, false, &from, &to);
    expect_class(t, case_copy(t, o, key_of(t, "none").text, to.text, LAGAN_PUT_IF_ABSENT),
                 LAGAN_NOT_FOUND, "target.h, copy");
    expect_absent(t, o, to.text);
    trial_close(t, o);
}

static void copy_loses(struct trial *t)
{
    struct key from;
    struct key to;
    struct opened *o = open_from(t, false, &from, &to);
    must_put(t, o, to.text, 1, 10);
    expect_class(t, case_copy(t, o, from.text, to.text, LAGAN_PUT_IF_ABSENT), LAGAN_EXISTS,
                 "target.h, copy");
    expect_object(t, o, to.text, 1, 10);
    expect_class(t, case_copy(t, o, to.text, to.text, LAGAN_PUT_IF_ABSENT), LAGAN_EXISTS,
                 "target.h, copy");
    expect_object(t, o, to.text, 1, 10);
    trial_close(t, o);
}

static void renames(struct trial *t)
{
    struct key from;
    struct key to;
    struct opened *o = open_from(t, true, &from, &to);
    EXPECT_OK(t, case_rename(t, o, from.text, to.text, LAGAN_PUT_IF_ABSENT),
              "target.h, rename");
    expect_absent(t, o, from.text);
    expect_object(t, o, to.text, SEED, 70000);
    expect_listed(t, o, &to, 1);
    must_put(t, o, from.text, 2, 10);
    expect_object(t, o, from.text, 2, 10);
    trial_close(t, o);
}

static void rename_of_nothing(struct trial *t)
{
    struct key from;
    struct key to;
    struct opened *o = open_from(t, true, &from, &to);
    expect_class(t, case_rename(t, o, key_of(t, "none").text, to.text, LAGAN_PUT_IF_ABSENT),
                 LAGAN_NOT_FOUND, "target.h, rename");
    expect_absent(t, o, to.text);
    trial_close(t, o);
}

static void rename_loses(struct trial *t)
{
    struct key from;
    struct key to;
    struct opened *o = open_from(t, true, &from, &to);
    must_put(t, o, to.text, 1, 10);
    expect_class(t, case_rename(t, o, from.text, to.text, LAGAN_PUT_IF_ABSENT), LAGAN_EXISTS,
                 "target.h, rename");
    expect_object(t, o, from.text, SEED, 70000);
    expect_object(t, o, to.text, 1, 10);
    trial_close(t, o);
}

#define TARGET LAGAN_KIND_TARGET
#define PART_SLOTS "multipart_begin"

const struct check_case check_cases_target_multipart[] = {
    {"target-multipart-ascending", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS, ascending,
     "parts in their order; nothing shows before the end"},
    {"target-multipart-any-order", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS, any_order,
     "parts in another order make the same object"},
    {"target-multipart-repeated-part", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS,
     repeated, "a part that is put again replaces the first"},
    {"target-multipart-missing-part", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS, missing,
     "without one of its parts the upload is INVALID, and nothing is visible"},
    {"target-multipart-wrong-length", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS,
     wrong_length, "parts that do not add up are INVALID"},
    {"target-multipart-abort-leaves-nothing", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS,
     aborted, "an aborted upload leaves no trace"},
    {"target-multipart-loses-cleanly", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS, loses,
     "a taken name is EXISTS, and the object stays as it was"},
    {"target-multipart-two-uploads", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS,
     two_uploads, "of two uploads of one name the first to be completed wins"},
    {"target-multipart-failed-part", TARGET, CHECK_CAPABILITY, CASE_SAFE, PART_SLOTS,
     failed_part, "a part that failed harms no other and may be put again"},
    {"target-multipart-parts-at-a-time", TARGET, CHECK_CONCURRENCY, CASE_SAFE, PART_SLOTS,
     at_a_time, "parts are put by several threads"},
    {"target-copy", TARGET, CHECK_CAPABILITY, CASE_SAFE, "copy", copies,
     "a copy is equal, and stays when the first goes"},
    {"target-copy-of-nothing", TARGET, CHECK_CAPABILITY, CASE_SAFE, "copy", copy_of_nothing,
     "a copy of what is not there is NOT_FOUND"},
    {"target-copy-loses-cleanly", TARGET, CHECK_CAPABILITY, CASE_SAFE, "copy", copy_loses,
     "a copy to a taken name is EXISTS, to its own, too"},
    {"target-rename", TARGET, CHECK_CAPABILITY, CASE_SAFE, "rename", renames,
     "a renamed object is there under the new name alone"},
    {"target-rename-of-nothing", TARGET, CHECK_CAPABILITY, CASE_SAFE, "rename",
     rename_of_nothing, "a rename of what is not there is NOT_FOUND"},
    {"target-rename-loses-cleanly", TARGET, CHECK_CAPABILITY, CASE_SAFE, "rename", rename_loses,
     "a rename to a taken name is EXISTS, and both stay"},
    {.name = NULL}};
