/* SPDX-License-Identifier: Apache-2.0 */
/* command_mirror_verify.c - whether a mirror holds what its vault holds, and mending. */
#include "cli/session.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "engine/compare.h"
#include "engine/task.h"
#include "mirror/create.h"

#include <string.h>

/* A comparison as the options say. */
struct check {
    struct session *session;
    struct catalog_mirror mirror;
    struct catalog_vault *row;
    struct open_vault source, copy;
    struct progress progress;
    enum verify_depth depth;
    bool repair;
    uint64_t on_the_way; /* findings that only say that a backup has not arrived yet */
};

static int parse_depth(struct check *c, struct error *e)
{
    const char *text = session_value(c->session, OPTION_DEPTH);
    c->depth = VERIFY_STRUCTURE;
    if (!text || strcmp(text, "structure") == 0)
        return 0;
    c->depth = VERIFY_OBJECTS;
    if (strcmp(text, "objects") == 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--depth %s: a mirror is compared by structure or objects; `lagan verify "
                     "--depth data` looks into one vault",
                     text);
}

static int open_side(struct check *c, const uint8_t id[CATALOG_ID_SIZE],
                     struct open_vault *vault, struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    struct session *s = c->session;
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), id, e);
    if (!row)
        return -1;
    return setup_vault_open_row(s->setup, row, &locked, !c->repair, vault, e);
}

/* Whether all that lacks the object are backups that the mirror was not given yet. */
static bool is_on_the_way(const struct check *c, const struct compare_finding *f)
{
    if (f->kind != COMPARE_ONLY_SOURCE || f->backup_count == 0)
        return false;
    for (size_t i = 0; i < f->backup_count; i++) {
        struct catalog_backup row;
        struct error e = ERROR_INIT;
        if (catalog_backup_get(session_catalog(c->session), c->mirror.vault, f->backups[i],
                               &row, &e) == 0 ||
            e.code != ERROR_NO_BACKUP)
            return false;
    }
    return true;
}

static void record_finding(struct output *o, const struct compare_finding *f)
{
    record_begin(o, "finding");
    record_text(o, "object", f->object);
    record_text(o, "kind", compare_kind_name(f->kind));
    record_flag(o, "fatal", compare_kind_is_fatal(f->kind));
    record_text(o, "message", f->why.text);
    record_flag(o, "mended", f->mended);
    record_text(o, "failure", f->failure.text);
    json_array(&o->json, "backups");
    for (size_t i = 0; i < f->backup_count; i++)
        json_text(&o->json, NULL, f->backups[i]);
    json_array_end(&o->json);
    record_end(o);
}

static void on_finding(void *context, const struct compare_finding *f)
{
    struct check *c = context;
    struct output *o = &c->session->output;
    struct buffer backups CLEANUP_BUFFER = BUFFER_INIT;
    if (!c->repair && is_on_the_way(c, f)) {
        c->on_the_way++;
        return;
    }
    if (o->use_json) {
        record_finding(o, f);
        return;
    }
    for (size_t i = 0; i < f->backup_count; i++)
        buffer_append_format(&backups, "%s %s", i ? "," : "; hurts backup", f->backups[i]);
    progress_end(&c->progress);
    output_line(o, "%s: %s: %s%.*s%s%s%s", compare_kind_name(f->kind), f->object, f->why.text,
                (int)backups.size, (const char *)backups.data, f->mended ? "; mended" : "",
                f->failure.text[0] ? "; not mended: " : "", f->failure.text);
}

static void on_progress(void *context, const struct verify_progress *progress)
{
    struct check *c = context;
    struct job_progress done = {.entries_done = progress->objects_done,
                                .entries_total = progress->objects_total,
                                .bytes_done = progress->bytes_done,
                                .bytes_total = progress->bytes_total};
    progress_update(&c->progress, &done);
}

