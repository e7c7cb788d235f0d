/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_driver_abi.c - the head that every descriptor is filled with.  Sizes, offsets and values
 * of the public headers are pinned in tests/headers/abi.pins.
 */
#define LAGAN_HOST_SIDE 1
#include <lagan/key.h>
#include <lagan/source.h>
#include <lagan/target.h>

#include "unit.h"

#include <string.h>

/* The head that every descriptor is filled with, and the numbers in it. */
static void abi_head(void **state)
{
    static const struct lagan_driver made = {LAGAN_DRIVER_HEAD};

    (void)state;
    assert_memory_equal(&made.magic, "lagandrv", 8);
    assert_int_equal(made.size, sizeof(struct lagan_driver));
    assert_int_equal(made.abi_major, LAGAN_ABI_MAJOR);
    assert_int_equal(made.abi_minor, LAGAN_ABI_MINOR);
    assert_int_equal(made.pointer_bytes, sizeof(void *));
    assert_int_equal(made.offset_bytes, sizeof(off_t));
    assert_int_equal(made.parameter_bytes, sizeof(struct lagan_parameter));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(abi_head),
};

UNIT_MAIN(tests)
