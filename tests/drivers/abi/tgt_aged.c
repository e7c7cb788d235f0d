/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_aged.c - as its author wrote it for ABI 1.0, and never changed since.  Built with the
 * headers of each minor, and with those of tomorrow (OF_TOMORROW fills what they have behind
 * what is known).
 *
 * a storage target: a folder in which each object is one file.
 *
 * An object is written under a private name, synced, and then linked to its own name, which
 * replaces nothing and happens in one step.  Whatever is killed in between leaves a private
 * file, which no listing shows and `sweep` removes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <lagan/target.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 * 1024, NAME_SIZE = LAGAN_KEY_LIMIT + 1, PRIVATE_SIZE = 32 };

/* Private files are called "#..."; keys have no such character. */
static const char private_mark = '#';

static const struct lagan_parameter parameters[] = {
    {.name = "path",
     .type = LAGAN_PARAMETER_PATH,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
     .help = "the folder that holds the objects"},
    {.name = NULL},
};

struct instance {
    char *path;
};

struct handle {
    int folder;
    int read_only;
};

/* ---- errors ---- */

static uint32_t class_of(int number)
{
    static const struct {
        int number;
        uint32_t error_class;
    } classes[] = {
        {ENOENT, LAGAN_NOT_FOUND}, {ENOTDIR, LAGAN_NOT_FOUND}, {EEXIST, LAGAN_EXISTS},
        {EACCES, LAGAN_DENIED},    {EPERM, LAGAN_DENIED},      {EROFS, LAGAN_IMMUTABLE},
        {ENOSPC, LAGAN_NO_SPACE},  {EDQUOT, LAGAN_NO_SPACE},   {EFBIG, LAGAN_LIMIT},
        {ENOMEM, LAGAN_INTERNAL},  {EMFILE, LAGAN_BUSY},       {ENFILE, LAGAN_BUSY},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].number == number)
            return classes[i].error_class;
    return LAGAN_IO;
}

/* From errno. */
static uint32_t fail_errno(struct lagan_op *op, const char *what)
{
    int number = errno;
    return lagan_fail(op, class_of(number), number, "%s: %s", what, strerror(number));
}

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

/* Bits of the low half must be understood. */
static uint32_t check_flags(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    return flags & UINT32_MAX & ~known ? lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags")
                                       : (uint32_t)LAGAN_OK;
}

/* ---- instances and handles ---- */

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->path);
    free(i);
}

/* There is one row, and the host has made the path absolute. */
static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    (void)row;
    free(i->path);
    i->path = strdup(value->text);
    return i->path ? (uint32_t)LAGAN_OK : no_memory(op);
}

/* Makes one folder unless it is there, durable itself: what lies in it is only as safe. */
static uint32_t make_one(struct lagan_op *op, const char *path)
{
    char *copy;
    int parent, synced;
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? (uint32_t)LAGAN_OK : fail_errno(op, path);
    copy = strdup(path);
    parent = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    synced = parent >= 0 && fsync(parent) == 0;
    free(copy);
    if (parent >= 0)
        close(parent);
    return synced ? (uint32_t)LAGAN_OK : fail_errno(op, path);
}

/* The folder and those above it: each vault gets a folder of its own below the region's. */
static uint32_t make_folder(struct lagan_op *op, const char *path)
{
    char *copy = strdup(path);
    uint32_t result = copy ? (uint32_t)LAGAN_OK : no_memory(op);
    for (char *end = copy; result == LAGAN_OK && (end = strchr(end + 1, '/')) != NULL;) {
        *end = '\0';
        result = make_one(op, copy);
        *end = '/';
    }
    free(copy);
    return result == LAGAN_OK ? make_one(op, path) : result;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    uint32_t result = check_flags(op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE);
    struct handle *h;
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    if (result == LAGAN_OK && flags & LAGAN_OPEN_INITIALISE)
        result = make_folder(op, i->path);
    if (result != LAGAN_OK)
        return result;
    h = malloc(sizeof *h);
    if (!h)
        return no_memory(op);
    h->read_only = (flags & LAGAN_OPEN_READ_ONLY) != 0;
    h->folder = open(i->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (h->folder < 0) {
        free(h);
        return fail_errno(op, i->path);
    }
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    struct handle *h = handle;
    close(h->folder);
    free(h);
}

/* A claim here is a promise; what is left out is not asked for. */
static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct handle *h = handle;
    (void)op;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->durable_put = LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->remove = h->read_only ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    return LAGAN_OK;
}