static void record_result(struct output *o, const struct check *c,
                          const struct compare_result *r)
{
    char root[2 * sizeof(r->root[0]) + 1];
    record_begin(o, "mirror_verify");
    record_text(o, "mirror", c->row->name);
    record_text(o, "source", c->source.row->name);
    record_flag(o, "equal", r->equal);
    text_hex(r->root[COMPARE_SOURCE], sizeof(r->root[0]), root);
    record_text(o, "source_root", root);
    text_hex(r->root[COMPARE_MIRROR], sizeof(r->root[0]), root);
    record_text(o, "mirror_root", root);
    record_number(o, "backups", r->backups);
    record_number(o, "backups_hurt", r->backups_hurt);
    record_number(o, "source_objects", r->objects[COMPARE_SOURCE]);
    record_size(o, "source_bytes", r->bytes[COMPARE_SOURCE]);
    record_number(o, "mirror_objects", r->objects[COMPARE_MIRROR]);
    record_size(o, "mirror_bytes", r->bytes[COMPARE_MIRROR]);
    for (int i = 0; i < COMPARE_KIND_COUNT; i++)
        if (r->found[i] > 0)
            record_number(o, compare_kind_name((enum compare_kind)i), r->found[i]);
    record_number(o, "on_the_way", c->on_the_way);
    record_number(o, "mended", r->mended);
    record_number(o, "unmended", r->unmended - c->on_the_way);
    record_end(o);
}

static int note_repair(struct check *c, const struct compare_result *r, struct error *e)
{
    struct catalog *catalog = session_catalog(c->session);
    if (r->mended == 0)
        return 0;
    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (catalog_audit_add(catalog, CATALOG_EVENT_MIRROR_REPAIR, c->row->name, e,
                          "%llu objects mended, %llu not", (unsigned long long)r->mended,
                          (unsigned long long)r->unmended) != 0) {
        catalog_rollback(catalog);
        return -1;
    }
    return catalog_commit(catalog, e);
}

static int compare(struct check *c, struct compare_result *r, struct error *e)
{
    struct compare_request request = {.source = c->source.vault,
                                      .mirror = c->copy.vault,
                                      .depth = c->depth,
                                      .repair = c->repair,
                                      .context = c,
                                      .found = on_finding,
                                      .progress = on_progress};
    progress_begin(&c->progress, "compare", "objects");
    int result = compare_vaults(&request, r, e);
    progress_end(&c->progress);
    return result;
}

static int run(struct check *c, struct error *e)
{
    struct compare_result r = {0};
    struct error differs = ERROR_INIT;
    struct task task;
    task_begin(&task, session_catalog(c->session), CATALOG_TASK_VERIFY, c->row->uuid, NULL,
               c->row->name, NULL);
    int result = compare(c, &r, e);
    bool whole = r.unmended == c->on_the_way;
    if (result == 0 && !whole)
        error_set(&differs, LAGAN_CORRUPT, ERROR_INTEGRITY, "%llu objects differ",
                  (unsigned long long)(r.unmended - c->on_the_way));
    task_end(&task, result != 0 ? e : whole ? NULL : &differs);
    if (result != 0 || note_repair(c, &r, e) != 0)
        return -1;
    record_result(&c->session->output, c, &r);
    if (!whole)
        c->session->status = STATUS_INTEGRITY;
    return 0;
}

/* An orphan has nothing to be compared with. */
static int check_source(const struct check *c, struct error *e)
{
    if (!mirror_is_orphan(&c->mirror))
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_NO_MIRROR,
                     "the vault that the mirror %s follows is not known here; `lagan verify "
                     "--vault '%s'` looks at the mirror alone",
                     c->row->name, c->row->name);
}

int command_mirror_verify(struct session *s, struct error *e)
{
    struct check c = {.session = s, .repair = session_given(s, OPTION_REPAIR)};
    int result = -1;
    if (parse_depth(&c, e) == 0 && session_setup(s, NEED_CATALOG, e) == 0 &&
        mirror_find(s->setup, session_value(s, OPTION_REGION), session_operand(s, 0), &c.row,
                    &c.mirror, e) == 0 &&
        check_source(&c, e) == 0 && open_side(&c, c.mirror.source, &c.source, e) == 0 &&
        open_side(&c, c.mirror.vault, &c.copy, e) == 0)
        result = run(&c, e);
    open_vault_close(&c.copy);
    open_vault_close(&c.source);
    catalog_vault_free(c.row);
    return result;
}
