/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_make.c - directories, made on the way down: at once when they are taken, and when the
 * first entry below them is taken when they only lie on the way.
 */
#include "engine/restore_private.h"

#include <stdlib.h>
#include <string.h>

void restore_maker_free(struct restore_maker *m)
{
    while (m->waiting_count > 0)
        tree_entry_free(m->waiting[--m->waiting_count]);
    free(m->waiting);
    free(m->fresh);
}

bool restore_maker_is_fresh(const struct restore_maker *m, const struct tree_entry *entry)
{
    struct tree_entry fresh = {.key = m->fresh, .key_size = m->fresh_size};
    return m->has_fresh && restore_holds(&fresh, entry);
}

static int remember_fresh(struct restore_maker *m, const struct tree_entry *entry,
                          struct error *e)
{
    uint8_t *copy = malloc(entry->key_size + 1);
    if (!copy)
        return error_no_memory(e, "a directory's name");
    memcpy(copy, entry->key, entry->key_size);
    free(m->fresh);
    m->fresh = copy;
    m->fresh_size = entry->key_size;
    m->has_fresh = true;
    return restore_keys_add(&m->job->made, entry->key, entry->key_size, e);
}

/* Looks at what is there and makes the directory unless `*verdict` is against it. */
static int make(struct restore_maker *m, const struct tree_entry *entry,
                enum restore_verdict *verdict, struct error *e)
{
    struct restore_job *job = m->job;
    struct lagan_entry target;
    uint64_t flags = job->request->create_flags;
    bool fresh = restore_maker_is_fresh(m, entry);
    if (restore_decide(job, entry, fresh, verdict, e) != 0)
        return -1;
    if (*verdict == VERDICT_KEEP || *verdict == VERDICT_STOP)
        return 0;
    if (*verdict == VERDICT_REPLACE)
        flags |= LAGAN_CREATE_REPLACE;
    entry_from_tree(entry, &target, NULL, 0);
    /* One that is there is opened for us, should an earlier attempt have closed it. */
    if (!job->request->dry_run &&
        source_node_create(job->request->place, &target, flags, NULL, 0, NULL, e) != 0)
        return -1;
    return fresh || *verdict == VERDICT_EQUAL ? 0 : remember_fresh(m, entry, e);
}

/* Makes one directory; what is reported sets `*blocked`. */
static int enter_one(struct restore_maker *m, const struct tree_entry *entry,
                     const struct tree_entry **blocked, struct error *e)
{
    struct restore_job *job = m->job;
    enum restore_verdict verdict = VERDICT_CREATE;
    struct error why = ERROR_INIT;
    int result = make(m, entry, &verdict, &why);
    if (result == 0 && verdict == VERDICT_STOP)
        return restore_stop(entry, e);
    if (result != 0 && entry->key_size == 0) { /* the place itself */
        *e = why;
        return -1;
    }
    if (result != 0 && restore_judge(job, entry, &why, e) != 0)
        return -1;
    if (result == 0)
        restore_count(job, entry, verdict, 0);
    if (result == 0 && verdict != VERDICT_KEEP)
        return 0;
    if (result == 0)
        restore_warn(job, entry,
                     "kept, though it is no directory: nothing below it is restored");
    *blocked = entry;
    return restore_keys_add(&job->blocked, entry->key, entry->key_size, e);
}

/* Forgets the directories that wait and do not hold `entry`. */
static void unwind(struct restore_maker *m, const struct tree_entry *entry)
{
    while (m->waiting_count > 0 && !restore_holds(m->waiting[m->waiting_count - 1], entry))
        tree_entry_free(m->waiting[--m->waiting_count]);
    if (m->waiting_made > m->waiting_count)
        m->waiting_made = m->waiting_count;
}

int restore_maker_wait(struct restore_maker *m, struct tree_entry *directory, struct error *e)
{
    unwind(m, directory);
    if (m->waiting_count == m->waiting_room) {
        size_t room = m->waiting_room ? m->waiting_room * 2 : 16;
        struct tree_entry **grown = reallocarray(m->waiting, room, sizeof(*grown));
        if (!grown) {
            tree_entry_free(directory);
            return error_no_memory(e, "directories");
        }
        m->waiting = grown;
        m->waiting_room = room;
    }
    m->waiting[m->waiting_count++] = directory;
    return 0;
}

int restore_maker_enter(struct restore_maker *m, const struct tree_entry *entry,
                        const struct tree_entry **blocked, struct error *e)
{
    *blocked = NULL;
    unwind(m, entry);
    while (m->waiting_made < m->waiting_count && !*blocked) {
        if (enter_one(m, m->waiting[m->waiting_made], blocked, e) != 0)
            return -1;
        m->waiting_made++;
    }
    if (*blocked || entry->type != LAGAN_ENTRY_DIRECTORY)
        return 0;
    return enter_one(m, entry, blocked, e);
}
