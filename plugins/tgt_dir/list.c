/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c - listings in byte order.
 *
 * Folders are read one at a time on the way down, each sorted on its own; a folder's name
 * counts with its slash, which makes the order of names that of the keys below them.  Folders
 * that cannot hold a key of the page are not read.
 */
#include "tgt_dir/tgt_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_LIMIT = LAGAN_KEY_LIMIT / 2 + 1 };

/* A folder on the way down: its names, sorted, those of folders with a slash at the end. */
struct level {
    DIR *stream;
    size_t base; /* length of the folder's own path, with its slash */
    char *names; /* zero-terminated, one after the other */
    size_t used;
    size_t room;
    size_t *starts; /* of the names */
    size_t count;
    size_t starts_room;
    size_t next; /* the first one not yet shown */
};

/* One call of list. */
struct listing {
    struct store *store;
    struct lagan_op *op;
    const char *prefix;
    const char *start_after;
    uint32_t left; /* how many may still be shown */
    const struct lagan_object_collector *objects;
    bool more;
    char path[LAGAN_KEY_LIMIT + 2]; /* of the name being looked at */
    struct level levels[DEPTH_LIMIT];
    size_t depth;
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_component(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return length > 0 && name[length] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* Could the key, or a key below the folder, that l->path names belong to the page?  All names
 * lie below the last slash of the prefix, so a folder that matters starts with it as a key
 * does. */
static bool is_wanted(const struct listing *l, bool folder)
{
    if (!starts_with(l->path, l->prefix))
        return false;
    return strcmp(l->path, l->start_after) > 0 ||
           (folder && starts_with(l->start_after, l->path));
}

static bool reserve(void **data, size_t *room, size_t needed, size_t size)
{
    size_t more = *room ? *room : 64;
    void *grown;
    while (more < needed)
        more *= 2;
    if (more == *room)
        return true;
    grown = realloc(*data, more * size);
    if (!grown)
        return false;
    *data = grown;
    *room = more;
    return true;
}

/* Adds the name at the end of l->path to the level. */
static bool add_name(struct listing *l, struct level *level)
{
    const char *name = l->path + level->base;
    size_t size = strlen(name) + 1;
    void *names = level->names;
    void *starts = level->starts;
    bool grown = reserve(&names, &level->room, level->used + size, 1);
    level->names = names;
    grown = grown && reserve(&starts, &level->starts_room, level->count + 1, sizeof(size_t));
    level->starts = starts;
    if (!grown)
        return false;
    level->starts[level->count++] = level->used;
    memcpy(level->names + level->used, name, size);
    level->used += size;
    return true;
}

/* 'd' for a folder, 'f' for a regular file, 0 for anything else. */
static char type_of(DIR *stream, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type == DT_DIR)
        return 'd';
    if (entry->d_type == DT_REG)
        return 'f';
    if (entry->d_type != DT_UNKNOWN ||
        fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return S_ISDIR(status.st_mode) ? 'd' : S_ISREG(status.st_mode) ? 'f' : 0;
}

static uint32_t take_entry(struct listing *l, struct level *level, const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    char type;
    if (!is_component(entry->d_name) || level->base + length > LAGAN_KEY_LIMIT)
        return LAGAN_OK;
    type = type_of(level->stream, entry);
    memcpy(l->path + level->base, entry->d_name, length + 1);
    if (type == 'd')
        memcpy(l->path + level->base + length, "/", 2);
    if (type != 0 && is_wanted(l, type == 'd') && !add_name(l, level))
        return fail_errno(l->op, ENOMEM, "the names of a folder");
    return LAGAN_OK;
}

static int in_byte_order(const void *a, const void *b, void *names)
{
    const char *base = names;
    return strcmp(base + *(const size_t *)a, base + *(const size_t *)b);
}

static uint32_t read_names(struct listing *l, struct level *level)
{
    uint32_t result = LAGAN_OK;
    struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(level->stream);
        if (!entry && errno != 0)
            return fail_errno(l->op, errno, "reading a folder");
        if (entry)
            result = take_entry(l, level, entry);
    } while (entry && result == LAGAN_OK);
    if (level->count > 0)
        qsort_r(level->starts, level->count, sizeof(size_t), in_byte_order, level->names);
    return result;
}

static void leave_level(struct listing *l)
{
    struct level *level = &l->levels[--l->depth];
    if (level->stream)
        closedir(level->stream);
    free(level->names);
    free(level->starts);
}

/* Enters the folder of `length` bytes (with its slash) at the start of l->path; "" is the root.
 * One that has vanished is an empty one. */
static uint32_t enter_level(struct listing *l, size_t length)
{
    struct level *level = &l->levels[l->depth];
    int fd;
    l->path[length > 0 ? length - 1 : 0] = '\0';
    fd = open_beneath(l->store->root, l->path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? (uint32_t)LAGAN_OK
                   : fail_errno(l->op, errno, "opening a folder");
    if (length > 0)
        l->path[length - 1] = '/';
    *level = (struct level){.stream = fdopendir(fd), .base = length};
    l->depth++;
    if (!level->stream) {
        int number = errno;
        close(fd);
        return fail_errno(l->op, number, "opening a folder");
    }
    return read_names(l, level);
}

static uint32_t show(struct listing *l, struct level *level)
{
    struct lagan_object object = {.size = sizeof object, .key = l->path};
    struct stat status;
    if (l->left == 0) {
        l->more = true;
        return LAGAN_END;
    }
    if (fstatat(dirfd(level->stream), l->path + level->base, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? (uint32_t)LAGAN_OK
                               : fail_errno(l->op, errno, "examining an object");
    l->left--;
    object.bytes = (uint64_t)status.st_size;
    object.modified_ns =
        (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec;
    return l->objects->add(l->objects->context, &object);
}

/* Looks at the next name of the deepest level. */
static uint32_t step(struct listing *l)
{
    struct level *level = &l->levels[l->depth - 1];
    const char *name;
    size_t length;
    if (level->next == level->count) {
        leave_level(l);
        return LAGAN_OK;
    }
    name = level->names + level->starts[level->next++];
    length = strlen(name);
    memcpy(l->path + level->base, name, length + 1);
    if (name[length - 1] == '/')
        return enter_level(l, level->base + length);
    return show(l, level);
}

uint32_t dir_list(void *handle, struct lagan_op *op, const char *prefix,
                  const char *start_after, uint32_t limit,
                  const struct lagan_object_collector *objects, int *more)
{
    const char *slash = strrchr(prefix, '/');
    size_t base = slash ? (size_t)(slash - prefix) + 1 : 0;
    struct listing *l;
    uint32_t result;
    if (strlen(prefix) > LAGAN_KEY_LIMIT)
        return lagan_fail(op, LAGAN_INVALID, 0, "the prefix is too long");
    l = calloc(1, sizeof *l);
    if (!l)
        return fail_errno(op, ENOMEM, "a listing");
    l->store = handle;
    l->op = op;
    l->prefix = prefix;
    l->start_after = start_after;
    l->left = limit;
    l->objects = objects;
    memcpy(l->path, prefix, base);
    result = enter_level(l, base);
    while (result == LAGAN_OK && l->depth > 0) {
        result = check_cancelled(op);
        if (result == LAGAN_OK)
            result = step(l);
    }
    if (result == LAGAN_END)
        result = LAGAN_OK;
    while (l->depth > 0)
        leave_level(l);
    *more = l->more;
    free(l);
    return result;
}
