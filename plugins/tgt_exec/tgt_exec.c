/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_exec.c - descriptor, parameters, open and close, and what a program says of itself. */
#include "tgt_exec/tgt_exec.h"

#include <stdlib.h>
#include <string.h>

enum parameter { COMMAND, PLACE, SHELL, VARIABLE, PROCESSES, TIMEOUT };

#define SECOND_NS INT64_C(1000000000)

static const struct lagan_parameter parameters[] = {
    [COMMAND] = {.name = "command",
                 .type = LAGAN_PARAMETER_TEXT,
                 .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
                 .minimum = 1,
                 .help = "the program: a full path, and arguments"},
    [PLACE] = {.name = "place",
               .type = LAGAN_PARAMETER_PATH,
               .flags = LAGAN_PARAMETER_PLACE,
               .help = "where the program keeps the objects, when it wants to be told"},
    [SHELL] = {.name = "shell",
               .type = LAGAN_PARAMETER_BOOL,
               .default_value = "no",
               .help = "the command is a line for /bin/sh"},
    [VARIABLE] = {.name = "env",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags = LAGAN_PARAMETER_REPEATABLE,
                  .minimum = 1,
                  .help = "NAME=VALUE for the program's environment, or NAME to pass it on"},
    [PROCESSES] = {.name = "processes",
                   .type = LAGAN_PARAMETER_INTEGER,
                   .default_value = "1",
                   .minimum = 1,
                   .maximum = PROGRAM_PROCESS_LIMIT,
                   .help = "how many of them work at a time"},
    [TIMEOUT] = {.name = "timeout",
                 .type = LAGAN_PARAMETER_DURATION,
                 .default_value = "10m",
                 .maximum = 365 * 86400 * SECOND_NS,
                 .help = "how long the program may be silent in a call; 0 = no limit"},
    {.name = NULL},
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct exec_target));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct exec_target *t = instance;
    exec_clear(&t->command);
    free(t->line);
    free(t->place);
    free(t);
}

static uint32_t keep_text(struct lagan_op *op, char **member, const char *text)
{
    free(*member);
    *member = strdup(text);
    return *member ? (uint32_t)LAGAN_OK : no_memory(op);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct exec_target *t = instance;
    switch ((enum parameter)row) {
    case COMMAND:
        return keep_text(op, &t->line, value->text);
    case PLACE:
        return keep_text(op, &t->place, value->text);
    case SHELL:
        t->shell = value->number != 0;
        break;
    case VARIABLE:
        return exec_add_variable(op, &t->command, value->text);
    case PROCESSES:
        t->processes = (unsigned)value->number;
        break;
    case TIMEOUT:
        t->timeout_ns = value->number;
        break;
    }
    return LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    struct exec_target *t = instance;
    uint32_t result =
        t->shell ? exec_shell(op, &t->command, t->line) : exec_split(op, &t->command, t->line);
    return result == LAGAN_OK ? exec_add_defaults(op, &t->command) : result;
}

static void greet(void *context, struct program_text *request, bool first)
{
    const struct exec_handle *h = context;
    program_add_string(request, "kind", "target");
    program_add_flag(request, "read-only", h->read_only);
    program_add_flag(request, "initialise", first && h->initialise);
    if (h->place)
        program_add_string(request, "place", h->place);
}

/* Guarantees by word. */
static const struct {
    const char *name;
    size_t offset;
} guarantees[] = {
#define GUARANTEE(name, member)                                                                \
    {                                                                                          \
        name, offsetof(struct lagan_target_capabilities, member)                               \
    }
    GUARANTEE("put-if-absent", put_if_absent),
    GUARANTEE("staged-put", staged_put),
    GUARANTEE("read-after-write", read_after_write),
    GUARANTEE("list-consistent", list_consistent),
    GUARANTEE("list-sorted", list_sorted),
    GUARANTEE("ranged-get", ranged_get),
    GUARANTEE("checksum", checksum),
    GUARANTEE("remove", remove),
#undef GUARANTEE
};

static void take_capabilities(struct program_line *line, struct lagan_target_capabilities *told,
                              bool *always)
{
    static const char *const supports[] = {"none", "emulated", "native", NULL};
    static const char *const durable[] = {"flush", "always", NULL};
    uint32_t choice = 0;
    for (size_t i = 0; i < sizeof guarantees / sizeof guarantees[0]; i++)
        if (program_take_choice(line, guarantees[i].name, supports, &choice))
            ((uint8_t *)told)[guarantees[i].offset] = (uint8_t)choice;
    *always = program_take_choice(line, "durable", durable, &choice) && choice == 1;
    program_take_number(line, "max-object", UINT64_MAX, &told->max_object_bytes);
    program_take_number(line, "preferred", UINT64_MAX, &told->preferred_bytes);
}

static const char *take_hello(void *context, struct program_line *line)
{
    struct exec_handle *h = context;
    struct lagan_target_capabilities told = {.size = sizeof told};
    bool always = false;
    if (h->place && !program_find(line, "place"))
        return "it does not say that it works in the place that it was told";
    take_capabilities(line, &told, &always);
    /* What the program does not do by itself, this driver does. */
    told.durable_put = always ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_EMULATED;
    if (told.checksum == LAGAN_SUPPORT_NONE)
        told.checksum = LAGAN_SUPPORT_EMULATED;
    if (h->read_only)
        told.remove = LAGAN_SUPPORT_NONE;
    told.max_parallel = h->settings.processes;
    if (!h->greeted) {
        h->told = told;
        h->always = always;
        h->greeted = true;
    }
    return memcmp(&told, &h->told, sizeof told) == 0 && always == h->always
               ? NULL
               : "its processes do not promise the same";
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct exec_target *t = instance;
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE;
    uint32_t result = LAGAN_OK;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (!t->shell)
        result = exec_check(op, t->command.words[0]);
    if (result != LAGAN_OK)
        return result;
    struct exec_handle *h = calloc(1, sizeof *h);
    if (!h)
        return no_memory(op);
    h->settings = (struct program_settings){.command = &t->command,
                                            .processes = t->processes,
                                            .timeout_ns = t->timeout_ns,
                                            .greet = greet,
                                            .take_hello = take_hello,
                                            .context = h};
    h->place = t->place;
    h->read_only = (flags & LAGAN_OPEN_READ_ONLY) != 0;
    h->initialise = (flags & LAGAN_OPEN_INITIALISE) && !h->read_only;
    result = program_open(op, &h->settings, &h->program);
    if (result != LAGAN_OK) {
        free(h);
        return result;
    }
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    struct exec_handle *h = handle;
    program_close(h->program);
    free(h);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct exec_handle *h = handle;
    uint32_t size = told->size;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    memcpy(told, &h->told, size < sizeof h->told ? size : sizeof h->told);
    told->size = size;
    return LAGAN_OK;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .configured = configured,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = exec_put,
    .stage_begin = exec_stage_begin,
    .stage_write = exec_stage_write,
    .stage_commit = exec_stage_commit,
    .stage_abort = exec_stage_abort,
    .get = exec_get,
    .stat = exec_stat,
    .list = exec_list,
    .remove = exec_remove,
    .flush = exec_flush,
    .capacity = exec_capacity,
    .sweep = exec_sweep,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "tgt_exec",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a program in any language that keeps objects",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_exec, &descriptor)
