/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_model.c - cases: what is written back comes out again: a tree made at random, and
 * sequences of calls that are compared with a model step by step, and shrunk when they differ.
 */
#include "conformance/shrink.h"
#include "conformance/source_kit.h"

#include <stdio.h>
#include <string.h>

/* A tree at random. */

static void add_random(struct source_work *w, struct source_things *things, unsigned number)
{
    static const uint32_t types[] = {
        LAGAN_ENTRY_DIRECTORY, LAGAN_ENTRY_FILE,    LAGAN_ENTRY_FILE, LAGAN_ENTRY_FILE,
        LAGAN_ENTRY_FILE,      LAGAN_ENTRY_SYMLINK, LAGAN_ENTRY_FIFO};
    struct trial *t = w->t;
    uint8_t key[600];
    size_t size = 0;
    uint32_t type = types[trial_below(t, sizeof types / sizeof types[0])];
    const struct source_thing *above =
        things->count > 0 ? &things->list[trial_below(t, things->count)] : NULL;
    if (w->content_type != LAGAN_ENTRY_FILE)
        type = w->content_type;
    else if (above && above->type == LAGAN_ENTRY_DIRECTORY && above->key_size < 500) {
        memcpy(key, above->key, above->key_size);
        size = above->key_size;
        key[size++] = 0;
    }
    /* Any bytes, and a number so that no name comes twice. */
    for (unsigned n = (unsigned)trial_below(t, 20); n > 0; n--) {
        uint8_t byte = (uint8_t)(1 + trial_below(t, 255));
        key[size++] = byte == '/' || byte == '.' ? '_' : byte;
    }
    size += (size_t)snprintf((char *)key + size, 12, "%u", number);
    struct source_thing *thing = source_things_add(things, type, key, size);
    thing->bytes = type == w->content_type ? trial_below(t, 1 + trial_below(t, 400000)) : 0;
    thing->hole = thing->bytes > 100000 && number % 3 == 0 ? thing->bytes / 3 : 0;
    thing->mode = type == LAGAN_ENTRY_DIRECTORY ? 0755 : 0600 | (uint32_t)trial_below(t, 0100);
    thing->mtime_s = (int64_t)trial_below(t, 2000000000);
    thing->link = type == LAGAN_ENTRY_SYMLINK ? "../some/where" : NULL;
    thing->pieces = (unsigned)trial_below(t, 3);
    if (type != w->content_type && type != LAGAN_ENTRY_DIRECTORY)
        thing->pieces = 0;
}

static void round_trip(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    unsigned count = 150 * trial_rounds(t, 1);
    for (unsigned i = 0; i < count; i++)
        add_random(w, &things, i);
    source_things_sort(&things);
    source_things_write(w, &things);
    source_things_expect(w, &things);
}

/* Sequences. */

enum verb {
    CREATE,       /* a file, when the name is free */
    REPLACE,      /* a file over anything that may be replaced */
    ABORT,        /* begins a file, and gives it up */
    DIRECTORY,    /* when it is not there */
    LINK,         /* a further name */
    SYMLINK,      /* when the name is free */
    REPLACE_LINK, /* a symlink over anything that may be replaced */
    LOOK,         /* entry_stat */
    READ,         /* all of it */
    WALK,         /* compares everything */
    VERB_COUNT
};

static const char *const verb_names[] = {
    "create", "replace",      "begin and abort",    "make directory",
    "link",   "make symlink", "replace by symlink", "look at",
    "read",   "walk"};

struct step {
    uint8_t verb;
    uint8_t name;  /* index of a name */
    uint8_t other; /* for LINK: the first name */
    uint16_t seed;
    uint32_t bytes;
};

/* Few names, so that they meet; the last three are below the second one. */
struct model_name {
    const char *key;
    size_t size;
    int above; /* index, -1 = the root */
};

