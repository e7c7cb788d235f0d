/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_model.c - cases: random sequences of calls, compared with the oracle call by call.
 *
 * Each sequence runs in a process of its own below a prefix of its own.  One that fails is
 * shrunk: what is told is the shortest sequence that fails, as a script, and its last verdict.
 */
#include "conformance/oracle.h"
#include "conformance/shrink.h"
#include "conformance/tables.h"
#include "conformance/target_case.h"
#include "conformance/trial_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { SEQUENCES = 4, STEPS = 150, ATTEMPTS = 250 };

/* In byte order; none is another one's folder. */
static const char *const names[ORACLE_KEYS] = {"-",     "a-b", "a.b", "a/b",   "a/b-c", "a/bb",
                                               "a/c/d", "a0",  "ab",  "b/a/a", "b/a0",  "zz"};
static const uint64_t sizes[] = {0, 1, 10, 511, 4096, 4097, 20000, 65537, 200001};
static const char *const prefixes[] = {"", "a", "a/", "a/b", "b/a", "zz", "zzz"};

/* X(symbol, how often, marks).  STAGED, PARTS, COPIES and NAMES need these capabilities. */
enum { STAGED = 1, PARTS = 2, COPIES = 4, NAMES = 8 };
#define VERBS(X)                                                                               \
    X(PUT, 8, 0)                                                                               \
    X(PUT_FAILS, 2, 0)                                                                         \
    X(STAGE, 4, STAGED)                                                                        \
    X(STAGE_ABORT, 1, STAGED)                                                                  \
    X(MULTIPART, 3, PARTS)                                                                     \
    X(COPY, 3, COPIES)                                                                         \
    X(RENAME, 3, NAMES)                                                                        \
    X(GET, 6, 0)                                                                               \
    X(RANGE, 4, 0)                                                                             \
    X(STAT, 3, 0)                                                                              \
    X(LIST, 5, 0)                                                                              \
    X(REMOVE, 5, 0)                                                                            \
    X(FLUSH, 1, 0)                                                                             \
    X(REOPEN, 1, 0)                                                                            \
    X(SWEEP, 1, 0)

enum verb {
#define X(symbol, often, marks) VERB_##symbol,
    VERBS(X)
#undef X
        VERB_COUNT
};

static const struct {
    unsigned often, marks;
} verbs[] = {
#define X(symbol, often, marks) {often, marks},
    VERBS(X)
#undef X
};

struct step {
    uint8_t verb, key, other, size;
    uint32_t number;
};

/* A sequence at work. */
struct play {
    struct trial *trial;
    struct opened *opened;
    struct oracle oracle;
};

static struct key name_of(const struct play *p, unsigned key)
{
    return key_of(p->trial, "%s", names[key]);
}

static uint32_t do_multipart(struct play *p, const struct step *s, const char *key)
{
    const struct lagan_target_capabilities *told = &p->opened->capabilities;
    uint64_t part = told->part_minimum_bytes > 1000 ? told->part_minimum_bytes : 1000;
    uint64_t bytes = part + sizes[s->size] % part + 1;
    void *upload = NULL;
    uint32_t result = case_multipart_begin(p->trial, p->opened, key, bytes, &upload);
    if (result != LAGAN_OK)
        return result;
    EXPECT_OK(p->trial, case_part_put(p->trial, p->opened, upload, 2, s->number, part, bytes),
              "target.h, part_put");
    EXPECT_OK(p->trial, case_part_put(p->trial, p->opened, upload, 1, s->number, 0, part),
              "target.h, part_put");
    return case_multipart_complete(p->trial, p->opened, upload, 2, LAGAN_PUT_IF_ABSENT);
}

static uint64_t multipart_bytes(const struct play *p, const struct step *s)
{
    uint64_t part = p->opened->capabilities.part_minimum_bytes > 1000
                        ? p->opened->capabilities.part_minimum_bytes
                        : 1000;
    return part + sizes[s->size] % part + 1;
}

/* Puts of all kinds: what came, and what the oracle says. */
static void play_put(struct play *p, const struct step *s)
{
    struct trial *t = p->trial;
    struct key key = name_of(p, s->key);
    uint64_t bytes = sizes[s->size];
    uint32_t result;
    if (s->verb == VERB_MULTIPART) {
        bytes = multipart_bytes(p, s);
        result = do_multipart(p, s, key.text);
        /* The name may be refused when the upload is begun, or when it ends. */
    } else if (s->verb == VERB_STAGE) {
        result = case_stage(t, p->opened, key.text, s->number, bytes, 1 + s->number % 9000);
    } else {
        result = case_put(t, p->opened, key.text, s->number, bytes);
    }
    expect_class(t, result, oracle_put(&p->oracle, s->key, s->number, bytes), "target.h, put");
}

