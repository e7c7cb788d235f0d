/* SPDX-License-Identifier: Apache-2.0 */
/* rule_object.c - one version: whether it is copied, and how. */
#include "engine/rule_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/entry_copy.h"
#include "engine/object_origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAGS_MOST = 64 };

/* The original, as it is now. */
struct original {
    struct rule_pass *pass;
    const struct catalog_object_copy *row;
    struct buffer key; /* with the version */
    struct entry_copy copy;
    bool is_copy;
    struct object_tag tags[TAGS_MOST]; /* into `texts`, by offset until all are there */
    size_t tag_count;
    struct buffer texts;
    struct error error; /* why a collector refused */
};

static void original_free(struct original *o)
{
    buffer_free(&o->key);
    buffer_free(&o->texts);
    entry_copy_free(&o->copy);
}

static void skip(struct catalog_object_copy *row, enum object_skip reason)
{
    row->state = CATALOG_COPY_SKIPPED;
    snprintf(row->reason, sizeof(row->reason), "%s", object_skip_name(reason));
}

/* ---- looking ---- */

static uint32_t take_entry(void *context, const struct lagan_entry *entry)
{
    struct original *o = context;
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    const struct lagan_metadata *piece = source_find_piece(pieces, count, OBJECT_ORIGIN_PIECE);

    o->is_copy = piece != NULL &&
                 object_origin_is_copy(piece->value, piece->value_size, o->pass->from_place,
                                       o->row->object, o->row->object_size);
    return entry_copy_set(&o->copy, entry, &o->error) == 0 ? LAGAN_OK : LAGAN_INTERNAL;
}

static int name_version(struct buffer *key, const struct catalog_object_copy *row,
                        int64_t moment_ns, const char *version, struct error *e)
{
    buffer_clear(key);
    buffer_append(key, row->object, row->object_size);
    buffer_append_u8(key, 0);
    buffer_append_format(key, "%016llx%s", (unsigned long long)moment_ns, version);
    return buffer_check(key, e);
}

/* Looks at the version that `o->key` names: 1, 0 when it is gone, -1. */
static int look(struct original *o, struct error *e)
{
    const struct lagan_entry_collector collector = {o, take_entry};
    struct error why = ERROR_INIT;

    if (rule_look(object_ends_from(o->pass->ends), &o->key, &collector, &why) == 0)
        return 1;
    if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_CHANGED)
        return 0;
    *e = o->error.error_class != LAGAN_OK ? o->error : why;
    return -1;
}

/* An attempt again, or a gap that is filled: whether a rule has made a later version here.  The
 * destination of this rule has that one's original, over which nothing older may come. */
static int is_overtaken(struct rule_pass *p, const struct catalog_object_copy *row,
                        struct error *e)
{
    struct rule_there newest;

    if (row->attempts <= 1)
        return 0;
    if (rule_here(p, row->object, row->object_size, &newest, e) != 0)
        return -1;
    if (!newest.found || newest.marker || strcmp(newest.version, row->version) == 0)
        return 0;
    struct original *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return error_no_memory(e, "a version");
    o->pass = p;
    o->row = row;
    int found = name_version(&o->key, row, newest.moment_ns, newest.version, e);
    if (found == 0)
        found = look(o, e);
    if (found > 0)
        found = o->is_copy;
    original_free(o);
    free(o);
    return found;
}

static uint32_t take_tag(void *context, const struct lagan_metadata *piece)
{
    static const size_t start = sizeof(LAGAN_PROPERTY_TAG) - 1;
    struct original *o = context;

    if (piece->kind != LAGAN_METADATA_PROPERTY || piece->name_size <= start ||
        memcmp(piece->name, LAGAN_PROPERTY_TAG, start) != 0 || o->tag_count == TAGS_MOST)
        return LAGAN_OK;
    struct object_tag *tag = &o->tags[o->tag_count++];
    tag->name_size = piece->name_size - start;
    tag->value_size = piece->value_size;
    buffer_append(&o->texts, piece->name + start, tag->name_size);
    buffer_append(&o->texts, piece->value, piece->value_size);
    return o->texts.failed ? LAGAN_INTERNAL : LAGAN_OK;
}

static void ignore_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

/* Only where some rule asks for them: it is a request of its own. */
static int read_tags(struct original *o, struct error *e)
{
    const struct lagan_metadata_collector pieces = {o, take_tag, ignore_lost};
    const struct rule_pass *p = o->pass;
    size_t at = 0;

    if (!object_rules_need_tags(p->set.rules, p->set.count, p->at, o->row->object,
                                o->row->object_size))
        return 0;
    if (source_metadata(object_ends_from(p->ends), o->key.data, o->key.size, o->copy.entry.type,
                        &pieces, e) != 0)
        return -1;
    for (size_t i = 0; i < o->tag_count; i++) {
        o->tags[i].name = (const char *)o->texts.data + at;
        o->tags[i].value = o->tags[i].name + o->tags[i].name_size;
        at += o->tags[i].name_size + o->tags[i].value_size;
    }
    return 0;
}

