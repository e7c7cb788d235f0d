/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isolate.h - drivers in processes of their own (`isolate = yes`).
 *
 * An isolated driver is described, loaded and run by a helper process only: this program,
 * executed anew, so that nothing of our memory is in it, with an empty environment and no
 * descriptors but its channels.  driver_load_isolated (host.h) makes a struct driver whose
 * table of functions speaks with such helpers: one for each instance.  See
 * doc/decisions/0016-isolation.md.
 *
 * When a helper dies, each call of its instance, running or later, fails with class INTERNAL,
 * scope instance and the signal in the text; what a running mutation did is unknown.  A helper
 * that does not answer within 10 s after a cancellation, or after the deadline of its call (15
 * minutes after its last sign of life when there is none), is killed, and the calls fail with
 * CANCELLED or TIMEOUT.
 */
#ifndef CORE_DRIVER_ISOLATE_H
#define CORE_DRIVER_ISOLATE_H

#include "driver/source.h"

/* The first word behind the program's name that makes it a helper. */
#define ISOLATE_COMMAND "driver-host"

/* The whole life of a helper process; main calls it first of all when it is given
 * ISOLATE_COMMAND.  Returns the status to exit with when it was not started as a helper. */
int isolate_helper_main(void);

/* How long a helper may take behind a cancellation or a deadline; 10 s.  For tests. */
void isolate_set_grace(int64_t ns);

/* The id of the helper process behind an instance; 0 when its driver is not isolated.  For
 * tests. */
pid_t isolate_process_id(const struct instance *i);

#endif