static void play_put_fails(struct play *p, const struct step *s)
{
    struct content c = content_of(p->trial, s->number, sizes[s->size] + 1);
    const uint32_t wanted[] = {LAGAN_CHANGED,
                               p->oracle.objects[s->key].there ? LAGAN_EXISTS : LAGAN_CHANGED,
                               LAGAN_CLASS_COUNT};
    c.fail_from = s->number % (sizes[s->size] + 1);
    c.fail_class = LAGAN_CHANGED;
    expect_one_of(p->trial,
                  case_put_content(p->trial, p->opened, name_of(p, s->key).text, &c,
                                   LAGAN_PUT_IF_ABSENT, NULL),
                  wanted, "target.h, struct lagan_content");
}

static void play_stage_abort(struct play *p, const struct step *s)
{
    void *stage = NULL;
    EXPECT_OK(p->trial, case_stage_begin(p->trial, p->opened, sizes[s->size], &stage),
              "target.h, stage_begin");
    EXPECT_OK(p->trial,
              case_stage_write(p->trial, p->opened, stage, s->number, 0, sizes[s->size], 5000),
              "target.h, stage_write");
    case_stage_abort(p->trial, p->opened, stage);
}

static void play_move(struct play *p, const struct step *s)
{
    struct key from = name_of(p, s->key);
    struct key to = name_of(p, s->other);
    bool copies = s->verb == VERB_COPY;
    uint32_t result =
        copies ? case_copy(p->trial, p->opened, from.text, to.text, LAGAN_PUT_IF_ABSENT)
               : case_rename(p->trial, p->opened, from.text, to.text, LAGAN_PUT_IF_ABSENT);
    /* Which of two reasons is found first is nobody's business. */
    if (result == LAGAN_EXISTS && !p->oracle.objects[s->key].there &&
        p->oracle.objects[s->other].there)
        return;
    expect_class(p->trial, result,
                 copies ? oracle_copy(&p->oracle, s->key, s->other)
                        : oracle_rename(&p->oracle, s->key, s->other),
                 copies ? "target.h, copy" : "target.h, rename");
}

static void play_get(struct play *p, const struct step *s)
{
    struct oracle_object object;
    struct key key = name_of(p, s->key);
    if (oracle_look(&p->oracle, s->key, &object) == LAGAN_OK)
        expect_object(p->trial, p->opened, key.text, object.seed, object.bytes);
    else
        expect_absent(p->trial, p->opened, key.text);
}