static const struct model_name tree_names[] = {{"a", 1, -1},  {"d", 1, -1},   {"b\xff", 2, -1},
                                               {"e", 1, -1},  {"d\0x", 3, 1}, {"d\0y", 3, 1},
                                               {"e\0x", 3, 3}};

enum { NAMES = sizeof tree_names / sizeof tree_names[0], STEPS_LIMIT = 400 };

/* Nothing is above a key of these. */
static const struct model_name flat_names[NAMES] = {
    {"a", 1, -1},   {"d", 1, -1},   {"b\xc3\xbf", 3, -1}, {"e", 1, -1},
    {"d/x", 3, -1}, {"d/y", 3, -1}, {"e/", 2, -1}};

/* Those that the process works with. */
static const struct model_name *model_names = tree_names;

/* What the model holds under a name. */
struct model_entry {
    uint32_t type; /* 0 = nothing */
    uint64_t seed;
    uint64_t bytes;
};

struct sequence {
    const struct step *steps;
    size_t count;
};

struct model {
    struct source_work *w;
    struct model_entry entries[NAMES];
};

static bool has_children(const struct model *m, unsigned name)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (model_names[i].above == (int)name && m->entries[i].type != 0)
            return true;
    return false;
}

/* What making something under `name` must give; LAGAN_CLASS_COUNT = any error. */
static uint32_t expected(const struct model *m, unsigned name, bool replace)
{
    int above = model_names[name].above;
    uint32_t type = m->entries[name].type;
    if (above >= 0 && m->entries[above].type == 0)
        return LAGAN_NOT_FOUND;
    if (above >= 0 && m->entries[above].type != LAGAN_ENTRY_DIRECTORY)
        return LAGAN_CLASS_COUNT;
    if (type == 0)
        return LAGAN_OK;
    return replace && !has_children(m, name) ? LAGAN_OK : LAGAN_EXISTS;
}

static void judge(struct model *m, uint32_t result, uint32_t wanted)
{
    static const char look[] = "source.h, struct lagan_source_ops";
    if (wanted == LAGAN_CLASS_COUNT)
        EXPECT(m->w->t, result != LAGAN_OK, look,
               "it made something below what is no directory");
    else
        expect_class(m->w->t, result, wanted, look);
}

static struct source_thing thing_of(const struct model *m, const struct step *step,
                                    uint32_t type)
{
    struct source_thing thing = {.key = (const uint8_t *)model_names[step->name].key,
                                 .key_size = model_names[step->name].size,
                                 .type = type,
                                 .seed = step->seed,
                                 .mode = type == LAGAN_ENTRY_DIRECTORY ? 0700 : 0600,
                                 .mtime_s = 1000000000 + step->seed,
                                 .link = "target"};
    if (type == m->w->content_type)
        thing.bytes = step->bytes;
    return thing;
}

static void make(struct model *m, const struct step *step, uint32_t type, bool replace)
{
    struct source_thing thing = thing_of(m, step, type);
    uint32_t wanted = expected(m, step->name, replace);
    /* A directory that exists is fine; over another thing it is made with REPLACE. */
    if (type == LAGAN_ENTRY_DIRECTORY && wanted == LAGAN_EXISTS &&
        m->entries[step->name].type == LAGAN_ENTRY_DIRECTORY)
        wanted = LAGAN_OK;
    uint32_t result = source_thing_write(m->w, &thing, replace ? LAGAN_CREATE_REPLACE : 0);
    if (result == LAGAN_UNSUPPORTED && type != m->w->content_type)
        return;
    judge(m, result, wanted);
    if (result == LAGAN_OK)
        m->entries[step->name] =
            (struct model_entry){.type = type, .seed = thing.seed, .bytes = thing.bytes};
}

