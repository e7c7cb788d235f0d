/* SPDX-License-Identifier: Apache-2.0 */
/* instance.c - collects the values of a driver's parameters and hands them over in order. */
#include "driver/instance.h"

#include "base/object.h"
#include "driver/driver_private.h"
#include "driver/isolate_private.h"
#include "driver/operation.h"
#include "driver/secret.h"
#include "driver/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value that was set, for the row of the same index. */
struct setting {
    struct setting *next; /* in the order of setting, over all parameters */
    size_t row;
    struct value value;
};

enum instance_state { INSTANCE_SETTING, INSTANCE_FAILED, INSTANCE_READY };

struct instance {
    uint32_t magic;
    enum instance_state state;
    const struct driver *driver;
    void *instance; /* the driver's own */
    bool started;
    struct setting *settings;
    struct setting **settings_end;
    bool layered; /* `layers` are set */
    struct layer_settings layers;
};

enum { INSTANCE_MAGIC = 0x64726973 };

/* The lock for calls on an instance: only drivers that take one call at a time have one. */
static pthread_mutex_t *instance_lock(const struct instance *i)
{
    return driver_lock(i->driver, NULL);
}

struct instance *instance_new(const struct driver *d, struct error *e)
{
    struct instance *i = calloc(1, sizeof *i);
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(d, DRIVER_MAGIC);
    if (!i) {
        error_no_memory(e, "an instance of a driver");
        return NULL;
    }
    i->magic = INSTANCE_MAGIC;
    i->driver = d;
    i->settings_end = &i->settings;
    result = operation_enter(&o, d->descriptor.name, instance_lock(i));
    if (result == LAGAN_OK)
        result =
            operation_leave(&o, d->isolated ? isolate_instance_new(d, &o.op, &i->instance)
                                            : d->ops.common.instance_new(&o.op, &i->instance));
    if (operation_end(&o, result, e, "new instance") < 0) {
        i->instance = NULL;
        free(i);
        return NULL;
    }
    return i;
}

void instance_free(struct instance *i)
{
    if (!i)
        return;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    const struct lagan_common_ops *ops = &i->driver->ops.common;
    driver_lock_take(instance_lock(i));
    if (i->started && ops->stop)
        ops->stop(i->instance);
    ops->instance_free(i->instance);
    driver_lock_release(instance_lock(i));
    while (i->settings) {
        struct setting *setting = i->settings;
        i->settings = setting->next;
        value_free(&setting->value);
        free(setting);
    }
    layer_settings_free(&i->layers);
    i->magic = 0;
    free(i);
}

int instance_set_layers(struct instance *i, const struct layer_settings *settings,
                        struct error *e)
{
    struct layer_settings copy;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    if (layer_settings_copy(settings, &copy, e) < 0)
        return -1;
    layer_settings_free(&i->layers);
    i->layers = copy;
    i->layered = true;
    return 0;
}

const struct layer_settings *instance_layers(const struct instance *i)
{
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    return i->layered ? &i->layers : NULL;
}

int instance_identity(const struct instance *i, struct buffer *out, struct error *e)
{
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    const struct lagan_parameter *rows = i->driver->parameters;
    buffer_append_format(out, "%s", i->driver->descriptor.name);
    for (size_t row = 0; row < i->driver->parameter_count; row++) {
        const struct setting *setting = i->settings;
        for (; setting && rows[row].type != LAGAN_PARAMETER_SECRET; setting = setting->next) {
            if (setting->row != row)
                continue;
            buffer_append_format(out, " %s=", rows[row].name);
            if (setting->value.text)
                buffer_append_counted(out, setting->value.text, setting->value.size);
            else
                buffer_append_format(out, "%lld", (long long)setting->value.number);
        }
    }
    return buffer_check(out, e);
}

const struct driver *instance_driver(const struct instance *i)
{
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    return i->driver;
}

pid_t isolate_process_id(const struct instance *i)
{
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    return i->driver->isolated ? isolate_instance_process(i->instance) : 0;
}

/* The parameters that people may set, for a message. */
static void list_parameters(const struct driver *d, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < d->parameter_count && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "",
                                 d->parameters[i].name);
}

