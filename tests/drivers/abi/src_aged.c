/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_aged.c - as its author wrote it for ABI 1.0, and never changed since.  Built with the
 * headers of each minor, and with those of tomorrow (OF_TOMORROW fills what they have behind
 * what is known).
 *
 * a source: the files that lie in one folder, read and written back.
 *
 * Folders in it, links and other things than files are not looked at; `lagan source check` says
 * so.  A file is written back under a private name, which the walk leaves out, and gets its own
 * name when it is complete.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <lagan/source.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 256, PRIVATE_SIZE = 64, TICK_NS = 100000000 };

/* Private files are called like this; a file of a user that is would be left out. */
#define PRIVATE_PREFIX ".lagan-restore-"

static const struct lagan_parameter parameters[] = {
    {.name = "path",
     .type = LAGAN_PARAMETER_PATH,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
     .help = "the folder whose files are protected"},
    {.name = NULL},
};

struct instance {
    char *path;
};

struct handle {
    int folder;
    int writable;
};

/* A walk: the sorted names that were there when it began. */
struct walk {
    const struct handle *handle;
    struct lagan_walk_request request;
    char (*names)[NAME_SIZE];
    size_t count, room, next;
    int root_done;
};

struct reader {
    int fd;
    struct stat opened;
};

struct writer {
    const struct handle *handle;
    int fd;
    uint64_t flags;
    struct lagan_entry entry; /* its pointers are not used */
    char name[NAME_SIZE];
    char private_name[PRIVATE_SIZE];
};

/* ---- errors ---- */

static uint32_t class_of(int number)
{
    static const struct {
        int number;
        uint32_t error_class;
    } classes[] = {
        {ENOENT, LAGAN_NOT_FOUND}, {ENOTDIR, LAGAN_NOT_FOUND},  {EEXIST, LAGAN_EXISTS},
        {EISDIR, LAGAN_EXISTS},    {EACCES, LAGAN_DENIED},      {EPERM, LAGAN_DENIED},
        {EROFS, LAGAN_IMMUTABLE},  {ENOSPC, LAGAN_NO_SPACE},    {EDQUOT, LAGAN_NO_SPACE},
        {EFBIG, LAGAN_LIMIT},      {ENAMETOOLONG, LAGAN_LIMIT}, {ELOOP, LAGAN_CHANGED},
        {ENOMEM, LAGAN_INTERNAL},  {EMFILE, LAGAN_BUSY},        {ENFILE, LAGAN_BUSY},
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

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    uint32_t result = check_flags(
        op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE);
    struct handle *h;
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    if (result != LAGAN_OK)
        return result;
    if (flags & LAGAN_OPEN_INITIALISE && mkdir(i->path, 0700) != 0 && errno != EEXIST)
        return fail_errno(op, i->path);
    h = malloc(sizeof *h);
    if (!h)
        return no_memory(op);
    h->writable = (flags & LAGAN_OPEN_RESTORE) && !(flags & LAGAN_OPEN_READ_ONLY);
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

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    (void)handle;
    (void)op;
    told->sorted = 1;
    told->random_read = 1;
    told->restore = 1;
    return LAGAN_OK;
}

/* ---- entries ---- */

static int is_private(const char *name)
{
    return strncmp(name, PRIVATE_PREFIX, sizeof PRIVATE_PREFIX - 1) == 0;
}

/* What tells one state of a file from the next.  It must fit LAGAN_STAMP_SIZE. */
struct stamp {
    int64_t changed_s, changed_ns, bytes;
    uint64_t inode;
};

/* A file that was changed within the clock's tick may change again without a trace: it has no
 * stamp, and the next backup reads it again. */
static size_t make_stamp(const struct stat *status, struct stamp *stamp)
{
    struct timespec now;
    int64_t age_ns;
    clock_gettime(CLOCK_REALTIME, &now);
    age_ns = (int64_t)(now.tv_sec - status->st_ctim.tv_sec) * 1000000000 +
             (now.tv_nsec - status->st_ctim.tv_nsec);
    *stamp = (struct stamp){.changed_s = (int64_t)status->st_ctim.tv_sec,
                            .changed_ns = status->st_ctim.tv_nsec,
                            .bytes = (int64_t)status->st_size,
                            .inode = (uint64_t)status->st_ino};
    return age_ns > TICK_NS ? sizeof *stamp : 0;
}

static uint32_t type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return LAGAN_ENTRY_FILE;
    case S_IFDIR:
        return LAGAN_ENTRY_DIRECTORY;
    case S_IFLNK:
        return LAGAN_ENTRY_SYMLINK;
    case S_IFCHR:
        return LAGAN_ENTRY_CHARACTER;
    case S_IFBLK:
        return LAGAN_ENTRY_BLOCK;
    case S_IFIFO:
        return LAGAN_ENTRY_FIFO;
    default:
        return LAGAN_ENTRY_SOCKET;
    }
}

