/* SPDX-License-Identifier: Apache-2.0 */
/* source_node.c - cases: directories, links, special files, attributes that are written back.
 */
#include "conformance/source_kit.h"

#include <string.h>
#include <unistd.h>

static const char look_node[] = "source.h, node_create";

/* A thing alone in its list, not written yet. */
static struct source_thing *thing_at(uint32_t type, const void *key, size_t key_size)
{
    struct source_things *things = source_memory(sizeof *things);
    return source_things_add(things, type, key, key_size);
}

static struct source_work *work_on_tree(struct trial *t)
{
    struct source_work *w;
    if (source_is_flat(t))
        trial_skip(t, "the place has no directories");
    w = work_empty(t);
    struct source_thing *folder = thing_at(LAGAN_ENTRY_DIRECTORY, "f", 1);
    uint32_t result = source_thing_write(w, folder, 0);
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(t, "the place has no directories");
    EXPECT_OK(t, result, look_node);
    return w;
}

static struct lagan_entry status_of(struct source_work *w, const struct source_thing *thing)
{
    struct source_items found = {.t = w->t};
    EXPECT_OK(w->t, work_stat(w, thing->key, thing->key_size, &found), "source.h, entry_stat");
    return found.list[0].entry;
}

/* The root is there from the open on, and stays as it is. */
static void root_is_there(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *root = thing_at(LAGAN_ENTRY_DIRECTORY, "", 0);
    struct lagan_entry found = status_of(w, root);
    EXPECT(t, found.type == LAGAN_ENTRY_DIRECTORY, look_node, "the root has the type %u",
           found.type);
    EXPECT_OK(t, source_thing_write(w, root, 0), look_node);
    EXPECT_OK(t, source_thing_write(w, root, LAGAN_CREATE_REPLACE), look_node);
    status_of(w, thing_at(LAGAN_ENTRY_DIRECTORY, "f", 1));
}

static void directory_again(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *folder = thing_at(LAGAN_ENTRY_DIRECTORY, "f", 1);
    struct source_thing *file = thing_at(w->content_type, "f\0x", 3);
    file->bytes = 10;
    EXPECT_OK(t, source_thing_write(w, file, 0), "source.h, entry_commit");
    EXPECT_OK(t, source_thing_write(w, folder, 0), look_node);
    EXPECT_OK(t, source_thing_write(w, folder, LAGAN_CREATE_REPLACE), look_node);
    source_thing_expect_content(w, file, 1000);
}

static void directory_private(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *folder = thing_at(LAGAN_ENTRY_DIRECTORY, "f", 1);
    struct lagan_entry found = status_of(w, folder);
    struct lagan_entry entry = source_thing_entry(folder);
    if (!(found.present & LAGAN_HAS_MODE))
        trial_skip(t, "the place has no modes");
    EXPECT(t, (found.mode & 077) == 0, look_node,
           "a new directory has the mode 0%o before it is finished", found.mode);
    EXPECT_OK(t, work_finish(w, &entry, 0, NULL, 0, NULL), "source.h, directory_finish");
    found = status_of(w, folder);
    source_thing_expect(w, folder, &found);
}

static void no_parent(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *things[] = {thing_at(w->content_type, "no\0x", 4),
                                     thing_at(LAGAN_ENTRY_DIRECTORY, "no\0x", 4)};
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++)
        expect_class(t, source_thing_write(w, things[i], 0), LAGAN_NOT_FOUND, look_node);
    expect_class(t, work_stat(w, "no", 2, NULL), LAGAN_NOT_FOUND, "source.h, entry_stat");
}

/* Neither a file nor a link makes way for a directory that holds something. */
static void directory_in_the_way(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *inside = thing_at(w->content_type, "f\0x", 3);
    struct source_thing *file = thing_at(w->content_type, "f", 1);
    struct source_thing *link = thing_at(LAGAN_ENTRY_SYMLINK, "f", 1);
    inside->bytes = 10;
    link->link = "elsewhere";
    EXPECT_OK(t, source_thing_write(w, inside, 0), "source.h, entry_commit");
    for (unsigned replace = 0; replace < 2; replace++) {
        uint64_t flags = replace ? LAGAN_CREATE_REPLACE : 0;
        expect_class(t, source_thing_write(w, file, flags), LAGAN_EXISTS,
                     "source.h, entry_create");
        uint32_t result = source_thing_write(w, link, flags);
        if (result != LAGAN_UNSUPPORTED)
            expect_class(t, result, LAGAN_EXISTS, look_node);
    }
    source_thing_expect_content(w, inside, 1000);
}