static const struct lagan_parameter *find_parameter(const struct driver *d, const char *key,
                                                    struct error *e)
{
    const struct lagan_parameter *row = driver_parameter_find(d, key);
    char known[384];
    if (row)
        return row;
    list_parameters(d, known, sizeof known);
    error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
              "driver %s has no parameter \"%s\"; its parameters are: %s", d->descriptor.name,
              key, known[0] ? known : "none");
    return NULL;
}

int instance_check_value(const struct driver *d, const char *key, const char *value,
                         struct buffer *out, struct error *e)
{
    struct value parsed = {0};
    const struct lagan_parameter *row;
    OBJECT_CHECK(d, DRIVER_MAGIC);
    row = find_parameter(d, key, e);
    if (!row)
        return -1;
    if (value_parse(row, value, &parsed, e) < 0)
        return error_context(e, "driver %s", d->descriptor.name);
    if (out)
        buffer_append(out, parsed.text ? parsed.text : value,
                      parsed.text ? parsed.size : strlen(value));
    value_free(&parsed);
    return out ? buffer_check(out, e) : 0;
}

static bool is_set(const struct instance *i, size_t row)
{
    for (const struct setting *setting = i->settings; setting; setting = setting->next)
        if (setting->row == row)
            return true;
    return false;
}

int instance_set(struct instance *i, const char *key, const char *value, struct error *e)
{
    const struct lagan_parameter *row;
    struct setting *setting;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    ASSERT(i->state == INSTANCE_SETTING);
    row = find_parameter(i->driver, key, e);
    if (!row)
        return -1;
    size_t index = (size_t)(row - i->driver->parameters);
    if (!(row->flags & LAGAN_PARAMETER_REPEATABLE) && is_set(i, index))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "driver %s: parameter %s: \"%s\" is a second value; allowed is one",
                         i->driver->descriptor.name, key,
                         row->type == LAGAN_PARAMETER_SECRET ? "..." : value);
    setting = calloc(1, sizeof *setting);
    if (!setting)
        return error_no_memory(e, "the value of a parameter");
    if (value_parse(row, value, &setting->value, e) < 0) {
        free(setting);
        return error_context(e, "driver %s", i->driver->descriptor.name);
    }
    setting->row = index;
    *i->settings_end = setting;
    i->settings_end = &setting->next;
    return 0;
}

int instance_set_word(struct instance *i, const char *word, struct error *e)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
    char key[80];
    const struct lagan_parameter *bare;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    if (word[length] == '=' && word[0] >= 'a' && word[0] <= 'z' && length < sizeof key) {
        memcpy(key, word, length);
        key[length] = '\0';
        return instance_set(i, key, word + length + 1, e);
    }
    bare = driver_parameter_marked(i->driver, LAGAN_PARAMETER_BARE);
    if (!bare)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "driver %s: \"%s\" must be written as PARAMETER=VALUE",
                         i->driver->descriptor.name, word);
    return instance_set(i, bare->name, word, e);
}

/* Hands one value to the driver, a secret read just now and wiped at once. */
static int configure_value(struct instance *i, size_t row, const struct value *value,
                           struct error *e)
{
    const struct driver *d = i->driver;
    struct secret_text secret = {0};
    struct lagan_value told = {.type = d->parameters[row].type,
                               .size = (uint32_t)value->size,
                               .text = value->text,
                               .number = value->number};
    struct operation o;
    uint32_t result;
    if (told.type == LAGAN_PARAMETER_SECRET) {
        if (secret_text_read(value->text, &secret, e) < 0)
            return error_context(e, "driver %s: parameter %s", d->descriptor.name,
                                 d->parameters[row].name);
        told.text = secret.data;
        told.size = (uint32_t)secret.size;
    }
    result = operation_enter(&o, d->descriptor.name, instance_lock(i));
    if (result == LAGAN_OK)
        result = operation_leave(
            &o, d->ops.common.configure(i->instance, &o.op, (uint32_t)row, &told));
    secret_text_free(&secret);
    if (operation_end(&o, result, e, "parameter %s", d->parameters[row].name) == 0)
        return 0;
    if (e->error_class == LAGAN_INVALID)
        e->code = ERROR_PARAMETER;
    return -1;
}

