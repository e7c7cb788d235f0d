/* SPDX-License-Identifier: Apache-2.0 */
/* driver_fixture.h - what tests of drivers share: hosts over built modules, scratch folders,
 * and instances opened from words. */
#ifndef TESTS_UNIT_DRIVER_FIXTURE_H
#define TESTS_UNIT_DRIVER_FIXTURE_H

#include "driver/host.h"
#include "driver/key.h"
#include "driver/target.h"

/* "BUILD/FOLDER": where the modules of the build tree are.  Static storage. */
const char *fixture_folder(const char *folder);
/* A host over that folder; the test fails when there is none. */
struct driver_host *fixture_host(const char *folder);

/* A new empty folder of the test's own; fixture_scratch_remove removes it with all that is in
 * it. */
char *fixture_scratch(void);
void fixture_scratch_remove(char *scratch);
/* The numbers of entries of all types below `path`, itself not counted. */
size_t fixture_count_entries(const char *path);
/* The whole text of a file, up to 64 KiB; the caller frees. */
char *fixture_read_text(const char *path);
void fixture_write_text(const char *path, const char *text, unsigned mode);

/* An instance of `driver`, configured with `words` (ends with NULL) and ready. */
struct instance *fixture_instance(struct driver_host *host, const char *driver,
                                  const char *const *words);

/* Fails the test unless `e` has this class and its text holds `part`; shows it then. */
#define assert_error(e, wanted_class, part)                                                    \
    fixture_assert_error(&(e), wanted_class, part, __FILE__, __LINE__)
void fixture_assert_error(const struct error *e, uint32_t error_class, const char *part,
                          const char *file, int line);
/* Fails the test with the error's text unless `result` is 0. */
#define assert_success(result, e) fixture_assert_success(result, &(e), __FILE__, __LINE__)
void fixture_assert_success(int result, const struct error *e, const char *file, int line);

#endif
