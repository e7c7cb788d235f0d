/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one event, one line. */
#include "base/log.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug", [LOG_TRACE] = "trace",
};

static _Atomic int shown_level = LOG_WARNING;
static _Atomic int shown_format = LOG_TEXT;
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

void log_set_format(enum log_format format)
{
    atomic_store(&shown_format, (int)format);
}

enum log_format log_format(void)
{
    return (enum log_format)atomic_load(&shown_format);
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

/* An event on its way to a line. */
struct event {
    enum log_level level;
    const char *room;
    const struct log_field *fields;
    size_t count;
};

static void add_fields(struct json *j, const struct event *event)
{
    for (size_t i = 0; i < event->count; i++) {
        const struct log_field *field = &event->fields[i];
        if (field->text == NULL)
            json_signed(j, field->name, field->number);
        else if (field->text[0] != '\0')
            json_text(j, field->name, field->text);
    }
}

/* False when there is no memory for it, or no room in a line: then it goes as text. */
static bool write_json(const struct event *event, const char *words, char *line, size_t size)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(&out);

    json_object(&j, NULL);
    json_time(&j, "time", clock_wall_ns());
    json_text(&j, "level", level_names[event->level]);
    json_text(&j, "area", event->room);
    json_text(&j, "text", words);
    add_fields(&j, event);
    json_object_end(&j);
    if (out.failed || out.size >= size)
        return false;
    memcpy(line, out.data, out.size);
    line[out.size] = '\0';
    return true;
}

static void write_text(const struct event *event, const char *words, char *line, size_t size)
{
    char raw[LOG_LINE_SIZE];

    snprintf(raw, sizeof(raw), "lagan: %s: %s: %s", level_names[event->level], event->room,
             words);
    text_escape_line(line, size, raw, strlen(raw));
}

/* Words that are too long for an object are cut until it fits. */
static void make_line(const struct event *event, const char *words, char *line, size_t size)
{
    char shorter[LOG_LINE_SIZE];

    if (log_format() == LOG_JSON) {
        snprintf(shorter, sizeof(shorter), "%s", words);
        for (size_t length = strlen(shorter);; length /= 2) {
            shorter[length] = '\0';
            if (write_json(event, shorter, line, size))
                return;
            if (length == 0)
                break;
        }
    }
    write_text(event, words, line, size);
}

void log_compose(enum log_level level, const char *room, const char *words, char *line,
                 size_t size)
{
    struct event event = {level, room, NULL, 0};

    make_line(&event, words, line, size);
}

__attribute__((format(printf, 2, 0))) static void
write_event(const struct event *event, const char *format, va_list arguments)
{
    char words[LOG_LINE_SIZE], line[LOG_LINE_SIZE];
    int saved = errno;

    if (vsnprintf(words, sizeof(words), format, arguments) < 0)
        words[0] = '\0';
    make_line(event, words, line, sizeof(line));
    send_line(event->level, line);
    errno = saved;
}

void log_write(enum log_level level, const char *room, const char *format, ...)
{
    struct event event = {level, room, NULL, 0};
    va_list arguments;

    if ((int)level > atomic_load(&shown_level))
        return;
    va_start(arguments, format);
    write_event(&event, format, arguments);
    va_end(arguments);
}

void log_write_fields(enum log_level level, const char *room, const struct log_field *fields,
                      size_t count, const char *format, ...)
{
    struct event event = {level, room, fields, count};
    va_list arguments;

    if ((int)level > atomic_load(&shown_level))
        return;
    va_start(arguments, format);
    write_event(&event, format, arguments);
    va_end(arguments);
}
