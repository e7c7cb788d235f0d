/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shapes.c - names, depth, width and lengths.
 */
#include "corpus/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names that programs have stumbled over. */
static const char *const hostile_names[] = {
    "\200",         /* a lone continuation byte */
    "\300\257",     /* an overlong slash */
    "\340\200\257", /* the same with three bytes */
    "\355\240\200", /* a surrogate */
    "\342\202",     /* cut off */
    "\360\237\230", /* cut off, four bytes */
    "\377\376",     /* never UTF-8 */
    "new\nline",
    "\n",
    "tab\tand\rreturn",
    "\033[2J\033]0;title\007",
    "del\177",
    " leading",
    "trailing ",
    "trailing.",
    "  ",
    "-",
    "--",
    "-rf",
    "--no-preserve-root",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "!important",
    "#comment",
    "~",
    "~root",
    "quote\"double",
    "quote'single",
    "back`tick`",
    "back\\slash",
    "C:\\windows",
    "a:stream",
    "$(touch pwned)",
    "${HOME}",
    "%s%n%x",
    "a;b|c&d>e<f",
    "\342\200\256txt.exe",                          /* right-to-left override */
    "\303\251",                                     /* e acute, composed */
    "e\314\201",                                    /* the same, decomposed */
    "\360\237\221\251\342\200\215\360\237\222\273", /* joined emoji */
    "...",
    "..a",
    ".hidden",
    "CON",
    "nul",
    "aux.txt",
    "a",
    "A",
    "a.b",
    "a b",
    "a\001b",
    ".lagan-0123456789abcdef", /* as our own temporary files */
    ".lagan.tmp",
    "lost+found",
    "CACHEDIR.TAG.not",
    "core",
};

/* A directory with a child beside names that sort around it: "a" has to come with all below it
 * before "a.b". */
static void make_neighbours(int at)
{
    int inner = folder(at, "neighbours");
    int a = folder(inner, "a");
    file(a, "z", 10);
    close(a);
    stamp(inner, "a", 1310000000, 5);
    file(inner, "a.b", 20);
    file(inner, "a\001", 21);
    file(inner, "a-", 22);
    file(inner, "ab", 23);
    close(inner);
    stamp(at, "neighbours", 1310000001, 6);
}

void make_names(int at)
{
    char name[NAME_MAX + 1] = "";
    int bytes = folder(at, "bytes");
    for (int byte = 1; byte < 256; byte++) {
        name[0] = (char)byte;
        name[1] = 0;
        if (byte != '/' && byte != '.')
            file(bytes, name, (size_t)byte % 7);
    }
    close(bytes);
    stamp(at, "bytes", 1310000002, 7);
    for (size_t i = 0; i < sizeof hostile_names / sizeof hostile_names[0]; i++)
        file(at, hostile_names[i], i);
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = 0;
    file(at, name, 1);
    for (size_t i = 0; i + 4 <= NAME_MAX; i += 4) {
        memcpy(name + i, "\360\237\220\232", 4);
        name[i + 4] = 0;
    }
    strcat(name, "xyz");
    file(at, name, 2);
    make_neighbours(at);
}

/* `levels` directories with names of `length` bytes, a file in each hundredth and at the
 * bottom. */
static void make_chain(int at, const char *top, unsigned levels, size_t length)
{
    char name[NAME_MAX + 1];
    int here = folder(at, top);
    for (unsigned level = 0; level < levels; level++) {
        memset(name, 'a' + (char)(level % 26), length);
        name[length] = 0;
        int below = folder(here, name);
        if (level % 100 == 0)
            file(here, "on the way", level % 1000);
        close(here);
        here = below;
    }
    file(here, "bottom", 4321);
    close(here);
    stamp(at, top, 1320000000, 1);
}

void make_depth(int at)
{
    /* 200 bytes with the slash; the file's name makes it 4,095 and a little more than 4,096. */
    make_chain(at, "path-4000", 19, 199);
    make_chain(at, "path-4200", 21, 199);
    make_chain(at, "path-5000", 25, 199);
    make_chain(at, "path-100000", 2000, 49);
    make_chain(at, "levels-2000", 2000, 1);
}

