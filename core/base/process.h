/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - telling whether a process that did something still lives, long after.
 */
#ifndef CORE_BASE_PROCESS_H
#define CORE_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

enum { BOOT_ID_SIZE = 40, PROCESS_TEXT_SIZE = 160 };

/* A process of this machine. */
struct process_mark {
    int64_t pid; /* 0 = none */
    char boot_id[BOOT_ID_SIZE];
    int64_t start_ticks; /* 0 = not known */
};
/* The calling one. */
void process_mark_self(struct process_mark *mark);
/* False also when this machine was started anew since. */
bool process_is_alive(const struct process_mark *mark);
bool process_is_same(const struct process_mark *a, const struct process_mark *b);

/* The calling process as a line for other machines: its boot, its namespace of processes, its
 * number and start; empty when that cannot be told. */
void process_text_self(char text[PROCESS_TEXT_SIZE]);
/* Whether the process that wrote the line is dead for certain: it ran in this boot of this
 * machine, in the namespace of the calling one, and is there no more.  False where that cannot
 * be told. */
bool process_text_is_dead(const char *text);

#endif
