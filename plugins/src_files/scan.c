/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c - what is done for a directory: open, list, leave out, and look at each entry.
 */
#include "src_files/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char cache_mark[] = "CACHEDIR.TAG";
/* From the Cache Directory Tagging Specification. */
static const char cache_signature[] = "Signature: 8a477f597d28d172789f06886806bc55";

int scan_reserve(char **buffer, size_t *room, size_t size)
{
    if (size <= *room)
        return 0;
    size_t wanted = *room < 1024 ? 1024 : *room;
    while (wanted < size)
        wanted *= 2;
    char *grown = realloc(*buffer, wanted);
    if (grown == NULL)
        return ENOMEM;
    *buffer = grown;
    *room = wanted;
    return 0;
}

struct step *scan_step_new(const struct branch *parent, const char *name, size_t name_size)
{
    struct step *step = calloc(1, sizeof *step);
    struct branch *branch = calloc(1, sizeof *branch);
    if (step == NULL || branch == NULL) {
        free(step);
        free(branch);
        return NULL;
    }
    branch->parent = parent;
    branch->name = name;
    branch->name_size = name_size;
    if (parent != NULL)
        branch->key_size = parent->key_size + (parent->key_size > 0) + name_size;
    step->branch = branch;
    step->opens = true;
    return step;
}

void scan_branch_free(struct branch *branch)
{
    if (branch == NULL)
        return;
    listing_clear(&branch->listing);
    free(branch);
}

void scan_portion_free(struct portion *portion)
{
    for (size_t i = 0; portion != NULL && i < portion->count; i++)
        free(portion->records[i].link);
    free(portion);
}

void scan_step_free(struct step *step)
{
    if (step == NULL)
        return;
    scan_portion_free(step->portion);
    if (step->opens)
        scan_branch_free(step->branch);
    free(step);
}

void scan_scratch_clear(struct scan_scratch *scratch)
{
    free(scratch->names);
    free(scratch->key);
    memset(scratch, 0, sizeof *scratch);
}

/* Writes the key of `branch` into scratch->key, with room for one more component. */
static int write_key(struct scan_scratch *scratch, const struct branch *branch)
{
    if (scan_reserve(&scratch->key, &scratch->key_room, branch->key_size + UINT16_MAX + 2) != 0)
        return ENOMEM;
    char *end = scratch->key + branch->key_size;
    for (; branch->parent != NULL; branch = branch->parent) {
        end -= branch->name_size;
        memcpy(end, branch->name, branch->name_size);
        if (branch->parent->key_size > 0)
            *--end = 0;
    }
    return 0;
}

static bool on_other_system(const struct scan *scan, const struct attributes *a)
{
    const struct handle *h = scan->handle;
    return h->instance->one_file_system &&
           (a->system_major != h->root_major || a->system_minor != h->root_minor);
}

static bool has_cache_signature(int directory)
{
    char head[sizeof cache_signature - 1];
    struct attributes a;
    /* Looked at before it is opened: opening a device can have effects. */
    if (attributes_read(directory, cache_mark, &a) != 0 || !S_ISREG(a.mode))
        return false;
    int fd = beneath_open_quietly(directory, cache_mark, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    return got == (ssize_t)sizeof head && memcmp(head, cache_signature, sizeof head) == 0;
}

/* Whether a name in the directory says that its content is not wanted. */
static bool is_marked(const struct scan *scan, const struct listing *l, int directory)
{
    const struct instance *instance = scan->handle->instance;
    for (size_t i = 0; i < instance->mark_count; i++)
        if (listing_has(l, instance->marks[i]))
            return true;
    return instance->exclude_caches && listing_has(l, cache_mark) &&
           has_cache_signature(directory);
}

/* Reads the names of a branch.  0 or why not; names read before an error count. */
static int list(struct scan *scan, struct scan_scratch *scratch, struct branch *branch, int fd)
{
    struct handle *h = scan->handle;
    struct attributes a;
    if (branch->parent == NULL && h->only != NULL)
        return listing_add(&branch->listing, h->only, strlen(h->only), DT_UNKNOWN);
    /* Opening may have mounted something. */
    if (h->instance->one_file_system && attributes_read(fd, "", &a) == 0 &&
        on_other_system(scan, &a))
        return 0;
    if (scratch->names == NULL && (scratch->names = malloc(LISTING_BUFFER_BYTES)) == NULL)
        return ENOMEM;
    int error = listing_read(&branch->listing, fd, scratch->names, &scan->stop);
    if (branch->parent != NULL && is_marked(scan, &branch->listing, fd))
        listing_clear(&branch->listing);
    return error;
}

/* The first component of what the walk starts behind. */
static size_t after_component(const struct branch *branch)
{
    const char *end = memchr(branch->after, 0, branch->after_size);
    return end ? (size_t)(end - branch->after) : branch->after_size;
}

/* Opens the branch of `step` and reads its names.  `*folder` stays NULL when it cannot be
 * opened.
 */
static void open_branch(struct scan *scan, struct scan_scratch *scratch, struct step *step,
                        struct folder **folder)
{
    struct branch *branch = step->branch;
    branch->error = beneath_list(scan->handle->beneath, scratch->key, branch->key_size, folder);
    if (branch->error != 0)
        return;
    branch->error = list(scan, scratch, branch, (*folder)->fd);
    if (branch->after != NULL)
        step->first = listing_search(&branch->listing, branch->after, after_component(branch));
    step->bytes += branch->listing.bytes;
}

static uint32_t type_of_listed(uint8_t listed)
{
    struct attributes a = {.mode = DTTOIF(listed)};
    return attributes_type(&a);
}

/* Whether the host wants the entry.  scratch->key holds the branch's key. */
static bool selected(struct scan *scan, struct scan_scratch *scratch,
                     const struct branch *branch, const struct listed *name, uint32_t type)
{
    if (scan->select == NULL)
        return true;
    char *end = scratch->key + branch->key_size;
    if (branch->key_size > 0)
        *end++ = 0;
    memcpy(end, name->text, name->size);
    size_t size = (size_t)(end - scratch->key) + name->size;
    return scan->select(scan->select_context, scratch->key, size, type) != LAGAN_SELECT_SKIP;
}

static int read_link(int directory, struct record *record)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(directory, record->name->text, target, sizeof target);
    if (size < 0)
        return errno == EINVAL ? ESTALE : errno;
    record->link = malloc((size_t)size + 1);
    if (record->link == NULL)
        return ENOMEM;
    memcpy(record->link, target, (size_t)size);
    record->link_size = (size_t)size;
    return 0;
}