/* Before anything is changed. */
static uint32_t check_writable(const struct handle *h, struct lagan_op *op)
{
    if (h->read_only)
        return lagan_fail(op, LAGAN_DENIED, 0, "it is open for reading only");
    return lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_OK;
}

/* ---- names ---- */

/* The file of a key: its slashes become commas, which keys do not have. */
static void name_of_key(const char *key, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%s", key);
    for (char *at = name; (at = strchr(at, '/')) != NULL;)
        *at = ',';
}

/* The key of a file; 0 when the file is none of ours. */
static int key_of_name(const char *name, char key[NAME_SIZE])
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-,");
    if (length == 0 || length >= NAME_SIZE || name[length] != '\0' || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return 0;
    memcpy(key, name, length + 1);
    for (char *at = key; (at = strchr(at, ',')) != NULL;)
        *at = '/';
    return 1;
}

/* ---- writing ---- */

static uint32_t write_all(struct lagan_op *op, int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR)
            return fail_errno(op, "writing the object");
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return LAGAN_OK;
}

static uint32_t write_content(struct lagan_op *op, int fd, uint64_t bytes,
                              const struct lagan_content *content)
{
    char *piece = malloc(PIECE_BYTES);
    uint32_t result = piece ? (uint32_t)LAGAN_OK : no_memory(op);
    uint64_t offset = 0;
    while (result == LAGAN_OK && offset < bytes) {
        size_t size = bytes - offset < PIECE_BYTES ? (size_t)(bytes - offset) : PIECE_BYTES;
        result = lagan_cancelled(op) ? (uint32_t)LAGAN_CANCELLED
                                     : content->read(content->context, offset, piece, size);
        if (result == LAGAN_OK)
            result = write_all(op, fd, piece, size);
        offset += size;
    }
    free(piece);
    return result;
}