/* Hands over the root (an empty name) or what has this name. */
static uint32_t hand_over(const char *name, const struct stat *status,
                          const struct lagan_entry_collector *entries)
{
    struct stamp stamp;
    struct lagan_entry e = {.size = sizeof e, .type = type_of(status->st_mode)};
    e.key = name;
    e.key_size = strlen(name);
    e.present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME;
    e.mode = (uint32_t)status->st_mode & 07777;
    e.user = status->st_uid;
    e.group = status->st_gid;
    e.mtime_s = (int64_t)status->st_mtim.tv_sec;
    e.mtime_ns = (uint32_t)status->st_mtim.tv_nsec;
    if (e.type == LAGAN_ENTRY_FILE) {
        e.present |= LAGAN_HAS_BYTES;
        e.bytes = (uint64_t)status->st_size;
        e.stamp = &stamp;
        e.stamp_size = make_stamp(status, &stamp);
    }
    return entries->add(entries->context, &e);
}

/* Hands over, in its place, that an entry could not be examined. */
static uint32_t hand_over_error(const char *name, const struct lagan_entry_collector *entries)
{
    struct lagan_entry e = {.size = sizeof e, .type = LAGAN_ENTRY_ERROR};
    e.key = name;
    e.key_size = strlen(name);
    e.error_class = class_of(errno);
    e.error_text = strerror(errno);
    return entries->add(entries->context, &e);
}

/* Whether a component could lead anywhere but to what it names. */
static int is_unsafe(const char *component)
{
    return component[0] == '\0' || strchr(component, '/') || strcmp(component, ".") == 0 ||
           strcmp(component, "..") == 0;
}

/* The name of a file from its key, whose components are divided by zeroes: here it has one. */
static uint32_t name_of_key(struct lagan_op *op, const void *key, size_t key_size,
                            char name[NAME_SIZE])
{
    char whole[4 * NAME_SIZE];
    size_t start = 0;
    if (key_size >= sizeof whole)
        return lagan_fail(op, LAGAN_LIMIT, ENAMETOOLONG, "the name is too long");
    memcpy(whole, key, key_size);
    whole[key_size] = '\0';
    for (; start <= key_size; start += strlen(whole + start) + 1)
        if (is_unsafe(whole + start))
            return lagan_fail(op, LAGAN_INVALID, 0, "this is no name of a file");
    if (strlen(whole) != key_size)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there are no folders in this one");
    if (key_size >= NAME_SIZE)
        return lagan_fail(op, LAGAN_LIMIT, ENAMETOOLONG, "the name is too long");
    memcpy(name, whole, key_size + 1);
    return LAGAN_OK;
}

/* ---- walking ---- */

static DIR *open_listing(const struct handle *h)
{
    int fd = openat(h->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !stream)
        close(fd);
    return stream;
}

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int add_name(struct walk *w, const char *name)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 64;
        void *grown = realloc(w->names, room * sizeof *w->names);
        if (!grown)
            return -1;
        w->names = grown;
        w->room = room;
    }
    snprintf(w->names[w->count++], NAME_SIZE, "%s", name);
    return 0;
}

static int in_byte_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

static uint32_t gather(struct lagan_op *op, struct walk *w)
{
    DIR *stream = open_listing(w->handle);
    const struct dirent *entry;
    uint32_t result = LAGAN_OK;
    if (!stream)
        return fail_errno(op, "opening the folder");
    for (errno = 0; result == LAGAN_OK && (entry = readdir(stream)) != NULL; errno = 0) {
        if (lagan_cancelled(op))
            result = LAGAN_CANCELLED;
        else if (!is_dots(entry->d_name) && !is_private(entry->d_name) &&
                 add_name(w, entry->d_name) != 0)
            result = no_memory(op);
    }
    if (result == LAGAN_OK && errno != 0)
        result = fail_errno(op, "reading the folder");
    closedir(stream);
    if (result == LAGAN_OK && w->count > 0)
        qsort(w->names, w->count, sizeof *w->names, in_byte_order);
    return result;
}

