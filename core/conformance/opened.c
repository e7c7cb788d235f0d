/* SPDX-License-Identifier: Apache-2.0 */
/* opened.c - instances and handles for cases, at the place that the request names. */
#include "conformance/trial_private.h"

#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_LIMIT = 4096 };

/* Whether the suite makes a place beside the one that was named. */
static bool has_own_place(const struct trial *t)
{
    /* What cannot be written to has its content where it was said to be. */
    if (t->driver->descriptor.kind == LAGAN_KIND_SOURCE && !t->driver->ops.source.entry_create)
        return false;
    return t->kind->own_place && !t->request->safe && t->suffix[0] != '\0';
}

/* The value in `word` when it is for the parameter `row`, or NULL.  As instance_set_word
 * decides it. */
static const char *value_for(const struct lagan_parameter *row, const char *word)
{
    size_t size = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (word[size] == '=' && word[0] >= 'a' && word[0] <= 'z')
        return strlen(row->name) == size && strncmp(word, row->name, size) == 0
                   ? word + size + 1
                   : NULL;
    return row->flags & LAGAN_PARAMETER_BARE ? word : NULL;
}

/* `value` with the case's own suffix, into `place`. */
static void own_place(const struct trial *t, const struct lagan_parameter *row,
                      const char *value, char place[PLACE_LIMIT])
{
    const char *joint = row->type == LAGAN_PARAMETER_PATH ? "/" : "-";
    if (!has_own_place(t))
        joint = "";
    snprintf(place, PLACE_LIMIT, "%s%s%s", value, joint, has_own_place(t) ? t->suffix : "");
}

const char *trial_place(struct trial *t)
{
    static char place[PLACE_LIMIT];
    const struct lagan_parameter *row =
        driver_parameter_marked(t->driver, LAGAN_PARAMETER_PLACE);
    for (size_t i = 0; row && i < t->request->word_count; i++) {
        const char *value = value_for(row, t->request->words[i]);
        if (value) {
            own_place(t, row, value, place);
            return place;
        }
    }
    return NULL;
}

const char *trial_place_path(struct trial *t)
{
    const struct lagan_parameter *row =
        driver_parameter_marked(t->driver, LAGAN_PARAMETER_PLACE);
    return row && row->type == LAGAN_PARAMETER_PATH ? trial_place(t) : NULL;
}

/* Gives the instance all words; `place` replaces what names the place, unless it is NULL. */
static int set_words(struct trial *t, struct instance *i, const char *place, struct error *e)
{
    const struct lagan_parameter *row =
        driver_parameter_marked(t->driver, LAGAN_PARAMETER_PLACE);
    for (size_t n = 0; n < t->request->word_count; n++) {
        const char *word = t->request->words[n];
        int result = row && value_for(row, word)
                         ? instance_set(i, row->name, place ? place : trial_place(t), e)
                         : instance_set_word(i, word, e);
        if (result < 0)
            return -1;
    }
    return 0;
}

static struct instance *make_instance(struct trial *t, const char *place, struct error *e)
{
    struct instance *i;
    trial_asked("instance_new, configure, configured, start");
    trial_tick(t);
    i = instance_new(t->driver, e);
    if (i && (set_words(t, i, place, e) < 0 || instance_ready(i, e) < 0)) {
        instance_free(i);
        i = NULL;
    }
    trial_tick(t);
    return i;
}

struct instance *trial_instance(struct trial *t, const char *place)
{
    struct error e = ERROR_INIT;
    struct instance *i = make_instance(t, place, &e);
    EXPECT(t, i, "driver.h, Life of an instance", "%s", e.text);
    return i;
}

static uint32_t ask_capabilities(struct trial *t, struct opened *o)
{
    struct call c;
    if (t->driver->descriptor.kind != LAGAN_KIND_TARGET)
        return LAGAN_OK;
    call_begin(t, o, &c, "capabilities");
    o->capabilities = (struct lagan_target_capabilities){.size = sizeof o->capabilities};
    return call_end(
        t, &c, trial_target(t)->capabilities(o->handle, &c.operation.op, &o->capabilities));
}

/* Outside of safe runs and of reading the place is made when it is not there. */
uint64_t trial_flags(struct trial *t, uint64_t flags)
{
    uint64_t ways = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE;
    if (!(flags & ways) && t->kind->flags_for)
        flags |= t->kind->flags_for(t);
    if (t->request->safe || (flags & LAGAN_OPEN_READ_ONLY) != 0)
        return flags;
    return flags | LAGAN_OPEN_INITIALISE;
}

static uint32_t open_handle(struct trial *t, struct instance *i, bool owner, uint64_t flags,
                            struct opened **result)
{
    struct opened *o = calloc(1, sizeof *o);
    struct error e = ERROR_INIT;
    ASSERT(o);
    trial_asked("open");
    trial_tick(t);
    if (instance_open(i, trial_flags(t, flags), &o->handle, &e) < 0) {
        call_note_error(&e);
        if (owner)
            instance_free(i);
        free(o);
        return e.error_class;
    }
    o->instance = i;
    o->owner = owner;
    pthread_mutex_init(&o->own, NULL);
    o->lock = driver_lock(t->driver, &o->own);
    EXPECT_OK(t, ask_capabilities(t, o), "target.h, capabilities");
    *result = o;
    return LAGAN_OK;
}

uint32_t trial_try_open(struct trial *t, uint64_t flags, struct opened **o)
{
    struct error e = ERROR_INIT;
    struct instance *i = make_instance(t, NULL, &e);
    if (!i) {
        call_note_error(&e);
        return e.error_class;
    }
    return open_handle(t, i, true, flags, o);
}

struct opened *trial_open(struct trial *t, uint64_t flags)
{
    struct opened *o = NULL;
    EXPECT_OK(t, trial_try_open(t, flags, &o), "driver.h, open");
    return o;
}

struct opened *trial_open_beside(struct trial *t, struct opened *o, uint64_t flags)
{
    struct opened *beside = NULL;
    EXPECT_OK(t, open_handle(t, o->instance, false, flags, &beside), "driver.h, open");
    return beside;
}

void trial_close(struct trial *t, struct opened *o)
{
    struct call c;
    call_begin(t, o, &c, "close");
    trial_common(t)->close(o->handle);
    call_end(t, &c, LAGAN_OK);
    if (o->owner) {
        trial_asked("stop, instance_free");
        instance_free(o->instance);
    }
    trial_tick(t);
    pthread_mutex_destroy(&o->own);
    free(o);
}
