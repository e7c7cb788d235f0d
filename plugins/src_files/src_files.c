/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_files.c - a directory tree of Linux as a source: descriptor, parameters, open and close.
 *
 * Where things are: walk.c hands the tree over, ahead.c and scan.c look at directories before
 * the walk is there; read.c and metadata.c read; write.c, node.c, apply.c and publish.c write
 * back; beneath.c finds what a key names without ever leaving the root.
 */
#include "src_files/ahead.h"
#include "src_files/attributes.h"
#include "src_files/failure.h"
#include "src_files/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { THREADS_LIMIT = 64, USEFUL_PARALLEL = 8 };

enum row {
    ROW_PATH,
    ROW_ONE_FILE_SYSTEM,
    ROW_EXCLUDE_CACHES,
    ROW_EXCLUDE_IF_PRESENT,
    ROW_THREADS,
    ROW_DIRECT
};

static const struct lagan_parameter parameters[] = {
    [ROW_PATH] = {.name = "path",
                  .type = LAGAN_PARAMETER_PATH,
                  .flags =
                      LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                  .help = "the directory, or a single file"},
    [ROW_ONE_FILE_SYSTEM] = {.name = "one-file-system",
                             .type = LAGAN_PARAMETER_BOOL,
                             .default_value = "no",
                             .help = "leave out what is on other file systems"},
    [ROW_EXCLUDE_CACHES] = {.name = "exclude-caches",
                            .type = LAGAN_PARAMETER_BOOL,
                            .default_value = "no",
                            .help = "leave out the content of directories marked by a "
                                    "CACHEDIR.TAG"},
    [ROW_EXCLUDE_IF_PRESENT] = {.name = "exclude-if-present",
                                .type = LAGAN_PARAMETER_TEXT,
                                .flags = LAGAN_PARAMETER_REPEATABLE,
                                .minimum = 1,
                                .maximum = NAME_MAX,
                                .help = "leave out the content of directories that hold a "
                                        "file of this name"},
    [ROW_THREADS] = {.name = "threads",
                     .type = LAGAN_PARAMETER_INTEGER,
                     .flags = LAGAN_PARAMETER_ADVANCED,
                     .default_value = "0",
                     .maximum = THREADS_LIMIT,
                     .help = "threads that read directories ahead; 0 = as suits the disk"},
    [ROW_DIRECT] = {.name = "direct-io",
                    .type = LAGAN_PARAMETER_CHOICE,
                    .flags = LAGAN_PARAMETER_ADVANCED,
                    .default_value = "auto",
                    .choices = "auto|never",
                    .help = "whether long files are restored around the page cache"},
    {.name = NULL},
};

static uint32_t files_instance_new(struct lagan_op *op, void **instance)
{
    struct instance *i = calloc(1, sizeof *i);
    if (i == NULL)
        return failure_memory(op);
    *instance = i;
    return LAGAN_OK;
}

static void files_instance_free(void *instance)
{
    struct instance *i = instance;
    if (i == NULL)
        return;
    for (size_t mark = 0; mark < i->mark_count; mark++)
        free(i->marks[mark]);
    free(i->marks);
    free(i->path);
    free(i);
}

static uint32_t add_mark(struct instance *i, struct lagan_op *op,
                         const struct lagan_value *value)
{
    if (memchr(value->text, '/', value->size) != NULL)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "exclude-if-present takes the name of a file, not a path");
    char **marks = reallocarray(i->marks, i->mark_count + 1, sizeof *marks);
    if (marks == NULL)
        return failure_memory(op);
    i->marks = marks;
    i->marks[i->mark_count] = strndup(value->text, value->size);
    if (i->marks[i->mark_count] == NULL)
        return failure_memory(op);
    i->mark_count++;
    return LAGAN_OK;
}

static uint32_t set_path(struct instance *i, struct lagan_op *op,
                         const struct lagan_value *value)
{
    size_t size = value->size;
    while (size > 1 && value->text[size - 1] == '/')
        size--;
    free(i->path);
    i->path = strndup(value->text, size);
    return i->path ? LAGAN_OK : failure_memory(op);
}

static uint32_t files_configure(void *instance, struct lagan_op *op, uint32_t row,
                                const struct lagan_value *value)
{
    struct instance *i = instance;
    switch ((enum row)row) {
    case ROW_PATH:
        return set_path(i, op, value);
    case ROW_ONE_FILE_SYSTEM:
        i->one_file_system = value->number != 0;
        return LAGAN_OK;
    case ROW_EXCLUDE_CACHES:
        i->exclude_caches = value->number != 0;
        return LAGAN_OK;
    case ROW_EXCLUDE_IF_PRESENT:
        return add_mark(i, op, value);
    case ROW_THREADS:
        i->threads = (unsigned)value->number;
        return LAGAN_OK;
    case ROW_DIRECT:
        i->cached = value->number == 1;
        return LAGAN_OK;
    }
    return lagan_fail(op, LAGAN_INVALID, 0, "no such parameter");
}

/* Opens the directory that a single entry is in, and keeps the entry's name. */
static int open_only(struct handle *h, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent =
        slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    h->only = strdup(slash ? slash + 1 : path);
    h->root = -1;
    if (parent != NULL && h->only != NULL)
        h->root = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = h->root >= 0 ? 0 : parent && h->only ? errno : ENOMEM;
    free(parent);
    return error;
}

