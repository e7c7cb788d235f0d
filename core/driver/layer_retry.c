/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_retry.c - makes a call again that may work the second time.
 *
 * Again are tried: calls that may be repeated (CALL_REPEATABLE) and ended with TRANSIENT or
 * BUSY of scope item, or whose attempt the timeout layer has cut off.  The pause before attempt
 * n + 1 is random, up to the first pause times 2^(n - 1) and at most a minute, and not shorter
 * than what the store advised.  Nothing is tried when the last attempt's pause would reach
 * beyond the limit, counted from the first failure, or beyond the op's deadline.
 *
 * A change whose outcome is not known is looked for in the store before it is made again; see
 * layer_retry_resolve.c.  Stages and uploads are used up by their commit, so that a commit is
 * never made again, only looked for.
 */
#include "driver/layer_retry.h"

#include "base/log.h"
#include "base/text.h"
#include "driver/layer_reply.h"
#include "driver/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t longest_pause_ns = INT64_C(60) * 1000000000;

struct retry {
    const char *driver;
    int64_t times;    /* how often a call is made again */
    int64_t pause_ns; /* the first */
    int64_t limit_ns; /* 0 = none */
};

static bool wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)place;
    return settings->retry > 0;
}

static int make(const struct layer_settings *settings, const struct layer_place *place,
                void **state, struct error *e)
{
    struct retry *r = malloc(sizeof *r);
    if (!r)
        return error_no_memory(e, "a layer");
    *r = (struct retry){.driver = place->driver,
                        .times = settings->retry,
                        .pause_ns = settings->retry_pause_ns,
                        .limit_ns = settings->retry_limit_ns};
    *state = r;
    return 0;
}

/* A call that failed at its first attempt. */
struct trial {
    struct layer *layer;
    const struct retry *retry;
    struct call *call; /* as the next attempt makes it */
    struct resume *resume;
    int64_t failed_ns; /* when the first attempt had failed */
    int64_t made;      /* attempts so far */
    bool uncertain;    /* one of them may have taken effect */
    bool given_up;     /* no further one */
};

/* The details of an error, where the driver gave any. */
static const struct lagan_error *details(const struct call *c, uint32_t result)
{
    return c->op->error.error_class == result ? &c->op->error : NULL;
}

static bool may_pass(const struct call *c, uint32_t result)
{
    const struct lagan_error *told = details(c, result);
    if (told && told->scope != LAGAN_SCOPE_ITEM)
        return false;
    return result == LAGAN_TRANSIENT || result == LAGAN_BUSY ||
           (result == LAGAN_TIMEOUT && told && told->flags == LAYER_TIMED_OUT);
}

/* Whether making it again does no harm when it was done already. */
static bool may_be_doubled(const struct call *c)
{
    switch (c->verb) {
    case CALL_NODE_CREATE:
        return (c->with.node.flags & LAGAN_CREATE_REPLACE) ||
               c->with.node.entry->type == LAGAN_ENTRY_DIRECTORY;
    case CALL_LINK_CREATE:
        return (c->with.link_create.flags & LAGAN_CREATE_REPLACE) != 0;
    case CALL_ENTRY_COPY:
        return (c->with.entry_copy.flags & LAGAN_CREATE_REPLACE) != 0;
    default:
        return true; /* remove, sweep, directory_finish */
    }
}

static bool is_naming(enum call_verb verb)
{
    return verb == CALL_PUT || verb == CALL_COPY || verb == CALL_RENAME;
}

/* What an attempt's result means for the call: something final, or what may be tried again. */
static uint32_t judge(struct trial *t, uint32_t result)
{
    struct call *c = t->call;
    uint32_t outcome;
    if (t->uncertain && is_naming(c->verb) &&
        (result == LAGAN_EXISTS || (result == LAGAN_NOT_FOUND && c->verb == CALL_RENAME)))
        return retry_resolve_taken(t->layer, c);
    if (!may_pass(c, result) || !(call_verb_flags(c->verb) & CALL_CHANGES))
        return result;
    outcome = retry_outcome(c, result);
    if (outcome == LAGAN_OUTCOME_DONE)
        return LAGAN_OK;
    if (outcome == LAGAN_OUTCOME_NOT_DONE)
        return result;
    t->uncertain = true;
    if (is_naming(c->verb))
        return retry_resolve(t->layer, c, result);
    t->given_up = !may_be_doubled(c);
    return result;
}

