/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h - standard error: lines, and on a terminal a bar below them that is redrawn in
 * place and taken away before a line is written.  Thread-safe.
 */
#ifndef CORE_CLI_TERMINAL_H
#define CORE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Finds out what standard error is and makes the lines of the log come here.  `bars`: whether
 * bars are wanted. */
void terminal_init(bool bars);
/* True when bars are shown. */
bool terminal_has_bars(void);
/* True when standard output may be coloured. */
bool terminal_has_colours(void);
/* Columns of the terminal. */
size_t terminal_width(void);
/* A line; safe to show. */
void terminal_line(const char *text);
/* Draws the bar, cut to the width; replaces the last one. */
void terminal_bar(const char *text);
/* Takes the bar away. */
void terminal_bar_end(void);

#endif