void make_width(int at)
{
    char name[64];
    unsigned count = large ? 100000 : 3000;
    int one = folder(at, "one");
    file(one, "single", 1);
    close(one);
    int none = folder(at, "none");
    close(none);
    int many = folder(at, "many");
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%x-%u", i * 2654435761u, i);
        int fd = file_open(many, name);
        if (fd < 0)
            die("file");
        close(fd);
    }
    close(many);
    stamp(at, "many", 1330000000, 1);
    int folders = folder(at, "folders");
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "folder %u", i);
        close(folder(folders, name));
    }
    close(folders);
}

void make_sizes(int at)
{
    /* Around blocks, and around the sizes that chunks begin, aim and end at. */
    static const size_t edges[] = {1 << 9,  1 << 12, 1 << 16, 1 << 17, 1 << 18,
                                   1 << 19, 1 << 20, 1 << 21, 1 << 22};
    char name[64];
    file(at, "0", 0);
    file(at, "1", 1);
    file(at, "2", 2);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        for (int more = -1; more <= 1; more++) {
            size_t size = edges[i] + (size_t)more;
            snprintf(name, sizeof name, "%zu", size);
            file(at, name, size);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "small %u", i);
        file(at, name, 100 * i + i);
    }
}

/* A file of `size` bytes with data of `length` bytes at each of the offsets. */
static void make_holes(int at, const char *name, uint64_t size, const uint64_t *offsets,
                       size_t count, size_t length)
{
    int fd = file_open(at, name);
    if (fd < 0) {
        skip("%s", name);
        return;
    }
    if (ftruncate(fd, (off_t)size) != 0)
        skip("length of %s", name);
    else
        for (size_t i = 0; i < count; i++)
            data_at(fd, offsets[i], length, offsets[i] + 7);
    close(fd);
    stamp(at, name, 1340000000, (long)count);
}

void make_sparse(int at)
{
    static const uint64_t large_edges[] = {UINT64_C(1) << 31, UINT64_C(1) << 32};
    const uint64_t mega = 1 << 20;
    const uint64_t many[] = {0, mega, 3 * mega, 4 * mega, 9 * mega};
    char name[64];
    make_holes(at, "all hole", 5 * mega, NULL, 0, 0);
    make_holes(at, "hole first", 3 * mega, (const uint64_t[]){2 * mega}, 1, mega);
    make_holes(at, "hole last", 3 * mega, (const uint64_t[]){0}, 1, mega);
    make_holes(at, "hole in the middle", 4 * mega, (const uint64_t[]){0, 3 * mega}, 2, mega);
    make_holes(at, "many holes", 10 * mega + 17, many, 5, 70000);
    make_holes(at, "hole of one byte less", 65536 + 4095, (const uint64_t[]){65536}, 1, 4095);
    for (size_t i = 0; i < 2; i++) {
        for (int more = -1; more <= 1; more++) {
            uint64_t size = large_edges[i] + (uint64_t)(int64_t)more;
            snprintf(name, sizeof name, "%llu", (unsigned long long)size);
            make_holes(at, name, size, (const uint64_t[]){0, size - 10}, 2, 10);
        }
    }
    make_holes(at, "terabyte", UINT64_C(1) << 40, (const uint64_t[]){UINT64_C(1) << 39}, 1,
               4096);
}

/* Allocated and not written: reads as zeroes, and where the holes are is the file system's
 * affair. */
void make_preallocated(int at)
{
    int fd = file_open(at, "unwritten");
    if (fd < 0)
        die("unwritten");
    if (fallocate(fd, 0, 0, 1 << 20) != 0)
        skip("allocated but not written");
    data_at(fd, 300000, 5000, 3);
    close(fd);
    stamp(at, "unwritten", 1340000001, 1);
}
