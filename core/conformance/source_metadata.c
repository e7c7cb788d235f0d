/* SPDX-License-Identifier: Apache-2.0 */
/* source_metadata.c - cases: stamps, ids, further metadata, and what a source says of itself.
 */
#include "conformance/source_kit.h"

#include <string.h>

static const char look_entry[] = "source.h, struct lagan_entry";

static void pieces_in_order(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items.count && i < 1000; i++) {
        struct source_piece *pieces;
        if (items.list[i].entry.type != LAGAN_ENTRY_ERROR)
            EXPECT_OK(t, work_pieces(w, &items.list[i].entry, &pieces), "source.h, metadata");
    }
}

static bool same_pieces(const struct source_piece *a, const struct source_piece *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (a->kind != b->kind || strcmp(a->name, b->name) != 0 ||
            a->value_size != b->value_size || memcmp(a->value, b->value, a->value_size) != 0)
            return false;
    return !a && !b;
}

static void pieces_of_readers(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items.count && i < 1000; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        struct source_piece *of_entry, *of_reader;
        void *reader;
        if (!source_has_content(entry) || (entry->flags & LAGAN_ENTRY_STREAM))
            continue;
        EXPECT_OK(t, work_pieces(w, entry, &of_entry), "source.h, metadata");
        EXPECT_OK(
            t,
            work_open(w, entry->key, entry->key_size, entry->id, entry->id_size, NULL, &reader),
            "source.h, entry_open");
        EXPECT_OK(t, work_reader_pieces(w, reader, &of_reader), "source.h, entry_metadata");
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
        EXPECT(t, same_pieces(of_entry, of_reader), "source.h, entry_metadata",
               "%s has other metadata when it is open",
               source_key_text(entry->key, entry->key_size));
    }
}

static void pieces_missing(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_OK, LAGAN_NOT_FOUND, LAGAN_CHANGED,
                                    LAGAN_CLASS_COUNT};
    struct lagan_entry entry = {
        .type = LAGAN_ENTRY_FILE, .key = "there is no such entry", .key_size = 22};
    struct source_work *w = work_on_content(t);
    struct source_piece *pieces;
    expect_one_of(t, work_pieces(w, &entry, &pieces), fine, "source.h, metadata");
    EXPECT(t, !pieces, "source.h, metadata", "an entry that does not exist has %s",
           pieces->name);
}

/* Stamps. */

static bool same_stamp(const struct lagan_entry *a, const struct lagan_entry *b)
{
    return a->stamp_size > 0 && a->stamp_size == b->stamp_size &&
           memcmp(a->stamp, b->stamp, a->stamp_size) == 0;
}

static void stamp_kept(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    /* What changed within a tick of the clock has no stamp yet. */
    trial_pause(50000000);
    struct source_items one = work_walk_all(w, NULL, 100);
    struct source_items other = work_walk_all(w, NULL, 100);
    size_t stamps = 0;
    for (size_t i = 0; i < one.count && i < other.count; i++) {
        const struct lagan_entry *a = &one.list[i].entry, *b = &other.list[i].entry;
        stamps += a->stamp_size > 0;
        EXPECT(t, a->stamp_size == 0 || same_stamp(a, b), look_entry,
               "the stamp of %s differs, and nothing has changed",
               source_key_text(a->key, a->key_size));
    }
    if (stamps == 0)
        trial_skip(t, "the source gives no stamps: all is read every time");
}

/* What the source says of one entry now. */
static const struct lagan_entry *look_at(struct source_work *w,
                                         const struct source_thing *thing)
{
    struct source_items items = work_walk_all(w, NULL, 100);
    size_t at = source_items_find(&items, thing->key, thing->key_size);
    EXPECT(w->t, at != SIZE_MAX, "source.h, walk_next", "%s is not in the walk",
           source_key_text(thing->key, thing->key_size));
    return &items.list[at].entry;
}

