/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one event, one line. */
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 4096 };

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug", [LOG_TRACE] = "trace",
};

static _Atomic int shown_level = LOG_WARNING;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*line_sink)(void *context, enum log_level level, const char *line);
static void *line_context;

void log_set_level(enum log_level level)
{
    atomic_store(&shown_level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&shown_level);
}

void log_set_sink(void (*sink)(void *context, enum log_level level, const char *line),
                  void *context)
{
    pthread_mutex_lock(&lock);
    line_sink = sink;
    line_context = context;
    pthread_mutex_unlock(&lock);
}

static void send_line(enum log_level level, const char *line)
{
    pthread_mutex_lock(&lock);
    if (line_sink != NULL)
        line_sink(line_context, level, line);
    else
        fprintf(stderr, "%s\n", line);
    pthread_mutex_unlock(&lock);
}

void log_write(enum log_level level, const char *room, const char *format, ...)
{
    char raw[LINE_SIZE], line[LINE_SIZE];
    int saved = errno, used;
    va_list arguments;

    if ((int)level > atomic_load(&shown_level))
        return;
    used = snprintf(raw, sizeof(raw), "lagan: %s: %s: ", level_names[level], room);
    if (used >= 0 && (size_t)used < sizeof(raw)) {
        va_start(arguments, format);
        vsnprintf(raw + used, sizeof(raw) - (size_t)used, format, arguments);
        va_end(arguments);
    }
    text_escape_line(line, sizeof(line), raw, strlen(raw));
    send_line(level, line);
    errno = saved;
}
