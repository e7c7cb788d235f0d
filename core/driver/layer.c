/* SPDX-License-Identifier: Apache-2.0 */
/* layer.c - stacks of layers: which of them a stack has, and the way of a call through them. */
#include "driver/layer.h"

#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>

static const struct layer_kind *const kinds[] = {
#define X(name) &layer_##name,
    LAYERS(X)
#undef X
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct layer_stack {
    uint32_t magic; /* STACK_MAGIC */
    struct layer_place place;
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

struct layer_stack *layer_stack_new(const struct layer_settings *settings,
                                    const struct layer_place *place, struct error *e)
{
    struct layer_stack *stack = calloc(1, sizeof *stack);
    if (!stack) {
        error_no_memory(e, "the layers of a driver");
        return NULL;
    }
    stack->magic = STACK_MAGIC;
    stack->place = *place;
    int result = layer_settings_copy(settings, &stack->settings, e);
    for (size_t i = 0; i < KINDS && result == 0; i++)
        if (kinds[i]->wanted(&stack->settings, &stack->place))
            result = add(stack, kinds[i], e);
    if (result == 0)
        return stack;
    layer_stack_free(stack);
    return NULL;
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