/* Random, so that calls that failed together do not come again together. */
static int64_t next_pause(const struct trial *t, uint32_t result)
{
    const struct lagan_error *told = details(t->call, result);
    int64_t most = t->retry->pause_ns, advised = 0;
    uint64_t random;
    for (int64_t i = 1; i < t->made && most < longest_pause_ns; i++)
        most *= 2;
    if (most > longest_pause_ns && t->retry->pause_ns <= longest_pause_ns)
        most = longest_pause_ns;
    operation_host_table()->random(&random, sizeof random);
    if (told)
        advised = (int64_t)told->retry_after_ms * 1000000;
    most = (int64_t)(random % (uint64_t)most) + 1;
    return most > advised ? most : advised;
}

static void warn(const struct trial *t, uint32_t result, int64_t pause_ns)
{
    const struct lagan_error *told = details(t->call, result);
    const char *key = call_key(t->call);
    char pause[TEXT_SIZE_SIZE];
    text_format_duration(pause_ns, pause);
    log_write(t->made == 1 ? LOG_WARNING : LOG_DEBUG, t->retry->driver,
              "%s%s%s: %s; it is tried again in %s, %lld of %lld times",
              call_verb_name(t->call->verb), key ? " " : "", key ? key : "",
              told && told->text[0] ? told->text : error_class_name(result), pause,
              (long long)t->made, (long long)t->retry->times);
}

/* Waits for the next attempt; false when there is to be none. */
static bool await_next(struct trial *t, uint32_t result)
{
    struct lagan_op *op = t->call->op;
    int64_t pause_ns = next_pause(t, result);
    int64_t now = operation_now_ns();
    if (t->made > t->retry->times)
        return false;
    if (t->retry->limit_ns > 0 && now - t->failed_ns + pause_ns > t->retry->limit_ns)
        return false;
    if (op->deadline_ns != 0 && now + pause_ns >= op->deadline_ns)
        return false;
    warn(t, result, pause_ns);
    return layer_sleep(op, pause_ns) == 0;
}

/* The outcome of all attempts together. */
static uint32_t outcome_of(const struct trial *t, uint32_t result)
{
    if (!(call_verb_flags(t->call->verb) & CALL_CHANGES))
        return LAGAN_OUTCOME_NOT_DONE;
    return t->uncertain ? (uint32_t)LAGAN_OUTCOME_UNKNOWN : retry_outcome(t->call, result);
}

/* Says in the op's error how often it was tried. */
static void tell_attempts(const struct trial *t, uint32_t result)
{
    struct lagan_op *op = t->call->op;
    struct lagan_error last = op->error;
    bool told = last.error_class == result;
    char took[TEXT_SIZE_SIZE];
    if (t->made < 2)
        return;
    text_format_duration(operation_now_ns() - t->failed_ns, took);
    layer_fail(op, result, outcome_of(t, result), "%.420s, after %lld attempts in %s",
               told && last.text[0] ? last.text : "no reason was given", (long long)t->made,
               took);
    if (!told)
        return;
    op->error.scope = last.scope;
    op->error.retry_after_ms = last.retry_after_ms;
    op->error.native = last.native;
}

static uint32_t give_up(const struct trial *t, uint32_t result)
{
    const struct lagan_error *told = details(t->call, result);
    char text[400] = "";
    if (!operation_all_cancelled()) {
        tell_attempts(t, result);
        return result;
    }
    snprintf(text, sizeof text, "%.399s", told ? told->text : error_class_name(result));
    return layer_fail(t->call->op, LAGAN_CANCELLED,
                      t->uncertain ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE,
                      "interrupted between two attempts: %s", text);
}

/* Makes the call again until there is something final to say. */
static uint32_t repeat(struct trial *t, uint32_t result)
{
    while (!t->resume->refused) {
        result = judge(t, result);
        if (!may_pass(t->call, result) || t->given_up)
            break;
        if (!await_next(t, result))
            return give_up(t, result);
        t->made++;
        t->call->op->error = (struct lagan_error){0};
        if (resume_again(t->resume, t->call))
            return LAGAN_OK;
        result = t->resume->refused ? (uint32_t)LAGAN_INTERNAL : layer_next(t->layer, t->call);
    }
    if (t->uncertain && result != LAGAN_OK && result != LAGAN_EXISTS &&
        details(t->call, result))
        t->call->op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    if (result == LAGAN_OK && t->made > 1)
        log_write(LOG_INFO, t->retry->driver, "%s: it worked at attempt %lld",
                  call_verb_name(t->call->verb), (long long)t->made);
    return result;
}

