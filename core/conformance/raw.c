/* SPDX-License-Identifier: Apache-2.0 */
/* raw.c - the driver's common slots, called one by one. */
#include "conformance/raw.h"

#include "base/object.h"
#include "driver/secret.h"
#include "driver/value.h"

#include <stdlib.h>
#include <string.h>

struct raw raw_new(struct trial *t)
{
    struct raw r = {.trial = t};
    struct call c;
    call_begin(t, NULL, &c, "instance_new");
    EXPECT_OK(t, call_end(t, &c, trial_common(t)->instance_new(&c.operation.op, &r.instance)),
              "driver.h, instance_new");
    return r;
}

/* The value of a row: the request's, else the default; NULL = none.  `*next`: where to go on
 * for a row that may repeat. */
static const char *value_of(struct trial *t, const struct lagan_parameter *row, size_t *next)
{
    size_t size = strlen(row->name);
    if (row->flags & LAGAN_PARAMETER_PLACE && *next == 0) {
        *next = t->request->word_count;
        return trial_place(t) ? trial_place(t) : row->default_value;
    }
    while (*next < t->request->word_count) {
        const char *word = t->request->words[(*next)++];
        size_t name = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
        if (word[name] == '=' && word[0] >= 'a' && word[0] <= 'z') {
            if (name == size && strncmp(word, row->name, size) == 0)
                return word + size + 1;
        } else if (row->flags & LAGAN_PARAMETER_BARE) {
            return word;
        }
    }
    return NULL;
}

/* Hands over one value, in memory that is gone afterwards. */
static void configure(struct raw *r, uint32_t row, const char *text)
{
    struct trial *t = r->trial;
    const struct lagan_parameter *parameter = &t->driver->parameters[row];
    struct lagan_value told = {.type = parameter->type};
    struct secret_text secret = {0};
    struct error e = ERROR_INIT;
    struct value value = {0};
    char *copy = NULL;
    struct call c;
    EXPECT(t, value_parse(parameter, text, &value, &e) == 0, "driver.h, struct lagan_parameter",
           "%s", e.text);
    if (parameter->type == LAGAN_PARAMETER_SECRET)
        EXPECT(t, secret_text_read(value.text, &secret, &e) == 0,
               "driver.h, LAGAN_PARAMETER_SECRET", "%s", e.text);
    told.number = value.number;
    told.size = (uint32_t)(secret.data ? secret.size : value.size);
    if (value.text) {
        copy = malloc(told.size + 1U);
        ASSERT(copy);
        memcpy(copy, secret.data ? secret.data : value.text, told.size + 1U);
        told.text = copy;
    }
    call_begin(t, NULL, &c, "configure %s", parameter->name);
    EXPECT_OK(
        t,
        call_end(t, &c, trial_common(t)->configure(r->instance, &c.operation.op, row, &told)),
        "driver.h, configure");
    if (copy)
        memset(copy, 'X', told.size);
    free(copy);
    secret_text_free(&secret);
    value_free(&value);
}

size_t raw_configure(struct raw *r, size_t most)
{
    const struct driver *d = r->trial->driver;
    size_t made = 0;
    for (size_t row = 0; row < d->parameter_count; row++) {
        const struct lagan_parameter *parameter = &d->parameters[row];
        size_t next = 0;
        const char *text = value_of(r->trial, parameter, &next);
        if (!text)
            text = parameter->default_value;
        for (; text && made < most; text = value_of(r->trial, parameter, &next)) {
            configure(r, (uint32_t)row, text);
            made++;
        }
    }
    return made;
}

uint32_t raw_configured(struct raw *r)
{
    struct call c;
    if (!trial_common(r->trial)->configured)
        return LAGAN_OK;
    call_begin(r->trial, NULL, &c, "configured");
    return call_end(r->trial, &c,
                    trial_common(r->trial)->configured(r->instance, &c.operation.op));
}

uint32_t raw_start(struct raw *r)
{
    uint32_t result = LAGAN_OK;
    struct call c;
    if (trial_common(r->trial)->start) {
        call_begin(r->trial, NULL, &c, "start");
        result =
            call_end(r->trial, &c, trial_common(r->trial)->start(r->instance, &c.operation.op));
    }
    r->started = result == LAGAN_OK;
    return result;
}

uint32_t raw_open(struct raw *r, uint64_t flags, void **handle)
{
    struct call c;
    flags = trial_flags(r->trial, flags);
    call_begin(r->trial, NULL, &c, "open, flags 0x%llx", (unsigned long long)flags);
    return call_end(r->trial, &c,
                    trial_common(r->trial)->open(r->instance, &c.operation.op, flags, handle));
}

void raw_close(struct raw *r, void *handle)
{
    struct call c;
    call_begin(r->trial, NULL, &c, "close");
    trial_common(r->trial)->close(handle);
    call_end(r->trial, &c, LAGAN_OK);
}

void raw_free(struct raw *r)
{
    const struct lagan_common_ops *ops = trial_common(r->trial);
    struct call c;
    call_begin(r->trial, NULL, &c, "%sinstance_free", r->started ? "stop, " : "");
    if (r->started && ops->stop)
        ops->stop(r->instance);
    ops->instance_free(r->instance);
    call_end(r->trial, &c, LAGAN_OK);
    r->instance = NULL;
}
