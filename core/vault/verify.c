/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - the order of a check's parts, and how they report. */
#include "vault/verify_private.h"

#include "driver/layer_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void verify_found(struct verify *c, const char *object, bool fatal, const struct error *why,
                  const char *const *backups, size_t backup_count)
{
    struct verify_finding f = {.object = object,
                               .fatal = fatal,
                               .why = *why,
                               .backups = backups,
                               .backup_count = backup_count};

    pthread_mutex_lock(&c->lock);
    if (fatal)
        c->result.damaged++;
    else
        c->result.warnings++;
    c->request->found(c->request->context, &f);
    pthread_mutex_unlock(&c->lock);
}

void verify_found_text(struct verify *c, const char *object, bool fatal, enum error_code code,
                       const char *format, ...)
{
    struct error why = ERROR_INIT;
    char text[ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    error_set(&why, LAGAN_CORRUPT, code, "%s", text);
    verify_found(c, object, fatal, &why, NULL, 0);
}

void verify_found_needed(struct verify *c, struct verify_object *object,
                         const struct error *why)
{
    const char **backups = NULL;
    size_t count;

    if (object->reported)
        return;
    object->reported = true;
    count = verify_backups_of(c, object, &backups);
    verify_found(c, object->text, true, why, backups, count);
    free(backups);
}

void verify_fail(struct verify *c, const struct error *why)
{
    pthread_mutex_lock(&c->lock);
    if (!c->failed)
        c->failure = *why;
    c->failed = true;
    pthread_mutex_unlock(&c->lock);
}

bool verify_failed(struct verify *c)
{
    pthread_mutex_lock(&c->lock);
    bool failed = c->failed;
    pthread_mutex_unlock(&c->lock);
    return failed;
}

bool verify_is_finding(struct verify *c, const struct error *why)
{
    if (why->error_class == LAGAN_CORRUPT || why->error_class == LAGAN_IO ||
        why->error_class == LAGAN_NOT_FOUND || why->error_class == LAGAN_INVALID ||
        why->code == ERROR_NEWER_FORMAT || why->code == ERROR_WRONG_KEY)
        return true;
    verify_fail(c, why);
    return false;
}

void verify_progress_add(struct verify *c, uint64_t objects, uint64_t bytes)
{
    pthread_mutex_lock(&c->lock);
    c->progress.objects_done += objects;
    c->progress.bytes_done += bytes;
    if (c->request->progress != NULL)
        c->request->progress(c->request->context, &c->progress);
    pthread_mutex_unlock(&c->lock);
}

void verify_progress_expect(struct verify *c, uint64_t objects, uint64_t bytes)
{
    pthread_mutex_lock(&c->lock);
    c->progress.objects_total += objects;
    c->progress.bytes_total += bytes;
    pthread_mutex_unlock(&c->lock);
}

void verify_progress_one(struct verify *c, uint64_t bytes)
{
    verify_progress_expect(c, 1, bytes);
    verify_progress_add(c, 1, bytes);
}

static int run(struct verify *c, struct error *e)
{
    if (verify_survey(c, e) != 0 || verify_small(c, e) != 0 || verify_seals(c, e) != 0 ||
        verify_needs(c, e) != 0)
        return -1;
    if (c->request->depth >= VERIFY_OBJECTS && verify_objects(c, e) != 0)
        return -1;
    if (c->request->depth < VERIFY_DATA)
        return 0;
    verify_chunk_sort(c);
    return verify_runs(c, e) == 0 ? verify_trees(c, e) : -1;
}

static void clean(struct verify *c)
{
    for (size_t i = 0; i < c->object_count; i++)
        free(c->objects[i].text);
    for (size_t i = 0; i < c->roll_count; i++)
        free(c->rolls[i].packs);
    free(c->objects);
    free(c->rolls);
    free(c->seals);
    free(c->needed);
    free(c->chunks);
    moves_free(&c->moves);
    seal_scan_free(&c->scan);
    pthread_mutex_destroy(&c->lock);
}

int vault_verify(struct vault *v, const struct verify_request *request,
                 struct verify_result *result, struct error *e)
{
    struct verify c = {.vault = v, .request = request, .lock = PTHREAD_MUTEX_INITIALIZER};
    int done;

    if (request->depth == VERIFY_DATA && vault_keys_needed(v, e) == NULL)
        return error_context(e, "checking the data of backups");
    layer_cache_avoid();
    done = run(&c, e);
    layer_cache_allow();
    if (done == 0) {
        c.result.objects = c.progress.objects_done;
        c.result.bytes = c.progress.bytes_done;
        *result = c.result;
    }
    clean(&c);
    return done;
}
