/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_tree.c - makes the fidelity corpus: a tree with everything that Linux files can be.
 *
 *     make_tree [--large] DIRECTORY [THEME...]
 *
 * Without themes all but these are made: `locked`, which can only be removed after chattr -R
 * -ia, and `preallocated`, whose content comes back and whose allocation does not.  What needs
 * root, or what the file system cannot do, is skipped with a line that says why.  --large adds
 * a directory of 100,000 names and a file with 60,000 names.  The same arguments make the same
 * tree, but for the times of some directories.
 */
#include "corpus/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long made_entries, skipped_entries;
static const char *current_theme;

void made(void)
{
    made_entries++;
}

void skip(const char *format, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    printf("skipped: %s: ", current_theme);
    vprintf(format, arguments);
    printf(": %s\n", strerror(error));
    va_end(arguments);
    skipped_entries++;
}

void die(const char *what)
{
    fprintf(stderr, "make_tree: %s: %s\n", what, strerror(errno));
    exit(1);
}

void fill(unsigned char *data, size_t size, uint64_t seed)
{
    uint64_t x = seed * 2 + 1;
    for (size_t i = 0; i < size; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        data[i] = (unsigned char)(x >> 56);
    }
}

int file_open(int at, const char *name)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0)
        made();
    return fd;
}

void data_at(int fd, uint64_t offset, size_t size, uint64_t seed)
{
    unsigned char *data = malloc(size + 1);
    if (data == NULL)
        die("memory");
    fill(data, size, seed);
    if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
        die("write");
    free(data);
}

bool file(int at, const char *name, size_t size)
{
    int fd = file_open(at, name);
    if (fd < 0) {
        skip("file");
        return false;
    }
    data_at(fd, 0, size, size + (unsigned char)name[0]);
    close(fd);
    stamp(at, name, 1500000000 + (int64_t)size, 123456789);
    return true;
}

int folder(int at, const char *name)
{
    if (mkdirat(at, name, 0755) != 0)
        die(name);
    made();
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        die(name);
    return fd;
}

void stamp(int at, const char *name, int64_t seconds, long ns)
{
    struct timespec times[2] = {{.tv_sec = 1400000000}, {.tv_sec = seconds, .tv_nsec = ns}};
    if (utimensat(at, name, times, AT_SYMLINK_NOFOLLOW) != 0)
        skip("time of %s", name);
}

struct theme {
    const char *name;
    void (*make)(int at);
    bool by_default;
};

static const struct theme themes[] = {
    {"names", make_names, true},
    {"depth", make_depth, true},
    {"width", make_width, true},
    {"sizes", make_sizes, true},
    {"sparse", make_sparse, true},
    {"types", make_types, true},
    {"modes", make_modes, true},
    {"links", make_links, true},
    {"owners", make_owners, true},
    {"times", make_times, true},
    {"xattrs", make_xattrs, true},
    {"lists", make_lists, true},
    {"flags", make_flags, true},
    {"locked", make_locked, false},
    {"preallocated", make_preallocated, false},
};

bool large;

static void make(int root, const struct theme *theme)
{
    current_theme = theme->name;
    int at = folder(root, theme->name);
    theme->make(at);
    close(at);
    /* Making what is in it has changed its time. */
    stamp(root, theme->name, 1300000000, (long)strlen(theme->name));
}

static void make_named(int root, const char *name)
{
    for (size_t i = 0; i < sizeof themes / sizeof themes[0]; i++) {
        if (strcmp(themes[i].name, name) == 0) {
            make(root, &themes[i]);
            return;
        }
    }
    fprintf(stderr, "make_tree: no theme %s\n", name);
    exit(2);
}

int main(int count, char **words)
{
    int next = 1;
    umask(0);
    if (next < count && strcmp(words[next], "--large") == 0) {
        large = true;
        next++;
    }
    if (next == count) {
        fprintf(stderr, "usage: make_tree [--large] DIRECTORY [THEME...]\n");
        return 2;
    }
    const char *place = words[next++];
    if (mkdir(place, 0755) != 0 && errno != EEXIST)
        die(place);
    int root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        die(place);
    for (size_t i = 0; next == count && i < sizeof themes / sizeof themes[0]; i++)
        if (themes[i].by_default)
            make(root, &themes[i]);
    for (; next < count; next++)
        make_named(root, words[next]);
    stamp(root, ".", 1200000000, 42);
    printf("made %lu entries, skipped %lu\n", made_entries, skipped_entries);
    return 0;
}