/* What the rules say now that it is known. */
static enum object_skip decide(const struct original *o)
{
    const struct rule_pass *p = o->pass;
    const struct object_facts facts = {.key = o->row->object,
                                       .key_size = o->row->object_size,
                                       .marker = o->row->marker,
                                       .is_copy = o->is_copy,
                                       .tags = o->tags,
                                       .tag_count = o->tag_count};

    return object_rules_decide(p->set.rules, p->set.count, p->at, &facts);
}

/* ---- copying ---- */

static void complete(struct rule_pass *p, struct catalog_object_copy *row,
                     const char *copy_version)
{
    row->state = CATALOG_COPY_COMPLETED;
    snprintf(row->copy_version, sizeof(row->copy_version), "%s", copy_version);
    pthread_mutex_lock(&p->lock);
    if (row->marker) {
        p->result->marked++;
    } else {
        p->result->copied++;
        p->result->copied_bytes += row->bytes;
    }
    pthread_mutex_unlock(&p->lock);
}

static void count(struct rule_pass *p, uint64_t *what)
{
    pthread_mutex_lock(&p->lock);
    ++*what;
    pthread_mutex_unlock(&p->lock);
}

static int copy_object(struct rule_pass *p, struct original *o, struct catalog_object_copy *row,
                       struct error *e)
{
    const struct object_rule *rule = rule_of(p);
    const struct object_origin origin = {.rule = p->row->name,
                                         .from = p->from_place,
                                         .to = p->to_place,
                                         .key = row->object,
                                         .key_size = row->object_size,
                                         .version = row->version,
                                         .version_size = strlen(row->version)};
    char text[OBJECT_ORIGIN_SIZE];
    object_origin_make(&origin, text);
    struct lagan_metadata give[2] = {{LAGAN_METADATA_PROPERTY, strlen(OBJECT_ORIGIN_PIECE),
                                      OBJECT_ORIGIN_PIECE, text, strlen(text)}};
    struct object_copy_options options = {.exists = OBJECT_EXISTS_OVERWRITE,
                                          .verify = (enum object_verify)rule->verify,
                                          .give = give,
                                          .give_count = 1,
                                          .without_acl = !rule->keep_acl,
                                          .pace = p->pace};
    if (rule->storage_class != NULL)
        give[options.give_count++] = (struct lagan_metadata){
            LAGAN_METADATA_PROPERTY, strlen(LAGAN_PROPERTY_CLASS), LAGAN_PROPERTY_CLASS,
            rule->storage_class, strlen(rule->storage_class)};
    struct object_copied copied = {.outcome = OBJECT_OUTCOME_COPIED};
    int result = object_copy(p->ends, &o->copy.entry, &options, &copied, e);
    if (result == 0) {
        row->bytes = copied.bytes;
        complete(p, row, copied.to_version);
        if (copied.by_store)
            count(p, &p->result->by_store);
    }
    object_copied_free(&copied);
    return result;
}

/* An attempt before may have made the copy and have died before it said so. */
static int find_made(struct rule_pass *p, struct catalog_object_copy *row,
                     const struct original *o, struct error *e)
{
    struct rule_made made = {.bytes = 0};

    if (row->attempts <= 1)
        return 0;
    int found = rule_find_made(p, row, &made, e);
    if (found > 0 && made.bytes != o->copy.entry.bytes)
        found = 0;
    if (found > 0) {
        row->state = CATALOG_COPY_COMPLETED;
        memcpy(row->copy_version, made.version, sizeof(made.version));
        count(p, &p->result->found);
    }
    buffer_free(&made.key);
    return found;
}

/* A copy that differs from its original says that it is one: nobody may believe it. */
static void remove_bad(struct rule_pass *p, const struct catalog_object_copy *row)
{
    struct rule_made made = {.bytes = 0};
    struct error why = ERROR_INIT;
    int found = rule_find_made(p, row, &made, &why);

    if (found > 0)
        found =
            source_entry_remove(object_ends_to(p->ends), made.key.data, made.key.size, &why);
    if (found < 0)
        log_write(LOG_WARNING, "rule", "a copy that differs is still there: %s", why.text);
    buffer_free(&made.key);
}

static int work_on_object(struct rule_pass *p, struct catalog_object_copy *row,
                          struct original *o, struct error *e)
{
    int found = look(o, e);