static struct source_thing *one_thing(struct source_work *w, struct source_things *things)
{
    struct source_thing *thing = source_things_add(things, w->content_type, "output", 6);
    thing->bytes = 1000;
    source_things_write(w, things);
    if (!thing->stored)
        trial_skip(w->t, "the place takes none of the entries that the suite has");
    return thing;
}

/* Changes within one tick of a clock, and with the same length and time. */
static void stamp_of_content(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    struct source_thing *thing = one_thing(w, &things);
    for (unsigned i = 0; i < 40; i++) {
        /* Now and then long enough for a stamp. */
        if (i % 4 == 0)
            trial_pause(25000000);
        const struct lagan_entry *before = look_at(w, thing);
        thing->seed++;
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE),
                  "source.h, entry_commit");
        EXPECT(t, !same_stamp(before, look_at(w, thing)), look_entry,
               "the content is another one, and the stamp is the same");
    }
}

static void stamp_of_metadata(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    struct source_thing *thing = one_thing(w, &things);
    for (unsigned i = 0; i < 12; i++) {
        if (i % 4 == 0)
            trial_pause(25000000);
        const struct lagan_entry *before = look_at(w, thing);
        thing->mode ^= 020;
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE),
                  "source.h, entry_commit");
        EXPECT(t, !same_stamp(before, look_at(w, thing)), look_entry,
               "the mode is another one, and the stamp is the same");
    }
}

/* Ids. */

