/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_prefix.c - puts a prefix in front of every key of a target, so that several can share
 * one store.  The prefix is a folder: what lies below it is ours, and nothing else shows.
 */
#include "driver/layer_reply.h"
#include "driver/target.h"

#include <stdlib.h>
#include <string.h>

/* A key with its prefix; longer than any that a driver gets. */
enum { MAPPED_SIZE = LAGAN_KEY_LIMIT + 1 };

struct prefix {
    size_t length;
    char text[]; /* ends with a slash */
};

/* False when the result would be longer than a key may be. */
static bool map(const struct prefix *p, const char *key, char mapped[MAPPED_SIZE])
{
    size_t length = strlen(key);
    if (length > LAGAN_KEY_LIMIT - p->length)
        return false;
    memcpy(mapped, p->text, p->length);
    memcpy(mapped + p->length, key, length + 1);
    return true;
}

static uint32_t too_long(struct layer *self, struct call *c)
{
    const struct prefix *p = self->state;
    return layer_refuse(self, c, LAGAN_LIMIT, LAGAN_OUTCOME_NOT_DONE,
                        "with the prefix \"%s\" the key is longer than %d bytes", p->text,
                        LAGAN_KEY_LIMIT);
}

/* A call with one key; puts the caller's back. */
static uint32_t with_key(struct layer *self, struct call *c, const char **key)
{
    const char *own = *key;
    char mapped[MAPPED_SIZE];
    uint32_t result;
    if (!map(self->state, own, mapped))
        return too_long(self, c);
    *key = mapped;
    result = layer_next(self, c);
    *key = own;
    return result;
}

static uint32_t with_two_keys(struct layer *self, struct call *c)
{
    const char *own = c->with.copy.from;
    char mapped[MAPPED_SIZE];
    uint32_t result;
    if (!map(self->state, own, mapped))
        return too_long(self, c);
    c->with.copy.from = mapped;
    result = with_key(self, c, &c->with.copy.to);
    c->with.copy.from = own;
    return result;
}

/* A listing whose keys lose their prefix. */
struct unmapped {
    const struct prefix *prefix;
    const struct lagan_object_collector *objects;
    bool foreign; /* the driver shows what was not asked for */
};

static uint32_t add_unmapped(void *context, const struct lagan_object *object)
{
    struct unmapped *u = context;
    struct lagan_object shown = {0};
    size_t size = object->size < sizeof shown ? object->size : sizeof shown;
    memcpy(&shown, object, size);
    if (!shown.key || strncmp(shown.key, u->prefix->text, u->prefix->length) != 0) {
        u->foreign = true;
        return LAGAN_CORRUPT;
    }
    shown.key += u->prefix->length;
    return u->objects->add(u->objects->context, &shown);
}

static uint32_t list(struct layer *self, struct call *c)
{
    struct unmapped unmapped = {.prefix = self->state, .objects = c->with.list.objects};
    struct lagan_object_collector collector = {.context = &unmapped, .add = add_unmapped};
    struct call below = *c;
    char prefix[MAPPED_SIZE];
    char start_after[MAPPED_SIZE] = "";
    uint32_t result;
    if (!map(self->state, c->with.list.prefix, prefix) ||
        (c->with.list.start_after[0] != '\0' &&
         !map(self->state, c->with.list.start_after, start_after)))
        return too_long(self, c);
    below.with.list.prefix = prefix;
    below.with.list.start_after = start_after;
    below.with.list.objects = &collector;
    result = layer_next(self, &below);
    if (unmapped.foreign)
        return layer_fail(c->op, LAGAN_CORRUPT, LAGAN_OUTCOME_NOT_DONE,
                          "the listing shows objects that were not asked for");
    return result;
}

static uint32_t prefix_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_PUT:
        return with_key(self, c, &c->with.put.key);
    case CALL_STAGE_COMMIT:
        return with_key(self, c, &c->with.stage_commit.key);
    case CALL_GET:
        return with_key(self, c, &c->with.get.key);
    case CALL_STAT:
        return with_key(self, c, &c->with.stat.key);
    case CALL_REMOVE:
        return with_key(self, c, &c->with.remove.key);
    case CALL_MULTIPART_BEGIN:
        return with_key(self, c, &c->with.multipart_begin.key);
    case CALL_COPY:
    case CALL_RENAME:
        return with_two_keys(self, c);
    case CALL_LIST:
        return list(self, c);
    default:
        return layer_next(self, c);
    }
}

static bool prefix_wanted(const struct layer_settings *settings,
                          const struct layer_place *place)
{
    return settings->prefix[0] != '\0' && place->kind == LAGAN_KIND_TARGET;
}

static int prefix_make(const struct layer_settings *settings, const struct layer_place *place,
                       void **state, struct error *e)
{
    size_t length = strlen(settings->prefix);
    struct prefix *p;
    (void)place;
    if (length > 0 && settings->prefix[length - 1] == '/')
        length--;
    p = malloc(sizeof *p + length + 2);
    if (!p)
        return error_no_memory(e, "a prefix");
    memcpy(p->text, settings->prefix, length);
    p->text[length] = '\0';
    if (!target_key_is_valid(p->text)) {
        free(p);
        return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                         "prefix = \"%s\": not the name of a folder of objects; allowed are "
                         "a-z, 0-9, \".\", \"_\", \"-\", with \"/\" between the parts",
                         settings->prefix);
    }
    memcpy(p->text + length, "/", 2);
    p->length = length + 1;
    *state = p;
    return 0;
}

const struct layer_kind layer_prefix = {
    .name = "prefix",
    .wanted = prefix_wanted,
    .make = prefix_make,
    .free = free,
    .call = prefix_call,
};
