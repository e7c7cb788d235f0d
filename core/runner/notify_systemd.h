/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_systemd.h - tells the service manager how the runner is, as sd_notify(3) describes it:
 * datagrams to the socket that NOTIFY_SOCKET names.  Without one nothing is sent.
 */
#ifndef CORE_RUNNER_NOTIFY_SYSTEMD_H
#define CORE_RUNNER_NOTIFY_SYSTEMD_H

#include <stdint.h>

/* Sends one state: lines `NAME=VALUE` (printf).  What cannot be sent is lost: the manager's own
 * time limits decide then. */
void notify_systemd(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How often WATCHDOG=1 is to be sent, half of what the manager waits; 0 = it does not. */
int64_t notify_systemd_watchdog_ns(void);
/* "RELOADING=1" with the time that Type=notify-reload asks for. */
void notify_systemd_reloading(void);

#endif
