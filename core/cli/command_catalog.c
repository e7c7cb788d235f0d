/* SPDX-License-Identifier: Apache-2.0 */
/* command_catalog.c - the catalog beside the vaults that it tells of. */
#include "cli/session.h"

#include "engine/rebuild.h"
#include "engine/task.h"

#include <string.h>

/* Calls `work` for the region of --region, or for all. */
static int each_region(struct session *s,
                       int (*work)(struct session *s, const struct config_region *region,
                                   struct error *e),
                       struct error *e)
{
    const struct config *config = setup_config(s->setup);
    const struct config_region *region = NULL;
    const char *name = session_value(s, OPTION_REGION);
    if (name)
        return setup_region(s->setup, name, &region, e) != 0 ? -1 : work(s, region, e);
    for (size_t i = 0; i < config->region_count; i++) {
        if (work(s, &config->regions[i], e) != 0)
            return -1;
    }
    return 0;
}

static void print_difference(void *context, const struct difference *d)
{
    struct session *s = context;
    struct output *o = &s->output;
    s->status = STATUS_FAILED;
    if (o->use_json) {
        record_begin(o, "difference");
        record_text(o, "region", d->region);
        record_text(o, "vault", d->vault);
        record_text(o, "backup", d->backup);
        record_text(o, "text", d->text);
        record_end(o);
        return;
    }
    output_line(o, "region %s, vault %s%s%s: %s", d->region ? d->region : "-",
                d->vault ? d->vault : "-", d->backup ? ", backup " : "",
                d->backup ? d->backup : "", d->text);
}

static int check_region(struct session *s, const struct config_region *region, struct error *e)
{
    struct setup_key key = session_key(s);
    return rebuild_check(s->setup, region, &key, print_difference, s, e);
}

static void catalog_problem(void *context, const char *text)
{
    struct session *s = context;
    s->status = STATUS_FAILED;
    if (!s->output.use_json) {
        output_line(&s->output, "catalog: %s", text);
        return;
    }
    record_begin(&s->output, "problem");
    record_text(&s->output, "text", text);
    record_end(&s->output);
}

int command_catalog_check(struct session *s, struct error *e)
{
    uint64_t problems = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_check(session_catalog(s), catalog_problem, s, &problems, e) != 0 ||
        each_region(s, check_region, e) != 0)
        return -1;
    if (s->status == STATUS_DONE)
        output_note(&s->output, "catalog and vaults agree");
    else
        output_note(&s->output, "%s",
                    "`lagan catalog rebuild` makes the catalog follow the vaults");
    return 0;
}

/* What people had said, and nobody else knew any more. */
static void print_notes(struct output *o, const struct rebuilt_vault *v)
{
    const struct notes_taken *n = &v->notes;
    if (n->policies_new > 0)
        output_note(o, "vault %s: %llu policies are back, %llu of them disabled as they were",
                    v->row->name, (unsigned long long)n->policies_new,
                    (unsigned long long)n->policies_disabled);
    if (n->sources_bound > 0)
        output_note(o, "vault %s: %llu sources are bound to it again", v->row->name,
                    (unsigned long long)n->sources_bound);
    if (n->backups_deleted > 0)
        output_note(o,
                    "vault %s: %llu backups are deleted still; `lagan backup list --state "
                    "deleted` shows them",
                    v->row->name, (unsigned long long)n->backups_deleted);
    if (n->backups_extended > 0)
        output_note(o, "vault %s: the time of %llu backups is extended still", v->row->name,
                    (unsigned long long)n->backups_extended);
    if (n->approvers > 0)
        output_note(o, "vault %s: %llu approvers are asked again", v->row->name,
                    (unsigned long long)n->approvers);
}