/* Prepares going down into a directory. */
static int add_child(const struct scan *scan, const struct branch *branch,
                     struct record *record)
{
    if (on_other_system(scan, &record->attributes))
        return 0;
    struct step *child = scan_step_new(branch, record->name->text, record->name->size);
    if (child == NULL)
        return ENOMEM;
    size_t passed = branch->after ? after_component(branch) : 0;
    if (record->unasked && passed < branch->after_size) {
        child->branch->after = branch->after + passed + 1;
        child->branch->after_size = branch->after_size - passed - 1;
    }
    record->child = child;
    return 0;
}

/* Looks at one entry.  ENOENT when it is not wanted or gone, else 0: what goes wrong is noted
 * in the record.  `error`: of the directory, when that cannot be reached any more. */
static int look(struct scan *scan, struct scan_scratch *scratch, const struct branch *branch,
                int directory, int error, struct record *record)
{
    const struct listed *name = record->name;
    bool known = name->type != DT_UNKNOWN;
    if (error == 0 && name->size > NAME_MAX)
        error = ENAMETOOLONG;
    if (error == 0 && !known)
        error = attributes_read(directory, name->text, &record->attributes);
    uint32_t type = known ? type_of_listed(name->type) : attributes_type(&record->attributes);
    if (error == ENOENT ||
        !selected(scan, scratch, branch, name, error ? LAGAN_ENTRY_ERROR : type))
        return ENOENT;
    if (error == 0 && known)
        error = attributes_read(directory, name->text, &record->attributes);
    if (error == 0 && S_ISLNK(record->attributes.mode))
        error = read_link(directory, record);
    if (error == 0 && S_ISDIR(record->attributes.mode))
        error = add_child(scan, branch, record);
    record->error = error;
    return error == ENOENT ? ENOENT : 0;
}

/* True for a name on the way to the key that the walk starts behind, or that key itself. */
static bool is_passed(const struct branch *branch, const struct listed *name)
{
    if (branch->after == NULL)
        return false;
    size_t size = after_component(branch);
    return name->size == size && memcmp(name->text, branch->after, size) == 0;
}

static void look_at_all(struct scan *scan, struct scan_scratch *scratch, struct step *step,
                        size_t end, const struct folder *folder, int error)
{
    int directory = folder ? folder->fd : -1;
    struct branch *branch = step->branch;
    struct portion *portion = step->portion;
    for (size_t i = step->first; i < end; i++) {
        if (atomic_load_explicit(&scan->stop, memory_order_relaxed))
            return;
        struct record *record = &portion->records[portion->count];
        memset(record, 0, sizeof *record);
        record->name = &branch->listing.names[i];
        record->unasked = is_passed(branch, record->name);
        if (look(scan, scratch, branch, directory, error, record) == 0)
            portion->count++;
    }
}

/* Makes the step that goes on behind `end`. */
static int add_further(struct step *step, size_t end)
{
    if (end == step->branch->listing.count)
        return 0;
    struct step *further = calloc(1, sizeof *further);
    if (further == NULL)
        return ENOMEM;
    further->branch = step->branch;
    further->first = end;
    step->portion->further = further;
    return 0;
}

/* An empty portion for the names up to `end`. */
static int add_portion(struct step *step, size_t end)
{
    size_t bytes = sizeof *step->portion + (end - step->first) * sizeof(struct record);
    step->portion = malloc(bytes);
    if (step->portion == NULL)
        return ENOMEM;
    step->portion->count = 0;
    step->portion->further = NULL;
    step->bytes += bytes;
    return 0;
}

int scan_step_do(struct scan *scan, struct scan_scratch *scratch, struct step *step)
{
    struct branch *branch = step->branch;
    struct folder *folder = NULL;
    int error = 0;
    if (write_key(scratch, branch) != 0)
        return ENOMEM;
    if (step->opens)
        open_branch(scan, scratch, step, &folder);
    else
        error = beneath_folder(scan->handle->beneath, scratch->key, branch->key_size, &folder);
    size_t end = branch->listing.count;
    if (end - step->first > SCAN_PORTION)
        end = step->first + SCAN_PORTION;
    int result = add_portion(step, end);
    if (result == 0) {
        look_at_all(scan, scratch, step, end, folder, error);
        result = add_further(step, end);
    }
    folder_release(folder);
    return result;
}
