/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_scan.h - a first pass over the text of a configuration file, before libconfuse reads
 * it. It refuses what libconfuse would silently drop, substitute or take twice, blanks comments
 * so that its line numbers are right, and notes on which line each key and section stands.
 * Private to the configuration.
 */
#ifndef CORE_ENGINE_CONFIG_SCAN_H
#define CORE_ENGINE_CONFIG_SCAN_H

#include "base/buffer.h"

enum { SCAN_TITLE_SIZE = 256, SCAN_KEY_SIZE = 64, SCAN_ROOT = 0, SCAN_NONE = -1 };

/* A section that was opened; section SCAN_ROOT is the file itself. */
struct scan_section {
    int parent; /* SCAN_NONE for the file itself */
    char name[SCAN_KEY_SIZE];
    char title[SCAN_TITLE_SIZE]; /* empty = none */
    unsigned line;
};

struct scan_key {
    int section;
    char name[SCAN_KEY_SIZE];
    unsigned line;
};

/* `{0}` to start with; scan_clear frees. */
struct scan {
    struct scan_section *sections;
    size_t section_count;
    struct scan_key *keys;
    size_t key_count;
};

/*
 * Scans `size` bytes of `text` and blanks its comments in place.  `file` is for messages, which
 * start with "FILE:LINE: "; code CONFIG.
 */
int scan_text(struct scan *scan, char *text, size_t size, const char *file, struct error *e);
void scan_clear(struct scan *scan);

/* The section of that name and title below `parent`; SCAN_NONE when there is none. */
int scan_section_find(const struct scan *scan, int parent, const char *name, const char *title);
/* The lines of a section and of a key in it; 0 when there is none. */
unsigned scan_section_line(const struct scan *scan, int section);
unsigned scan_key_line(const struct scan *scan, int section, const char *name);

/* Fills `e` with "FILE:LINE: " and a text; code CONFIG.  Returns -1. */
int scan_error(struct error *e, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