/* Creates a private file; its name comes from the host's random numbers. */
static int create_private(const struct handle *h, char name[PRIVATE_SIZE])
{
    uint64_t number;
    lagan_random(&number, sizeof number);
    snprintf(name, PRIVATE_SIZE, "%c%016llx", private_mark, (unsigned long long)number);
    return openat(h->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Gives a complete and synced file its name. */
static uint32_t publish(const struct handle *h, struct lagan_op *op, const char *private_name,
                        const char *key, uint64_t flags)
{
    char name[NAME_SIZE];
    name_of_key(key, name);
    if (linkat(h->folder, private_name, h->folder, name, 0) != 0)
        return fail_errno(op, "naming the object");
    if (flags & LAGAN_PUT_DURABLE && fsync(h->folder) != 0) {
        uint32_t result = fail_errno(op, "syncing the folder");
        op->error.outcome = LAGAN_OUTCOME_DONE; /* the name is there, for all to see */
        return result;
    }
    return LAGAN_OK;
}

static uint32_t check_put(const struct handle *h, struct lagan_op *op, uint64_t flags)
{
    uint32_t result = check_flags(op, flags, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    if (result == LAGAN_OK && !(flags & LAGAN_PUT_IF_ABSENT))
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "objects are never replaced");
    return result == LAGAN_OK ? check_writable(h, op) : result;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    const struct handle *h = handle;
    char private_name[PRIVATE_SIZE];
    uint32_t result = check_put(h, op, flags);
    int fd;
    (void)sha256; /* the capability says that nothing is compared */
    if (result != LAGAN_OK)
        return result;
    fd = create_private(h, private_name);
    if (fd < 0)
        return fail_errno(op, "creating the object");
    result = write_content(op, fd, bytes, content);
    if (result == LAGAN_OK && fsync(fd) != 0)
        result = fail_errno(op, "syncing the object");
    if (close(fd) != 0 && result == LAGAN_OK)
        result = fail_errno(op, "closing the object");
    if (result == LAGAN_OK)
        result = publish(h, op, private_name, key, flags);
    unlinkat(h->folder, private_name, 0);
    return result;
}

/* ---- reading ---- */

/* Hands `size` bytes to the sink, which may take them in pieces. */
static uint32_t deliver(struct lagan_op *op, int fd, uint64_t offset, uint64_t size,
                        const struct lagan_sink *sink)
{
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        size_t room = 0;
        ssize_t got;
        char *to = sink->room(sink->context, &room);
        if (!to)
            return LAGAN_INVALID;
        do
            got = pread(fd, to, room < size ? room : (size_t)size, (off_t)offset);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return fail_errno(op, "reading the object");
        if (got == 0)
            return lagan_fail(op, LAGAN_CORRUPT, 0, "the file has become shorter");
        offset += (uint64_t)got;
        size -= (uint64_t)got;
        result = sink->filled(sink->context, (size_t)got);
        if (result == LAGAN_OK && lagan_cancelled(op))
            result = LAGAN_CANCELLED;
    }
    return result;
}

/* Examines what lies under the key: anything but a file is none of ours. */
static uint32_t examine(const struct handle *h, struct lagan_op *op, const char *key,
                        struct stat *status)
{
    char name[NAME_SIZE];
    name_of_key(key, name);
    if (fstatat(h->folder, name, status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno(op, "looking for the object");
    if (!S_ISREG(status->st_mode))
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "what is there is no file");
    return LAGAN_OK;
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct handle *h = handle;
    char name[NAME_SIZE];
    struct stat status;
    uint64_t left = 0;
    uint32_t result =
        lagan_cancelled(op) ? (uint32_t)LAGAN_CANCELLED : examine(h, op, key, &status);
    int fd;
    if (result != LAGAN_OK)
        return result;
    if (offset <= (uint64_t)status.st_size)
        left = (uint64_t)status.st_size - offset;
    if (offset > (uint64_t)status.st_size || (length != LAGAN_TO_THE_END && length > left))
        return lagan_fail(op, LAGAN_INVALID, 0, "the object has %llu bytes only",
                          (unsigned long long)status.st_size);
    name_of_key(key, name);
    fd = openat(h->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(op, "opening the object");
    result = deliver(op, fd, offset, length == LAGAN_TO_THE_END ? left : length, sink);
    close(fd);
    return result;
}

static void describe_object(struct lagan_object *object, const struct stat *status)
{
    object->bytes = (uint64_t)status->st_size;
    object->modified_ns =
        (int64_t)status->st_mtim.tv_sec * 1000000000 + (int64_t)status->st_mtim.tv_nsec;
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    struct stat status;
    uint32_t result =
        lagan_cancelled(op) ? (uint32_t)LAGAN_CANCELLED : examine(handle, op, key, &status);
    if (result == LAGAN_OK)
        describe_object(object, &status);
    return result;
}

/* ---- listing ---- */

/* The keys that a page may be made of. */
struct keys {
    char (*key)[NAME_SIZE];
    size_t count, room;
};

static int add_key(struct keys *k, const char *key)
{
    if (k->count == k->room) {
        size_t room = k->room ? 2 * k->room : 64;
        void *grown = realloc(k->key, room * sizeof *k->key);
        if (!grown)
            return -1;
        k->key = grown;
        k->room = room;
    }
    snprintf(k->key[k->count++], NAME_SIZE, "%s", key);
    return 0;
}

/* The folder, to be read from its beginning. */
static DIR *open_listing(const struct handle *h)
{
    int fd = openat(h->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !stream)
        close(fd);
    return stream;
}

/* Gathers what starts with `prefix` and sorts behind `start_after`. */
static uint32_t gather(struct lagan_op *op, DIR *stream, const char *prefix,
                       const char *start_after, struct keys *k)
{
    char key[NAME_SIZE];
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        if (lagan_cancelled(op))
            return LAGAN_CANCELLED;
        if (key_of_name(entry->d_name, key) && strncmp(key, prefix, strlen(prefix)) == 0 &&
            strcmp(key, start_after) > 0 && add_key(k, key) != 0)
            return no_memory(op);
    }
    return errno ? fail_errno(op, "reading the folder") : (uint32_t)LAGAN_OK;
}

static int in_byte_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Shows the first `limit` that are still there. */
static uint32_t show(const struct handle *h, struct lagan_op *op, const struct keys *k,
                     uint32_t limit, const struct lagan_object_collector *objects, int *more)
{
    uint32_t result = LAGAN_OK, shown = 0;
    size_t next = 0;
    while (result == LAGAN_OK && next < k->count && shown < limit) {
        struct lagan_object object = {.size = sizeof object, .key = k->key[next++]};
        struct stat status;
        if (lagan_cancelled(op))
            return LAGAN_CANCELLED;
        result = examine(h, op, object.key, &status);
        if (result == LAGAN_NOT_FOUND) {
            result = LAGAN_OK;
            continue;
        }
        if (result == LAGAN_OK) {
            describe_object(&object, &status);
            result = objects->add(objects->context, &object);
            shown++;
        }
    }
    *more = next < k->count;
    return result;
}

/* Reads the whole folder for each page: simple, and good for some thousands of objects. */
static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    const struct handle *h = handle;
    struct keys k = {0};
    DIR *stream = open_listing(h);
    uint32_t result = lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_OK;
    if (!stream)
        return fail_errno(op, "opening the folder");
    if (result == LAGAN_OK)
        result = gather(op, stream, prefix, start_after, &k);
    closedir(stream);
    if (result == LAGAN_OK && k.count > 0)
        qsort(k.key, k.count, sizeof *k.key, in_byte_order);
    if (result == LAGAN_OK)
        result = show(h, op, &k, limit, objects, more);
    free(k.key);
    return result;
}

/* ---- the rest ---- */

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    const struct handle *h = handle;
    char name[NAME_SIZE];
    uint32_t result = check_writable(h, op);
    name_of_key(key, name);
    if (result == LAGAN_OK && unlinkat(h->folder, name, 0) != 0 && errno != ENOENT)
        result = fail_errno(op, "removing the object");
    return result;
}