static void make_further(struct model *m, const struct step *step)
{
    const struct model_entry *first = &m->entries[step->other];
    uint32_t wanted = expected(m, step->name, false);
    if (!m->w->ops->link_create || first->type != m->w->content_type ||
        step->name == step->other)
        return;
    uint32_t result = work_link(m->w, model_names[step->name].key, model_names[step->name].size,
                                model_names[step->other].key, model_names[step->other].size, 0);
    if (result == LAGAN_UNSUPPORTED)
        return;
    judge(m, result, wanted);
    if (result == LAGAN_OK)
        m->entries[step->name] = *first;
}

static void give_up(struct model *m, const struct step *step)
{
    struct source_thing thing = thing_of(m, step, m->w->content_type);
    struct lagan_entry entry = source_thing_entry(&thing);
    void *writer;
    if (work_create(m->w, &entry, LAGAN_CREATE_REPLACE, &writer) != LAGAN_OK)
        return;
    work_write(m->w, writer, 0, "given up", 8);
    work_abort(m->w, writer);
}

static void look_at(struct model *m, unsigned name)
{
    const struct model_entry *entry = &m->entries[name];
    struct source_items found = {.t = m->w->t};
    uint32_t result = work_stat(m->w, model_names[name].key, model_names[name].size, &found);
    if (entry->type == 0) {
        EXPECT(m->w->t, result != LAGAN_OK, "source.h, entry_stat",
               "something is there that nobody made");
        return;
    }
    EXPECT_OK(m->w->t, result, "source.h, entry_stat");
    EXPECT(m->w->t, found.list[0].entry.type == entry->type, "source.h, entry_stat",
           "it has the type %u instead of %u", found.list[0].entry.type, entry->type);
}

static void read_one(struct model *m, unsigned name)
{
    const struct model_entry *entry = &m->entries[name];
    struct source_thing thing = {.key = (const uint8_t *)model_names[name].key,
                                 .key_size = model_names[name].size,
                                 .type = entry->type,
                                 .seed = entry->seed,
                                 .bytes = entry->bytes};
    void *reader;
    if (entry->type == m->w->content_type)
        source_thing_expect_content(m->w, &thing, 5000);
    else
        EXPECT(m->w->t,
               work_open(m->w, thing.key, thing.key_size, NULL, 0, NULL, &reader) != LAGAN_OK,
               "source.h, entry_open", "it opened what has no content");
}

static void compare_all(struct model *m)
{
    struct source_items items = work_walk_all(m->w, NULL, 3);
    size_t wanted = items.count > 0 && items.list[0].entry.key_size == 0;
    for (unsigned i = 0; i < NAMES; i++) {
        size_t at = source_items_find(&items, model_names[i].key, model_names[i].size);
        const char *key = source_key_text(model_names[i].key, model_names[i].size);
        wanted += m->entries[i].type != 0;
        EXPECT(m->w->t, (at != SIZE_MAX) == (m->entries[i].type != 0), "source.h, walk_next",
               "%s %s in the walk", key, at == SIZE_MAX ? "is missing" : "is");
        if (at != SIZE_MAX)
            EXPECT(m->w->t, items.list[at].entry.type == m->entries[i].type,
                   "source.h, walk_next", "%s has the type %u instead of %u", key,
                   items.list[at].entry.type, m->entries[i].type);
    }
    EXPECT(m->w->t, items.count == wanted, "source.h, walk_next",
           "the walk shows %zu entries instead of %zu", items.count, wanted);
}

static void do_step(struct model *m, const struct step *step)
{
    uint32_t content = m->w->content_type;
    switch ((enum verb)step->verb) {
    case CREATE:
    case REPLACE:
        make(m, step, content, step->verb == REPLACE);
        break;
    case ABORT:
        give_up(m, step);
        break;
    case DIRECTORY:
        if (content == LAGAN_ENTRY_FILE)
            make(m, step, LAGAN_ENTRY_DIRECTORY, false);
        break;
    case LINK:
        make_further(m, step);
        break;
    case SYMLINK:
    case REPLACE_LINK:
        if (content == LAGAN_ENTRY_FILE)
            make(m, step, LAGAN_ENTRY_SYMLINK, step->verb == REPLACE_LINK);
        break;
    case LOOK:
        look_at(m, step->name);
        break;
    case READ:
        read_one(m, step->name);
        break;
    default:
        compare_all(m);
        break;
    }
}

