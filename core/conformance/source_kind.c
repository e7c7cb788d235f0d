/* SPDX-License-Identifier: Apache-2.0 */
/* source_kind.c - what the frame must know of sources. */
#include "conformance/source_kit.h"

#include <string.h>

/* Writes, and looks at what was written. */
static void exercise_writing(struct source_work *w, unsigned round)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = w->content_type,
                                .key = "exercise",
                                .key_size = 8,
                                .present = LAGAN_HAS_BYTES,
                                .bytes = 5};
    void *writer;
    uint32_t result = work_create(w, &entry, LAGAN_CREATE_REPLACE, &writer);
    if (result == LAGAN_UNSUPPORTED)
        return;
    EXPECT_OK(w->t, result, "source.h, entry_create");
    EXPECT_OK(w->t, work_write(w, writer, 0, "hello", 5), "source.h, write_at");
    /* Nothing stays behind of most, and the same of all others. */
    if (round > 0)
        work_abort(w, writer);
    else
        EXPECT_OK(w->t, work_commit(w, writer, NULL, 0, NULL), "source.h, entry_commit");
    if (round == 0)
        EXPECT_OK(w->t, work_stat(w, entry.key, entry.key_size, NULL), "source.h, entry_stat");
}

/* Walks a little, reads a little, and leaves things half read. */
static void exercise_reading(struct source_work *w, unsigned round)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_last last = {0};
    struct source_items items = {.t = w->t, .last = &last};
    uint8_t data[512];
    void *walk, *reader;
    size_t got;
    EXPECT_OK(w->t, work_walk_open(w, &plain, &walk), "source.h, walk_open");
    for (unsigned i = 0; i < 3 + round % 3; i++)
        if (work_walk_next(w, walk, 5, &items) != LAGAN_OK)
            break;
    work_walk_close(w, walk);
    if (!last.content ||
        work_open(w, last.content_key, last.content_size, NULL, 0, NULL, &reader) != LAGAN_OK)
        return;
    EXPECT_OK(w->t, work_read(w, reader, 0, data, sizeof data, &got), "source.h, read_at");
    EXPECT_OK(w->t, work_close(w, reader, NULL), "source.h, entry_close");
}

static void exercise(struct trial *t, struct opened *o, unsigned round)
{
    struct source_work w = {.t = t,
                            .ops = trial_source(t),
                            .content_type =
                                source_is_flat(t) ? LAGAN_ENTRY_OBJECT : LAGAN_ENTRY_FILE};
    if (source_is_filled(t)) {
        w.writer = o;
        exercise_writing(&w, round);
        w.reader = trial_open_beside(t, o, LAGAN_OPEN_READ_ONLY);
        exercise_reading(&w, round);
        trial_close(t, w.reader);
        return;
    }
    w.reader = o;
    exercise_reading(&w, round);
}

static uint64_t open_flags(struct trial *t)
{
    return source_is_filled(t) ? LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE
                               : LAGAN_OPEN_READ_ONLY;
}

const struct check_kind check_kind_source = {.kind = LAGAN_KIND_SOURCE,
                                             .own_place = true,
                                             .exercise = exercise,
                                             .flags_for = open_flags};