/* Each type in place of each other. */
static void types_replace(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    const uint32_t types[] = {w->content_type, LAGAN_ENTRY_SYMLINK, LAGAN_ENTRY_FIFO,
                              LAGAN_ENTRY_DIRECTORY};
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 4; to++) {
            uint8_t key[] = {'t', (uint8_t)('0' + from), (uint8_t)('0' + to)};
            struct source_thing *old = thing_at(types[from], key, 3);
            struct source_thing *new = thing_at(types[to], key, 3);
            old->link = new->link = "a target";
            new->mtime_s++;
            uint32_t result = source_thing_write(w, old, 0);
            if (result == LAGAN_UNSUPPORTED)
                continue;
            EXPECT_OK(t, result, look_node);
            result = source_thing_write(w, new, 0);
            if (result == LAGAN_UNSUPPORTED)
                continue;
            expect_class(t, result, LAGAN_EXISTS, look_node);
            EXPECT_OK(t, source_thing_write(w, new, LAGAN_CREATE_REPLACE), look_node);
            struct lagan_entry found = status_of(w, new);
            EXPECT(t, found.type == types[to], look_node,
                   "type %u was to replace type %u, and type %u is there", types[to],
                   types[from], found.type);
        }
}

static void kinds(struct trial *t)
{
    struct source_work *w = work_filled(t);
    size_t special = 0;
    source_things_expect(w, &w->stock);
    for (size_t i = 0; i < w->stock.count; i++) {
        struct source_thing *thing = &w->stock.list[i];
        if (!thing->stored || thing->type == w->content_type)
            continue;
        struct lagan_entry found = status_of(w, thing);
        source_thing_expect(w, thing, &found);
        special += thing->type != LAGAN_ENTRY_DIRECTORY;
    }
    trial_note(t, "%zu links and special files", special);
}

static void links(struct trial *t)
{
    struct source_work *w = work_on_tree(t);
    struct source_thing *first = thing_at(w->content_type, "first", 5);
    struct source_thing *further = thing_at(w->content_type, "f\0further", 9);
    struct source_thing *other = thing_at(w->content_type, "other", 5);
    first->bytes = other->bytes = 5000;
    further->first = first;
    EXPECT_OK(t, source_thing_write(w, first, 0), "source.h, entry_commit");
    uint32_t result = source_thing_write(w, further, 0);
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(t, "the place has no hard links");
    EXPECT_OK(t, result, "source.h, link_create");
    source_thing_expect_content(w, further, 1000);
    expect_class(t, source_thing_write(w, further, 0), LAGAN_EXISTS, "source.h, link_create");
    EXPECT_OK(t, source_thing_write(w, further, LAGAN_CREATE_REPLACE), "source.h, link_create");
    source_thing_expect_content(w, further, 1000);
    other->seed = 99;
    EXPECT_OK(t, source_thing_write(w, other, 0), "source.h, entry_commit");
    EXPECT_OK(t, work_link(w, "other", 5, "first", 5, LAGAN_CREATE_REPLACE),
              "source.h, link_create");
    other->first = first;
    source_thing_expect_content(w, other, 1000);
    expect_class(t, work_link(w, "x", 1, "nothing", 7, 0), LAGAN_NOT_FOUND,
                 "source.h, link_create");
}

static void times(struct trial *t)
{
    static const struct {
        int64_t s;
        uint32_t ns;
    } values[] = {{0, 0},
                  {0, 1},
                  {1, 999999999},
                  {-1, 0},
                  {-1, 500000000},
                  {-86400, 1},
                  {2147483647, 999999999},
                  {2147483648, 1},
                  {4000000000, 123456789}};
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    if (source_is_flat(t))
        trial_skip(t, "times are the store's own");
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        thing->mtime_s = values[i].s;
        thing->mtime_ns = values[i].ns;
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE),
                  "source.h, entry_commit");
        struct lagan_entry found = status_of(w, thing);
        if (!(found.present & LAGAN_HAS_MTIME))
            trial_skip(t, "the place has no times");
        EXPECT(t, found.mtime_s == values[i].s && found.mtime_ns == values[i].ns,
               "source.h, struct lagan_entry", "%lld.%09u comes back as %lld.%09u",
               (long long)values[i].s, values[i].ns, (long long)found.mtime_s, found.mtime_ns);
    }
}

/* A directory's time is the one that it was finished with, whatever was made in it before. */
static void times_of_directories(struct trial *t)
{
    struct source_work *w = work_filled(t);
    for (size_t i = 0; i < w->stock.count; i++) {
        const struct source_thing *thing = &w->stock.list[i];
        if (!thing->stored || thing->type != LAGAN_ENTRY_DIRECTORY)
            continue;
        struct lagan_entry found = status_of(w, thing);
        source_thing_expect(w, thing, &found);
    }
}

static void modes(struct trial *t)
{
    static const uint32_t values[] = {0, 0400, 0644, 0755, 0777, 01777, 04755, 02755, 07777};
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        thing->mode = values[i];
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE),
                  "source.h, entry_commit");
        struct lagan_entry found = status_of(w, thing);
        if (!(found.present & LAGAN_HAS_MODE))
            trial_skip(t, "the place has no modes");
        EXPECT(t, found.mode == values[i], "source.h, entry_commit", "0%o comes back as 0%o",
               values[i], found.mode);
    }
}

