/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_directories.c - the second pass: each directory gets its attributes when everything
 * below it is done.  The pass keeps the directories of one path, no more.
 */
#include "engine/restore_private.h"

#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

/* Directories whose end has not been reached, outermost first. */
struct directory_stack {
    struct tree_entry **entries;
    size_t count, room;
};

static bool directory_holds(const struct tree_entry *directory, const struct tree_entry *entry)
{
    if (directory->key_size == 0)
        return true;
    return entry->key_size > directory->key_size && entry->key[directory->key_size] == 0 &&
           memcmp(entry->key, directory->key, directory->key_size) == 0;
}

static int directory_finish(struct restore_job *job, const struct tree_entry *entry,
                            struct error *e)
{
    struct restore_metadata metadata;
    struct restore_lost lost = {job, entry};
    struct lagan_metadata_collector collector = restore_lost_collector(&lost);
    struct lagan_entry target;
    struct error why = ERROR_INIT;
    int result = restore_metadata_load(job, entry, &metadata, &why);
    entry_from_tree(entry, &target, NULL, 0);
    if (result == 0) {
        result =
            source_directory_finish(job->request->place, &target, job->request->create_flags,
                                    metadata.pieces, metadata.count, &collector, &why);
        restore_metadata_free(&metadata);
    }
    /* One that could not be made was reported then. */
    if (result != 0 && why.scope == LAGAN_SCOPE_ITEM) {
        if (why.error_class != LAGAN_NOT_FOUND)
            restore_problem(job, entry, &why);
        return 0;
    }
    if (result != 0)
        *e = why;
    return result;
}

/* Finishes the directories that do not hold `next` (NULL = all). */
static int stack_unwind(struct restore_job *job, struct directory_stack *stack,
                        const struct tree_entry *next, struct error *e)
{
    while (stack->count > 0 &&
           (!next || !directory_holds(stack->entries[stack->count - 1], next))) {
        struct tree_entry *entry = stack->entries[--stack->count];
        int result = directory_finish(job, entry, e);
        tree_entry_free(entry);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int stack_push(struct directory_stack *stack, struct tree_entry *entry, struct error *e)
{
    if (stack->count == stack->room) {
        size_t room = stack->room ? stack->room * 2 : 64;
        struct tree_entry **entries =
            reallocarray(stack->entries, room, sizeof(struct tree_entry *));
        if (!entries)
            return error_no_memory(e, "directories");
        stack->entries = entries;
        stack->room = room;
    }
    stack->entries[stack->count++] = entry;
    return 0;
}

static int directories_run(struct restore_job *job, struct tree_cursor *cursor,
                           struct directory_stack *stack, struct error *e)
{
    struct tree_entry *entry = NULL;
    int got = 0;
    while ((got = restore_next(job, cursor, &entry, e)) == 1) {
        int result = operation_check(e);
        bool directory = entry->type == LAGAN_ENTRY_DIRECTORY;
        if (result == 0 && directory)
            result = stack_unwind(job, stack, entry, e);
        if (result == 0 && directory)
            result = stack_push(stack, entry, e);
        if (result != 0 || !directory)
            tree_entry_free(entry);
        if (result != 0)
            return -1;
    }
    return got == 0 ? stack_unwind(job, stack, NULL, e) : -1;
}

int restore_directories(struct restore_job *job, struct error *e)
{
    const struct restore_request *request = job->request;
    struct directory_stack stack = {0};
    int result = -1;
    struct tree_cursor *cursor = tree_cursor_new(&job->access, &request->seal->root, e);
    if (cursor && (request->top_key_size == 0 ||
                   tree_cursor_seek(cursor, request->top_key, request->top_key_size, e) == 0))
        result = directories_run(job, cursor, &stack, e);
    while (stack.count > 0)
        tree_entry_free(stack.entries[--stack.count]);
    free(stack.entries);
    tree_cursor_free(cursor);
    return result;
}