static int configure_default(struct instance *i, size_t row, struct error *e)
{
    const struct lagan_parameter *parameter = &i->driver->parameters[row];
    struct value value = {0};
    int result;
    if (parameter->flags & LAGAN_PARAMETER_REQUIRED) {
        char form[VALUE_FORM_SIZE];
        value_describe_form(parameter, form);
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "driver %s: parameter %s is missing (%s); allowed is %s",
                         i->driver->descriptor.name, parameter->name, parameter->help, form);
    }
    if (!parameter->default_value)
        return 0;
    if (value_parse(parameter, parameter->default_value, &value, e) < 0)
        return -1;
    result = configure_value(i, row, &value, e);
    value_free(&value);
    return result;
}

static int configure_row(struct instance *i, size_t row, struct error *e)
{
    if (!is_set(i, row))
        return configure_default(i, row, e);
    for (const struct setting *setting = i->settings; setting; setting = setting->next)
        if (setting->row == row && configure_value(i, row, &setting->value, e) < 0)
            return -1;
    return 0;
}

/* Calls a slot that takes nothing but the instance, if the driver has it. */
static int call_step(struct instance *i, uint32_t (*step)(void *instance, struct lagan_op *op),
                     const char *what, struct error *e)
{
    struct operation o;
    uint32_t result;
    if (!step)
        return 0;
    result = operation_enter(&o, i->driver->descriptor.name, instance_lock(i));
    if (result == LAGAN_OK)
        result = operation_leave(&o, step(i->instance, &o.op));
    return operation_end(&o, result, e, "%s", what);
}

int instance_ready(struct instance *i, struct error *e)
{
    const struct lagan_common_ops *ops;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    ASSERT(i->state == INSTANCE_SETTING);
    ops = &i->driver->ops.common;
    i->state = INSTANCE_FAILED;
    for (size_t row = 0; row < i->driver->parameter_count; row++)
        if (configure_row(i, row, e) < 0)
            return -1;
    if (call_step(i, ops->configured, "parameters", e) < 0 ||
        call_step(i, ops->start, "start", e) < 0)
        return -1;
    i->started = true;
    i->state = INSTANCE_READY;
    return 0;
}

static int open_once(struct instance *i, uint64_t flags, void **handle, struct error *e)
{
    struct operation o;
    void *opened = NULL;
    uint32_t result;
    result = operation_enter(&o, i->driver->descriptor.name, instance_lock(i));
    if (result == LAGAN_OK)
        result =
            operation_leave(&o, i->driver->ops.common.open(i->instance, &o.op, flags, &opened));
    if (operation_end(&o, result, e, "open") < 0)
        return -1;
    *handle = opened;
    return 0;
}

/* Waits before the attempt behind number `made`; false when there is to be none.  There is no
 * layer yet that could do it. */
static bool await_opening(const struct layer_settings *settings, const struct error *e,
                          int64_t made, int64_t *waited_ns)
{
    int64_t advised_ns = (int64_t)e->retry_after_ms * 1000000, pause_ns;
    if ((e->error_class != LAGAN_TRANSIENT && e->error_class != LAGAN_BUSY) ||
        made > settings->retry)
        return false;
    pause_ns = settings->retry_pause_ns << (made < 6 ? made - 1 : 5);
    pause_ns = advised_ns > pause_ns ? advised_ns : pause_ns;
    if (settings->retry_limit_ns > 0 && *waited_ns + pause_ns > settings->retry_limit_ns)
        return false;
    *waited_ns += pause_ns;
    return operation_host_table()->sleep(NULL, pause_ns) == 0;
}

int instance_open(struct instance *i, uint64_t flags, void **handle, struct error *e)
{
    int64_t waited_ns = 0;
    OBJECT_CHECK(i, INSTANCE_MAGIC);
    ASSERT(i->state == INSTANCE_READY);
    for (int64_t made = 1; open_once(i, flags, handle, e) < 0; made++) {
        if (!i->layered || !await_opening(&i->layers, e, made, &waited_ns))
            return -1;
        *e = ERROR_INIT;
    }
    return 0;
}
