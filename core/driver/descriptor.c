/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.c - judges the descriptor that a module hands out, and copies it. */
#include "driver/driver_private.h"
#include "driver/slots.h"
#include "driver/value.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every host of this major needs to find in a descriptor. */
enum { DESCRIPTOR_MINIMUM = offsetof(struct lagan_driver, traits) }; /* ABI 1.0 */
enum { TEXT_LIMIT = 1024 };

#define FEATURES_KNOWN (LAGAN_FEATURE_LOG | LAGAN_FEATURE_PROGRESS | LAGAN_FEATURE_STREAM)

static int refuse(const struct driver *d, struct error *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct driver *d, struct error *e, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED, "driver %s is refused: %s",
                     d->path, reason);
}

/* What must be known before the rest of the descriptor may be read at all. */
static int check_head(const struct driver *d, const struct lagan_driver *told, struct error *e)
{
    if (!told)
        return refuse(d, e, "it hands out no descriptor");
    if (told->magic != LAGAN_DRIVER_MAGIC)
        return refuse(d, e,
                      "its descriptor does not start with the magic word of a lagan driver");
    if (told->size < offsetof(struct lagan_driver, kind))
        return refuse(d, e, "its descriptor is too short (%u bytes)", (unsigned)told->size);
    if (told->abi_major != LAGAN_ABI_MAJOR)
        return refuse(d, e, "it was built for ABI %u.%u and this program has ABI %u.%u",
                      (unsigned)told->abi_major, (unsigned)told->abi_minor,
                      (unsigned)LAGAN_ABI_MAJOR, (unsigned)LAGAN_ABI_MINOR);
    if (told->size < DESCRIPTOR_MINIMUM)
        return refuse(d, e, "its descriptor is too short (%u bytes, at least %u are needed)",
                      (unsigned)told->size, (unsigned)DESCRIPTOR_MINIMUM);
    return 0;
}

static int check_text(const struct driver *d, const char *what, const char *text,
                      struct error *e)
{
    size_t size = text ? strnlen(text, TEXT_LIMIT + 1) : 0;
    if (!text)
        return refuse(d, e, "its descriptor has no %s", what);
    if (size > TEXT_LIMIT || !text_is_clean_utf8(text, size))
        return refuse(d, e, "its %s is not a line of plain text", what);
    return 0;
}

static int check_texts(const struct driver *d, const struct lagan_driver *told, struct error *e)
{
    const struct {
        const char *what;
        const char *text;
    } texts[] = {
        {"name", told->name},
        {"version", told->version},
        {"licence", told->licence},
        {"summary", told->summary},
        {"home", told->home ? told->home : ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (check_text(d, texts[i].what, texts[i].text, e) < 0)
            return -1;
    return 0;
}

/* The kind that a name promises by its prefix. */
static uint32_t kind_of_name(const char *name)
{
    static const struct {
        const char *prefix;
        uint32_t kind;
    } prefixes[] = {
        {"src_", LAGAN_KIND_SOURCE}, {"tgt_", LAGAN_KIND_TARGET}, {"key_", LAGAN_KIND_KEY}};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(name, prefixes[i].prefix, 4) == 0)
            return prefixes[i].kind;
    return 0;
}

static int check_identity(const struct driver *d, const char *name,
                          const struct lagan_driver *told, struct error *e)
{
    if (strcmp(told->name, name) != 0)
        return refuse(d, e, "it calls itself \"%s\", which is not the name of its file",
                      told->name);
    if (slots_table_bytes(told->kind) == 0)
        return refuse(d, e, "it is of a kind (%u) that this program does not know",
                      (unsigned)told->kind);
    if (kind_of_name(name) != told->kind)
        return refuse(d, e, "it is a %s driver, and its name does not say so",
                      driver_kind_name(told->kind));
    return 0;
}

static int check_build(const struct driver *d, const struct lagan_driver *told, struct error *e)
{
    uint64_t unknown = told->required_features & ~FEATURES_KNOWN;
    if (told->pointer_bytes != sizeof(void *))
        return refuse(d, e, "it was built for pointers of %u bytes, this program for %u",
                      (unsigned)told->pointer_bytes, (unsigned)sizeof(void *));
    if (told->offset_bytes != sizeof(off_t))
        return refuse(d, e, "it was built for file offsets of %u bytes, this program for %u",
                      (unsigned)told->offset_bytes, (unsigned)sizeof(off_t));
    if (told->threads > LAGAN_THREADS_PARALLEL)
        return refuse(d, e, "its thread model (%u) is not known to this program",
                      (unsigned)told->threads);
    if (unknown)
        return refuse(d, e,
                      "it requires a feature of the program that this one does not have (bits "
                      "0x%llx); a newer lagan may",
                      (unsigned long long)unknown);
    return 0;
}

static bool parameter_name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return name[0] >= 'a' && name[0] <= 'z' && length <= 64 && name[length] == '\0';
}

