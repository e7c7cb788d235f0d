/* SPDX-License-Identifier: Apache-2.0 */
/* layer.c - stacks of layers: which of them a stack has, and the way of a call through them. */
#include "driver/layer.h"

#include "base/buffer.h"
#include "base/object.h"
#include "driver/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct layer_kind *const kinds[] = {
#define X(name) &layer_##name,
    LAYERS(X)
#undef X
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct layer_stack {
    uint32_t magic; /* STACK_MAGIC */
    struct layer_place place;
    char *identity; /* of the place */
    struct layer_settings settings;
    struct layer layers[KINDS];
    size_t count;
};

enum { STACK_MAGIC = 0x6c617973 };

uint32_t layer_next(struct layer *self, struct call *c)
{
    struct layer *next = self->next;
    return next ? next->kind->call(next, c) : call_execute(self->place->ops, c);
}

/* Adds a layer behind those there are. */
static int add(struct layer_stack *stack, const struct layer_kind *kind, struct error *e)
{
    struct layer *layer = &stack->layers[stack->count];
    *layer = (struct layer){.kind = kind, .place = &stack->place};
    if (kind->make && kind->make(&stack->settings, &stack->place, &layer->state, e) < 0)
        return error_context(e, "driver %s", stack->place.driver);
    if (stack->count > 0)
        stack->layers[stack->count - 1].next = layer;
    stack->count++;
    return 0;
}

static int fill(struct layer_stack *stack, const struct layer_settings *settings,
                const struct layer_place *place, struct error *e)
{
    stack->place = *place;
    if (layer_settings_copy(settings, &stack->settings, e) < 0)
        return -1;
    stack->identity = place->identity ? strdup(place->identity) : NULL;
    if (place->identity && !stack->identity)
        return error_no_memory(e, "the layers of a driver");
    stack->place.identity = stack->identity;
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i]->wanted(&stack->settings, &stack->place) && add(stack, kinds[i], e) < 0)
            return -1;
    return 0;
}

struct layer_stack *layer_stack_new(const struct layer_settings *settings,
                                    const struct layer_place *place, struct error *e)
{
    struct layer_stack *stack = calloc(1, sizeof *stack);
    if (!stack) {
        error_no_memory(e, "the layers of a driver");
        return NULL;
    }
    stack->magic = STACK_MAGIC;
    if (fill(stack, settings, place, e) == 0)
        return stack;
    layer_stack_free(stack);
    return NULL;
}

int layer_stack_open(const struct instance *i, const struct layer_place *place,
                     struct layer_stack **stack, struct error *e)
{
    struct buffer identity CLEANUP_BUFFER = BUFFER_INIT;
    struct layer_place known = *place;
    struct layer_stack *made = NULL;
    if (instance_layers(i)) {
        if (instance_identity(i, &identity, e) < 0)
            return -1;
        buffer_append_u8(&identity, 0);
        if (buffer_check(&identity, e) < 0)
            return -1;
        known.identity = (const char *)identity.data;
        made = layer_stack_new(instance_layers(i), &known, e);
        if (!made)
            return -1;
    }
    *stack = made;
    return 0;
}

void layer_stack_free(struct layer_stack *stack)
{
    if (!stack)
        return;
    OBJECT_CHECK(stack, STACK_MAGIC);
    for (size_t i = 0; i < stack->count; i++)
        if (stack->layers[i].kind->free)
            stack->layers[i].kind->free(stack->layers[i].state);
    layer_settings_free(&stack->settings);
    free(stack->identity);
    stack->magic = 0;
    free(stack);
}

uint32_t layer_stack_call(struct layer_stack *stack, struct call *c)
{
    struct layer *first = stack->layers;
    return stack->count > 0 ? first->kind->call(first, c) : call_execute(stack->place.ops, c);
}

void layer_stack_describe(const struct layer_stack *stack, char *text, size_t room)
{
    size_t used = 0;
    OBJECT_CHECK(stack, STACK_MAGIC);
    text[0] = '\0';
    for (size_t i = 0; i < stack->count && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "",
                                 stack->layers[i].kind->name);
}
