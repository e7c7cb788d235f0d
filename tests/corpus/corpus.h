/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus.h - what the themes of the corpus share, and the themes.
 */
#ifndef TESTS_CORPUS_CORPUS_H
#define TESTS_CORPUS_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True with --large. */
extern bool large;

/* Counts an entry. */
void made(void);
/* Says that something (printf) is left out, with the reason that errno holds. */
__attribute__((format(printf, 1, 2))) void skip(const char *format, ...);
/* Ends the program: the corpus cannot be made. */
_Noreturn void die(const char *what);
/* The same bytes for the same seed. */
void fill(unsigned char *data, size_t size, uint64_t seed);
/* A new empty file, counted: a descriptor, or -1 and errno. */
int file_open(int at, const char *name);
/* Writes `size` bytes that depend on `seed`. */
void data_at(int fd, uint64_t offset, size_t size, uint64_t seed);
/* A file of `size` bytes with a time of its own; false when it had to be skipped. */
bool file(int at, const char *name, size_t size);
/* A new directory, counted and opened. */
int folder(int at, const char *name);
/* Sets a modification time, not following links. */
void stamp(int at, const char *name, int64_t seconds, long ns);

/* The themes; each fills the directory it is given.  shapes.c: */
void make_names(int at);
void make_depth(int at);
void make_width(int at);
void make_sizes(int at);
void make_sparse(int at);
void make_preallocated(int at);
/* kinds.c: */
void make_types(int at);
void make_modes(int at);
void make_links(int at);
void make_owners(int at);
void make_times(int at);
/* extras.c: */
void make_xattrs(int at);
void make_lists(int at);
void make_flags(int at);
void make_locked(int at);

#endif
