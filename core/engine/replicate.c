/* SPDX-License-Identifier: Apache-2.0 */
/* replicate.c - sets a copy up, and seals what it made. */
#include "engine/replicate_private.h"

#include <config.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/locking.h"

#include <stdlib.h>
#include <string.h>

enum { FROM_MEMORY = 32 << 20, TO_MEMORY = 8 << 20 };

const char *replication_tag(const struct seal *seal, const char *name)
{
    for (size_t i = 0; i < seal->tag_count; i++) {
        if (strcmp(seal->tags[i].name, name) == 0)
            return seal->tags[i].value;
    }
    return NULL;
}

static bool is_of_vault(const struct seal *seal, const uint8_t vault[16])
{
    const char *value = replication_tag(seal, REPLICA_TAG_VAULT);
    uint8_t id[16];

    return value != NULL && text_unhex(value, id, sizeof(id)) == 0 &&
           memcmp(id, vault, sizeof(id)) == 0;
}

static bool is_replica(const struct seal *seal, const uint8_t vault[16], const char *backup)
{
    const char *origin = replication_tag(seal, REPLICA_TAG_ORIGIN);

    return origin != NULL && strcmp(origin, backup) == 0 && is_of_vault(seal, vault);
}

static bool is_before(const struct seal *a, const struct seal *b)
{
    if (a->created_ns != b->created_ns)
        return a->created_ns < b->created_ns;
    return strcmp(a->id, b->id) < 0;
}

const struct seal *replication_find(const struct seal_list *list,
                                    const uint8_t origin_vault[16], const char *backup)
{
    const struct seal *found = NULL;

    for (size_t i = 0; i < list->count; i++) {
        if (is_replica(list->seals[i], origin_vault, backup) &&
            (found == NULL || is_before(list->seals[i], found)))
            found = list->seals[i];
    }
    return found;
}

static const struct seal *find_id(const struct seal_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->seals[i]->id, id) == 0)
            return list->seals[i];
    }
    return NULL;
}

/* The backups of both vaults. */
struct both {
    struct seal_list from, to;
};

static void both_free(struct both *both)
{
    seal_list_free(&both->from);
    seal_list_free(&both->to);
}

/* The newest replica of the same source whose original is there to compare with. */
static void find_parent(const struct both *both, const struct seal *source,
                        const uint8_t origin_vault[16], struct copy_parent *parent)
{
    for (size_t i = both->to.count; i-- > 0;) {
        const struct seal *there = both->to.seals[i];
        const char *origin = replication_tag(there, REPLICA_TAG_ORIGIN);
        if (origin == NULL || !is_of_vault(there, origin_vault) ||
            memcmp(there->source_id, source->source_id, sizeof(there->source_id)) != 0)
            continue;
        parent->origin = find_id(&both->from, origin);
        parent->there = parent->origin != NULL ? there : NULL;
        if (parent->there != NULL)
            return;
    }
}

/* Takes the seal out of the list, for the caller. */
static struct seal *take(struct seal_list *list, const struct seal *seal)
{
    for (size_t i = 0; i < list->count; i++) {
        struct seal *found = list->seals[i];
        if (found != seal)
            continue;
        list->seals[i] = list->seals[--list->count];
        return found;
    }
    return NULL;
}

static int list_both(const struct replication_request *request, struct both *both,
                     const struct seal **source, struct error *e)
{
    if (vault_backups(request->from, &both->from, NULL, NULL, e) != 0 ||
        vault_backups(request->to, &both->to, NULL, NULL, e) != 0)
        return -1;
    *source = find_id(&both->from, request->backup);
    if (*source == NULL)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "the vault '%s' has no backup %s",
                         vault_settings(request->from)->name, request->backup);
    return 0;
}

/* What the seal says of the backup, as the source's does. */

static const char *given_or(const char *given, const char *own)
{
    return given != NULL ? given : own;
}

static int draft_texts(struct seal *seal, const struct seal *source,
                       const struct replication_request *request, struct error *e)
{
    return seal_set_text(&seal->source_driver, source->source_driver, e) != 0 ||
                   seal_set_text(&seal->source_name, source->source_name, e) != 0 ||
                   seal_set_text(&seal->host, source->host, e) != 0 ||
                   seal_set_text(&seal->program, PACKAGE_STRING, e) != 0 ||
                   seal_set_text(&seal->backup_name,
                                 given_or(request->name, source->backup_name), e) != 0 ||
                   seal_set_text(&seal->description,
                                 given_or(request->description, source->description), e) != 0
               ? -1
               : 0;
}

static int draft_pairs(struct seal *seal, const struct seal *source, struct error *e)
{
    for (size_t i = 0; i < source->parameter_count; i++) {
        const struct seal_pair *pair = &source->parameters[i];
        if (seal_add_parameter(seal, pair->name, pair->value, e) != 0)
            return -1;
    }
    for (size_t i = 0; i < source->rule_count; i++) {
        if (seal_add_rule(seal, source->rules[i].name, source->rules[i].value, e) != 0)
            return -1;
    }
    for (size_t i = 0; i < source->tag_count; i++) {
        if (!stamp_is_tag(source->tags[i].name) &&
            seal_add_tag(seal, source->tags[i].name, source->tags[i].value, e) != 0)
            return -1;
    }
    return 0;
}