static int check_default(const struct driver *d, const struct lagan_parameter *row,
                         struct error *e)
{
    struct value value = {0};
    struct error reason;
    if (!row->default_value)
        return 0;
    if (row->flags & LAGAN_PARAMETER_REQUIRED)
        return refuse(d, e, "its parameter %s is required and has a default", row->name);
    if (value_parse(row, row->default_value, &value, &reason) < 0)
        return refuse(d, e, "the default of a parameter is wrong: %s", reason.text);
    value_free(&value);
    return 0;
}

static int check_parameter(const struct driver *d, const struct lagan_parameter *row,
                           struct error *e)
{
    if (!parameter_name_is_valid(row->name))
        return refuse(d, e, "a parameter has a name that is not [a-z][a-z0-9-]*");
    if (row->type < LAGAN_PARAMETER_TEXT || row->type > LAGAN_PARAMETER_SECRET)
        return refuse(d, e, "its parameter %s has a type (%u) that this program does not know",
                      row->name, (unsigned)row->type);
    if (row->type == LAGAN_PARAMETER_CHOICE && (!row->choices || !row->choices[0]))
        return refuse(d, e, "its parameter %s offers no choices", row->name);
    if (check_text(d, "help of a parameter", row->help, e) < 0)
        return -1;
    return check_default(d, row, e);
}

static int check_parameters(const struct driver *d, struct error *e)
{
    size_t bare = 0;
    for (size_t i = 0; i < d->parameter_count; i++) {
        const struct lagan_parameter *row = &d->parameters[i];
        if (check_parameter(d, row, e) < 0)
            return -1;
        for (size_t before = 0; before < i; before++)
            if (strcmp(d->parameters[before].name, row->name) == 0)
                return refuse(d, e, "it has two parameters called %s", row->name);
        bare += (row->flags & LAGAN_PARAMETER_BARE) != 0;
    }
    if (bare > 1)
        return refuse(d, e, "more than one parameter takes the bare word");
    return 0;
}

/* The row at `index` of a table whose rows may be longer or shorter than ours. */
static struct lagan_parameter copy_row(const struct lagan_driver *told, size_t index)
{
    struct lagan_parameter row = {0};
    size_t bytes = told->parameter_bytes < sizeof row ? told->parameter_bytes : sizeof row;
    memcpy(&row, (const uint8_t *)told->parameters + index * told->parameter_bytes, bytes);
    return row;
}

static int copy_parameters(struct driver *d, const struct lagan_driver *told, struct error *e)
{
    size_t count = 0;
    if (!told->parameters)
        return 0;
    if (told->parameter_bytes < sizeof(struct lagan_parameter))
        return refuse(d, e, "the rows of its parameter table are too short");
    while (count <= DRIVER_PARAMETER_LIMIT && copy_row(told, count).name)
        count++;
    if (count > DRIVER_PARAMETER_LIMIT)
        return refuse(d, e, "its parameter table has no end");
    d->parameters = calloc(count + 1, sizeof *d->parameters);
    if (!d->parameters)
        return error_no_memory(e, "the parameters of a driver");
    for (size_t i = 0; i < count; i++)
        d->parameters[i] = copy_row(told, i);
    d->parameter_count = count;
    return check_parameters(d, e);
}

static int copy_ops(struct driver *d, const struct lagan_driver *told, struct error *e)
{
    size_t known = slots_table_bytes(told->kind);
    size_t bytes = told->ops_bytes < known ? told->ops_bytes : known;
    const char *missing;
    if (!told->ops || told->ops_bytes < sizeof(struct lagan_common_ops))
        return refuse(d, e, "its table of functions is too short");
    d->ops = (union driver_ops){0};
    memcpy(&d->ops, told->ops, bytes);
    if (slots_check(&d->ops, told->kind, d->parameter_count > 0, &missing) < 0)
        return refuse(d, e, "it lacks the function \"%s\", which every %s driver must have",
                      missing, driver_kind_name(told->kind));
    return 0;
}

int descriptor_adopt(struct driver *d, const char *name, const struct lagan_driver *descriptor,
                     struct error *e)
{
    if (check_head(d, descriptor, e) < 0 || check_texts(d, descriptor, e) < 0 ||
        check_identity(d, name, descriptor, e) < 0 || check_build(d, descriptor, e) < 0 ||
        copy_parameters(d, descriptor, e) < 0 || copy_ops(d, descriptor, e) < 0) {
        free(d->parameters);
        d->parameters = NULL;
        d->parameter_count = 0;
        return -1;
    }
    size_t bytes = descriptor->size;
    if (bytes > sizeof d->descriptor)
        bytes = sizeof d->descriptor;
    memcpy(&d->descriptor, descriptor, bytes);
    d->descriptor.parameters = NULL;
    d->descriptor.ops = NULL;
    return 0;
}