static void walk_close(void *walk)
{
    struct walk *w = walk;
    free(w->names);
    free(w);
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    uint32_t result = check_flags(op, request->flags, 0);
    struct walk *w;
    if (result == LAGAN_OK && request->after)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "walks start at the beginning");
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    if (result != LAGAN_OK)
        return result;
    w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->handle = handle;
    w->request = *request;
    result = gather(op, w);
    if (result != LAGAN_OK) {
        walk_close(w);
        return result;
    }
    *walk = w;
    return LAGAN_OK;
}

/* The next name, if it is there, a file and wanted; `*handed` counts what was handed over. */
static uint32_t show_next(struct walk *w, const struct lagan_entry_collector *entries,
                          uint32_t *handed)
{
    const struct lagan_walk_request *r = &w->request;
    const char *name = w->names[w->next++];
    struct stat status;
    int found = fstatat(w->handle->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (found ? !S_ISREG(status.st_mode) : errno == ENOENT)
        return LAGAN_OK;
    if (r->select &&
        r->select(r->select_context, name, strlen(name), LAGAN_ENTRY_FILE) == LAGAN_SELECT_SKIP)
        return LAGAN_OK;
    ++*handed;
    return found ? hand_over(name, &status, entries) : hand_over_error(name, entries);
}

static uint32_t show_root(struct walk *w, struct lagan_op *op,
                          const struct lagan_entry_collector *entries)
{
    struct stat status;
    w->root_done = 1;
    if (fstat(w->handle->folder, &status) != 0) {
        uint32_t result = fail_errno(op, "examining the folder");
        op->error.scope = LAGAN_SCOPE_HANDLE; /* the walk is over */
        return result;
    }
    return hand_over("", &status, entries);
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    uint32_t result = LAGAN_OK, handed = 0;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (!w->root_done)
        return show_root(w, op, entries);
    while (result == LAGAN_OK && w->next < w->count && handed < limit && !lagan_cancelled(op))
        result = show_next(w, entries, &handed);
    if (result != LAGAN_OK || handed > 0)
        return result;
    return lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_END;
}

/* ---- reading ---- */

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    const struct handle *h = handle;
    char name[NAME_SIZE];
    uint32_t result = name_of_key(op, key, key_size, name);
    struct reader *r;
    (void)id; /* the walk gives none */
    (void)id_size;
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    if (result != LAGAN_OK)
        return result;
    r = malloc(sizeof *r);
    if (!r)
        return no_memory(op);
    /* Neither a link is followed nor a FIFO waited for, whatever has taken the file's place. */
    r->fd = openat(h->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &r->opened) != 0)
        result = fail_errno(op, "opening the file");
    else if (!S_ISREG(r->opened.st_mode))
        result = lagan_fail(op, LAGAN_CHANGED, 0, "it is no file any more");
    else
        result = hand_over(name, &r->opened, attributes);
    if (result == LAGAN_OK) {
        *reader = r;
        return LAGAN_OK;
    }
    if (r->fd >= 0)
        close(r->fd);
    free(r);
    return result;
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    const struct reader *r = reader;
    size_t done = 0;
    while (done < size) {
        ssize_t count;
        if (lagan_cancelled(op))
            return LAGAN_CANCELLED;
        count = pread(r->fd, (char *)data + done, size - done, (off_t)(offset + done));
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return fail_errno(op, "reading the file");
        done += count > 0 ? (size_t)count : 0;
    }
    *got = done;
    return LAGAN_OK;
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader *r = reader;
    struct stat now;
    uint32_t result = LAGAN_OK;
    int same;
    if (fstat(r->fd, &now) != 0)
        result = fail_errno(op, "examining the file");
    else if (verdict) {
        same = now.st_size == r->opened.st_size &&
               now.st_mtim.tv_sec == r->opened.st_mtim.tv_sec &&
               now.st_mtim.tv_nsec == r->opened.st_mtim.tv_nsec;
        *verdict = same ? LAGAN_READ_CONSISTENT : LAGAN_READ_CHANGED;
    }
    close(r->fd);
    free(r);
    return result;
}

