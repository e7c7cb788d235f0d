/* SPDX-License-Identifier: Apache-2.0 */
/* lock_fixture.h - what tests of locks share: clocks and boots that a test sets, and the lock
 * of a vault set and looked at. */
#ifndef TESTS_UNIT_LOCK_FIXTURE_H
#define TESTS_UNIT_LOCK_FIXTURE_H

#include "copy_fixture.h"
#include "vault/lock_codec.h"

#define HOUR (INT64_C(3600) * 1000000000)
#define DAY (24 * HOUR)
#define T0 (20000 * DAY)

/* Both clocks from clocks_start (T0, and 5 days in "boot-1") to clocks_end. */
extern int64_t wall_ns, boot_ns;
int clocks_start(void **state);
int clocks_end(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, clocks_start, clocks_end)
/* Time passes while the machine runs. */
void pass(int64_t ns);
/* The machine starts anew after `off_ns`; `boot_id` is not copied. */
void restart(const char *boot_id, int64_t off_ns);
/* Another machine reads its clock from now on. */
void other_machine(const char *boot_id);

struct vault_lock wish(enum vault_lock_mode mode, uint32_t least, uint32_t most);
/* Sets the lock; the test fails when that fails. */
void set(struct vault_place *p, enum vault_lock_mode mode, uint32_t least, uint32_t most);
/* Fails unless this is the lock that counts. */
void expect_lock(struct vault_place *p, enum vault_lock_mode mode, uint32_t least,
                 uint32_t most);
/* Opened again with a key that lifts nothing. */
void open_by_passphrase(struct vault_place *p);
/* The trusted time of the vault. */
int64_t time_now(struct vault_place *p);

#endif
