/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - filling errors, and the tables between classes, codes, errno and exit statuses. */
#include "base/error.h"
#include "base/object.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int status;
} codes[] = {
#define X(symbol, name, status) {name, status},
    ERROR_CODES(X)
#undef X
};

/* Indexed by class.  A class that no row names is plainly "failed". */
static const uint8_t code_of_class[LAGAN_CLASS_COUNT] = {
    [LAGAN_TRANSIENT] = ERROR_TEMPORARY,   [LAGAN_BUSY] = ERROR_TEMPORARY,
    [LAGAN_TIMEOUT] = ERROR_TEMPORARY,     [LAGAN_OFFLINE] = ERROR_TEMPORARY,
    [LAGAN_EXISTS] = ERROR_CONFLICT,       [LAGAN_PRECONDITION] = ERROR_CONFLICT,
    [LAGAN_CORRUPT] = ERROR_INTEGRITY,     [LAGAN_NO_SPACE] = ERROR_NO_SPACE,
    [LAGAN_CANCELLED] = ERROR_INTERRUPTED,
};

static const struct {
    int number;
    uint32_t error_class;
} errnos[] = {
    {ENOENT, LAGAN_NOT_FOUND},
    {ENOTDIR, LAGAN_NOT_FOUND},
    {EEXIST, LAGAN_EXISTS},
    {ENOTEMPTY, LAGAN_PRECONDITION},
    {EACCES, LAGAN_DENIED},
    {EPERM, LAGAN_DENIED},
    {EROFS, LAGAN_IMMUTABLE},
    {ENOSPC, LAGAN_NO_SPACE},
    {EDQUOT, LAGAN_NO_SPACE},
    {EFBIG, LAGAN_LIMIT},
    {ENAMETOOLONG, LAGAN_LIMIT},
    {EMLINK, LAGAN_LIMIT},
    {EOVERFLOW, LAGAN_LIMIT},
    {ENOMEM, LAGAN_INTERNAL},
    {EFAULT, LAGAN_INTERNAL},
    {EBADF, LAGAN_INTERNAL},
    {EINTR, LAGAN_TRANSIENT},
    {EAGAIN, LAGAN_TRANSIENT},
    {ESTALE, LAGAN_TRANSIENT},
    {ECONNRESET, LAGAN_TRANSIENT},
    {ECONNREFUSED, LAGAN_TRANSIENT},
    {ECONNABORTED, LAGAN_TRANSIENT},
    {EPIPE, LAGAN_TRANSIENT},
    {ENETUNREACH, LAGAN_TRANSIENT},
    {EHOSTUNREACH, LAGAN_TRANSIENT},
    {ENETDOWN, LAGAN_TRANSIENT},
    {EBUSY, LAGAN_BUSY},
    {ETXTBSY, LAGAN_BUSY},
    {EMFILE, LAGAN_BUSY},
    {ENFILE, LAGAN_BUSY},
    {ENOLCK, LAGAN_BUSY},
    {ETIMEDOUT, LAGAN_TIMEOUT},
    {ENOMEDIUM, LAGAN_OFFLINE},
    {ENODEV, LAGAN_OFFLINE},
    {ENXIO, LAGAN_OFFLINE},
    {ENOSYS, LAGAN_UNSUPPORTED},
    {EOPNOTSUPP, LAGAN_UNSUPPORTED},
    {EXDEV, LAGAN_UNSUPPORTED},
    {EINVAL, LAGAN_INVALID},
    {EISDIR, LAGAN_INVALID},
    {ELOOP, LAGAN_INVALID},
    {ECANCELED, LAGAN_CANCELLED},
};

static uint32_t class_of_errno(int number)
{
    for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
        if (errnos[i].number == number)
            return errnos[i].error_class;
    return LAGAN_IO;
}

/* Formats into `text` of ERROR_TEXT_SIZE bytes and escapes; a text too long is cut. */
static void format_text(char *text, const char *format, va_list arguments)
{
    char raw[ERROR_TEXT_SIZE];

    if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
        raw[0] = '\0';
    text_escape_line(text, ERROR_TEXT_SIZE, raw, strlen(raw));
}

/* Appends to the text of `e`, cut at its end. */
static void append_text(struct error *e, const char *more)
{
    size_t used = strlen(e->text);

    text_escape_line(e->text + used, sizeof(e->text) - used, more, strlen(more));
}

static void reset(struct error *e, uint32_t error_class, enum error_code code)
{
    ASSERT(e != NULL);
    *e = ERROR_INIT;
    e->error_class = error_class;
    e->code = code;
}

int error_set(struct error *e, uint32_t error_class, enum error_code code, const char *format,
              ...)
{
    struct error made;
    va_list arguments;

    /* Aside first: the arguments may point into `e`. */
    reset(&made, error_class, code);
    va_start(arguments, format);
    format_text(made.text, format, arguments);
    va_end(arguments);
    ASSERT(e != NULL);
    *e = made;
    return -1;
}

int error_errno(struct error *e, int number, const char *format, ...)
{
    struct error made;
    uint32_t error_class = class_of_errno(number);
    char reason[128];
    va_list arguments;

    reset(&made, error_class, error_code_of_class(error_class));
    if (number == ENOMEM)
        made.code = ERROR_NO_MEMORY;
    made.native = number;
    va_start(arguments, format);
    format_text(made.text, format, arguments);
    va_end(arguments);
    append_text(&made, ": ");
    append_text(&made, strerror_r(number, reason, sizeof(reason)));
    ASSERT(e != NULL);
    *e = made;
    return -1;
}

int error_no_memory(struct error *e, const char *what)
{
    return error_set(e, LAGAN_INTERNAL, ERROR_NO_MEMORY, "%s: out of memory", what);
}

int error_context(struct error *e, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    char old[ERROR_TEXT_SIZE];
    va_list arguments;

    ASSERT(e != NULL);
    va_start(arguments, format);
    format_text(text, format, arguments);
    va_end(arguments);
    memcpy(old, e->text, sizeof(old));
    memcpy(e->text, text, sizeof(e->text));
    append_text(e, ": ");
    append_text(e, old);
    return -1;
}

enum error_code error_code_of_class(uint32_t error_class)
{
    return error_class < LAGAN_CLASS_COUNT ? (enum error_code)code_of_class[error_class]
                                           : ERROR_FAILED;
}

const char *error_code_name(uint32_t code)
{
    return code < ERROR_CODE_COUNT ? codes[code].name : "unknown";
}

const char *error_class_name(uint32_t error_class)
{
    switch (error_class) {
#define X(symbol, value, name, meaning)                                                        \
    case LAGAN_##symbol:                                                                       \
        return name;
        LAGAN_CLASSES(X)
#undef X
    default:
        return "unknown";
    }
}

int error_exit_status(const struct error *e)
{
    return e->code < ERROR_CODE_COUNT ? codes[e->code].status : codes[ERROR_FAILED].status;
}
