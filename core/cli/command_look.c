/* SPDX-License-Identifier: Apache-2.0 */
/* command_look.c - looking into backups: ls, cat, diff. */
#include "cli/record.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "driver/operation.h"
#include "engine/key_text.h"
#include "engine/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWNER_WIDTH = 8, BYTES_WIDTH = 12 };

/* An entry of a backup that is being looked at. */
struct look {
    struct session *session;
    struct chosen chosen;
    const struct seal *seal;
    struct buffer key;
};

/* Opens what "BACKUP:PATH" names. */
static int look_open(struct session *s, const char *text, struct look *look, struct error *e)
{
    char *backup = NULL;
    const char *path = NULL;
    look->session = s;
    if (locate_split(text, &backup, &path, e) != 0)
        return -1;
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = chosen_open(s, backup, true, &look->chosen, e);
    if (result == 0)
        result = chosen_backup(&look->chosen, backup, &look->seal, e);
    if (result == 0)
        result = chosen_store(s, &look->chosen, e);
    if (result == 0)
        result = locate_key(look->chosen.store, look->seal, path, &look->key, e);
    free(backup);
    return result;
}

static void look_close(struct look *look)
{
    chosen_close(&look->chosen);
    buffer_free(&look->key);
}

static struct listing_request look_request(const struct look *look)
{
    return (struct listing_request){.store = look->chosen.store,
                                    .seal = look->seal,
                                    .key = look->key.data,
                                    .key_size = look->key.size,
                                    .recursive =
                                        session_given(look->session, OPTION_RECURSIVE)};
}

static void append_owner(struct buffer *line, const char *name, uint32_t number)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    if (name)
        text_escape(&text, name, strlen(name));
    else
        buffer_append_format(&text, "%u", number);
    buffer_append_format(line, " %-*.*s", OWNER_WIDTH, (int)text.size, (const char *)text.data);
}

/* "-rw-r--r-- root     root             1234 2026-11-21 08:56:58 " */
static void append_attributes(struct buffer *line, const struct tree_entry *entry)
{
    char mode[11], when[CLOCK_TEXT_SIZE] = "-";
    int64_t ns = 0;
    entry_mode_text(entry, mode);
    if (entry_time(entry, &ns))
        clock_format_local(ns, when);
    buffer_append_format(line, "%s", mode);
    append_owner(line, entry->user_name, entry->user);
    append_owner(line, entry->group_name, entry->group);
    buffer_append_format(line, " %*llu %-19s ", BYTES_WIDTH, (unsigned long long)entry->bytes,
                         when);
}

static void append_link(struct buffer *line, const struct tree_entry *entry)
{
    struct reader target;
    if (!tree_further_find(entry, TREE_FURTHER_LINK, &target))
        return;
    buffer_append_format(line, " -> ");
    text_escape(line, target.next, target.left);
}

static int list_entry(void *context, const struct tree_entry *entry, struct error *e)
{
    struct look *look = context;
    struct output *o = &look->session->output;
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;
    bool detailed = session_given(look->session, OPTION_LONG);
    if (o->use_json) {
        record_entry(o, "entry", entry);
        return o->failure ? output_check(o, e) : 0;
    }
    if (detailed)
        append_attributes(&line, entry);
    key_text(&line, entry->key, entry->key_size);
    if (detailed)
        append_link(&line, entry);
    buffer_append_u8(&line, '\n');
    if (buffer_check(&line, e) != 0)
        return -1;
    output_write(o, line.data, line.size);
    return o->failure ? output_check(o, e) : 0;
}

int command_ls(struct session *s, struct error *e)
{
    const char *text = session_operand(s, 0);
    struct look look = {0};
    int result = look_open(s, text ? text : "latest", &look, e);
    if (result == 0) {
        struct listing_request request = look_request(&look);
        result = listing_run(&request, list_entry, &look, e);
    }
    look_close(&look);
    return result;
}