static void unprivileged(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    struct source_thing *device = thing_at(LAGAN_ENTRY_CHARACTER, "device", 6);
    struct lagan_entry entry = source_thing_entry(device);
    thing->mode = 06755;
    EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_UNPRIVILEGED),
              "source.h, LAGAN_CREATE_UNPRIVILEGED");
    struct lagan_entry found = status_of(w, thing);
    if (found.present & LAGAN_HAS_MODE)
        EXPECT(t, (found.mode & 06000) == 0, "source.h, LAGAN_CREATE_UNPRIVILEGED",
               "a file of mode 06755 comes back with 0%o", found.mode);
    work_node(w, &entry, LAGAN_CREATE_UNPRIVILEGED, NULL, 0, NULL);
    expect_class(t, work_stat(w, "device", 6, NULL), LAGAN_NOT_FOUND,
                 "source.h, LAGAN_CREATE_UNPRIVILEGED");
}

static void owners_left_alone(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    struct lagan_entry entry = source_thing_entry(thing);
    void *writer;
    entry.user = entry.group = 54321;
    EXPECT_OK(t, work_create(w, &entry, LAGAN_CREATE_NO_OWNERS, &writer),
              "source.h, entry_create");
    EXPECT_OK(t, work_commit(w, writer, NULL, 0, NULL), "source.h, entry_commit");
    struct lagan_entry found = status_of(w, thing);
    if (!(found.present & LAGAN_HAS_OWNER))
        trial_skip(t, "the place has no owners");
    EXPECT(t, found.user == geteuid(), "source.h, LAGAN_CREATE_NO_OWNERS",
           "the owner is %u, and was to be left alone", found.user);
}

static void owners_by_number(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    struct lagan_entry entry = source_thing_entry(thing);
    unsigned lost = 0;
    void *writer;
    entry.user = entry.group = 54321;
    entry.user_name = entry.group_name = "root";
    EXPECT_OK(t, work_create(w, &entry, LAGAN_CREATE_NUMERIC_OWNERS, &writer),
              "source.h, entry_create");
    EXPECT_OK(t, work_commit(w, writer, NULL, 0, &lost), "source.h, entry_commit");
    struct lagan_entry found = status_of(w, thing);
    if (!(found.present & LAGAN_HAS_OWNER))
        trial_skip(t, "the place has no owners");
    EXPECT(t, (found.user == 54321 && found.group == 54321) || lost > 0,
           "source.h, LAGAN_CREATE_NUMERIC_OWNERS",
           "%u:%u was written and %u:%u is there, and nothing was reported lost", entry.user,
           entry.group, found.user, found.group);
}

/* What cannot be kept is told, never silently dropped. */
static void pieces_lost(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_at(w->content_type, "output", 6);
    struct lagan_entry entry = source_thing_entry(thing);
    struct lagan_metadata odd = {
        .kind = 99, .name = "of tomorrow", .name_size = 11, .value = "x", .value_size = 1};
    unsigned lost = 0;
    void *writer;
    EXPECT_OK(t, work_create(w, &entry, 0, &writer), "source.h, entry_create");
    EXPECT_OK(t, work_commit(w, writer, &odd, 1, &lost), "source.h, entry_commit");
    struct source_piece *pieces = NULL;
    EXPECT_OK(t, work_pieces(w, &entry, &pieces), "source.h, metadata");
    EXPECT(t, lost > 0 || pieces, "source.h, struct lagan_metadata",
           "a piece of a kind that nobody knows is gone, and was not reported lost");
}

const struct check_case check_cases_source_node[] = {
    {"source-node-root", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", root_is_there,
     "the root is there from the open on"},
    {"source-node-directory-again", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     directory_again, "a directory that exists is fine, and keeps what is in it"},
    {"source-node-directory-private", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     directory_private, "a directory is private until it is finished"},
    {"source-node-no-parent", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", no_parent,
     "nothing is made where the directory is missing"},
    {"source-node-directory-in-the-way", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     directory_in_the_way, "a directory that is not empty is never replaced"},
    {"source-node-types-replace", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     types_replace, "any type replaces any other, when it may"},
    {"source-node-kinds", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", kinds,
     "entries of all types come back as they were"},
    {"source-node-links", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_create link_create",
     links, "a further name has the content of the first"},
    {"source-node-times", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", times,
     "times come back to the nanosecond, those before 1970 too"},
    {"source-node-directory-times", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     times_of_directories, "directories have the attributes that they were finished with"},
    {"source-node-modes", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", modes,
     "all twelve bits of a mode come back"},
    {"source-node-unprivileged", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", unprivileged,
     "UNPRIVILEGED leaves out what gives rights"},
    {"source-node-no-owners", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     owners_left_alone, "NO_OWNERS leaves owners alone"},
    {"source-node-numeric-owners", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     owners_by_number, "NUMERIC_OWNERS takes the numbers, or says that it could not"},
    {"source-node-pieces-lost", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", pieces_lost,
     "metadata that cannot be kept is reported"},
    {.name = NULL}};
