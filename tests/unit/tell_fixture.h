/* SPDX-License-Identifier: Apache-2.0 */
/* tell_fixture.h - a setup with ways to tell people, a clock to be moved, and what was told. */
#ifndef TESTS_UNIT_TELL_FIXTURE_H
#define TESTS_UNIT_TELL_FIXTURE_H

#include "catalog/keep.h"
#include "engine/tell.h"

/* Makes the scratch folder and the clock; for cmocka_unit_test_setup_teardown. */
int tell_setup(void **state);
int tell_teardown(void **state);
#define tell_test(function) cmocka_unit_test_setup_teardown(function, tell_setup, tell_teardown)

/* Lets so much time pass. */
void tell_wait(int64_t seconds);
int64_t tell_now_ns(void);
/* A setup whose configuration has a state folder and this text; the caller closes it. */
struct setup *tell_open(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Tells an event with this subject to all that want it. */
void tell_one_notice(struct setup *s, enum tell_event event, const char *subject,
                     const char *body);
/* Sends what is due, and checks how much was sent and how much failed. */
void tell_expect(struct setup *s, uint64_t sent, uint64_t failed);
uint64_t tell_waiting(struct setup *s);
/* The last line of the log; "" before. */
const char *tell_last_line(void);

#endif