/* In a process of its own, at a place of its own. */
static void run_sequence(struct trial *t, void *context)
{
    const struct sequence *s = context;
    struct model m = {.w = work_empty(t)};
    for (size_t i = 0; i < s->count; i++)
        do_step(&m, &s->steps[i]);
    compare_all(&m);
    for (unsigned i = 0; i < NAMES; i++)
        if (m.entries[i].type == m.w->content_type)
            read_one(&m, i);
}

/* Whether the place can take what the model needs; skips the case otherwise. */
static void look_first(struct trial *t, void *context)
{
    struct source_work *w = work_empty(t);
    struct lagan_entry entry = {
        .size = sizeof entry, .type = w->content_type, .key = "a", .key_size = 1};
    void *writer;
    (void)context;
    if (work_create(w, &entry, 0, &writer) == LAGAN_UNSUPPORTED)
        trial_skip(t, "the place takes one entry alone");
}

/* Each attempt begins with an empty place. */
static int attempt(struct trial *t, struct sequence *s)
{
    static unsigned number;
    int status;
    char suffix[sizeof t->suffix];
    memcpy(suffix, t->suffix, sizeof suffix);
    snprintf(t->suffix, sizeof t->suffix, "%.6s/%u", suffix, ++number);
    status = trial_attempt(t, run_sequence, s);
    memcpy(t->suffix, suffix, sizeof suffix);
    return status;
}

static bool still_fails(void *context, const void *steps, size_t count)
{
    struct sequence s = {.steps = steps, .count = count};
    return attempt(context, &s) != 0;
}

static void describe(struct trial *t, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        trial_note(
            t, "%zu. %s %s%s%s", i + 1, verb_names[steps[i].verb],
            source_key_text(model_names[steps[i].name].key, model_names[steps[i].name].size),
            steps[i].verb == LINK ? " as a name of " : "",
            steps[i].verb == LINK ? source_key_text(model_names[steps[i].other].key,
                                                    model_names[steps[i].other].size)
                                  : "");
}

static void sequences(struct trial *t)
{
    static struct step steps[STEPS_LIMIT];
    struct shrink shrink = {
        .step_size = sizeof steps[0], .fails = still_fails, .context = t, .attempts = 150};
    model_names = source_is_flat(t) ? flat_names : tree_names;
    trial_wait(t, trial_fork(t, look_first, NULL));
    for (unsigned round = 0; round < trial_rounds(t, 4); round++) {
        struct sequence s = {.steps = steps, .count = 120};
        for (size_t i = 0; i < s.count; i++)
            steps[i] = (struct step){.verb = (uint8_t)trial_below(t, VERB_COUNT),
                                     .name = (uint8_t)trial_below(t, NAMES),
                                     .other = (uint8_t)trial_below(t, NAMES),
                                     .seed = (uint16_t)trial_random(t),
                                     .bytes = (uint32_t)trial_below(t, 20000)};
        if (attempt(t, &s) == 0)
            continue;
        s.count = shrink_steps(&shrink, steps, s.count);
        describe(t, steps, s.count);
        run_sequence(t, &s);
        trial_fail(t, "source.h, struct lagan_source_ops",
                   "a sequence of calls fails now and then; it was shrunk to %zu steps",
                   s.count);
    }
}

const struct check_case check_cases_source_model[] = {
    {"source-round-trip", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_LONG, "entry_create", round_trip,
     "a random tree that is written back is walked and read as it was"},
    {"source-model", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_LONG, "entry_create", sequences,
     "random sequences of calls do what a model of the source says"},
    {.name = NULL}};
