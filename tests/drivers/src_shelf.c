/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_shelf.c - a source of a few entries that are made up, for reading alone; built once sound
 * and once for each FAULT under the name MODULE, as tgt_shelf.c is.
 */
#include <lagan/source.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)
#define REGISTER(module, descriptor) LAGAN_DRIVER(module, descriptor)

/*
 * What is wrong with it.
 *
 * - LEAKS: entry_close keeps a descriptor.
 * - SORTS: by paths with slashes in them, so that "a-b" comes before "a/x".
 * - DEAF: nobody looks at the cancellation.
 * - SHORTENS: read_at gives half of what is long, and says OK.
 * - CRASHES: when the end of a long entry is read.
 * - BLOCKS: the same, for ever.
 * - CORRUPTS: each third read_at is wrong in one bit.
 */
enum fault { NONE, LEAKS, SORTS, DEAF, SHORTENS, CRASHES, BLOCKS, CORRUPTS };

static const enum fault fault = FAULT;

enum { LONG_BYTES = 100000, PATH_BYTES = 24 };

struct thing {
    const char *path;
    uint32_t type;
    uint64_t bytes;
};

static const struct thing things[] = {
    {"", LAGAN_ENTRY_DIRECTORY, 0},      {"a", LAGAN_ENTRY_DIRECTORY, 0},
    {"a/x", LAGAN_ENTRY_FILE, 10},       {"a/y", LAGAN_ENTRY_FILE, 4096},
    {"a-b", LAGAN_ENTRY_FILE, 1},        {"a.txt", LAGAN_ENTRY_FILE, 4097},
    {"big", LAGAN_ENTRY_FILE, 700001},   {"d", LAGAN_ENTRY_DIRECTORY, 0},
    {"d/e", LAGAN_ENTRY_DIRECTORY, 0},   {"d/e/f", LAGAN_ENTRY_FILE, 65536},
    {"d/e/g", LAGAN_ENTRY_FILE, 300000}, {"d/h", LAGAN_ENTRY_FILE, 0},
    {"empty", LAGAN_ENTRY_DIRECTORY, 0}, {"fifo", LAGAN_ENTRY_FIFO, 0},
    {"link", LAGAN_ENTRY_SYMLINK, 0},    {"middle", LAGAN_ENTRY_FILE, 5000},
    {"z", LAGAN_ENTRY_DIRECTORY, 0},     {"z/\xff", LAGAN_ENTRY_FILE, 77},
};

enum { THINGS = sizeof things / sizeof things[0] };

struct entry {
    const struct thing *thing;
    char key[PATH_BYTES];
};

struct source {
    struct entry entries[THINGS]; /* in the order of the walk */
    atomic_uint reads;
};

struct walk {
    struct source *source;
    struct lagan_walk_request request;
    char after[PATH_BYTES];
    size_t next;
    bool started;
};

struct reader {
    struct source *source;
    const struct entry *entry;
    int fd; /* of nothing, so that there is something to close */
};

static const struct lagan_parameter parameters[] = {
    {.name = "name",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_BARE,
     .default_value = "shelf",
     .help = "a word without meaning"},
    {.name = NULL},
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

static bool ended(struct lagan_op *op)
{
    return fault != DEAF && lagan_cancelled(op);
}

static uint32_t cancelled(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
}

static int compare(const void *a_key, size_t a_size, const void *b_key, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a_key, b_key, shorter) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static size_t key_size(const struct entry *entry)
{
    return strlen(entry->thing->path);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *one = a, *other = b;
    if (fault == SORTS)
        return strcmp(one->thing->path, other->thing->path);
    return compare(one->key, key_size(one), other->key, key_size(other));
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(op);
    for (size_t i = 0; i < THINGS; i++) {
        s->entries[i].thing = &things[i];
        for (size_t n = 0; things[i].path[n]; n++)
            s->entries[i].key[n] = things[i].path[n] == '/' ? '\0' : things[i].path[n];
    }
    qsort(s->entries, THINGS, sizeof s->entries[0], compare_entries);
    *instance = s;
    return LAGAN_OK;
}

static void instance_free(void *instance)
{
    free(instance);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    (void)instance;
    (void)op;
    (void)row;
    (void)value;
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "it can be read and nothing else");
    if (ended(op))
        return cancelled(op);
    *handle = instance;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    (void)handle;
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    (void)handle;
    (void)op;
    told->sorted = 1;
    told->resume = 1;
    told->random_read = 1;
    return LAGAN_OK;
}

