/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - cmocka with what it needs before it, and the main program of a unit test. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Ends a test file: runs `tests`, an array of cmocka_unit_test(...). */
#define UNIT_MAIN(tests)                                                                       \
    int main(void)                                                                             \
    {                                                                                          \
        return cmocka_run_group_tests(tests, NULL, NULL);                                      \
    }

#endif