/* Tells what a backup will not have. */
static uint32_t check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings)
{
    DIR *stream = open_listing(handle);
    const struct dirent *entry;
    struct stat status;
    unsigned files = 0, others = 0;
    char text[96];
    if (!stream)
        return fail_errno(op, "opening the folder");
    while (!lagan_cancelled(op) && (entry = readdir(stream)) != NULL)
        if (!is_dots(entry->d_name) && !is_private(entry->d_name) &&
            fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            files += S_ISREG(status.st_mode);
            others += !S_ISREG(status.st_mode);
        }
    closedir(stream);
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    snprintf(text, sizeof text, "%u files", files);
    findings->add(findings->context, LAGAN_FINDING_OK, text, NULL);
    snprintf(text, sizeof text, "%u things are no files and are left out", others);
    if (others > 0)
        findings->add(findings->context, LAGAN_FINDING_WARNING, text,
                      "protect the whole tree with src_files");
    return LAGAN_OK;
}

/* ---- writing back ---- */

static uint32_t entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes)
{
    const struct handle *h = handle;
    char name[NAME_SIZE] = "";
    uint32_t result = key_size > 0 ? name_of_key(op, key, key_size, name) : (uint32_t)LAGAN_OK;
    struct stat status;
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    if (result != LAGAN_OK)
        return result;
    if (fstatat(h->folder, key_size > 0 ? name : ".", &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno(op, "looking for the file");
    return hand_over(name, &status, attributes);
}

/* What every slot that writes looks at first: names, flags, the handle, the op. */
static uint32_t check_write(const struct handle *h, struct lagan_op *op,
                            const struct lagan_entry *entry, uint64_t flags,
                            char name[NAME_SIZE])
{
    uint32_t result = check_flags(op, flags,
                                  LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                                      LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS |
                                      LAGAN_CREATE_SYNC);
    name[0] = '\0';
    if (result == LAGAN_OK && entry->key_size > 0)
        result = name_of_key(op, entry->key, entry->key_size, name);
    if (result == LAGAN_OK && !h->writable)
        result = lagan_fail(op, LAGAN_DENIED, 0, "it is open for reading only");
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    return result;
}

static uint32_t entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer)
{
    const struct handle *h = handle;
    char name[NAME_SIZE];
    uint64_t number;
    uint32_t result = check_write(h, op, entry, flags, name);
    struct writer *w;
    if (result == LAGAN_OK && entry->type != LAGAN_ENTRY_FILE)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "only files are written here");
    if (result == LAGAN_OK && !(flags & LAGAN_CREATE_REPLACE) &&
        faccessat(h->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        result = lagan_fail(op, LAGAN_EXISTS, 0, "something is there");
    if (result != LAGAN_OK)
        return result;
    w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->handle = h;
    w->flags = flags;
    w->entry = *entry;
    memcpy(w->name, name, sizeof name);
    lagan_random(&number, sizeof number);
    snprintf(w->private_name, PRIVATE_SIZE, PRIVATE_PREFIX "%016llx",
             (unsigned long long)number);
    w->fd = openat(h->folder, w->private_name,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (w->fd < 0) {
        result = fail_errno(op, "creating the file");
        free(w);
        return result;
    }
    *writer = w;
    return LAGAN_OK;
}

static uint32_t write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size)
{
    const struct writer *w = writer;
    const char *from = data;
    while (size > 0) {
        ssize_t count;
        if (lagan_cancelled(op))
            return LAGAN_CANCELLED;
        count = pwrite(w->fd, from, size, (off_t)offset);
        if (count < 0 && errno != EINTR)
            return fail_errno(op, "writing the file");
        from += count > 0 ? count : 0;
        offset += count > 0 ? (uint64_t)count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return LAGAN_OK;
}

/* Without holes: zeroes are written. */
static uint32_t write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    static const char zeroes[64 * 1024];
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && length > 0) {
        size_t size = length < sizeof zeroes ? (size_t)length : sizeof zeroes;
        result = write_at(writer, op, offset, zeroes, size);
        offset += size;
        length -= size;
    }
    return result;
}

/* Pieces of metadata have no place here: each is named as lost. */
static void lose(const struct lagan_metadata *pieces, size_t count,
                 const struct lagan_metadata_collector *lost)
{
    for (size_t i = 0; lost && i < count; i++)
        lost->lost(lost->context, pieces[i].name, "this driver keeps no such metadata");
}

/* Owner, mode and time, in the order in which they do not undo one another. */
static uint32_t apply(struct lagan_op *op, int fd, const struct lagan_entry *e, uint64_t flags,
                      const struct lagan_metadata_collector *lost)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    mode_t mode = (mode_t)(e->mode & (flags & LAGAN_CREATE_UNPRIVILEGED ? 01777 : 07777));
    if (e->present & LAGAN_HAS_OWNER && !(flags & LAGAN_CREATE_NO_OWNERS) &&
        fchown(fd, e->user, e->group) != 0 && lost)
        lost->lost(lost->context, "owner", strerror(errno));
    if (e->present & LAGAN_HAS_MODE && fchmod(fd, mode) != 0)
        return fail_errno(op, "setting the mode");
    if (e->present & LAGAN_HAS_MTIME) {
        times[1].tv_sec = (time_t)e->mtime_s;
        times[1].tv_nsec = (long)e->mtime_ns;
        if (futimens(fd, times) != 0)
            return fail_errno(op, "setting the time");
    }
    return LAGAN_OK;
}

