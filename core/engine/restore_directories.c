/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_directories.c - the second pass: each directory gets its attributes when everything
 * below it is done.  The pass keeps the directories of one path, no more.
 */
#include "engine/restore_private.h"

#include "driver/operation.h"

#include <stdlib.h>

/* One whose end has not been reached. */
struct directory {
    struct tree_entry *entry;
    bool passed;
};

/* Outermost first. */
struct directory_stack {
    struct directory *directories;
    size_t count, room;
};

static int directory_finish(struct restore_job *job, const struct directory *directory,
                            struct error *e)
{
    const struct tree_entry *entry = directory->entry;
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
    /* Those that nothing was taken of were not made. */
    if (result == 0 || (directory->passed && why.error_class == LAGAN_NOT_FOUND))
        return 0;
    return restore_judge(job, entry, &why, e);
}

/* Finishes the directories that do not hold `next` (NULL = all). */
static int stack_unwind(struct restore_job *job, struct directory_stack *stack,
                        const struct tree_entry *next, struct error *e)
{
    while (stack->count > 0 &&
           (!next || !restore_holds(stack->directories[stack->count - 1].entry, next))) {
        struct directory *directory = &stack->directories[--stack->count];
        int result = directory_finish(job, directory, e);
        tree_entry_free(directory->entry);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int stack_push(struct directory_stack *stack, const struct directory *directory,
                      struct error *e)
{
    if (stack->count == stack->room) {
        size_t room = stack->room ? stack->room * 2 : 64;
        struct directory *grown =
            reallocarray(stack->directories, room, sizeof(*stack->directories));
        if (!grown)
            return error_no_memory(e, "directories");
        stack->directories = grown;
        stack->room = room;
    }
    stack->directories[stack->count++] = *directory;
    return 0;
}

/* Whether this restore gives the directory its attributes: not when something else is there,
 * nor when it only lies on the way and was there before. */
static bool directory_is_ours(struct restore_job *job, const struct directory *directory)
{
    const struct tree_entry *entry = directory->entry;
    if (entry->type != LAGAN_ENTRY_DIRECTORY ||
        restore_keys_hold(&job->blocked, entry->key, entry->key_size))
        return false;
    return !directory->passed || restore_keys_hold(&job->made, entry->key, entry->key_size);
}

static int directories_run(struct restore_job *job, struct restore_view *view,
                           struct directory_stack *stack, struct error *e)
{
    struct restore_found found;
    int got = 0;
    while ((got = restore_next(view, &found, e)) == 1) {
        struct directory next = {found.entry, found.passed};
        int result = operation_check(e);
        bool ours = directory_is_ours(job, &next);
        if (result == 0 && ours)
            result = stack_unwind(job, stack, next.entry, e);
        if (result == 0 && ours)
            result = stack_push(stack, &next, e);
        if (result != 0 || !ours)
            tree_entry_free(next.entry);
        if (result != 0)
            return -1;
    }
    return got == 0 ? stack_unwind(job, stack, NULL, e) : -1;
}

int restore_directories(struct restore_job *job, struct error *e)
{
    struct directory_stack stack = {0};
    struct restore_view view;
    int result = -1;
    if (restore_place_is_flat(job))
        return 0;
    if (job->way == RESTORE_TO_FILES)
        return restore_folders_finish(job, e);
    if (restore_view_open(&view, job, e) == 0)
        result = directories_run(job, &view, &stack, e);
    while (stack.count > 0)
        tree_entry_free(stack.directories[--stack.count].entry);
    free(stack.directories);
    restore_view_close(&view);
    return result;
}
