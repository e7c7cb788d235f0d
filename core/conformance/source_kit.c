/* SPDX-License-Identifier: Apache-2.0 */
/* source_kit.c - opening a source for a case, and what many of its cases ask of it. */
#include "conformance/source_kit.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Everything that is kept hangs here, so that it does not count as lost. */
struct kept {
    struct kept *next;
    max_align_t data[];
};
static struct kept *kept;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

void *source_memory(size_t size)
{
    struct kept *made = calloc(1, sizeof *made + size);
    if (!made)
        abort();
    pthread_mutex_lock(&kept_lock);
    made->next = kept;
    kept = made;
    pthread_mutex_unlock(&kept_lock);
    return made->data;
}

void *source_copy(const void *data, size_t size)
{
    uint8_t *made = source_memory(size + 1);
    if (size > 0)
        memcpy(made, data, size);
    return made;
}

const char *source_key_text(const void *key, size_t key_size)
{
    static _Thread_local char texts[4][160];
    static _Thread_local unsigned next;
    char *text = texts[next++ % 4];
    struct buffer shown = BUFFER_INIT;
    const uint8_t *bytes = key;
    /* The zero byte between components is a slash to people. */
    for (size_t i = 0; i < key_size && i < 100; i++)
        if (bytes[i] == 0)
            buffer_append_u8(&shown, '/');
        else
            text_escape(&shown, bytes + i, 1);
    size_t size = shown.size < sizeof texts[0] - 1 ? shown.size : sizeof texts[0] - 1;
    if (size > 0)
        memcpy(text, shown.data, size);
    memcpy(text + size, "", 1);
    buffer_free(&shown);
    return key_size > 0 ? text : "the root";
}

int source_compare_keys(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

bool source_is_filled(struct trial *t)
{
    const struct lagan_source_ops *ops = trial_source(t);
    return !t->request->safe && ops->entry_create && ops->entry_commit && ops->node_create &&
           trial_place(t);
}

static void ask_capabilities(struct source_work *w, struct opened *o)
{
    struct call c;
    uint32_t result;
    w->told.size = sizeof w->told;
    call_begin(w->t, o, &c, "capabilities");
    result = call_end(w->t, &c, w->ops->capabilities(o->handle, &c.operation.op, &w->told));
    EXPECT_OK(w->t, result, "source.h, capabilities");
}

static struct source_work *work_new(struct trial *t)
{
    struct source_work *w = source_memory(sizeof *w);
    *w = (struct source_work){.t = t,
                              .ops = trial_source(t),
                              .content_type =
                                  source_is_flat(t) ? LAGAN_ENTRY_OBJECT : LAGAN_ENTRY_FILE};
    return w;
}

struct source_work *work_with(struct trial *t, uint64_t flags)
{
    struct source_work *w = work_new(t);
    struct opened *o = trial_open(t, flags);
    if (flags & LAGAN_OPEN_RESTORE)
        w->writer = o;
    else
        w->reader = o;
    ask_capabilities(w, o);
    return w;
}

void work_end(struct source_work *w)
{
    /* The second handle is one of the first one's instance. */
    if (w->reader)
        trial_close(w->t, w->reader);
    if (w->writer)
        trial_close(w->t, w->writer);
    w->reader = w->writer = NULL;
}

/* Finds out with what kind of content the place can do something, without a trace. */
static bool takes_content(struct source_work *w)
{
    static const uint32_t types[] = {LAGAN_ENTRY_FILE, LAGAN_ENTRY_OBJECT, LAGAN_ENTRY_VOLUME};
    bool flat = source_is_flat(w->t);
    /* A place of one entry may have a name for it. */
    static const char *const names[] = {"probe", "output"};
    for (size_t type = flat; type < sizeof types / sizeof types[0]; type++)
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            struct lagan_entry entry = {.size = sizeof entry,
                                        .type = types[type],
                                        .key = names[name],
                                        .key_size = strlen(names[name]),
                                        .present = LAGAN_HAS_BYTES};
            void *writer;
            if (work_create(w, &entry, 0, &writer) == LAGAN_OK) {
                work_abort(w, writer);
                w->content_type = types[type];
                return true;
            }
        }
    return false;
}