static int draft_origin(struct seal *seal, const struct replication_request *request,
                        struct error *e)
{
    char vault[2 * 16 + 1];
    char now[CLOCK_TEXT_SIZE];

    text_hex(request->origin_vault, 16, vault);
    clock_format_utc(clock_wall_ns(), now);
    return seal_add_tag(seal, REPLICA_TAG_ORIGIN, request->backup, e) != 0 ||
                   seal_add_tag(seal, REPLICA_TAG_VAULT, vault, e) != 0 ||
                   seal_add_tag(seal, REPLICA_TAG_REGION, request->origin_region, e) != 0 ||
                   seal_add_tag(seal, REPLICA_TAG_TIME, now, e) != 0
               ? -1
               : stamp_tag(request->stamp, clock_wall_ns(), seal, e);
}

static int draft_problems(struct seal *seal, const struct seal *source, struct error *e)
{
    for (size_t i = 0; i < source->problem_count; i++) {
        const struct seal_problem *problem = &source->problems[i];
        if (seal_add_problem(seal, problem->key, problem->key_size, problem->error_class,
                             problem->text, e) != 0)
            return -1;
    }
    seal->problem_total = source->problem_total;
    return 0;
}

static int draft(struct copy_job *job, struct error *e)
{
    const struct seal *source = job->source;
    struct seal *seal = seal_new(e);

    job->seal = seal;
    if (seal == NULL)
        return -1;
    memcpy(seal->source_id, source->source_id, sizeof(seal->source_id));
    memcpy(seal->writer, job->request->writer_id, sizeof(seal->writer));
    seal->start_ns = source->start_ns;
    seal->end_ns = source->end_ns;
    seal->flags = source->flags;
    if (job->parent.there != NULL) {
        seal->has_parent = true;
        memcpy(seal->parent, job->parent.there->hash, sizeof(seal->parent));
    }
    if (draft_texts(seal, source, job->request, e) != 0 || draft_pairs(seal, source, e) != 0 ||
        draft_problems(seal, source, e) != 0)
        return -1;
    return draft_origin(seal, job->request, e);
}

static int open_session(struct copy_job *job, unsigned threads, struct error *e)
{
    const struct replication_request *request = job->request;
    struct session_request session = {.writer_id = request->writer_id,
                                      .source_id = job->source->source_id,
                                      .host = request->host,
                                      .parent = job->parent.there,
                                      .threads = threads};

    if (session_begin(request->to, &session, &job->session, e) != 0)
        return -1;
    /* A parent that cannot be built upon is none. */
    if (!session_has_parent(job->session))
        job->parent = (struct copy_parent){NULL, NULL};
    job->write = session_access(job->session);
    return 0;
}

static int open_trees(struct copy_job *job, struct error *e)
{
    const struct replication_request *request = job->request;

    if (store_open(request->from, FROM_MEMORY, &job->from, e) != 0)
        return -1;
    job->read = store_access(job->from);
    if (job->parent.there != NULL) {
        if (store_open(request->to, TO_MEMORY, &job->to, e) != 0)
            return -1;
        job->older = store_access(job->to);
        job->cursor = tree_cursor_new(&job->older, &job->parent.there->root, e);
        if (job->cursor == NULL)
            return -1;
    }
    job->content = content_builder_new(&job->write, e);
    job->tree = job->content != NULL
                    ? tree_builder_new(&job->write, vault_node_key(request->to), e)
                    : NULL;
    return job->tree != NULL ? 0 : -1;
}

static int open_items(struct copy_job *job, unsigned threads, struct error *e)
{
    size_t count = threads + COPY_ITEMS_BESIDE_WORKERS;

    job->items = calloc(count, sizeof(*job->items));
    if (job->items == NULL)
        return error_no_memory(e, "a copy's items");
    for (size_t i = 0; i < count; i++) {
        job->items[i] = calloc(1, sizeof(*job->items[i]));
        if (job->items[i] == NULL)
            return error_no_memory(e, "a copy's items");
        job->items[i]->job = job;
        job->item_count++;
    }
    job->pool = pool_new(threads, count, e);
    job->pipe = job->pool != NULL ? pipe_new(job->pool, count, copy_item_read, e) : NULL;
    return job->pipe != NULL ? 0 : -1;
}

static int job_open(struct copy_job *job, struct error *e)
{
    unsigned threads = job->request->threads ? job->request->threads : pool_processors();

    job->progress.entries_total = job->source->root.entries;
    job->progress.bytes_total = job->source->root.bytes;
    return open_session(job, threads, e) != 0 || draft(job, e) != 0 ||
                   open_trees(job, e) != 0 || open_items(job, threads, e) != 0
               ? -1
               : 0;
}

