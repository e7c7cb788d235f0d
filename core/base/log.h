/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one event, one line.  Lines go to stderr (or to a sink that the command line installs
 * so that progress bars and log lines do not mix).  Thread-safe.  Untrusted bytes in the text
 * are escaped before they reach a terminal.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of a line, with its terminator; longer ones are cut. */
enum { LOG_LINE_SIZE = 4096 };

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_TRACE };

/*
 * LOG_TEXT (at start): "lagan: LEVEL: ROOM: words".  LOG_JSON: one object for each line, with
 * the members "time" (RFC 3339, UTC), "level", "area", "text", and the fields of the event.
 */
enum log_format { LOG_TEXT, LOG_JSON };
void log_set_format(enum log_format format);
enum log_format log_format(void);

/* A fact of an event: a text, or a number when `text` is NULL. */
struct log_field {
    const char *name;
    const char *text;
    int64_t number;
};

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
/* The same with fields, which only LOG_JSON shows: say in words what people need.  Texts that
 * are empty are left out. */
void log_write_fields(enum log_level level, const char *room, const struct log_field *fields,
                      size_t count, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The words as the one line that log_write would send, whatever the level; for those who write
 * their own lines.  `line` has `size` bytes, LOG_LINE_SIZE for all of it. */
void log_compose(enum log_level level, const char *room, const char *words, char *line,
                 size_t size);

#endif
