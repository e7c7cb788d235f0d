/* SPDX-License-Identifier: Apache-2.0 */
/* src_exec.c - descriptor, parameters, open and close, and what both directions share. */
#include "src_exec/spoken.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum parameter { COMMAND, NAME, SHELL, VARIABLE, TIMEOUT, RESTORE, FOLDER, SPEAKS, PROCESSES };

#define SECOND_NS INT64_C(1000000000)

static const struct lagan_parameter parameters[] = {
    [COMMAND] = {.name = "command",
                 .type = LAGAN_PARAMETER_TEXT,
                 .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
                 .minimum = 1,
                 .help = "what to run: a full path, and arguments"},
    [NAME] = {.name = "name",
              .type = LAGAN_PARAMETER_TEXT,
              .default_value = "output",
              .minimum = 1,
              .maximum = OUTPUT_NAME_LIMIT,
              .help = "name of the file that its output becomes"},
    [SHELL] = {.name = "shell",
               .type = LAGAN_PARAMETER_BOOL,
               .default_value = "no",
               .help = "the commands are lines for /bin/sh"},
    [VARIABLE] = {.name = "env",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags = LAGAN_PARAMETER_REPEATABLE,
                  .minimum = 1,
                  .help = "NAME=VALUE for the commands' environment, or NAME to pass it on"},
    [TIMEOUT] = {.name = "timeout",
                 .type = LAGAN_PARAMETER_DURATION,
                 .default_value = "1d",
                 .maximum = 365 * 86400 * SECOND_NS,
                 .help = "how long a command may take; 0 = no limit"},
    [RESTORE] = {.name = "restore-command",
                 .type = LAGAN_PARAMETER_TEXT,
                 .minimum = 1,
                 .help = "what a restore in place feeds the file to"},
    [FOLDER] = {.name = "folder",
                .type = LAGAN_PARAMETER_PATH,
                .flags = LAGAN_PARAMETER_PLACE | LAGAN_PARAMETER_ADVANCED,
                .help = "where restores put the file, and where it is read from then"},
    [SPEAKS] = {.name = "speaks",
                .type = LAGAN_PARAMETER_CHOICE,
                .default_value = "output",
                .choices = "output|protocol",
                .help = "whether the command prints a file or answers requests"},
    [PROCESSES] = {.name = "processes",
                   .type = LAGAN_PARAMETER_INTEGER,
                   .default_value = "1",
                   .minimum = 1,
                   .maximum = PROGRAM_PROCESS_LIMIT,
                   .help = "how many programs that answer requests work at a time"},
    {.name = NULL},
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

uint32_t exec_fail(struct lagan_op *op, uint32_t error_class, int32_t native,
                   const char *format, ...)
{
    char text[LAGAN_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lagan_fail(op, error_class, native, "%s", text);
    op->error.scope = LAGAN_SCOPE_INSTANCE;
    return error_class;
}

uint32_t exec_fail_errno(struct lagan_op *op, int number, const char *what)
{
    static const struct {
        int number;
        uint32_t error_class;
    } classes[] = {
        {ENOENT, LAGAN_NOT_FOUND}, {EACCES, LAGAN_DENIED},      {EPERM, LAGAN_DENIED},
        {ENOSPC, LAGAN_NO_SPACE},  {EDQUOT, LAGAN_NO_SPACE},    {EEXIST, LAGAN_EXISTS},
        {EISDIR, LAGAN_EXISTS},    {ENOTEMPTY, LAGAN_EXISTS},   {ENOTDIR, LAGAN_EXISTS},
        {EROFS, LAGAN_IMMUTABLE},  {ENAMETOOLONG, LAGAN_LIMIT}, {EFBIG, LAGAN_LIMIT},
        {ENOMEM, LAGAN_INTERNAL}};
    char reason[128];
    uint32_t error_class = LAGAN_IO;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].number == number)
            error_class = classes[i].error_class;
    return lagan_fail(op, error_class, number, "%s: %s", what,
                      strerror_r(number, reason, sizeof reason));
}

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

struct exec_limit exec_limit_begin(const struct exec_source *source)
{
    return (struct exec_limit){source->timeout_ns > 0 ? monotonic_ns() + source->timeout_ns
                                                      : INT64_MAX};
}

uint32_t exec_limit_check(struct lagan_op *op, const struct exec_source *source,
                          const struct exec_limit *limit)
{
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (monotonic_ns() >= limit->end_ns)
        return exec_fail(op, LAGAN_TIMEOUT, 0, "the command did not end within %lld seconds",
                         (long long)(source->timeout_ns / SECOND_NS));
    return LAGAN_OK;
}