/* Gives the complete file its name, in one step. */
static uint32_t publish(const struct writer *w, struct lagan_op *op)
{
    int folder = w->handle->folder;
    int done = w->flags & LAGAN_CREATE_REPLACE
                   ? renameat(folder, w->private_name, folder, w->name)
                   : linkat(folder, w->private_name, folder, w->name, 0);
    if (done != 0)
        return fail_errno(op, "naming the file");
    if (w->flags & LAGAN_CREATE_SYNC && fsync(folder) != 0)
        return fail_errno(op, "syncing the folder");
    return LAGAN_OK;
}

static void entry_abort(void *writer)
{
    struct writer *w = writer;
    unlinkat(w->handle->folder, w->private_name, 0);
    close(w->fd);
    free(w);
}

static uint32_t entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost)
{
    struct writer *w = writer;
    uint32_t result = lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_OK;
    if (result == LAGAN_OK && ftruncate(w->fd, (off_t)w->entry.bytes) != 0)
        result = fail_errno(op, "setting the length");
    if (result == LAGAN_OK)
        result = apply(op, w->fd, &w->entry, w->flags, lost);
    if (result == LAGAN_OK && w->flags & LAGAN_CREATE_SYNC && fsync(w->fd) != 0)
        result = fail_errno(op, "syncing the file");
    if (result == LAGAN_OK)
        result = publish(w, op);
    if (result == LAGAN_OK)
        lose(pieces, count, lost);
    entry_abort(w); /* the private name is gone, or another name of the file */
    return result;
}

/* There is only the root, and it is there. */
static uint32_t node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost)
{
    char name[NAME_SIZE];
    uint32_t result = check_write(handle, op, entry, flags, name);
    (void)pieces;
    (void)count;
    (void)lost;
    if (result != LAGAN_OK || (entry->type == LAGAN_ENTRY_DIRECTORY && entry->key_size == 0))
        return result;
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "only files are written here");
}

static uint32_t directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost)
{
    const struct handle *h = handle;
    char name[NAME_SIZE];
    uint32_t result = check_write(h, op, entry, flags, name);
    if (result != LAGAN_OK)
        return result;
    if (entry->key_size > 0)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there are no folders in this one");
    lose(pieces, count, lost);
    return apply(op, h->folder, entry, flags, lost);
}

static const struct lagan_source_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .check = check,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = walk_close,
    .entry_open = entry_open,
    .read_at = read_at,
    .entry_close = entry_close,
    .entry_stat = entry_stat,
    .entry_create = entry_create,
    .write_at = write_at,
    .write_zero = write_zero,
    .entry_commit = entry_commit,
    .entry_abort = entry_abort,
    .node_create = node_create,
    .directory_finish = directory_finish,
#ifdef OF_TOMORROW
    .of_tomorrow = {(void *)OF_TOMORROW},
#endif
};

/* Walks, readers and writers share nothing but the folder, which nobody changes. */
static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "src_aged",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "the files of one folder",
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

LAGAN_DRIVER(src_aged, &descriptor)
