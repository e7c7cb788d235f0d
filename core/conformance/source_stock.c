/* SPDX-License-Identifier: Apache-2.0 */
/* source_stock.c - the standard stock: what most cases of sources read. */
#include "conformance/source_kit.h"

#include <stdio.h>
#include <string.h>

/* Names that sorts, locales, shells and parsers get wrong; each becomes an empty file. */
static const char *const names[] = {
    "A",
    "B",
    "b",
    "a-b",
    "a.b",
    "a b",
    "a!",
    "a\x01",
    "ab",
    "a0",
    "\xff",
    "\xff\xfe",
    "\x80",
    "\x01",
    "\x7f",
    "line\nbreak",
    "tab\tstop",
    "back\\slash",
    "quote'\"",
    "-rf",
    "--",
    " leading",
    "trailing ",
    "...",
    ".hidden",
    "..hidden",
    "*",
    "$(true)",
    "%s%n",
    "~",
    "caf\xc3\xa9",
    "cafe\xcc\x81",
    "CON",
    "nul.txt",
    "i",
    "I",
    "\xc4\xb0",
    "\xc4\xb1",
    "\xe2\x80\xae",
    "\xed\xa0\x80",
    "a:b",
    "c.lagan",
};

/* Lengths of files. */
static const uint64_t lengths[] = {0,      1,      511,     512,     4095,
                                   4096,   4097,   65535,   65536,   65537,
                                   131072, 300001, 1048575, 1048576, 1048577};

/* Directories, with the separator written as a slash. */
static const char *const folders[] = {"a",       "d",     "d/e",   "d/e/f",
                                      "d/e/f/g", "empty", "files", "z"};

static const struct {
    const char *name;
    const char *target;
} links[] = {{"s1", "a"},        {"s2", "nowhere"},           {"s3", "/etc/passwd"},
             {"s4", "../../.."}, {"s5", "\xff odd\n target"}, {"d/up", "../a"}};

static const struct {
    uint32_t type;
    const char *name;
} specials[] = {{LAGAN_ENTRY_FIFO, "fifo"},
                {LAGAN_ENTRY_SOCKET, "socket"},
                {LAGAN_ENTRY_CHARACTER, "null"},
                {LAGAN_ENTRY_BLOCK, "block"}};

/* A bucket has no directories: there a slash is a byte like any other. */
static bool is_tree(const struct source_work *w)
{
    return w->content_type == LAGAN_ENTRY_FILE;
}

static struct source_thing *add(struct source_work *w, struct source_things *things,
                                uint32_t type, const char *path)
{
    char key[512];
    size_t size = strlen(path);
    memcpy(key, path, size);
    for (size_t i = 0; is_tree(w) && i < size; i++)
        key[i] = key[i] == '/' ? '\0' : key[i];
    return source_things_add(things, type, key, size);
}

static void add_contents(struct source_work *w, struct source_things *things)
{
    char path[64];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        snprintf(path, sizeof path, "files/%zu", i);
        struct source_thing *thing = add(w, things, w->content_type, path);
        thing->bytes = lengths[i];
        thing->pieces = i % 5 == 4 ? 2 : 0;
    }
    struct source_thing *sparse = add(w, things, w->content_type, "files/sparse");
    sparse->bytes = 3 << 20;
    sparse->hole = 1 << 20;
    add(w, things, w->content_type, "output")->bytes = 5000;
}

static void add_names(struct source_work *w, struct source_things *things)
{
    char longest[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add(w, things, w->content_type, names[i]);
    memset(longest, 'n', 255);
    longest[255] = '\0';
    add(w, things, w->content_type, longest);
    add(w, things, w->content_type, "a/x");
    add(w, things, w->content_type, "a/\x01");
    add(w, things, w->content_type, "d/e/f/g/deep")->bytes = 100;
    add(w, things, w->content_type, "z/last")->bytes = 10;
}

static void add_tree(struct source_work *w, struct source_things *things)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        add(w, things, LAGAN_ENTRY_DIRECTORY, folders[i])->pieces = i == 1 ? 1 : 0;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        add(w, things, LAGAN_ENTRY_SYMLINK, links[i].name)->link = links[i].target;
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
        add(w, things, specials[i].type, specials[i].name);
}

void source_stock_list(struct source_work *w, struct source_things *things)
{
    static const char *const further[] = {"h1", "d/h2"};
    if (is_tree(w))
        add_tree(w, things);
    add_names(w, things);
    add_contents(w, things);
    for (size_t i = 0; is_tree(w) && i < 2; i++)
        add(w, things, w->content_type, further[i]);
    source_things_sort(things);
    /* Only now do they stay where they are. */
    for (size_t i = 0; is_tree(w) && i < 2; i++) {
        const char *key = further[i];
        char separated[16];
        size_t size = strlen(key);
        memcpy(separated, key, size);
        for (size_t n = 0; n < size; n++)
            separated[n] = separated[n] == '/' ? '\0' : separated[n];
        source_things_find(things, separated, size)->first = source_things_find(things,
                                                                                "files\0"
                                                                                "4",
                                                                                7);
    }
}
