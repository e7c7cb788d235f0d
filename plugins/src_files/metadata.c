/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.c - extended attributes as they are stored, and inode flags.
 *
 * doc/decisions/0001-metadata-by-raw-attributes.md says why libarchive is not asked.
 */
#include "src_files/metadata.h"

#include "src_files/attributes.h"
#include "src_files/failure.h"
#include "src_files/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel's own limits. */
enum { NAMES_LIMIT_BYTES = 65536, VALUE_LIMIT_BYTES = 65536, NAMES_USUAL_BYTES = 512 };

/* The entry that is asked. */
struct subject {
    int fd;         /* readable, or -1 */
    char path[300]; /* without a readable descriptor: a path that must not be followed */
};

static ssize_t list_names(const struct subject *subject, char *names, size_t size)
{
    return subject->fd >= 0 ? flistxattr(subject->fd, names, size)
                            : llistxattr(subject->path, names, size);
}

static ssize_t get_value(const struct subject *subject, const char *name, char *value,
                         size_t size)
{
    return subject->fd >= 0 ? fgetxattr(subject->fd, name, value, size)
                            : lgetxattr(subject->path, name, value, size);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pointers to the names in `names`, sorted, allocated; NULL when memory runs out. */
static const char **sort_names(const char *names, size_t size, size_t *count)
{
    size_t total = 0;
    for (const char *name = names; name < names + size; name += strlen(name) + 1)
        total++;
    const char **sorted = calloc(total + 1, sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    *count = 0;
    for (const char *name = names; name < names + size; name += strlen(name) + 1)
        sorted[(*count)++] = name;
    qsort(sorted, total, sizeof *sorted, compare_names);
    return sorted;
}

/* Hands one attribute over, or reports it lost. */
static uint32_t hand_over(const struct subject *subject, const char *name, char *value,
                          const struct lagan_metadata_collector *pieces)
{
    char words[96];
    ssize_t size = get_value(subject, name, value, VALUE_LIMIT_BYTES);
    if (size < 0 && errno == ENODATA) /* gone meanwhile */
        return LAGAN_OK;
    if (size < 0) {
        pieces->lost(pieces->context, name, failure_words(errno, words, sizeof words));
        return LAGAN_OK;
    }
    struct lagan_metadata piece = {
        .kind = LAGAN_METADATA_XATTR,
        .name = name,
        .name_size = (uint32_t)strlen(name),
        .value = value,
        .value_size = (size_t)size,
    };
    return pieces->add(pieces->context, &piece);
}

static uint32_t hand_over_all(const struct subject *subject, struct lagan_op *op,
                              const char *names, size_t size,
                              const struct lagan_metadata_collector *pieces)
{
    size_t count = 0;
    const char **sorted = sort_names(names, size, &count);
    char *value = malloc(VALUE_LIMIT_BYTES);
    uint32_t result = sorted && value ? LAGAN_OK : failure_memory(op);
    for (size_t i = 0; i < count && result == LAGAN_OK; i++)
        result = hand_over(subject, sorted[i], value, pieces);
    free(value);
    free(sorted);
    return result;
}

static uint32_t hand_over_attributes(const struct subject *subject, struct lagan_op *op,
                                     const struct lagan_metadata_collector *pieces)
{
    char usual[NAMES_USUAL_BYTES], words[96];
    char *names = usual, *more = NULL;
    ssize_t size = list_names(subject, usual, sizeof usual);
    if (size < 0 && errno == ERANGE) {
        names = more = malloc(NAMES_LIMIT_BYTES);
        if (more == NULL)
            return failure_memory(op);
        size = list_names(subject, more, NAMES_LIMIT_BYTES);
    }
    uint32_t result = LAGAN_OK;
    if (size > 0)
        result = hand_over_all(subject, op, names, (size_t)size, pieces);
    else if (size < 0 && errno != EOPNOTSUPP)
        pieces->lost(pieces->context, "extended attributes",
                     failure_words(errno, words, sizeof words));
    free(more);
    return result;
}

static uint32_t hand_over_flags(const struct subject *subject,
                                const struct lagan_metadata_collector *pieces)
{
    int flags = 0;
    /* Many file systems have none. */
    if (subject->fd < 0 || ioctl(subject->fd, FS_IOC_GETFLAGS, &flags) != 0)
        return LAGAN_OK;
    uint32_t kept = (uint32_t)flags & METADATA_FLAGS;
    if (kept == 0)
        return LAGAN_OK;
    unsigned char value[4] = {(unsigned char)kept, (unsigned char)(kept >> 8),
                              (unsigned char)(kept >> 16), (unsigned char)(kept >> 24)};
    struct lagan_metadata piece = {
        .kind = LAGAN_METADATA_FLAGS, .name = "", .value = value, .value_size = sizeof value};
    return pieces->add(pieces->context, &piece);
}

/* Files and directories can be opened without effects; all else, and what may not be read, is
 * asked by its name in its directory, which is not followed. */
static int find_subject(const struct place *place, uint32_t type, struct subject *subject)
{
    bool opens = type == LAGAN_ENTRY_FILE || type == LAGAN_ENTRY_DIRECTORY;
    struct attributes a;
    subject->fd = -1;
    if (opens)
        subject->fd =
            beneath_open_quietly(place->folder->fd, place->name,
                                 O_RDONLY | (type == LAGAN_ENTRY_DIRECTORY ? O_DIRECTORY : 0));
    if (opens && subject->fd < 0 && errno != EACCES)
        return errno;
    snprintf(subject->path, sizeof subject->path, "/proc/self/fd/%d/%s", place->folder->fd,
             place->name);
    if (subject->fd >= 0)
        return 0;
    int error = attributes_read(place->folder->fd, place->name, &a);
    return error == 0 && attributes_type(&a) != type ? ELOOP : error;
}

static uint32_t hand_over_subject(const struct subject *subject, struct lagan_op *op,
                                  const struct lagan_metadata_collector *pieces)
{
    uint32_t result = hand_over_attributes(subject, op, pieces);
    return result == LAGAN_OK ? hand_over_flags(subject, pieces) : result;
}

uint32_t metadata_hand_over(int fd, struct lagan_op *op,
                            const struct lagan_metadata_collector *pieces)
{
    struct subject subject = {.fd = fd};
    return hand_over_subject(&subject, op, pieces);
}

uint32_t files_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct handle *h = handle;
    struct place place;
    struct subject subject;
    int error = beneath_place(h->beneath, key, key_size, &place);
    if (error == 0) {
        error = find_subject(&place, type, &subject);
        if (error != 0)
            folder_release(place.folder);
    }
    if (error != 0)
        return failure_report(op, error, "cannot reach it");
    uint32_t result = hand_over_subject(&subject, op, pieces);
    if (subject.fd >= 0)
        close(subject.fd);
    folder_release(place.folder);
    return result;
}