uint32_t exec_judge(struct lagan_op *op, const struct exec_process *process,
                    const struct exec_command *command)
{
    /* A shell's own name says nothing. */
    const char *what = command->words[strcmp(command->words[0], "/bin/sh") == 0 ? 2 : 0];
    const char *said = process->last_line;
    const char *between = said[0] ? ": " : "";
    if (WIFSIGNALED(process->status))
        return exec_fail(op, LAGAN_IO, 0, "%.200s was killed by signal %d%s%s", what,
                         WTERMSIG(process->status), between, said);
    if (WEXITSTATUS(process->status) != 0)
        return exec_fail(op, LAGAN_IO, WEXITSTATUS(process->status),
                         "%.200s ended with status %d%s%s", what, WEXITSTATUS(process->status),
                         between, said);
    return LAGAN_OK;
}

bool exec_is_output(const struct exec_source *source, const void *key, size_t key_size)
{
    return key_size == strlen(source->name) && memcmp(key, source->name, key_size) == 0;
}

uint32_t exec_hand_root(const struct lagan_entry_collector *entries)
{
    struct lagan_entry root = {.size = sizeof root,
                               .type = LAGAN_ENTRY_DIRECTORY,
                               .key = "",
                               .present = LAGAN_HAS_MODE,
                               .mode = 0700};
    return entries->add(entries->context, &root);
}

static uint32_t fill_from_folder(const struct exec_handle *h, struct lagan_op *op,
                                 struct lagan_entry *entry)
{
    struct stat status;
    if (fstatat(h->folder, h->source->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return exec_fail_errno(op, errno, h->source->name);
    if (!S_ISREG(status.st_mode))
        return lagan_fail(op, LAGAN_EXISTS, 0, "%s is no regular file", h->source->name);
    entry->present |= LAGAN_HAS_BYTES;
    entry->bytes = (uint64_t)status.st_size;
    entry->mode = status.st_mode & 07777;
    entry->mtime_s = status.st_mtim.tv_sec;
    entry->mtime_ns = (uint32_t)status.st_mtim.tv_nsec;
    return LAGAN_OK;
}

uint32_t exec_hand_output(const struct exec_handle *h, struct lagan_op *op,
                          const struct lagan_entry_collector *entries)
{
    int64_t now_ns = lagan_host_table->wall_ns();
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = LAGAN_ENTRY_FILE,
                                .key = h->source->name,
                                .key_size = strlen(h->source->name),
                                .present = LAGAN_HAS_MODE | LAGAN_HAS_MTIME,
                                .mode = 0600};
    uint32_t result = LAGAN_OK;
    if (h->folder >= 0) {
        result = fill_from_folder(h, op, &entry);
    } else {
        entry.flags = LAGAN_ENTRY_STREAM;
        entry.mtime_s = now_ns / SECOND_NS;
        entry.mtime_ns = (uint32_t)(now_ns % SECOND_NS);
    }
    return result == LAGAN_OK ? entries->add(entries->context, &entry) : result;
}

uint32_t exec_instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct exec_source));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

void exec_instance_free(void *instance)
{
    struct exec_source *s = instance;
    exec_clear(&s->command);
    exec_clear(&s->restore);
    free(s->line);
    free(s->restore_line);
    free(s->name);
    free(s->folder);
    free(s);
}

static uint32_t keep_text(struct lagan_op *op, char **member, const char *text)
{
    free(*member);
    *member = strdup(text);
    return *member ? (uint32_t)LAGAN_OK : no_memory(op);
}

static uint32_t keep_variable(struct lagan_op *op, struct exec_source *s, const char *text)
{
    uint32_t result = exec_add_variable(op, &s->command, text);
    return result == LAGAN_OK ? exec_add_variable(op, &s->restore, text) : result;
}

uint32_t exec_configure(void *instance, struct lagan_op *op, uint32_t row,
                        const struct lagan_value *value)
{
    struct exec_source *s = instance;
    switch ((enum parameter)row) {
    case COMMAND:
        return keep_text(op, &s->line, value->text);
    case NAME:
        if (strchr(value->text, '/') || strcmp(value->text, ".") == 0 ||
            strcmp(value->text, "..") == 0)
            return lagan_fail(op, LAGAN_INVALID, 0, "it is the name of a file, without a path");
        return keep_text(op, &s->name, value->text);
    case SHELL:
        s->shell = value->number != 0;
        break;
    case VARIABLE:
        return keep_variable(op, s, value->text);
    case TIMEOUT:
        s->timeout_ns = value->number;
        break;
    case RESTORE:
        return keep_text(op, &s->restore_line, value->text);
    case FOLDER:
        return keep_text(op, &s->folder, value->text);
    case SPEAKS:
        s->speaks = value->number == 1;
        break;
    case PROCESSES:
        s->processes = (unsigned)value->number;
        break;
    }
    return LAGAN_OK;
}

