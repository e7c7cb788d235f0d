/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - telling whether the process that started a task still lives.  A number alone does
 * not: numbers come again.  The time of a process's start is in /proc/PID/stat, proc(5).
 */
#include "base/process.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START_FIELD = 22, STAT_LIMIT = 4096 };

static void read_boot_id(char boot_id[BOOT_ID_SIZE])
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct error ignored;

    boot_id[0] = '\0';
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &ignored) != 0)
        return;
    size_t size = 0;
    while (size < text.size && size < BOOT_ID_SIZE - 1 && text.data[size] > ' ')
        size++;
    memcpy(boot_id, text.data, size);
    boot_id[size] = '\0';
}

/* 0 when it cannot be told. */
static int64_t read_start(int64_t pid)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct error ignored;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    if (file_read(path, STAT_LIMIT, &text, &ignored) != 0)
        return 0;
    buffer_append_u8(&text, 0);
    if (text.failed)
        return 0;
    /* The second field may hold anything, but ends with the last bracket. */
    const char *at = strrchr((const char *)text.data, ')');
    for (int field = 2; at != NULL && field < START_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoll(at, NULL, 10) : 0;
}

void process_mark_self(struct process_mark *mark)
{
    mark->pid = getpid();
    mark->start_ticks = read_start(mark->pid);
    read_boot_id(mark->boot_id);
}

bool process_is_alive(const struct process_mark *mark)
{
    char boot_id[BOOT_ID_SIZE];

    read_boot_id(boot_id);
    if (strcmp(boot_id, mark->boot_id) != 0)
        return false;
    if (mark->pid <= 0 || (kill((pid_t)mark->pid, 0) != 0 && errno == ESRCH))
        return false;
    int64_t start = read_start(mark->pid);
    return start == 0 || mark->start_ticks == 0 || start == mark->start_ticks;
}

bool process_is_same(const struct process_mark *a, const struct process_mark *b)
{
    return a->pid == b->pid && a->start_ticks == b->start_ticks &&
           strcmp(a->boot_id, b->boot_id) == 0;
}

/* ---- as a line ---- */

/* "pid:[4026531836]" as one word; empty when it cannot be told. */
static void read_namespace(char text[64])
{
    ssize_t length = readlink("/proc/self/ns/pid", text, 63);

    text[length > 0 ? length : 0] = '\0';
    if (strchr(text, ' ') != NULL)
        text[0] = '\0';
}

void process_text_self(char text[PROCESS_TEXT_SIZE])
{
    struct process_mark self;
    char space[64];

    process_mark_self(&self);
    read_namespace(space);
    text[0] = '\0';
    if (self.boot_id[0] != '\0' && space[0] != '\0' && self.start_ticks != 0)
        snprintf(text, PROCESS_TEXT_SIZE, "%s %s %lld %lld", self.boot_id, space,
                 (long long)self.pid, (long long)self.start_ticks);
}

bool process_text_is_dead(const char *text)
{
    struct process_mark mark = {.pid = 0}, self;
    char space[64], own[64];
    long long pid = 0, start = 0;

    process_mark_self(&self);
    read_namespace(own);
    if (sscanf(text, "%39s %63s %lld %lld", mark.boot_id, space, &pid, &start) != 4 ||
        own[0] == '\0' || strcmp(own, space) != 0 || pid <= 0 || start == 0 ||
        strcmp(mark.boot_id, self.boot_id) != 0)
        return false;
    mark.pid = pid;
    mark.start_ticks = start;
    return !process_is_alive(&mark);
}