static void print_rebuilt(void *context, const struct rebuilt_vault *v)
{
    struct session *s = context;
    struct output *o = &s->output;
    bool locked = v->why->error_class != LAGAN_OK;
    if (o->use_json) {
        record_begin(o, "vault");
        record_text(o, "name", v->row->name);
        record_id(o, "id", v->row->uuid);
        record_text(o, "region", v->row->region);
        record_text(o, "place", v->row->prefix);
        record_number(o, "backups", v->backups);
        record_number(o, "backups_new", v->backups_new);
        record_number(o, "backups_gone", v->backups_gone);
        record_number(o, "sources_new", v->sources_new);
        record_number(o, "slots_gone", v->slots_gone);
        record_number(o, "policies_new", v->notes.policies_new);
        record_number(o, "policies_disabled", v->notes.policies_disabled);
        record_number(o, "sources_bound", v->notes.sources_bound);
        record_number(o, "backups_deleted", v->notes.backups_deleted);
        record_number(o, "backups_extended", v->notes.backups_extended);
        record_number(o, "approvers", v->notes.approvers);
        record_text(o, "problem", v->why->text);
        record_end(o);
    } else if (!locked) {
        output_note(o,
                    "vault %s in region %s: %llu backups, %llu of them new; %llu gone; %llu "
                    "sources registered again",
                    v->row->name, v->row->region, (unsigned long long)v->backups,
                    (unsigned long long)v->backups_new, (unsigned long long)v->backups_gone,
                    (unsigned long long)v->sources_new);
    }
    if (!o->use_json && v->slots_gone > 0)
        output_note(o, "vault %s: %llu key slots gone", v->row->name,
                    (unsigned long long)v->slots_gone);
    if (!o->use_json)
        print_notes(o, v);
    if (locked) {
        report_line("lagan: vault %s is known again, but its backups are not: %s", v->row->name,
                    v->why->text);
        s->status = error_exit_status(v->why);
    }
}

static int rebuild(struct session *s, const struct config_region *region, struct error *e)
{
    struct setup_key key = session_key(s);
    uint64_t failed = 0;
    struct task task;
    task_begin(&task, session_catalog(s), CATALOG_TASK_REBUILD, NULL, NULL, region->name, NULL);
    int result = rebuild_region(s->setup, region, &key, print_rebuilt, s, &failed, e);
    task.row.problems = failed;
    task_end(&task, result != 0 ? e : NULL);
    return result;
}

/* A mirror is all that is left of its vault. */
static void print_orphan(void *context, const struct catalog_vault *row,
                         const struct notes_taken *taken)
{
    struct session *s = context;
    const struct rebuilt_vault found = {.row = row, .notes = *taken};
    struct output *o = &s->output;
    if (!o->use_json) {
        print_notes(o, &found);
        if (taken->policies_new > 0)
            output_note(o,
                        "vault %s: it is a mirror, for which no policy holds; once `lagan "
                        "mirror stop` has made it a vault they hold for it",
                        row->name);
        return;
    }
    record_begin(o, "mirror_notes");
    record_text(o, "name", row->name);
    record_id(o, "id", row->uuid);
    record_number(o, "policies_new", taken->policies_new);
    record_number(o, "policies_disabled", taken->policies_disabled);
    record_number(o, "backups_deleted", taken->backups_deleted);
    record_number(o, "backups_extended", taken->backups_extended);
    record_end(o);
}

int command_catalog_rebuild(struct session *s, struct error *e)
{
    struct setup_key key;
    uint64_t mirrors = 0;
    if (session_setup(s, NEED_REBUILD, e) != 0 || each_region(s, rebuild, e) != 0 ||
        rebuild_mirrors(s->setup, &mirrors, e) != 0)
        return -1;
    key = session_key(s);
    if (rebuild_orphans(s->setup, &key, print_orphan, s, e) != 0)
        return -1;
    if (mirrors > 0)
        output_note(&s->output, "%llu mirrors follow their vaults again",
                    (unsigned long long)mirrors);
    return 0;
}

int command_catalog_export(struct session *s, struct error *e)
{
    struct buffer dump CLEANUP_BUFFER = BUFFER_INIT;
    struct output *o = &s->output;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_dump(session_catalog(s), &dump, e) != 0)
        return -1;
    if (!o->use_json) {
        output_write(o, dump.data, dump.size);
        return 0;
    }
    for (size_t at = 0; at < dump.size;) {
        const uint8_t *line = dump.data + at;
        const uint8_t *end = memchr(line, '\n', dump.size - at);
        size_t length = end ? (size_t)(end - line) : dump.size - at;
        record_begin(o, "line");
        record_bytes(o, "text", line, length);
        record_end(o);
        at += length + 1;
    }
    return 0;
}