    if (found == 0)
        skip(row, OBJECT_SKIP_VERSION_DELETED);
    if (found <= 0)
        return found;
    if (read_tags(o, e) != 0)
        return -1;
    enum object_skip reason = decide(o);
    if (reason != OBJECT_SKIP_NONE) {
        skip(row, reason);
        return 0;
    }
    found = find_made(p, row, o, e);
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (copy_object(p, o, row, e) == 0)
        return 0;
    if (e->error_class == LAGAN_CORRUPT)
        remove_bad(p, row);
    if (e->error_class != LAGAN_NOT_FOUND && e->error_class != LAGAN_CHANGED)
        return -1;
    /* The version went while it was copied: is it there no more? */
    *e = ERROR_INIT;
    found = look(o, e);
    if (found == 0)
        skip(row, OBJECT_SKIP_VERSION_DELETED);
    if (found > 0)
        error_set(e, LAGAN_TRANSIENT, ERROR_TEMPORARY, "it changed while it was copied");
    return found == 0 ? 0 : -1;
}

/* The marker of a key that is gone there already, or never was there, has nothing to mark. */
static int work_on_marker(struct rule_pass *p, struct catalog_object_copy *row,
                          struct original *o, struct error *e)
{
    struct rule_there there;
    struct object_copied copied = {.outcome = OBJECT_OUTCOME_MARKED};
    const struct object_copy_options options = {.exists = OBJECT_EXISTS_OVERWRITE};
    enum object_skip reason = decide(o);

    if (reason != OBJECT_SKIP_NONE) {
        skip(row, reason);
        return 0;
    }
    if (rule_there(p, row->object, row->object_size, &there, e) != 0)
        return -1;
    if (!there.found || there.marker) {
        row->state = CATALOG_COPY_COMPLETED;
        count(p, &p->result->found);
        return 0;
    }
    const struct lagan_entry entry = {.size = sizeof(entry),
                                      .type = LAGAN_ENTRY_MARKER,
                                      .key = o->key.data,
                                      .key_size = o->key.size};
    int result = object_copy(p->ends, &entry, &options, &copied, e);
    object_copied_free(&copied);
    if (result != 0)
        return -1;
    if (rule_there(p, row->object, row->object_size, &there, e) != 0 || !there.marker)
        there.version[0] = '\0'; /* its id is not known: it is no more than that */
    complete(p, row, there.version);
    return 0;
}

static int work_on(struct rule_pass *p, struct catalog_object_copy *row, struct error *e)
{
    struct original *o = calloc(1, sizeof(*o));

    if (o == NULL)
        return error_no_memory(e, "a version");
    o->pass = p;
    o->row = row;
    int result = name_version(&o->key, row, row->moment_ns, row->version, e);
    int overtaken = result == 0 ? is_overtaken(p, row, e) : -1;
    if (overtaken > 0)
        skip(row, OBJECT_SKIP_SUPERSEDED);
    result = overtaken;
    if (overtaken == 0)
        result = row->marker ? work_on_marker(p, row, o, e) : work_on_object(p, row, o, e);
    original_free(o);
    free(o);
    return result < 0 ? -1 : 0;
}

/* ---- what became of it ---- */

static void report(struct rule_pass *p, const struct catalog_object_copy *row, bool given_up)
{
    const struct job_reporter *reporter = p->reporter;
    const struct job_problem problem = {.key = row->object,
                                        .key_size = row->object_size,
                                        .error_class = row->why.error_class,
                                        .text = row->why.text,
                                        .warning = !given_up};

    pthread_mutex_lock(&p->lock);
    if (given_up)
        p->result->failed++;
    else
        p->result->again++;
    if (reporter != NULL && reporter->problem != NULL)
        reporter->problem(reporter->context, &problem);
    pthread_mutex_unlock(&p->lock);
}

static void note_failure(struct rule_pass *p, struct catalog_object_copy *row,
                         const struct error *why)
{
    bool given_up = row->attempts >= rule_of(p)->attempts;

    row->why = *why;
    row->state = given_up ? CATALOG_COPY_FAILED : CATALOG_COPY_PENDING;
    row->due_ns = given_up ? 0 : clock_wall_ns() + object_rule_wait_ns(row->attempts);
    report(p, row, given_up);
}

int rule_object(struct rule_pass *p, struct catalog_object_copy *row, struct error *e)
{
    struct error why = ERROR_INIT;
    int ended = 0;

    row->reason[0] = '\0';
    if (row->superseded) {
        skip(row, OBJECT_SKIP_SUPERSEDED);
    } else if (work_on(p, row, &why) != 0) {
        if (why.error_class == LAGAN_CANCELLED || job_error_ends(&why)) {
            row->state = CATALOG_COPY_PENDING;
            row->due_ns = 0;
            row->why = why;
            *e = why;
            ended = -1;
        } else {
            note_failure(p, row, &why);
        }
    } else {
        row->why = ERROR_INIT;
    }
    if (row->state == CATALOG_COPY_SKIPPED)
        count(p, &p->result->skipped);
    return ended;
}