static uint32_t describe(const struct entry *entry, const struct lagan_entry_collector *entries)
{
    const struct thing *thing = entry->thing;
    struct lagan_entry told = {.size = sizeof told,
                               .type = thing->type,
                               .key = entry->key,
                               .key_size = key_size(entry),
                               .stamp = thing->path,
                               .stamp_size = strlen(thing->path),
                               .present = LAGAN_HAS_MODE | LAGAN_HAS_MTIME,
                               .mode = thing->type == LAGAN_ENTRY_DIRECTORY ? 0755 : 0644,
                               .mtime_s = 1600000000};
    if (thing->type == LAGAN_ENTRY_FILE) {
        told.present |= LAGAN_HAS_BYTES;
        told.bytes = thing->bytes;
    }
    if (thing->type == LAGAN_ENTRY_SYMLINK) {
        told.link = "a/x";
        told.link_size = 3;
    }
    return entries->add(entries->context, &told);
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    if (request->flags & UINT32_MAX)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    struct walk *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->source = handle;
    w->request = *request;
    w->request.after = NULL;
    while (request->after && w->next < THINGS &&
           compare(w->source->entries[w->next].key, key_size(&w->source->entries[w->next]),
                   request->after, request->after_size) <= 0)
        w->next++;
    *walk = w;
    return LAGAN_OK;
}

static bool is_below(const struct entry *entry, const struct entry *folder)
{
    size_t size = key_size(folder);
    return key_size(entry) > size && memcmp(entry->key, folder->key, size) == 0 &&
           entry->key[size] == '\0';
}

/* Whether the host wants it; what is below one that it does not want is passed over. */
static bool selected(struct walk *w, const struct entry *entry)
{
    if (!w->request.select || key_size(entry) == 0 ||
        w->request.select(w->request.select_context, entry->key, key_size(entry),
                          entry->thing->type) == LAGAN_SELECT_TAKE)
        return true;
    while (w->next < THINGS && is_below(&w->source->entries[w->next], entry))
        w->next++;
    return false;
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    uint32_t handed = 0;
    while (handed < limit && w->next < THINGS) {
        if (ended(op))
            return cancelled(op);
        const struct entry *entry = &w->source->entries[w->next++];
        if (!selected(w, entry))
            continue;
        uint32_t result = describe(entry, entries);
        if (result != LAGAN_OK)
            return result;
        handed++;
    }
    return handed > 0 ? LAGAN_OK : LAGAN_END;
}

static void walk_close(void *walk)
{
    free(walk);
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    struct source *s = handle;
    const struct entry *found = NULL;
    (void)id;
    for (size_t i = 0; i < THINGS && !found; i++)
        if (compare(s->entries[i].key, key_size(&s->entries[i]), key, size) == 0)
            found = &s->entries[i];
    if (!found)
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "there is no such entry");
    if (found->thing->type != LAGAN_ENTRY_FILE || id_size > 0)
        return lagan_fail(op, LAGAN_CHANGED, 0, "it is no such file");
    uint32_t result = describe(found, attributes);
    if (result != LAGAN_OK)
        return result;
    struct reader *r = malloc(sizeof *r);
    if (!r)
        return no_memory(op);
    *r = (struct reader){s, found, open("/dev/null", O_RDONLY | O_CLOEXEC)};
    *reader = r;
    return LAGAN_OK;
}

static uint8_t byte_of(const struct thing *thing, uint64_t offset)
{
    uint64_t x =
        (offset / 16 + (uint64_t)(thing - things) * 1000003) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)(x >> (offset % 16 * 3 + 8));
}

static volatile int *volatile nowhere;

static void spoil(struct reader *r, uint8_t *data, size_t *size, bool at_the_end)
{
    unsigned number = atomic_fetch_add(&r->source->reads, 1);
    if (fault == CRASHES && at_the_end)
        *nowhere = 1; /* raise() waits where a thread has its signals blocked */
    while (fault == BLOCKS && at_the_end)
        pause();
    if (fault == CORRUPTS && number % 3 == 2 && *size > 0)
        data[*size / 2] ^= 0x10;
    if (fault == SHORTENS && *size > 1000)
        *size /= 2;
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    struct reader *r = reader;
    const struct thing *thing = r->entry->thing;
    uint8_t *bytes = data;
    size_t done = 0;
    if (ended(op))
        return cancelled(op);
    while (done < size && offset + done < thing->bytes) {
        bytes[done] = byte_of(thing, offset + done);
        done++;
    }
    spoil(r, bytes, &done,
          done > 0 && offset + done == thing->bytes && thing->bytes >= LONG_BYTES);
    *got = done;
    return LAGAN_OK;
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader *r = reader;
    (void)op;
    if (verdict)
        *verdict = LAGAN_READ_CONSISTENT;
    if (fault != LEAKS)
        close(r->fd);
    free(r);
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = walk_close,
    .entry_open = entry_open,
    .read_at = read_at,
    .entry_close = entry_close,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = NAME_OF(MODULE),
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "entries that are made up, for tests",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

REGISTER(MODULE, &descriptor)