struct source_work *work_empty(struct trial *t)
{
    struct source_work *w;
    if (!trial_source(t)->entry_create)
        trial_skip(t, "the driver does not write back");
    if (!source_is_filled(t))
        trial_skip(t, t->request->safe ? "the place is in use"
                                       : "no parameter says where to write");
    w = work_with(t, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE);
    if (!w->told.restore)
        trial_skip(t, "the source says that it cannot restore");
    if (!takes_content(w))
        trial_skip(t, "the place takes none of the entries that the suite has");
    w->reader = trial_open_beside(t, w->writer, LAGAN_OPEN_READ_ONLY);
    return w;
}

struct source_work *work_filled(struct trial *t)
{
    struct source_work *w = work_empty(t);
    source_stock_list(w, &w->stock);
    source_things_write(w, &w->stock);
    return w;
}

struct source_work *work_on_content(struct trial *t)
{
    return source_is_filled(t) ? work_filled(t) : work_with(t, LAGAN_OPEN_READ_ONLY);
}

struct source_items work_walk_all(struct source_work *w, const struct lagan_walk_request *how,
                                  uint32_t limit)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_items items = {.t = w->t};
    uint32_t result = LAGAN_OK;
    void *walk;
    EXPECT_OK(w->t, work_walk_open(w, how ? how : &plain, &walk), "source.h, walk_open");
    while (result == LAGAN_OK)
        result = work_walk_next(w, walk, limit, &items);
    expect_class(w->t, result, LAGAN_END, "source.h, walk_next");
    work_walk_close(w, walk);
    for (size_t i = 1; i < items.count; i++) {
        const struct lagan_entry *last = &items.list[i - 1].entry;
        const struct lagan_entry *entry = &items.list[i].entry;
        int order = source_compare_keys(last->key, last->key_size, entry->key, entry->key_size);
        EXPECT(w->t, order < 0, "source.h, Keys",
               order == 0 ? "%s comes twice (%s)" : "%s comes before %s, and sorts behind it",
               source_key_text(last->key, last->key_size),
               source_key_text(entry->key, entry->key_size));
    }
    return items;
}

size_t source_items_find(const struct source_items *items, const void *key, size_t key_size)
{
    for (size_t i = 0; i < items->count; i++)
        if (source_compare_keys(items->list[i].entry.key, items->list[i].entry.key_size, key,
                                key_size) == 0)
            return i;
    return SIZE_MAX;
}

bool source_is_flat(struct trial *t)
{
    return (t->driver->descriptor.traits & LAGAN_TRAIT_FLAT) != 0;
}

bool source_has_content(const struct lagan_entry *entry)
{
    return entry->type == LAGAN_ENTRY_FILE || entry->type == LAGAN_ENTRY_OBJECT ||
           entry->type == LAGAN_ENTRY_VOLUME;
}

const struct lagan_entry *source_items_content(const struct source_items *items, uint64_t bytes)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct lagan_entry *entry = &items->list[i].entry;
        if (source_has_content(entry) && !(entry->flags & LAGAN_ENTRY_STREAM) &&
            entry->bytes >= bytes)
            return entry;
    }
    return NULL;
}

uint8_t *work_read_all(struct source_work *w, const struct lagan_entry *entry, size_t step,
                       size_t *size)
{
    struct source_items attributes = {.t = w->t};
    size_t room = 2 * step + (size_t)entry->bytes, got = step;
    uint8_t *data = source_memory(room);
    uint32_t verdict = LAGAN_READ_CONSISTENT;
    void *reader;
    *size = 0;
    EXPECT_OK(w->t,
              work_open(w, entry->key, entry->key_size, entry->id, entry->id_size, &attributes,
                        &reader),
              "source.h, entry_open");
    while (got == step) {
        if (room - *size < step) {
            uint8_t *grown = source_memory(room *= 2);
            memcpy(grown, data, *size);
            data = grown;
        }
        EXPECT_OK(w->t, work_read(w, reader, *size, data + *size, step, &got),
                  "source.h, read_at");
        *size += got;
    }
    EXPECT_OK(w->t, work_close(w, reader, &verdict), "source.h, entry_close");
    if (verdict == LAGAN_READ_CONSISTENT && !(entry->flags & LAGAN_ENTRY_STREAM) &&
        (attributes.list[0].entry.present & LAGAN_HAS_BYTES))
        EXPECT(w->t, *size == attributes.list[0].entry.bytes, "source.h, read_at",
               "%s has %zu bytes when it is read, and said %llu",
               source_key_text(entry->key, entry->key_size), *size,
               (unsigned long long)attributes.list[0].entry.bytes);
    return data;
}
