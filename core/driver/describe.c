/* SPDX-License-Identifier: Apache-2.0 */
/* describe.c - descriptions of drivers, got through a child process and a pipe. */
#include "driver/describe.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/object.h"
#include "driver/module.h"
#include "driver/operation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_LIMIT = 1 << 20, /* bytes that a child may send */
    ANSWER_SECONDS = 10,
    ROW_LIMIT = 1024 /* parameters or slots */
};

/* The answer: a byte that tells which of the two follows. */
enum { ANSWER_DESCRIPTION = 'D', ANSWER_ERROR = 'E' };

static void put_text(struct buffer *b, const char *text)
{
    buffer_append_u8(b, text != NULL);
    if (text)
        buffer_append_counted(b, text, strlen(text));
}

/* A text of its own; `*text` stays NULL for an absent one.  False when memory runs out or the
 * answer is broken. */
static bool take_text(struct reader *r, char **text)
{
    size_t size;
    const uint8_t *data;
    if (reader_u8(r) == 0)
        return !r->failed;
    data = reader_counted(r, &size);
    if (data)
        *text = strndup((const char *)data, size);
    return data && *text;
}

static void encode_parameter(struct buffer *b, const struct lagan_parameter *row)
{
    put_text(b, row->name);
    put_text(b, row->default_value);
    put_text(b, row->choices);
    put_text(b, row->help);
    buffer_append_u32(b, row->type);
    buffer_append_u32(b, row->flags);
    buffer_append_u64(b, (uint64_t)row->minimum);
    buffer_append_u64(b, (uint64_t)row->maximum);
}

static void encode_driver(struct buffer *b, const struct driver *d)
{
    const char *texts[] = {driver_name(d),    driver_path(d),    driver_version(d),
                           driver_licence(d), driver_summary(d), driver_home(d)};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(b, texts[i]);
    buffer_append_u32(b, driver_kind(d));
    buffer_append_u32(b, driver_threads(d));
    buffer_append_u32(b, driver_max_parallel(d));
    buffer_append_u16(b, driver_abi_major(d));
    buffer_append_u16(b, driver_abi_minor(d));
    buffer_append_varint(b, driver_parameter_count(d));
    for (size_t i = 0; i < driver_parameter_count(d); i++)
        encode_parameter(b, driver_parameter(d, i));
    buffer_append_varint(b, driver_slot_count(d));
    for (size_t i = 0; i < driver_slot_count(d); i++) {
        struct driver_slot slot = driver_slot(d, i);
        put_text(b, slot.name);
        buffer_append_u8(b, slot.mandatory);
        buffer_append_u8(b, slot.present);
    }
}

static bool decode_parameter(struct reader *r, struct lagan_parameter *row)
{
    char *texts[4] = {NULL};
    bool good = true;
    for (size_t i = 0; i < 4 && good; i++)
        good = take_text(r, &texts[i]);
    row->name = texts[0];
    row->default_value = texts[1];
    row->choices = texts[2];
    row->help = texts[3];
    row->type = reader_u32(r);
    row->flags = reader_u32(r);
    row->minimum = (int64_t)reader_u64(r);
    row->maximum = (int64_t)reader_u64(r);
    return good && row->name && row->help;
}

static bool decode_parameters(struct reader *r, struct driver_description *d)
{
    uint64_t count = reader_varint(r);
    if (count > ROW_LIMIT || !(d->parameters = calloc(count + 1, sizeof *d->parameters)))
        return false;
    while (d->parameter_count < count)
        if (!decode_parameter(r, &d->parameters[d->parameter_count++]))
            return false;
    return true;
}

static bool decode_slots(struct reader *r, struct driver_description *d)
{
    uint64_t count = reader_varint(r);
    if (count > ROW_LIMIT || !(d->slots = calloc(count + 1, sizeof *d->slots)))
        return false;
    while (d->slot_count < count) {
        struct driver_slot *slot = &d->slots[d->slot_count++];
        char *name = NULL;
        bool good = take_text(r, &name);
        slot->name = name;
        slot->mandatory = reader_u8(r) != 0;
        slot->present = reader_u8(r) != 0;
        if (!good || !name)
            return false;
    }
    return true;
}