/* The call `below` has failed: makes it again where that may help. */
static uint32_t try_again(struct layer *self, struct call *below, struct resume *resume,
                          uint32_t result)
{
    struct trial t = {.layer = self,
                      .retry = self->state,
                      .call = below,
                      .resume = resume,
                      .failed_ns = operation_now_ns(),
                      .made = 1};
    return repeat(&t, result);
}

/* What neither hands anything over nor reads the caller's bytes needs nothing until it fails.
 */
static uint32_t call_plain(struct layer *self, struct call *c)
{
    uint32_t result = layer_next(self, c);
    struct resume resume;
    struct call below;
    if (result == LAGAN_OK || !may_pass(c, result))
        return result;
    below = *c;
    resume_begin(&resume, c, &below);
    return try_again(self, &below, &resume, result);
}

static uint32_t call_repeatable(struct layer *self, struct call *c)
{
    struct call below;
    struct resume resume;
    uint32_t result;
    if (!(call_verb_flags(c->verb) & (CALL_COLLECTS | CALL_SENDS)))
        return call_plain(self, c);
    below = *c;
    resume_begin(&resume, c, &below);
    result = layer_next(self, &below);
    if (result != LAGAN_OK && may_pass(&below, result))
        result = try_again(self, &below, &resume, result);
    resume_end(&resume);
    return result;
}

/* Stages and uploads */

static void forget(struct retry_object *object)
{
    free(object->key);
    free(object);
}

static uint32_t call_begin(struct layer *self, struct call *c)
{
    struct retry_object *object = calloc(1, sizeof *object);
    bool upload = c->verb == CALL_MULTIPART_BEGIN;
    struct call below = *c;
    uint32_t result;
    if (object && upload)
        object->key = strdup(c->with.multipart_begin.key);
    if (!object || (upload && !object->key)) {
        free(object);
        return layer_fail(c->op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    }
    if (upload) {
        object->bytes = c->with.multipart_begin.bytes;
        below.with.multipart_begin.made = &object->below;
    } else {
        below.with.stage_begin.made = &object->below;
    }
    result = call_repeatable(self, &below);
    if (result == LAGAN_OK)
        *call_made(c) = object;
    else
        forget(object);
    return result;
}

/* Calls on an object that outlives them. */
static uint32_t call_within(struct layer *self, struct call *c)
{
    struct retry_object *object = c->object;
    struct call below = *c;
    uint32_t result;
    below.object = object->below;
    if (c->verb == CALL_PART_PUT)
        return call_repeatable(self, &below);
    result = layer_next(self, &below);
    if (result == LAGAN_OK)
        object->bytes += c->with.stage_write.size;
    return result;
}

/* The commit, which uses the object up whatever comes of it. */
static uint32_t call_finish(struct layer *self, struct call *c)
{
    struct retry_object *object = c->object;
    const char *key = c->verb == CALL_STAGE_COMMIT ? c->with.stage_commit.key : object->key;
    struct call below = *c;
    uint32_t result, outcome;
    below.object = object->below;
    result = layer_next(self, &below);
    if (may_pass(c, result)) {
        outcome = retry_outcome(c, result);
        if (outcome == LAGAN_OUTCOME_DONE)
            result = LAGAN_OK;
        else if (outcome == LAGAN_OUTCOME_UNKNOWN)
            result = retry_resolve_named(self, c->op, key, object->bytes, result);
    }
    forget(object);
    return result;
}

static uint32_t call_abort(struct layer *self, struct call *c)
{
    struct retry_object *object = c->object;
    struct call below = *c;
    below.object = object->below;
    forget(object);
    return layer_next(self, &below);
}

uint32_t retry_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_STAGE_BEGIN:
    case CALL_MULTIPART_BEGIN:
        return call_begin(self, c);
    case CALL_STAGE_WRITE:
    case CALL_PART_PUT:
        return call_within(self, c);
    case CALL_STAGE_COMMIT:
    case CALL_MULTIPART_COMPLETE:
        return call_finish(self, c);
    case CALL_STAGE_ABORT:
    case CALL_MULTIPART_ABORT:
        return call_abort(self, c);
    default:
        return call_verb_flags(c->verb) & CALL_REPEATABLE ? call_repeatable(self, c)
                                                          : layer_next(self, c);
    }
}

const struct layer_kind layer_retry = {
    .name = "retry", .wanted = wanted, .make = make, .free = free, .call = retry_call};
