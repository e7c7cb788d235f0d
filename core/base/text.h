/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - numbers, sizes, hexadecimal, and names of any bytes made safe to show. */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include "base/buffer.h"

/* Lower-case hexadecimal of `size` bytes and a terminator into `text` (2 * size + 1 bytes). */
void text_hex(const void *data, size_t size, char *text);
/* The reverse; -1 unless `text` is exactly 2 * size hexadecimal digits (either case). */
int text_unhex(const char *text, void *data, size_t size);

/* Appends `size` bytes so that a terminal and a line-based log can show them: valid UTF-8
 * stays, control characters, invalid bytes, bidirectional controls and backslash become \xNN or
 * \\. */
void text_escape(struct buffer *out, const void *data, size_t size);

/* As text_escape, into `text` of `room` (>= 1) bytes with a terminator, cut before the first
 * piece that does not fit; for whole lines of our own words: backslash stays, so that doing it
 * twice changes nothing.  `data` and `text` do not overlap.  Returns the length. */
size_t text_escape_line(char *text, size_t room, const void *data, size_t size);

enum { TEXT_SIZE_SIZE = 32 };
/* "1.23 GiB" / "17 B". */
void text_format_size(uint64_t bytes, char text[TEXT_SIZE_SIZE]);
/* "1h02m", "3m04s", "12s", "0.4s". */
void text_format_duration(int64_t ns, char text[TEXT_SIZE_SIZE]);

/* Plain decimal without sign or space; -1 on anything else or overflow. */
int text_parse_u64(const char *text, uint64_t *value);
/* A decimal with an optional suffix K M G T P (powers of 1024, optionally iB or B); -1
 * otherwise. */
int text_parse_size(const char *text, uint64_t *bytes);
/* A decimal with a suffix ms s m h d w (none = seconds); -1 otherwise. */
int text_parse_duration(const char *text, int64_t *ns);

/* Letters that must be changed, left out or put in to make one word the other: for hints. Words
 * of more than 32 bytes are 32 apart. */
size_t text_distance(const char *a, const char *b);
/* The name that is nearest to `text` among `count` of them, `stride` bytes from pointer to
 * pointer (the first member of a table's rows, say); NULL when none is nearer than `limit`. */
const char *text_nearest(const char *text, const char *const *names, size_t stride,
                         size_t count, size_t limit);
/* The number (from 0) of `text` in a list of words "one|two|three", or -1. */
int text_choice(const char *words, const char *text);

/* True for well-formed UTF-8 without control characters. */
bool text_is_clean_utf8(const void *data, size_t size);

/* The character that starts at `data` (`size` >= 1 bytes are there) into `*code`, and how many
 * bytes it has; 0 when they are no well-formed UTF-8. */
size_t text_decode_utf8(const void *data, size_t size, uint32_t *code);
/* True when a terminal may do something else with the character than show it: controls, line
 * separators, bidirectional controls. */
bool text_is_unsafe(uint32_t code);

#endif
