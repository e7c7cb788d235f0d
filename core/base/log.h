/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one event, one line.  Lines go to stderr (or to a sink that the command line installs
 * so that progress bars and log lines do not mix).  Thread-safe.  Untrusted bytes in the text
 * are escaped before they reach a terminal.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_TRACE };

/* Shows levels up to `level`; LOG_WARNING at start. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Replaces where finished lines (without newline) go; NULL restores stderr.  The sink is called
 * under the lock of the log, one line at a time, and must not log. */
void log_set_sink(void (*sink)(void *context, enum log_level level, const char *line),
                  void *context);
/* Formats and sends one line; `errno` is kept.  `room` names the origin ("vault", "src_files",
 * ...). */
void log_write(enum log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