static int write_content(void *context, const void *data, size_t size, struct error *e)
{
    struct look *look = context;
    struct output *o = &look->session->output;
    output_write(o, data, size);
    return o->failure ? output_check(o, e) : 0;
}

int command_cat(struct session *s, struct error *e)
{
    struct look look = {0};
    if (s->output.use_json)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "cat writes the bytes of a file, which --json cannot show");
    int result = look_open(s, session_operand(s, 0), &look, e);
    if (result == 0) {
        struct listing_request request = look_request(&look);
        result = listing_content(&request, write_content, &look, e);
    }
    look_close(&look);
    return result;
}

/* Differences as they are counted and shown. */
static const struct {
    enum tree_change change;
    const char *name;   /* in JSON */
    const char *colour; /* on a terminal */
} changes[] = {{TREE_ADDED, "added", "32"},
               {TREE_REMOVED, "removed", "31"},
               {TREE_CONTENT, "content", "33"},
               {TREE_ATTRIBUTES, "attributes", "36"}};
enum { CHANGE_COUNT = sizeof(changes) / sizeof(changes[0]) };

struct difference_view {
    struct session *session;
    uint64_t counts[CHANGE_COUNT];
};

static size_t change_index(enum tree_change change)
{
    size_t i = 0;
    while (i + 1 < CHANGE_COUNT && changes[i].change != change)
        i++;
    return i;
}

static void print_change(struct output *o, size_t index, const struct tree_entry *entry)
{
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;
    bool colours = terminal_has_colours();
    if (colours)
        buffer_append_format(&line, "\033[%sm", changes[index].colour);
    buffer_append_format(&line, "%c ", (char)changes[index].change);
    key_text(&line, entry->key, entry->key_size);
    if (colours)
        buffer_append_format(&line, "\033[0m");
    buffer_append_u8(&line, '\n');
    if (line.failed)
        o->failure = ENOMEM;
    else
        output_write(o, line.data, line.size);
}

static void record_change(struct output *o, size_t index, const struct tree_entry *before,
                          const struct tree_entry *after)
{
    const struct tree_entry *entry = after ? after : before;
    record_begin(o, "difference");
    record_text(o, "change", changes[index].name);
    record_entry_members(o, entry);
    if (before && after && (before->present & LAGAN_HAS_BYTES))
        record_number(o, "bytes_before", before->bytes);
    record_end(o);
}

static int each_change(void *context, enum tree_change change, const struct tree_entry *before,
                       const struct tree_entry *after, struct error *e)
{
    struct difference_view *view = context;
    struct output *o = &view->session->output;
    size_t index = change_index(change);
    view->counts[index]++;
    if (o->use_json)
        record_change(o, index, before, after);
    else
        print_change(o, index, after ? after : before);
    if (operation_check(e) != 0)
        return -1;
    return o->failure ? output_check(o, e) : 0;
}

static int compare(struct session *s, struct chosen *chosen, struct error *e)
{
    const struct seal *before = NULL, *after = NULL;
    struct difference_view view = {.session = s};
    if (chosen_backup(chosen, session_operand(s, 0), &before, e) != 0 ||
        chosen_backup(chosen, session_operand(s, 1), &after, e) != 0 ||
        chosen_store(s, chosen, e) != 0)
        return -1;
    struct chunk_access access = store_access(chosen->store);
    if (tree_diff(&access, &before->root, &after->root, each_change, &view, e) != 0)
        return -1;
    output_note(&s->output, "%llu added, %llu removed, %llu content, %llu attributes",
                (unsigned long long)view.counts[0], (unsigned long long)view.counts[1],
                (unsigned long long)view.counts[2], (unsigned long long)view.counts[3]);
    return 0;
}

int command_diff(struct session *s, struct error *e)
{
    struct chosen chosen = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        chosen_open(s, session_operand(s, 0), true, &chosen, e) != 0)
        return -1;
    int result = compare(s, &chosen, e);
    chosen_close(&chosen);
    return result;
}