static bool decode_into(struct reader *r, struct driver_description *d)
{
    char **texts[] = {&d->name, &d->path, &d->version, &d->licence, &d->summary, &d->home};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!take_text(r, texts[i]))
            return false;
    if (!d->name || !d->path || !d->version || !d->licence || !d->summary)
        return false;
    d->kind = reader_u32(r);
    d->threads = reader_u32(r);
    d->max_parallel = reader_u32(r);
    d->abi_major = reader_u16(r);
    d->abi_minor = reader_u16(r);
    return decode_parameters(r, d) && decode_slots(r, d) && reader_done(r);
}

static struct driver_description *decode_driver(struct reader *r, const char *name,
                                                struct error *e)
{
    struct driver_description *d = calloc(1, sizeof *d);
    if (d && decode_into(r, d))
        return d;
    driver_description_free(d);
    error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED, "driver %s: its description is broken",
              name);
    return NULL;
}

struct driver_description *driver_describe(const struct driver *d, struct error *e)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    encode_driver(&b, d);
    if (buffer_check(&b, e) < 0)
        return NULL;
    struct reader r = reader_of(b.data, b.size);
    return decode_driver(&r, driver_name(d), e);
}

/* The texts of rows are const for readers of a description, which owns them all the same. */
static void free_owned(const char *text)
{
    char *owned;
    memcpy(&owned, &text, sizeof owned);
    free(owned);
}

void driver_description_free(struct driver_description *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->parameter_count; i++) {
        free_owned(d->parameters[i].name);
        free_owned(d->parameters[i].default_value);
        free_owned(d->parameters[i].choices);
        free_owned(d->parameters[i].help);
    }
    for (size_t i = 0; i < d->slot_count; i++)
        free_owned(d->slots[i].name);
    free(d->parameters);
    free(d->slots);
    free(d->name);
    free(d->path);
    free(d->version);
    free(d->licence);
    free(d->summary);
    free(d->home);
    free(d);
}

/* In the child: whatever the module prints goes nowhere, and it leaves no core file. */
static _Noreturn void describe_and_exit(struct driver_host *host, const char *name, int fd)
{
    const struct rlimit none = {0, 0};
    struct buffer b = BUFFER_INIT;
    struct error e;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard = 0; standard <= 2 && nowhere >= 0; standard++)
        dup2(nowhere, standard);
    setrlimit(RLIMIT_CORE, &none);
    const struct driver *d = driver_load(host, name, &e);
    buffer_append_u8(&b, d ? ANSWER_DESCRIPTION : ANSWER_ERROR);
    if (d)
        encode_driver(&b, d);
    else
        buffer_append(&b, &e, sizeof e);
    if (buffer_check(&b, &e) < 0 || file_write_all(fd, b.data, b.size, "pipe", &e) < 0)
        _exit(1);
    _exit(0);
}

/* Milliseconds until `end_ns`, rounded up, at least 0. */
static int milliseconds_left(int64_t end_ns)
{
    int64_t left_ns = end_ns - operation_now_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

/* Reads the child's answer to its end; false when it does not come in time or is too long. */
static bool read_answer(int fd, struct buffer *answer)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int64_t end_ns = operation_now_ns() + (int64_t)ANSWER_SECONDS * 1000000000;
    for (;;) {
        uint8_t *room = buffer_reserve(answer, 4096);
        int left = milliseconds_left(end_ns);
        if (!room || left == 0 || answer->size > ANSWER_LIMIT)
            return false;
        if (poll(&poll_fd, 1, left) <= 0)
            continue;
        ssize_t got = read(fd, room, 4096);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        answer->size += got > 0 ? (size_t)got : 0;
    }
}

