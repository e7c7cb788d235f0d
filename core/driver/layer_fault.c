/* SPDX-License-Identifier: Apache-2.0 */
/* layer_fault.c - makes calls fail on purpose: see layer_fault.h for the rules. */
#include "driver/layer_fault.h"

#include "driver/layer_reply.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A rule with the calls that it has met. */
struct counted_rule {
    struct fault_rule rule;
    const char *text; /* as written */
    atomic_ullong calls;
};

struct fault {
    size_t count;
    struct counted_rule rules[];
};

/* The first rule that makes this call fail, or NULL; all of them count it. */
static const struct counted_rule *strike(struct fault *f, const char *driver,
                                         enum call_verb verb)
{
    const struct counted_rule *struck = NULL;
    for (size_t i = 0; i < f->count; i++) {
        struct counted_rule *r = &f->rules[i];
        if (fault_rule_fits(&r->rule, driver, verb) &&
            fault_rule_strikes(&r->rule, atomic_fetch_add(&r->calls, 1) + 1) && !struck)
            struck = r;
    }
    return struck;
}

static uint32_t fault_call(struct layer *self, struct call *c)
{
    const struct counted_rule *struck;
    uint32_t result;
    if (!c->op)
        return layer_next(self, c);
    struck = strike(self->state, self->place->driver, c->verb);
    if (!struck)
        return layer_next(self, c);
    if (!struck->rule.takes_effect)
        return layer_refuse(self, c, struck->rule.error_class, struck->rule.outcome,
                            "a fault on purpose (%s)", struck->text);
    result = layer_next(self, c);
    if (result != LAGAN_OK)
        return result;
    if (call_verb_flags(c->verb) & CALL_MAKES)
        layer_unmake(self, c);
    return layer_fail(c->op, struck->rule.error_class, struck->rule.outcome,
                      "a fault on purpose (%s)", struck->text);
}

static bool fault_wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)place;
    return settings->fault.count > 0;
}

static int fault_make(const struct layer_settings *settings, const struct layer_place *place,
                      void **state, struct error *e)
{
    const struct layer_list *texts = &settings->fault;
    struct fault *f = calloc(1, sizeof *f + texts->count * sizeof f->rules[0]);
    (void)place;
    if (!f)
        return error_no_memory(e, "rules of faults");
    for (; f->count < texts->count; f->count++) {
        struct counted_rule *r = &f->rules[f->count];
        r->text = texts->items[f->count];
        if (fault_rule_parse(r->text, &r->rule, e) != 0) {
            free(f);
            return -1;
        }
    }
    *state = f;
    return 0;
}

const struct layer_kind layer_fault = {
    .name = "fault",
    .wanted = fault_wanted,
    .make = fault_make,
    .free = free,
    .call = fault_call,
};