/* Opens the root for reading, which may be a link to a directory.  0 or a system error. */
static int open_to_read(struct handle *h, const char *path)
{
    struct stat found;
    h->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (h->root >= 0)
        return 0;
    if (errno != ENOTDIR && errno != ENOENT)
        return errno;
    if (fstatat(AT_FDCWD, path, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    return open_only(h, path);
}

static int open_to_write(struct handle *h, const char *path, bool make)
{
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return errno;
    h->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return h->root >= 0 ? 0 : errno;
}

static void files_close(void *handle)
{
    struct handle *h = handle;
    if (h == NULL)
        return;
    beneath_free(h->beneath);
    owners_free(h->owners);
    free(h->only);
    free(h);
}

/* All that needs the root open. */
static int complete(struct handle *h)
{
    struct attributes a;
    int error = attributes_read(h->root, "", &a);
    h->beneath = beneath_new(h->root);
    h->owners = owners_new();
    if (error != 0)
        return error;
    if (h->beneath == NULL || h->owners == NULL)
        return ENOMEM;
    h->root_major = a.system_major;
    h->root_minor = a.system_minor;
    return 0;
}

static uint32_t files_open(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    uint32_t result = failure_of_flags(
        op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE);
    if (result == LAGAN_OK && lagan_cancelled(op))
        result = lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (result != LAGAN_OK)
        return result;
    struct handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return failure_memory(op);
    h->instance = i;
    h->writable = (flags & LAGAN_OPEN_RESTORE) != 0;
    bool make = (flags & LAGAN_OPEN_INITIALISE) != 0;
    int error = h->writable ? open_to_write(h, i->path, make) : open_to_read(h, i->path);
    if (error == 0)
        error = complete(h);
    if (error == 0) {
        *handle = h;
        return LAGAN_OK;
    }
    files_close(h);
    result = error == ENOTDIR && (flags & LAGAN_OPEN_RESTORE) != 0
                 ? lagan_fail(op, LAGAN_INVALID, error,
                              "cannot restore into %s: it is no directory", i->path)
                 : lagan_fail(op, failure_class(error), error, "cannot open %s: %s", i->path,
                              failure_words(error, (char[96]){0}, 96));
    op->error.scope = LAGAN_SCOPE_INSTANCE;
    return result;
}

static uint32_t files_capabilities(void *handle, struct lagan_op *op,
                                   struct lagan_source_capabilities *capabilities)
{
    (void)handle;
    (void)op;
    capabilities->sorted = 1;
    capabilities->resume = 1;
    capabilities->extents = 1;
    capabilities->random_read = 1;
    capabilities->hard_links = 1;
    capabilities->restore = 1;
    capabilities->sparse_write = 1;
    capabilities->max_parallel = USEFUL_PARALLEL;
    return LAGAN_OK;
}

static uint32_t files_check(void *handle, struct lagan_op *op,
                            const struct lagan_finding_collector *findings)
{
    struct handle *h = handle;
    struct folder *folder;
    char words[96];
    (void)op;
    int error = beneath_list(h->beneath, "", 0, &folder);
    if (error != 0) {
        findings->add(findings->context, LAGAN_FINDING_ERROR,
                      failure_words(error, words, sizeof words),
                      "let the user who runs lagan read the directory");
    } else {
        folder_release(folder);
        findings->add(findings->context, LAGAN_FINDING_OK, "the root can be listed", NULL);
    }
    if (geteuid() != 0)
        findings->add(
            findings->context, LAGAN_FINDING_WARNING,
            "not root: files of others may be unreadable, and owners are not restored",
            "run lagan as root, or with CAP_DAC_READ_SEARCH for backups");
    if (access("/proc/self/fd", X_OK) != 0)
        findings->add(findings->context, LAGAN_FINDING_WARNING,
                      "/proc is not mounted: attributes of links and devices are not captured",
                      "mount -t proc proc /proc");
    return LAGAN_OK;
}

/* Known without looking only when the root is a file system of its own. */
static uint32_t files_estimate(void *handle, struct lagan_op *op, uint64_t *bytes,
                               uint64_t *entries)
{
    const struct handle *h = handle;
    struct attributes a;
    struct statvfs system;
    (void)op;
    *bytes = *entries = 0;
    if (h->only != NULL || attributes_read(h->root, "", &a) != 0 || !a.mounted ||
        fstatvfs(h->root, &system) != 0)
        return LAGAN_OK;
    *bytes = (uint64_t)(system.f_blocks - system.f_bfree) * system.f_frsize;
    *entries = system.f_files - system.f_ffree;
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common =
        {
            .instance_new = files_instance_new,
            .instance_free = files_instance_free,
            .configure = files_configure,
            .open = files_open,
            .close = files_close,
        },
    .capabilities = files_capabilities,
    .check = files_check,
    .estimate = files_estimate,
    .walk_open = files_walk_open,
    .walk_next = files_walk_next,
    .walk_close = files_walk_close,
    .entry_open = files_entry_open,
    .read_at = files_read_at,
    .extents = files_extents,
    .entry_close = files_entry_close,
    .metadata = files_metadata,
    .entry_metadata = files_entry_metadata,
    .entry_stat = files_entry_stat,
    .entry_create = files_entry_create,
    .write_at = files_write_at,
    .write_zero = files_write_zero,
    .entry_commit = files_entry_commit,
    .entry_abort = files_entry_abort,
    .node_create = files_node_create,
    .directory_finish = files_directory_finish,
    .link_create = files_link_create,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = USEFUL_PARALLEL,
    .name = "src_files",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "directory trees of Linux",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(src_files, &descriptor)
