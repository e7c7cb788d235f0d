/* SPDX-License-Identifier: Apache-2.0 */
/* durable.c - remembers in which folders names have changed, and makes them durable. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_set_init(struct folder_set *set)
{
    pthread_mutex_init(&set->lock, NULL);
    pthread_mutex_init(&set->flushing, NULL);
}

void folder_set_destroy(struct folder_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->folders[i].path);
    free(set->folders);
    pthread_mutex_destroy(&set->lock);
    pthread_mutex_destroy(&set->flushing);
}

/* The index of the first folder that does not sort before `path`. */
static size_t find(const struct folder_set *set, const char *path)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(set->folders[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct folder_set *set, size_t index, const char *path)
{
    return index < set->count && strcmp(set->folders[index].path, path) == 0;
}

static bool grow(struct folder_set *set)
{
    size_t room = set->room ? set->room * 2 : 16;
    struct folder *folders;
    if (set->count < set->room)
        return true;
    folders = realloc(set->folders, room * sizeof *folders);
    if (!folders)
        return false;
    set->folders = folders;
    set->room = room;
    return true;
}

/* Inserts `path` where it is missing; false when memory runs out. */
static bool insert(struct folder_set *set, const char *path, bool dirty)
{
    size_t index = find(set, path);
    char *copy;
    if (is_at(set, index, path)) {
        set->folders[index].dirty |= dirty;
        return true;
    }
    copy = strdup(path);
    if (!copy || !grow(set)) {
        free(copy);
        return false;
    }
    memmove(set->folders + index + 1, set->folders + index,
            (set->count - index) * sizeof *set->folders);
    set->folders[index] = (struct folder){.path = copy, .dirty = dirty};
    set->count++;
    return true;
}

static bool insert_with_those_above(struct folder_set *set, const char *path)
{
    char above[LAGAN_KEY_LIMIT + 1];
    size_t length = strlen(path);
    if (is_at(set, find(set, path), path))
        return true;
    memcpy(above, path, length + 1);
    while (length > 0) {
        char *slash = strrchr(above, '/');
        length = slash ? (size_t)(slash - above) : 0;
        above[length] = '\0';
        if (!insert(set, above, true))
            return false;
    }
    /* Last: its presence says that those above it are there too. */
    return insert(set, path, false);
}

uint32_t folder_set_know(struct folder_set *set, struct lagan_op *op, const char *path)
{
    bool known;
    pthread_mutex_lock(&set->lock);
    known = insert_with_those_above(set, path);
    pthread_mutex_unlock(&set->lock);
    return known ? LAGAN_OK : fail_errno(op, ENOMEM, "the list of folders");
}

void folder_set_touch(struct folder_set *set, const char *path)
{
    size_t index;
    pthread_mutex_lock(&set->lock);
    index = find(set, path);
    if (is_at(set, index, path)) {
        set->folders[index].dirty = true;
        set->folders[index].there = true;
    }
    pthread_mutex_unlock(&set->lock);
}

/* Back into the set, for a later flush. */
static void put_off(struct folder_set *set, const char *path)
{
    size_t index;
    pthread_mutex_lock(&set->lock);
    index = find(set, path);
    if (is_at(set, index, path))
        set->folders[index].dirty = true;
    pthread_mutex_unlock(&set->lock);
}

/* Takes the first dirty folder that sorts behind `path` (or is it, for `first`) out of the set
 * into `path`; false when there is none.  `*there`: it cannot be absent. */
static bool take_dirty(struct folder_set *set, char path[LAGAN_KEY_LIMIT + 1], bool first,
                       bool *there)
{
    bool found = false;
    size_t index;
    pthread_mutex_lock(&set->lock);
    index = find(set, path);
    if (!first && is_at(set, index, path))
        index++;
    for (; index < set->count && !found; index++) {
        found = set->folders[index].dirty;
        if (found) {
            set->folders[index].dirty = false;
            *there = set->folders[index].there;
            memcpy(path, set->folders[index].path, strlen(set->folders[index].path) + 1);
        }
    }
    pthread_mutex_unlock(&set->lock);
    return found;
}

/* Some file systems cannot sync a folder and say so with EINVAL; they order names themselves.
 */
static uint32_t sync_folder(struct lagan_op *op, int root, const char *path)
{
    int fd = open_beneath(root, path, O_RDONLY | O_DIRECTORY);
    uint32_t result = LAGAN_OK;
    if (fd < 0)
        return fail_errno(op, errno, "a folder to be synced");
    if (fsync(fd) < 0 && errno != EINVAL)
        result = fail_errno(op, errno, "syncing a folder");
    close(fd);
    return result;
}

uint32_t folder_set_flush(struct folder_set *set, struct lagan_op *op, int root)
{
    char path[LAGAN_KEY_LIMIT + 1] = "";
    bool first = true;
    bool there = false;
    uint32_t result = LAGAN_OK;
    pthread_mutex_lock(&set->flushing);
    if (set->failed)
        result = lagan_fail(op, LAGAN_IO, 0,
                            "an earlier flush failed, and what was written before "
                            "it cannot be vouched for");
    /* A folder is taken out before it is synced: the kernel reports a failure once only, so
     * that a second try would look like success.  One pass is enough: what becomes dirty behind
     * it was reported after the flush had begun. */
    while (result == LAGAN_OK && take_dirty(set, path, first, &there)) {
        first = false;
        result = sync_folder(op, root, path);
        /* A put that is on its way has it in the set, and has not made it yet: nothing in there
         * was reported before this flush. */
        if (result == LAGAN_NOT_FOUND && !there) {
            put_off(set, path);
            result = LAGAN_OK;
        }
        set->failed = result != LAGAN_OK;
    }
    pthread_mutex_unlock(&set->flushing);
    if (result != LAGAN_OK)
        op->error.scope = LAGAN_SCOPE_HANDLE;
    return result;
}
