/* SPDX-License-Identifier: Apache-2.0 */
/* key_exec.c - the driver of key services behind a command: its descriptor and instances. */
#include "key_exec/key_exec.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum parameter { COMMAND, KEY, VARIABLE, TIMEOUT };
enum { KEY_LIMIT = 500 };

#define SECOND_NS INT64_C(1000000000)

static const struct lagan_parameter parameters[] = {
    [COMMAND] = {.name = "command",
                 .type = LAGAN_PARAMETER_TEXT,
                 .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
                 .minimum = 1,
                 .help = "what to run: a full path, and arguments"},
    [KEY] = {.name = "key",
             .type = LAGAN_PARAMETER_TEXT,
             .default_value = "lagan",
             .minimum = 1,
             .maximum = KEY_LIMIT,
             .help = "name of the key, handed to the command; no blanks"},
    [VARIABLE] = {.name = "env",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags = LAGAN_PARAMETER_REPEATABLE,
                  .minimum = 1,
                  .help = "NAME=VALUE for the command's environment, or NAME to pass it on"},
    [TIMEOUT] = {.name = "timeout",
                 .type = LAGAN_PARAMETER_DURATION,
                 .default_value = "60s",
                 .minimum = SECOND_NS,
                 .maximum = 3600 * SECOND_NS,
                 .help = "how long the command may take"},
    {.name = NULL},
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct exec_settings));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct exec_settings *s = instance;
    exec_clear(&s->command);
    free(s->key);
    free(s);
}

/* It stands in a line between blanks. */
static uint32_t keep_key(struct exec_settings *s, struct lagan_op *op, const char *text)
{
    if (strpbrk(text, " \t"))
        return lagan_fail(op, LAGAN_INVALID, 0, "the name of a key has no blanks");
    s->key = strdup(text);
    return s->key ? (uint32_t)LAGAN_OK : no_memory(op);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct exec_settings *s = instance;
    switch ((enum parameter)row) {
    case COMMAND:
        return exec_split(op, &s->command, value->text);
    case KEY:
        return keep_key(s, op, value->text);
    case VARIABLE:
        return exec_add_variable(op, &s->command, value->text);
    case TIMEOUT:
        s->timeout_ns = value->number;
        break;
    }
    return LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    struct exec_settings *s = instance;
    return exec_add_defaults(op, &s->command);
}

/* The settings are all there is to a handle: the command lives for one request. */
static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct exec_settings *s = instance;
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE;
    uint32_t result;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    result = exec_check(op, s->command.words[0]);
    if (result == LAGAN_OK)
        *handle = s;
    return result;
}

static void close_handle(void *handle)
{
    (void)handle; /* it is the instance */
}

static uint32_t wrap(void *handle, struct lagan_op *op, const void *context,
                     size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                     size_t room, size_t *wrapped_size)
{
    uint8_t data_key[ENVELOPE_KEY_BYTES];
    uint8_t form[ENVELOPE_WRAPPED_LIMIT];
    size_t size;
    uint32_t result;
    lagan_random(data_key, sizeof data_key);
    result = exec_ask(op, handle, "wrap", data_key, sizeof data_key, form, sizeof form, &size);
    if (result == LAGAN_OK && size >= sizeof data_key &&
        memcmp(form, data_key, sizeof data_key) == 0)
        result = lagan_fail(op, LAGAN_IO, 0, "the command gives the data key back unwrapped");
    if (result == LAGAN_OK) {
        const struct envelope envelope = {EXEC_MAGIC, EXEC_WAY, form, size};
        result = envelope_seal(op, &envelope, data_key, context, context_size, secret,
                               secret_size, wrapped, room, wrapped_size);
    }
    OPENSSL_cleanse(data_key, sizeof data_key);
    return result;
}

static uint32_t unwrap(void *handle, struct lagan_op *op, const void *context,
                       size_t context_size, const void *wrapped, size_t wrapped_size,
                       void *secret, size_t room, size_t *secret_size)
{
    struct envelope envelope = {.magic = EXEC_MAGIC};
    uint8_t data_key[ENVELOPE_KEY_BYTES];
    size_t size = 0;
    uint32_t result = envelope_parse(op, wrapped, wrapped_size, &envelope);
    if (result == LAGAN_OK && envelope.way != EXEC_WAY)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                            "it was wrapped in a way (%u) that this version does not know",
                            envelope.way);
    if (result == LAGAN_OK)
        result = exec_ask(op, handle, "unwrap", envelope.wrapped_key, envelope.wrapped_key_size,
                          data_key, sizeof data_key, &size);
    if (result == LAGAN_OK && size != sizeof data_key)
        result = lagan_fail(op, LAGAN_AUTH, 0, "another key wrapped this");
    if (result == LAGAN_OK)
        result = envelope_open(op, wrapped, wrapped_size, data_key, context, context_size,
                               secret, room, secret_size);
    OPENSSL_cleanse(data_key, sizeof data_key);
    return result;
}

static uint32_t identify(void *handle, struct lagan_op *op, char *text, size_t room)
{
    const struct exec_settings *s = handle;
    (void)op;
    snprintf(text, room, "command %s, key %s", s->command.words[0], s->key);
    return LAGAN_OK;
}

static const struct lagan_key_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .configured = configured,
               .open = open_handle,
               .close = close_handle},
    .wrap = wrap,
    .unwrap = unwrap,
    .identify = identify,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_KEY,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "key_exec",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a key service behind a command",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = LAGAN_TRAIT_SERVICE,
};

LAGAN_DRIVER(key_exec, &descriptor)