static void ids_of_links(struct trial *t)
{
    struct source_work *w = work_filled(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    const struct source_thing *link = source_things_find(&w->stock, "h1", 2);
    if (!w->told.hard_links || !link || !link->stored)
        trial_skip(t, "the source does not claim `hard_links`");
    size_t first = source_items_find(&items, link->first->key, link->first->key_size);
    size_t further = source_items_find(&items, link->key, link->key_size);
    EXPECT(t, first != SIZE_MAX && further != SIZE_MAX, "source.h, link_create",
           "a name of two is not in the walk");
    const struct lagan_entry *a = &items.list[first].entry, *b = &items.list[further].entry;
    EXPECT(t, a->id_size > 0 && source_compare_keys(a->id, a->id_size, b->id, b->id_size) == 0,
           look_entry, "two names of one content have ids of %zu and %zu bytes that differ",
           a->id_size, b->id_size);
    EXPECT(t, (a->present & LAGAN_HAS_LINKS) && a->links == 3 && b->links == 3, look_entry,
           "an entry of three names has %u", a->links);
}

static void ids_are_single(struct trial *t)
{
    struct source_work *w = work_filled(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items.count; i++)
        for (size_t n = i + 1; n < items.count; n++) {
            const struct lagan_entry *a = &items.list[i].entry, *b = &items.list[n].entry;
            if (a->id_size == 0 ||
                source_compare_keys(a->id, a->id_size, b->id, b->id_size) != 0)
                continue;
            const struct source_thing *one = source_things_find(&w->stock, a->key, a->key_size);
            const struct source_thing *other =
                source_things_find(&w->stock, b->key, b->key_size);
            EXPECT(t, one && other && (one->first || other->first), look_entry,
                   "%s and %s have one id, and are different contents",
                   source_key_text(a->key, a->key_size), source_key_text(b->key, b->key_size));
        }
}

/* What it says of itself. */

static void capabilities(struct trial *t)
{
    static const char look[] = "source.h, struct lagan_source_capabilities";
    struct source_work *w = work_on_content(t);
    const struct lagan_source_capabilities *told = &w->told;
    const uint8_t *bytes = &told->sorted;
    EXPECT(t, told->size == sizeof *told && told->reserved == 0, look,
           "size is %u and what is reserved %u", told->size, told->reserved);
    for (size_t i = 0; i < 7; i++)
        EXPECT(t, bytes[i] <= 1, look, "a claim has the value %u", bytes[i]);
    EXPECT(t, told->sorted, look, "the host refuses a source that is not sorted");
    EXPECT(t, !told->extents || w->ops->extents, look, "`extents` is claimed without the slot");
    EXPECT(t, !told->sparse_write || told->restore, look,
           "`sparse_write` is claimed without `restore`");
    EXPECT(t,
           !told->restore ||
               (w->ops->entry_stat && w->ops->entry_create && w->ops->write_at &&
                w->ops->write_zero && w->ops->entry_commit && w->ops->entry_abort &&
                w->ops->node_create && w->ops->directory_finish),
           look, "`restore` is claimed, and a slot for it is absent");
}

/* A host of today may know less. */
static void capabilities_short(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct lagan_source_capabilities told;
    struct call c;
    memset(&told, 0, sizeof told);
    told.size = (uint32_t)offsetof(struct lagan_source_capabilities, max_parallel);
    call_begin(t, w->reader, &c, "capabilities, of a host that knows no max_parallel");
    EXPECT_OK(t,
              call_end(t, &c, w->ops->capabilities(w->reader->handle, &c.operation.op, &told)),
              "source.h, capabilities");
    EXPECT(t, told.sorted == w->told.sorted && told.restore == w->told.restore,
           "source.h, capabilities", "it answers otherwise");
}

struct findings {
    struct trial *t;
    unsigned count;
};

static void take_finding(void *context, uint32_t severity, const char *text, const char *remedy)
{
    static const char look[] = "source.h, struct lagan_finding_collector";
    struct findings *f = context;
    f->count++;
    EXPECT(f->t, severity <= LAGAN_FINDING_ERROR, look, "a finding has the severity %u",
           severity);
    EXPECT(f->t, text && text[0] && !strchr(text, '\n'), look, "a finding is no line of text");
    EXPECT(f->t, !remedy || (remedy[0] && !strchr(remedy, '\n')), look,
           "a remedy is no line of text");
}

static void check_harmless(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items before = work_walk_all(w, NULL, 100);
    struct findings f = {.t = t};
    struct lagan_finding_collector collector = {.context = &f, .add = take_finding};
    struct call c;
    call_begin(t, w->reader, &c, "check");
    EXPECT_OK(t, call_end(t, &c, w->ops->check(w->reader->handle, &c.operation.op, &collector)),
              "source.h, check");
    struct source_items after = work_walk_all(w, NULL, 100);
    EXPECT(t, before.count == after.count, "source.h, check",
           "there are %zu entries after it, and %zu were before", after.count, before.count);
    EXPECT(t, f.count > 0, "source.h, check", "it has found nothing, not even good things");
}

static void estimate(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    uint64_t bytes = 0, entries = 0;
    struct call c;
    call_begin(t, w->reader, &c, "estimate");
    EXPECT_OK(
        t,
        call_end(t, &c, w->ops->estimate(w->reader->handle, &c.operation.op, &bytes, &entries)),
        "source.h, estimate");
    work_walk_all(w, NULL, 100);
}

const struct check_case check_cases_source_metadata[] = {
    {"source-metadata-in-order", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, "metadata",
     pieces_in_order, "pieces come in the order of kind and name, each once"},
    {"source-metadata-of-readers", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "metadata entry_metadata",
     pieces_of_readers, "an open entry has the same metadata"},
    {"source-metadata-missing", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, "metadata",
     pieces_missing, "what does not exist has none"},
    {"source-stamp-kept", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, stamp_kept,
     "what has not changed keeps its stamp"},
    {"source-stamp-content", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", stamp_of_content,
     "other content has another stamp or none, however quickly it came"},
    {"source-stamp-metadata", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     stamp_of_metadata, "so has another mode"},
    {"source-id-links", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_create link_create",
     ids_of_links, "names of one content have one id and their number"},
    {"source-id-single", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", ids_are_single,
     "different contents never have one id"},
    {"source-capabilities", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, capabilities,
     "capabilities agree with the slots"},
    {"source-capabilities-short", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL,
     capabilities_short, "a host that knows less is told the same"},
    {"source-check-harmless", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "check", check_harmless,
     "check reports lines, and changes nothing"},
    {"source-estimate", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, "estimate", estimate,
     "estimate answers, and harms no walk"},
    {.name = NULL}};