static void job_close(struct copy_job *job)
{
    pipe_free(job->pipe);
    pool_free(job->pool);
    tree_builder_free(job->tree);
    content_builder_free(job->content);
    tree_cursor_free(job->cursor);
    session_free(job->session);
    store_close(job->from);
    store_close(job->to);
    for (size_t i = 0; i < job->item_count; i++) {
        buffer_free(&job->items[i]->data);
        free(job->items[i]);
    }
    free(job->items);
    buffer_free(&job->further);
    buffer_free(&job->metadata);
    tree_entry_free(job->entry);
    seal_free(job->seal);
}

/* A replica has everything that its source has, or it is none. */
static int check_root(const struct copy_job *job, struct error *e)
{
    const struct tree_root *ours = &job->seal->root, *source = &job->source->root;

    if (ours->entries == source->entries && ours->bytes == source->bytes)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the backup %s says that it has %llu entries with %llu bytes; found were "
                     "%llu with %llu",
                     job->source->id, (unsigned long long)source->entries,
                     (unsigned long long)source->bytes, (unsigned long long)ours->entries,
                     (unsigned long long)ours->bytes);
}

static int job_seal(struct copy_job *job, struct replication_result *result, struct error *e)
{
    struct seal_counters *counters = &job->seal->counters;
    struct session_counters stored;

    if (tree_builder_finish(job->tree, &job->seal->root, e) != 0 || check_root(job, e) != 0 ||
        session_flush(job->session, e) != 0)
        return -1;
    session_counters(job->session, &stored);
    counters->bytes_read = job->bytes_read;
    counters->chunks_new = stored.chunks_new;
    counters->bytes_new = stored.bytes_new;
    counters->bytes_stored = stored.bytes_stored;
    if (job->request->pass && job->request->pass(job->request->context, 0, e) != 0)
        return -1;
    if (session_seal(job->session, job->seal, e) != 0)
        return -1;
    result->bytes_read = job->bytes_read;
    result->bytes_new = stored.bytes_new;
    result->bytes_sent = stored.bytes_stored;
    return 0;
}

static int copy(const struct replication_request *request, const struct both *both,
                const struct seal *source, struct replication_result *result, struct error *e)
{
    struct copy_job job = {.request = request, .source = source};
    int done = -1;

    atomic_init(&job.failed, false);
    find_parent(both, source, request->origin_vault, &job.parent);
    if (job_open(&job, e) == 0 && copy_walk(&job, e) == 0 && job_seal(&job, result, e) == 0) {
        result->seal = job.seal;
        job.seal = NULL;
        done = 0;
    }
    job_close(&job);
    return done;
}

/* Somebody else, who did not know of us, may have made the same: one of both goes. */
static int settle(const struct replication_request *request, struct replication_result *result,
                  struct error *e)
{
    struct seal_list list = {NULL, 0};
    int done = 0;

    if (vault_backups(request->to, &list, NULL, NULL, e) != 0)
        return -1;
    const struct seal *first = replication_find(&list, request->origin_vault, request->backup);
    if (first != NULL && strcmp(first->name, result->seal->name) != 0) {
        done = vault_backup_delete(request->to, result->seal, request->writer_id,
                                   "the replica was made twice", e);
        if (done != 0 && e->code == ERROR_BACKUP_LOCKED) {
            *e = ERROR_INIT; /* then there are two of them, for a while */
            done = 0;
        }
        seal_free(result->seal);
        result->seal = done == 0 ? take(&list, first) : NULL;
    }
    seal_list_free(&list);
    return done;
}

static void note_parent(const struct both *both, struct replication_result *result)
{
    const struct seal *seal = result->seal;

    for (size_t i = 0; seal->has_parent && i < both->to.count; i++) {
        const struct seal *other = both->to.seals[i];
        if (memcmp(other->hash, seal->parent, sizeof(seal->parent)) == 0)
            memcpy(result->parent, other->id, sizeof(result->parent));
    }
}

int replication_run(const struct replication_request *request,
                    struct replication_result *result, struct error *e)
{
    struct replication_result made = {.seal = NULL};
    struct both both = {{NULL, 0}, {NULL, 0}};
    const struct seal *source = NULL;
    int done = -1;

    if (list_both(request, &both, &source, e) != 0)
        goto out;
    made.bytes = source->root.bytes;
    made.seal =
        take(&both.to, replication_find(&both.to, request->origin_vault, request->backup));
    made.found = made.seal != NULL;
    if (!made.found &&
        (locking_admits(request->to, request->stamp, e) != 0 ||
         copy(request, &both, source, &made, e) != 0 || settle(request, &made, e) != 0))
        goto out;
    if (made.found) {
        made.bytes_new = made.seal->counters.bytes_new;
        made.bytes_sent = made.seal->counters.bytes_stored;
    }
    note_parent(&both, &made);
    *result = made;
    made.seal = NULL;
    done = 0;
out:
    seal_free(made.seal);
    both_free(&both);
    return done;
}
