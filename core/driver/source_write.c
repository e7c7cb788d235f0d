/* SPDX-License-Identifier: Apache-2.0 */
/* source_write.c - writing entries back into a source that is opened to be restored. */
#include "base/object.h"
#include "driver/source_private.h"

#include <stdlib.h>
#include <string.h>

struct entry_writer {
    uint32_t magic; /* WRITER_MAGIC */
    struct source *source;
    void *writer; /* the driver's */
};

enum { WRITER_MAGIC = 0x77726974 };

int source_entry_stat(struct source *s, const void *key, size_t key_size,
                      const struct lagan_entry_collector *attributes, struct error *e)
{
    struct call c = {.verb = CALL_ENTRY_STAT, .with.entry_stat = {key, key_size, attributes}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->entry_stat)
        return source_lacks(s, "stat", e);
    return operation_end(&o, source_call(s, &o, &c), e, "stat");
}

static int create(struct entry_writer *w, const struct lagan_entry *entry, uint64_t flags,
                  struct error *e)
{
    struct source *s = w->source;
    struct call c = {.verb = CALL_ENTRY_CREATE,
                     .with.entry_create = {entry, flags, &w->writer}};
    struct operation o;
    if (!s->capabilities.restore)
        return source_lacks(s, "create", e);
    return operation_end(&o, source_call(s, &o, &c), e, "create");
}

struct entry_writer *source_entry_create(struct source *s, const struct lagan_entry *entry,
                                         uint64_t flags, struct error *e)
{
    struct entry_writer *w;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    w = calloc(1, sizeof *w);
    if (!w) {
        error_no_memory(e, "an entry to be written");
        return NULL;
    }
    w->magic = WRITER_MAGIC;
    w->source = s;
    if (create(w, entry, flags, e) < 0) {
        free(w);
        return NULL;
    }
    return w;
}

int entry_writer_write(struct entry_writer *w, uint64_t offset, const void *data, size_t size,
                       struct error *e)
{
    struct call c = {
        .verb = CALL_WRITE_AT, .object = w->writer, .with.write_at = {offset, data, size}};
    struct operation o;
    OBJECT_CHECK(w, WRITER_MAGIC);
    return operation_end(&o, source_call(w->source, &o, &c), e, "write");
}

int entry_writer_zero(struct entry_writer *w, uint64_t offset, uint64_t length, struct error *e)
{
    struct call c = {
        .verb = CALL_WRITE_ZERO, .object = w->writer, .with.write_zero = {offset, length}};
    struct operation o;
    OBJECT_CHECK(w, WRITER_MAGIC);
    return operation_end(&o, source_call(w->source, &o, &c), e, "write");
}

int entry_writer_commit(struct entry_writer *w, const struct lagan_metadata *pieces,
                        size_t count, const struct lagan_metadata_collector *lost,
                        struct error *e)
{
    struct call c = {.verb = CALL_ENTRY_COMMIT,
                     .object = w->writer,
                     .with.entry_commit = {pieces, count, lost}};
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(w, WRITER_MAGIC);
    result = source_enter(w->source, &o);
    if (result != LAGAN_OK) {
        entry_writer_abort(w);
        return operation_end(&o, result, e, "finish");
    }
    result = operation_leave(&o, source_call_entered(w->source, &o, &c));
    w->magic = 0;
    free(w);
    return operation_end(&o, result, e, "finish");
}

void entry_writer_abort(struct entry_writer *w)
{
    if (!w)
        return;
    OBJECT_CHECK(w, WRITER_MAGIC);
    struct call c = {.verb = CALL_ENTRY_ABORT, .object = w->writer};
    source_release(w->source, &c);
    w->magic = 0;
    free(w);
}

int source_node_create(struct source *s, const struct lagan_entry *entry, uint64_t flags,
                       const struct lagan_metadata *pieces, size_t count,
                       const struct lagan_metadata_collector *lost, struct error *e)
{
    struct call c = {.verb = CALL_NODE_CREATE,
                     .with.node = {entry, flags, pieces, count, lost}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->capabilities.restore)
        return source_lacks(s, "create", e);
    return operation_end(&o, source_call(s, &o, &c), e, "create");
}

int source_directory_finish(struct source *s, const struct lagan_entry *entry, uint64_t flags,
                            const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost, struct error *e)
{
    struct call c = {.verb = CALL_DIRECTORY_FINISH,
                     .with.node = {entry, flags, pieces, count, lost}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->capabilities.restore)
        return source_lacks(s, "finish", e);
    return operation_end(&o, source_call(s, &o, &c), e, "finish");
}

int source_link_create(struct source *s, const void *key, size_t key_size, const void *existing,
                       size_t existing_size, uint64_t flags, struct error *e)
{
    struct call c = {.verb = CALL_LINK_CREATE,
                     .with.link_create = {key, key_size, existing, existing_size, flags}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->link_create)
        return source_lacks(s, "link", e);
    return operation_end(&o, source_call(s, &o, &c), e, "link");
}

bool source_same_store(const char *place, const char *other)
{
    const char *end = strrchr(place, '/');
    const char *other_end = strrchr(other, '/');
    return end && other_end && end - place == other_end - other &&
           memcmp(place, other, (size_t)(end - place)) == 0;
}

int source_place_name(struct source *s, char *name, struct error *e)
{
    char told[SOURCE_PLACE_SIZE] = "";
    struct call c = {.verb = CALL_PLACE_NAME, .with.place_name = {told, sizeof told}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->place_name)
        return source_lacks(s, "place-name", e);
    if (operation_end(&o, source_call(s, &o, &c), e, "place-name") < 0)
        return -1;
    told[sizeof told - 1] = 0;
    memcpy(name, told, sizeof told);
    return 0;
}

int source_entry_copy(struct source *s, const struct source_original *from,
                      const struct lagan_entry *entry, uint64_t flags,
                      const struct lagan_metadata *pieces, size_t count,
                      const struct lagan_metadata_collector *made, struct error *e)
{
    struct call c = {.verb = CALL_ENTRY_COPY,
                     .with.entry_copy = {from->place, from->key, from->key_size, from->id,
                                         from->id_size, entry, flags, pieces, count, made}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->entry_copy || !s->capabilities.copy)
        return source_lacks(s, "copy", e);
    return operation_end(&o, source_call(s, &o, &c), e, "copy");
}

int source_entry_remove(struct source *s, const void *key, size_t key_size, struct error *e)
{
    struct call c = {.verb = CALL_ENTRY_REMOVE, .with.entry_remove = {key, key_size, 0}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->entry_remove || !s->capabilities.remove)
        return source_lacks(s, "remove", e);
    return operation_end(&o, source_call(s, &o, &c), e, "remove");
}
