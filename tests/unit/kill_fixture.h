/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_fixture.h - a process that changes a catalog is killed before or after each single
 * write and sync of it.
 */
#ifndef TESTS_UNIT_KILL_FIXTURE_H
#define TESTS_UNIT_KILL_FIXTURE_H

#include "catalog/catalog.h"

/* For cmocka_unit_test_setup_teardown: the seam to the file, and a scratch folder. */
int kill_setup(void **state);
int kill_teardown(void **state);
#define kill_test(function) cmocka_unit_test_setup_teardown(function, kill_setup, kill_teardown)

struct kill_case {
    /* In a child, on the catalog in the scratch folder's `s`; what fails ends the test. */
    int (*work)(struct catalog *c, struct error *e);
    /* After each death, on the catalog as it was left. */
    void (*judge)(struct catalog *c, unsigned target);
};
/* Kills the work at each call, each time on the catalog as it is now; the number of deaths. */
unsigned kill_everywhere(const struct kill_case *kill_case);

#endif