/* Contents were synced before they got their names; what is left are the names. */
static uint32_t flush(void *handle, struct lagan_op *op)
{
    const struct handle *h = handle;
    return fsync(h->folder) == 0 ? (uint32_t)LAGAN_OK : fail_errno(op, "syncing the folder");
}

/* Whether a private file is so old that nobody can be writing it. */
static int is_old(const struct handle *h, const char *name, int64_t older_than_ns)
{
    struct timespec now;
    struct stat status;
    clock_gettime(CLOCK_REALTIME, &now);
    return fstatat(h->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           (int64_t)(now.tv_sec - status.st_mtim.tv_sec) * 1000000000 +
                   (now.tv_nsec - status.st_mtim.tv_nsec) >=
               older_than_ns;
}

static uint32_t sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed)
{
    const struct handle *h = handle;
    const struct dirent *entry;
    uint32_t result = check_writable(h, op);
    DIR *stream;
    *removed = 0;
    if (result != LAGAN_OK)
        return result;
    stream = open_listing(h);
    if (!stream)
        return fail_errno(op, "opening the folder");
    while (!lagan_cancelled(op) && (entry = readdir(stream)) != NULL)
        if (entry->d_name[0] == private_mark && is_old(h, entry->d_name, older_than_ns) &&
            unlinkat(h->folder, entry->d_name, 0) == 0)
            (*removed)++;
    closedir(stream);
    return lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_OK;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = put,
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
    .sweep = sweep,
#ifdef OF_TOMORROW
    .of_tomorrow = {(void *)OF_TOMORROW},
#endif
};

/* One call at a time on each handle: what is written here need not be thread-safe. */
static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_SERIAL_HANDLE,
    .name = "tgt_aged",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "a folder with one file for each object",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
#ifdef OF_TOMORROW
    .of_tomorrow = {(void *)OF_TOMORROW},
#endif
#ifdef REQUIRED
    .required_features = REQUIRED,
#endif
};

LAGAN_DRIVER(tgt_aged, &descriptor)