static uint32_t make_command(struct lagan_op *op, const struct exec_source *s,
                             struct exec_command *command, const char *line)
{
    uint32_t result = s->shell ? exec_shell(op, command, line) : exec_split(op, command, line);
    return result == LAGAN_OK ? exec_add_defaults(op, command) : result;
}

uint32_t exec_configured(void *instance, struct lagan_op *op)
{
    struct exec_source *s = instance;
    if (s->speaks && s->restore_line)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "restore-command is for speaks=output: a program that speaks the "
                          "protocol takes what is restored itself");
    uint32_t result = make_command(op, s, &s->command, s->line);
    if (result == LAGAN_OK && s->restore_line)
        result = make_command(op, s, &s->restore, s->restore_line);
    return result;
}

/* What is run must be there. */
static uint32_t check_command(struct lagan_op *op, const struct exec_source *s, bool restore)
{
    const struct exec_command *command = restore ? &s->restore : &s->command;
    if (command->word_count == 0)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "nobody said where to: give --to FOLDER, or the source the parameter "
                          "restore-command");
    return s->shell ? (uint32_t)LAGAN_OK : exec_check(op, command->words[0]);
}

static uint32_t open_folder(struct lagan_op *op, const struct exec_source *s, uint64_t flags,
                            int *folder)
{
    if ((flags & LAGAN_OPEN_INITIALISE) && mkdir(s->folder, 0700) < 0 && errno != EEXIST)
        return exec_fail_errno(op, errno, s->folder);
    *folder = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder >= 0 ? (uint32_t)LAGAN_OK : exec_fail_errno(op, errno, s->folder);
}

uint32_t exec_open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct exec_source *s = instance;
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE;
    int folder = -1;
    uint32_t result;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (s->speaks)
        return spoken_open(op, s, flags, handle);
    result = s->folder ? open_folder(op, s, flags, &folder)
                       : check_command(op, s, (flags & LAGAN_OPEN_RESTORE) != 0);
    if (result != LAGAN_OK)
        return result;
    struct exec_handle *h = malloc(sizeof *h);
    if (!h) {
        exec_close(&folder);
        return no_memory(op);
    }
    *h = (struct exec_handle){.way = &exec_way,
                              .source = s,
                              .folder = folder,
                              .writable = (flags & LAGAN_OPEN_RESTORE) != 0};
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    struct exec_handle *h = handle;
    exec_close(&h->folder);
    free(h);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    (void)handle;
    (void)op;
    told->sorted = 1;
    told->restore = 1;
    told->max_parallel = 1;
    return LAGAN_OK;
}

/* The command itself is not run: nobody knows what it would do. */
static uint32_t check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings)
{
    const struct exec_handle *h = handle;
    uint32_t result = check_command(op, h->source, false);
    char text[LAGAN_TEXT_SIZE];
    if (result != LAGAN_OK)
        snprintf(text, sizeof text, "%s", op->error.text);
    else
        snprintf(text, sizeof text, "the command %.300s is there; it was not run",
                 h->source->command.words[0]);
    findings->add(findings->context,
                  result == LAGAN_OK ? LAGAN_FINDING_OK : LAGAN_FINDING_ERROR, text,
                  result == LAGAN_OK ? NULL : "install it, or correct the parameter");
    return LAGAN_OK;
}

const struct lagan_source_ops exec_way = {
    .common = {.close = close_handle},
    .capabilities = capabilities,
    .check = check,
    .walk_open = exec_walk_open,
    .walk_next = exec_walk_next,
    .walk_close = exec_walk_close,
    .entry_open = exec_entry_open,
    .read_at = exec_read_at,
    .entry_close = exec_entry_close,
    .entry_stat = exec_entry_stat,
    .entry_create = exec_entry_create,
    .write_at = exec_write_at,
    .write_zero = exec_write_zero,
    .entry_commit = exec_entry_commit,
    .entry_abort = exec_entry_abort,
    .node_create = exec_node_create,
    .directory_finish = exec_directory_finish,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = 1,
    .name = "src_exec",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "what a command prints, or a program serves",
    .required_features = LAGAN_FEATURE_STREAM,
    .parameters = parameters,
    .ops_bytes = sizeof exec_ops,
    .ops = &exec_ops,
};

LAGAN_DRIVER(src_exec, &descriptor)