static void play_range(struct play *p, const struct step *s)
{
    uint64_t offset = s->number % 70000;
    uint64_t length = s->size == 0 ? LAGAN_TO_THE_END : sizes[s->size];
    uint64_t count = 0;
    uint32_t wanted = oracle_get(&p->oracle, s->key, offset, length, &count);
    struct taken taken = taken_for(p->trial, wanted == LAGAN_OK ? count : 0);
    uint8_t byte;
    expect_class(p->trial,
                 case_get(p->trial, p->opened, name_of(p, s->key).text, offset, length, &taken),
                 wanted, "target.h, get");
    EXPECT(p->trial, taken.bytes == count, "target.h, get", "%llu bytes came instead of %llu",
           (unsigned long long)taken.bytes, (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++) {
        trial_bytes(p->oracle.objects[s->key].seed, offset + i, &byte, 1);
        EXPECT(p->trial, taken.data[i] == byte, "target.h, get",
               "byte %llu of the object is 0x%02x, not 0x%02x",
               (unsigned long long)(offset + i), taken.data[i], byte);
    }
    taken_free(&taken);
}

static bool has_prefix(void *context, unsigned key)
{
    return strncmp(names[key], context, strlen(context)) == 0;
}

static void play_list(struct play *p, const struct step *s)
{
    const char *prefix = prefixes[s->size % (sizeof prefixes / sizeof prefixes[0])];
    struct key whole = key_of(p->trial, "%s", prefix);
    struct key after = {""};
    struct listing l = listing_new();
    unsigned keys[ORACLE_KEYS];
    unsigned first = 0;
    uint32_t limit = 1 + s->number % 14;
    bool wanted_more;
    bool more = false;
    size_t count;
    if (s->other != s->key) {
        after = name_of(p, s->other);
        first = s->other + 1U;
    }
    count = oracle_list(&p->oracle, first, has_prefix, (char *)(uintptr_t)prefix, limit, keys,
                        &wanted_more);
    EXPECT_OK(p->trial,
              case_list(p->trial, p->opened, whole.text, after.text, limit, &l, &more),
              "target.h, list");
    for (size_t i = 0; i < count && i < l.count; i++) {
        struct key key = name_of(p, keys[i]);
        EXPECT(p->trial, strcmp(l.rows[i].key, key.text) == 0, "target.h, list",
               "%s came where %s was to come", l.rows[i].key, key.text);
        EXPECT(p->trial, l.rows[i].bytes == p->oracle.objects[keys[i]].bytes, "target.h, list",
               "%s is listed with %llu bytes", key.text, (unsigned long long)l.rows[i].bytes);
    }
    EXPECT(p->trial, l.count == count, "target.h, list", "%zu objects came instead of %zu",
           l.count, count);
    EXPECT(p->trial, more || !wanted_more, "target.h, list",
           "others follow, and the driver says that none do");
    listing_free(&l);
}

static void play_other(struct play *p, const struct step *s)
{
    struct key key = name_of(p, s->key);
    uint64_t number = 0;
    uint32_t wanted;
    struct oracle_object object = {0};
    switch ((enum verb)s->verb) {
    case VERB_STAT:
        wanted = oracle_look(&p->oracle, s->key, &object);
        expect_class(p->trial, case_stat(p->trial, p->opened, key.text, &number), wanted,
                     "target.h, stat");
        EXPECT(p->trial, wanted != LAGAN_OK || number == object.bytes, "target.h, stat",
               "%llu bytes instead of %llu", (unsigned long long)number,
               (unsigned long long)object.bytes);
        break;
    case VERB_REMOVE:
        EXPECT_OK(p->trial, case_remove(p->trial, p->opened, key.text), "target.h, remove");
        oracle_remove(&p->oracle, s->key);
        break;
    case VERB_FLUSH:
        EXPECT_OK(p->trial, case_flush(p->trial, p->opened), "target.h, flush");
        break;
    case VERB_SWEEP:
        if (trial_target(p->trial)->sweep)
            EXPECT_OK(p->trial,
                      case_sweep(p->trial, p->opened, INT64_C(86400000000000), &number),
                      "target.h, sweep");
        break;
    default:
        trial_close(p->trial, p->opened);
        p->opened = trial_open(p->trial, 0);
        break;
    }
}

static void play_step(struct play *p, const struct step *s)
{
    switch ((enum verb)s->verb) {
    case VERB_PUT:
    case VERB_STAGE:
    case VERB_MULTIPART:
        play_put(p, s);
        break;
    case VERB_PUT_FAILS:
        play_put_fails(p, s);
        break;
    case VERB_STAGE_ABORT:
        play_stage_abort(p, s);
        break;
    case VERB_COPY:
    case VERB_RENAME:
        play_move(p, s);
        break;
    case VERB_GET:
        play_get(p, s);
        break;
    case VERB_RANGE:
        play_range(p, s);
        break;
    case VERB_LIST:
        play_list(p, s);
        break;
    default:
        play_other(p, s);
        break;
    }
}

/* The steps of one attempt, in its process. */
struct attempt {
    const struct step *steps;
    size_t count;
    unsigned number;
};

static void play(struct trial *t, void *context)
{
    const struct attempt *a = context;
    struct play p = {.trial = t};
    size_t used = strlen(t->prefix);
    snprintf(t->prefix + used, sizeof t->prefix - used, "%u/", a->number);
    /* A store that lives in one process keeps its content from here on: REOPEN needs that. */
    struct opened *keeper = trial_open(t, 0);
    p.opened = trial_open(t, 0);
    for (size_t i = 0; i < a->count; i++)
        play_step(&p, &a->steps[i]);
    for (unsigned key = 0; key < ORACLE_KEYS; key++) {
        struct step look = {.verb = VERB_GET, .key = (uint8_t)key};
        play_step(&p, &look);
    }
    trial_close(t, p.opened);
    trial_close(t, keeper);
}

/* Making and telling sequences. */

struct model {
    struct trial *trial;
    unsigned marks;  /* capabilities that there are */
    unsigned wanted; /* verbs of these are given more often */
    unsigned attempts;
};

static void draw_step(struct model *m, struct step *s)
{
    for (;;) {
        unsigned verb = (unsigned)trial_below(m->trial, VERB_COUNT);
        unsigned often = verbs[verb].often;
        if (verbs[verb].marks & ~m->marks)
            continue;
        if (verbs[verb].marks & m->wanted)
            often = 8;
        if (trial_below(m->trial, 8) >= often)
            continue;
        *s = (struct step){
            .verb = (uint8_t)verb,
            .key = (uint8_t)trial_below(m->trial, ORACLE_KEYS),
            .other = (uint8_t)trial_below(m->trial, ORACLE_KEYS),
            .size = (uint8_t)trial_below(m->trial, sizeof sizes / sizeof sizes[0]),
            .number = (uint32_t)trial_below(m->trial, 1000000),
        };
        return;
    }
}

static bool sequence_fails(void *context, const void *steps, size_t count)
{
    struct model *m = context;
    struct attempt a = {.steps = steps, .count = count, .number = ++m->attempts};
    int status = trial_attempt(m->trial, play, &a);
    if (WIFEXITED(status) && WEXITSTATUS(status) == TRIAL_STATUS_SKIPPED)
        trial_skip(m->trial, "the store cannot be opened twice");
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void tell_step(struct trial *t, size_t number, const struct step *s)
{
    static const char *const words[] = {
#define X(symbol, often, marks) #symbol,
        VERBS(X)
#undef X
    };
    trial_note(t, "%zu. %s key \"%s\", other \"%s\", size %llu, number %u", number,
               words[s->verb], names[s->key], names[s->other],
               (unsigned long long)sizes[s->size], s->number);
}

/* The sequence has failed: finds and tells the shortest that does. */
static _Noreturn void tell_failure(struct model *m, struct step *steps, size_t count)
{
    struct shrink shrink = {.step_size = sizeof *steps,
                            .fails = sequence_fails,
                            .context = m,
                            .attempts = ATTEMPTS};
    struct trial *t = m->trial;
    struct trial_verdict *verdict = &t->shared->attempt;
    size_t left = shrink_steps(&shrink, steps, count);
    bool again = sequence_fails(m, steps, left);
    trial_note(t, "seed %llu; the shortest sequence that fails has %zu of %zu calls:",
               (unsigned long long)t->request->seed, left, count);
    for (size_t i = 0; i < left && i < 20; i++)
        tell_step(t, i + 1, &steps[i]);
    if (!again)
        trial_fail(t, "target.h", "a sequence of %zu calls fails at times, not each time",
                   left);
    if (verdict->came[0] == '\0')
        trial_fail(t, "driver.h", "the driver crashed at the end of the sequence: %s",
                   t->shared->asked);
    trial_asked("%s", verdict->asked);
    trial_fail(t, verdict->look, "%s", verdict->came);
}

/* What the driver has, found out in a process of its own. */
static void find_marks(struct trial *t, void *context)
{
    unsigned *marks = context;
    struct opened *o = trial_open(t, 0);
    const struct lagan_target_capabilities *told = &o->capabilities;
    const struct lagan_target_ops *ops = trial_target(t);
    if (told->staged_put && ops->stage_begin)
        *marks |= STAGED;
    if (told->multipart && ops->multipart_begin && told->part_limit != 1 &&
        told->part_minimum_bytes <= 1 << 20)
        *marks |= PARTS;
    if (told->copy && ops->copy)
        *marks |= COPIES;
    if (told->rename && ops->rename)
        *marks |= NAMES;
    trial_close(t, o);
}

static void run_model(struct trial *t, unsigned allowed, unsigned wanted)
{
    struct model m = {.trial = t, .wanted = wanted};
    unsigned *marks = trial_share(t, sizeof *marks);
    unsigned sequences = trial_rounds(t, SEQUENCES);
    struct step steps[STEPS];
    trial_wait(t, trial_fork(t, find_marks, marks));
    m.marks = *marks & allowed;
    if (wanted && !(m.marks & wanted))
        trial_skip(t, "the driver does not tell the capability");
    for (unsigned i = 0; i < sequences; i++) {
        for (size_t n = 0; n < STEPS; n++)
            draw_step(&m, &steps[n]);
        if (sequence_fails(&m, steps, STEPS))
            tell_failure(&m, steps, STEPS);
    }
}

static void plain(struct trial *t)
{
    run_model(t, 0, 0);
}

static void stages(struct trial *t)
{
    run_model(t, STAGED, STAGED);
}

static void everything(struct trial *t)
{
    run_model(t, STAGED | PARTS | COPIES | NAMES, PARTS | COPIES | NAMES);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_model[] = {
    {"target-model-sequences", TARGET, CHECK_CORE, CASE_SAFE | CASE_LONG, NULL, plain,
     "random sequences of calls answer as a perfect store does"},
    {"target-model-stages", TARGET, CHECK_CAPABILITY, CASE_SAFE | CASE_LONG, "stage_begin",
     stages, "the same with stages"},
    {"target-model-parts-and-copies", TARGET, CHECK_CAPABILITY, CASE_SAFE | CASE_LONG, NULL,
     everything, "the same with uploads in parts, copies and renames"},
    {.name = NULL}};
