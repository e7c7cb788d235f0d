/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_folders.c - folders that flat keys name, made on the way and finished by a second
 * pass, which meets the same folders in the same order: a bit for each says whether it was new.
 */
#include "engine/restore_private.h"

#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

void restore_folders_free(struct restore_folders *f)
{
    buffer_free(&f->path);
    free(f->levels);
    f->levels = NULL;
    f->count = f->room = 0;
}

static struct tree_entry level_entry(const struct restore_folders *f, size_t size)
{
    return (struct tree_entry){.key = f->path.data,
                               .key_size = size,
                               .type = LAGAN_ENTRY_DIRECTORY,
                               .present = LAGAN_HAS_MODE,
                               .mode = 0777 & ~f->job->request->mask};
}

/* Makes a folder; one that something else stands in the way of is reported. */
static int level_make(struct restore_folders *f, struct restore_level *level, struct error *e)
{
    struct restore_job *job = f->job;
    struct tree_entry entry = level_entry(f, level->size);
    bool fresh = f->count > 0 && f->levels[f->count - 1].made;
    enum restore_verdict verdict = VERDICT_CREATE;
    struct lagan_entry target;
    struct error why = ERROR_INIT;
    uint64_t flags = job->request->create_flags;
    int result = restore_decide(job, &entry, fresh, &verdict, &why);
    if (result == 0 && verdict == VERDICT_STOP)
        return restore_stop(&entry, e);
    flags |= verdict == VERDICT_REPLACE ? LAGAN_CREATE_REPLACE : 0;
    entry_from_tree(&entry, &target, NULL, 0);
    if (result == 0 && verdict != VERDICT_KEEP && !job->request->dry_run)
        result = source_node_create(job->request->place, &target, flags, NULL, 0, NULL, &why);
    level->made = result == 0 && (verdict == VERDICT_CREATE || verdict == VERDICT_REPLACE);
    level->blocked = result != 0 || verdict == VERDICT_KEEP;
    if (result != 0)
        return restore_judge(job, &entry, &why, e);
    if (verdict == VERDICT_KEEP)
        restore_warn(job, &entry,
                     "kept, though it is no directory: nothing below it is restored");
    return 0;
}

static int note_bit(struct restore_job *job, size_t at, bool made, struct error *e)
{
    if (at / 8 >= job->folder_bits.size)
        buffer_append_u8(&job->folder_bits, 0);
    if (buffer_check(&job->folder_bits, e) != 0)
        return -1;
    job->folder_bits.data[at / 8] |= (uint8_t)(made << (at % 8));
    return 0;
}

static bool noted_bit(const struct restore_job *job, size_t at)
{
    return at / 8 < job->folder_bits.size &&
           (job->folder_bits.data[at / 8] >> (at % 8) & 1) != 0;
}

static int level_push(struct restore_folders *f, size_t size, struct error *e)
{
    struct restore_level level = {.size = size};
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 16;
        struct restore_level *grown = reallocarray(f->levels, room, sizeof(*grown));
        if (!grown)
            return error_no_memory(e, "folders");
        f->levels = grown;
        f->room = room;
    }
    if (f->finishing) {
        level.made = noted_bit(f->job, f->bit);
    } else {
        level.blocked = f->count > 0 && f->levels[f->count - 1].blocked;
        if (!level.blocked && level_make(f, &level, e) != 0)
            return -1;
        if (note_bit(f->job, f->bit, level.made, e) != 0)
            return -1;
    }
    f->bit++;
    f->levels[f->count++] = level;
    return 0;
}

static int level_finish(struct restore_folders *f, const struct restore_level *level,
                        struct error *e)
{
    struct restore_job *job = f->job;
    struct tree_entry entry = level_entry(f, level->size);
    struct lagan_entry target;
    struct error why = ERROR_INIT;
    entry_from_tree(&entry, &target, NULL, 0);
    if (source_directory_finish(job->request->place, &target, job->request->create_flags, NULL,
                                0, NULL, &why) == 0)
        return 0;
    return restore_judge(job, &entry, &why, e);
}

/* Leaves the folders that do not hold a key. */
static int leave(struct restore_folders *f, const uint8_t *key, size_t size, struct error *e)
{
    while (f->count > 0) {
        const struct restore_level *level = &f->levels[f->count - 1];
        if (key && level->size <= size && memcmp(f->path.data, key, level->size) == 0 &&
            (level->size == size || key[level->size] == 0))
            return 0;
        f->count--;
        if (f->finishing && level->made && level_finish(f, level, e) != 0)
            return -1;
    }
    return 0;
}

int restore_folders_enter(struct restore_folders *f, const struct tree_entry *entry,
                          bool *blocked, bool *fresh, struct error *e)
{
    const uint8_t *key = entry->key;
    size_t size = entry->key_size;
    if (entry->type != LAGAN_ENTRY_DIRECTORY) {
        const uint8_t *end = memrchr(key, 0, size);
        size = end ? (size_t)(end - key) : 0;
    }
    if (leave(f, key, size, e) != 0)
        return -1;
    buffer_clear(&f->path);
    buffer_append(&f->path, key, size);
    if (buffer_check(&f->path, e) != 0)
        return -1;
    size_t known = f->count > 0 ? f->levels[f->count - 1].size : 0;
    while (known < size) {
        size_t start = f->count > 0 ? known + 1 : 0;
        const uint8_t *end = memchr(key + start, 0, size - start);
        known = end ? (size_t)(end - key) : size;
        if (level_push(f, known, e) != 0)
            return -1;
    }
    *blocked = f->count > 0 && f->levels[f->count - 1].blocked;
    *fresh = f->count > 0 && f->levels[f->count - 1].made;
    return 0;
}

static int finish_all(struct restore_folders *f, struct restore_view *view, struct error *e)
{
    struct restore_found found;
    bool blocked, fresh;
    int got;
    while ((got = restore_next(view, &found, e)) == 1) {
        struct reader ignored;
        bool missing = tree_further_find(found.entry, TREE_FURTHER_ERROR, &ignored);
        int result = operation_check(e);
        if (result == 0 && !found.refused && !missing && found.entry->key_size > 0)
            result = restore_folders_enter(f, found.entry, &blocked, &fresh, e);
        tree_entry_free(found.entry);
        if (result != 0)
            return -1;
    }
    return got == 0 ? leave(f, NULL, 0, e) : -1;
}

int restore_folders_finish(struct restore_job *job, struct error *e)
{
    struct restore_folders f = {.job = job, .finishing = true};
    struct restore_view view;
    int result = -1;
    if (restore_view_open(&view, job, e) == 0)
        result = finish_all(&f, &view, e);
    restore_view_close(&view);
    restore_folders_free(&f);
    return result;
}