static void child_failed(const char *path, bool answered, int status, struct error *e)
{
    if (!answered)
        error_set(e, LAGAN_TIMEOUT, ERROR_DRIVER_REFUSED,
                  "driver %s is refused: it did not describe itself within %d seconds", path,
                  ANSWER_SECONDS);
    else if (WIFSIGNALED(status))
        error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                  "driver %s is refused: it crashed when asked to describe itself (%s)", path,
                  strsignal(WTERMSIG(status)));
    else
        error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                  "driver %s is refused: it ended the program when asked to describe itself "
                  "(exit status %d)",
                  path, WEXITSTATUS(status));
}

static struct driver_description *judge_answer(const struct buffer *answer, const char *name,
                                               struct error *e)
{
    struct reader r = reader_of(answer->data, answer->size);
    struct error told;
    const uint8_t *data;
    if (reader_u8(&r) == ANSWER_DESCRIPTION)
        return decode_driver(&r, name, e);
    data = reader_take(&r, sizeof told);
    if (!data || !reader_done(&r)) {
        error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                  "driver %s: its description is broken", name);
        return NULL;
    }
    memcpy(&told, data, sizeof told);
    told.text[sizeof told.text - 1] = '\0';
    *e = told;
    return NULL;
}

/* Waits for the child and its answer; kills it when the answer does not come. */
static struct driver_description *hear_child(pid_t child, int fd, const char *path,
                                             const char *name, struct error *e)
{
    struct buffer answer CLEANUP_BUFFER = BUFFER_INIT;
    bool answered = read_answer(fd, &answer);
    int status = 0;
    if (!answered)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!answered || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || answer.size == 0) {
        child_failed(path, answered, status, e);
        return NULL;
    }
    return judge_answer(&answer, name, e);
}

struct driver_description *driver_describe_in_child(struct driver_host *host, const char *name,
                                                    struct error *e)
{
    char *path CLEANUP_TEXT = NULL;
    int pipes[2];
    pid_t child;
    if (asprintf(&path, "%s/%s.so", driver_host_directory(host), name) < 0 ||
        pipe2(pipes, O_CLOEXEC) < 0) {
        error_errno(e, errno, "a pipe to describe driver %s", name);
        return NULL;
    }
    child = fork();
    if (child == 0)
        describe_and_exit(host, name, pipes[1]);
    close(pipes[1]);
    if (child < 0)
        error_errno(e, errno, "a process to describe driver %s", name);
    struct driver_description *d =
        child > 0 ? hear_child(child, pipes[0], path, name, e) : NULL;
    close(pipes[0]);
    return d;
}

/* The driver's name in a file's name, cut at ".so" in place; NULL when it is none. */
static char *name_of_file(char *file)
{
    size_t length = strlen(file);
    if (length <= 3 || strcmp(file + length - 3, ".so") != 0)
        return NULL;
    file[length - 3] = '\0';
    return module_name_is_valid(file) ? file : NULL;
}

static int is_driver_file(const struct dirent *entry)
{
    char file[sizeof entry->d_name];
    snprintf(file, sizeof file, "%s", entry->d_name);
    return name_of_file(file) != NULL;
}

static int in_byte_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int driver_list_available(struct driver_host *host,
                          int (*each)(void *context, const char *name,
                                      const struct driver_description *description,
                                      const struct error *refused),
                          void *context, struct error *e)
{
    struct dirent **files;
    int result = 0;
    int count = scandir(driver_host_directory(host), &files, is_driver_file, in_byte_order);
    if (count < 0)
        return error_errno(e, errno, "driver folder %s", driver_host_directory(host));
    for (int i = 0; i < count; i++) {
        const char *name = name_of_file(files[i]->d_name);
        struct error refused = ERROR_INIT;
        if (result == 0) {
            struct driver_description *d = driver_describe_in_child(host, name, &refused);
            result = each(context, name, d, d ? NULL : &refused);
            driver_description_free(d);
        }
        free(files[i]);
    }
    free(files);
    return result;
}
