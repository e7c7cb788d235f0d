/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - a folder of a test's own, and files in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/* For cmocka_unit_test_setup_teardown: makes an empty folder (mode 0700), removes it with all
 * that is in it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);
#define scratch_test(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
/* "FOLDER/name" (just the folder for "") in one of eight static buffers. */
const char *scratch_path(const char *name);
void scratch_write(const char *name, const void *data, size_t size, unsigned mode);
/* An allocated copy of the whole file, with a zero byte behind it; `*size` may be NULL. */
char *scratch_read(const char *name, size_t *size);
/* The number of entries whose names start with `start`. */
size_t scratch_count(const char *folder, const char *start);

/* Numbers that look random and are the same in every run. */
uint64_t scratch_random(uint64_t *state);

#endif
