/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_filter.h - system calls that the process of an isolated driver is refused (seccomp).
 * Private to this room. */
#ifndef CORE_DRIVER_ISOLATE_FILTER_H
#define CORE_DRIVER_ISOLATE_FILTER_H

/* Refuses them with EPERM from now on, for all threads of the process.  0, or -1 with errno. */
int filter_install(void);

#endif
