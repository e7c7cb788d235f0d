/* SPDX-License-Identifier: Apache-2.0 */
/* command_verify.c - checking vaults. */
#include "cli/session.h"

#include "base/text.h"
#include "engine/lost.h"
#include "engine/task.h"
#include "engine/zone_mend.h"
#include "vault/verify.h"

#include <stdio.h>
#include <string.h>

/* A check as the options say. */
struct check {
    struct session *session;
    enum verify_depth depth;
    struct chosen chosen; /* `row` is NULL with --target */
    const struct seal *seal;
    struct progress progress;
};

static const char *const depth_names[] = {
#define X(symbol, name, text) name,
    VERIFY_DEPTHS(X)
#undef X
};

static int parse_depth(const char *text, enum verify_depth *depth, struct error *e)
{
    for (size_t i = 0; i < sizeof(depth_names) / sizeof(depth_names[0]); i++) {
        if (strcmp(depth_names[i], text) == 0) {
            *depth = (enum verify_depth)i;
            return 0;
        }
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--depth %s: it can be structure, objects or data", text);
}

/* Opens the vault; no key is used where none is needed. */
static int check_open(struct check *check, struct error *e)
{
    struct session *s = check->session;
    const char *target = session_value(s, OPTION_TARGET);
    const char *backup = session_value(s, OPTION_BACKUP);
    struct setup_key key = session_key(s);
    struct open_vault *vault = &check->chosen.vault;
    bool named = key.passphrase_source || key.recovery_source || key.provider;
    key.locked = key.locked || (check->depth != VERIFY_DATA && !named && (!backup || target));
    if (session_setup(s, target ? NEED_DRIVERS : NEED_CATALOG, e) != 0)
        return -1;
    if (target)
        return setup_vault_open_at(s->setup, target, &key, vault, e);
    return locate_vault(s->setup, session_value(s, OPTION_REGION),
                        session_value(s, OPTION_VAULT), backup, &key, true, vault, e);
}

static int choose_backup(struct check *check, struct error *e)
{
    struct session *s = check->session;
    const char *backup = session_value(s, OPTION_BACKUP);
    const char *source = session_value(s, OPTION_SOURCE);
    struct chosen *chosen = &check->chosen;
    if (!backup)
        return 0;
    if (vault_backups(chosen->vault.vault, &chosen->seals, NULL, NULL, e) != 0)
        return -1;
    chosen->has_source = source != NULL;
    if (source && locate_source(s->setup, &chosen->seals, source, chosen->source_id, e) != 0)
        return -1;
    return chosen_backup(chosen, backup, &check->seal, e);
}

static void record_finding(struct output *o, const struct verify_finding *finding)
{
    record_begin(o, "finding");
    record_text(o, "object", finding->object);
    record_flag(o, "fatal", finding->fatal);
    record_text(o, "code", error_code_name(finding->why.code));
    record_text(o, "message", finding->why.text);
    json_array(&o->json, "backups");
    for (size_t i = 0; i < finding->backup_count; i++)
        json_text(&o->json, NULL, finding->backups[i]);
    json_array_end(&o->json);
    record_end(o);
}

static void on_finding(void *context, const struct verify_finding *finding)
{
    struct check *check = context;
    struct output *o = &check->session->output;
    struct buffer backups CLEANUP_BUFFER = BUFFER_INIT;
    if (o->use_json) {
        record_finding(o, finding);
        return;
    }
    for (size_t i = 0; i < finding->backup_count; i++)
        buffer_append_format(&backups, "%s %s", i ? "," : "; hurts backup",
                             finding->backups[i]);
    progress_end(&check->progress);
    output_line(o, "%s: %s: %s%.*s", finding->fatal ? "damaged" : "warning", finding->object,
                finding->why.text, (int)backups.size, (const char *)backups.data);
}

/* What the vault cannot know: objects that were taken away, or added. */
struct lost_view {
    struct check *check;
    struct verify_result *result;
};

static void on_lost(void *context, const struct lost_object *lost)
{
    struct lost_view *view = context;
    struct verify_finding finding = {.object = lost->name,
                                     .fatal = lost->missing,
                                     .why = lost->why,
                                     .backups = &lost->backup,
                                     .backup_count = lost->backup != NULL};
    if (lost->missing)
        view->result->damaged++;
    else
        view->result->warnings++;
    on_finding(view->check, &finding);
}

/* An object in too few zones is whole, but would not survive what it is there to survive. */
static int check_zones(struct check *check, struct verify_result *result, struct error *e)
{
    struct target *target = check->chosen.vault.place.target;
    struct zone_repair_result zones;
    struct verify_finding finding = {0};
    if (target_zone_count(target) == 0 || check->seal)
        return 0;
    if (zone_survey(target, &zones, e) != 0)
        return -1;
    for (size_t i = 0; i < zones.zones; i++) {
        if (target_zone(target, i, &finding.why))
            continue;
        finding.object = target_zone_name(target, i);
        error_context(&finding.why, "this zone is missing");
        result->warnings++;
        on_finding(check, &finding);
    }
    if (zones.incomplete == 0)
        return 0;
    finding.object = "zones";
    error_set(&finding.why, LAGAN_PRECONDITION, ERROR_ZONE_MISSING,
              "%llu of %llu objects are in fewer zones than they should be; `lagan region "
              "repair` mends that",
              (unsigned long long)zones.incomplete, (unsigned long long)zones.objects);
    result->warnings++;
    on_finding(check, &finding);
    return 0;
}

static void on_progress(void *context, const struct verify_progress *progress)
{
    struct check *check = context;
    struct job_progress done = {.entries_done = progress->objects_done,
                                .entries_total = progress->objects_total,
                                .bytes_done = progress->bytes_done,
                                .bytes_total = progress->bytes_total};
    progress_update(&check->progress, &done);
}

static const char *vault_name(const struct check *check)
{
    const struct open_vault *vault = &check->chosen.vault;
    return vault->row ? vault->row->name : vault_settings(vault->vault)->name;
}

static void print_result(struct check *check, const struct verify_result *r)
{
    struct output *o = &check->session->output;
    char bytes[TEXT_SIZE_SIZE];
    if (o->use_json) {
        record_begin(o, "verify");
        record_text(o, "vault", vault_name(check));
        record_text(o, "depth", depth_names[check->depth]);
        record_text(o, "backup", check->seal ? check->seal->id : NULL);
        record_number(o, "backups", r->backups);
        record_number(o, "objects", r->objects);
        record_number(o, "bytes", r->bytes);
        record_number(o, "chunks", r->chunks);
        record_number(o, "entries", r->entries);
        record_number(o, "damaged", r->damaged);
        record_number(o, "warnings", r->warnings);
        record_end(o);
        return;
    }
    text_format_size(r->bytes, bytes);
    output_note(o, "vault %s, depth %s: %llu backups, %llu objects, %s", vault_name(check),
                depth_names[check->depth], (unsigned long long)r->backups,
                (unsigned long long)r->objects, bytes);
    if (check->depth == VERIFY_DATA)
        output_note(o, "%llu chunks and %llu entries checked", (unsigned long long)r->chunks,
                    (unsigned long long)r->entries);
    if (r->damaged == 0 && r->warnings == 0)
        output_note(o, "nothing is wrong");
    else
        output_note(o, "%llu objects damaged or missing, %llu warnings",
                    (unsigned long long)r->damaged, (unsigned long long)r->warnings);
}

static int run(struct check *check, struct verify_result *result, struct error *e)
{
    struct session *s = check->session;
    const struct config *config = setup_config(s->setup);
    const struct catalog_vault *row = check->chosen.vault.row;
    struct verify_request request = {
        .depth = check->depth,
        .threads = config ? config->limits.threads : 0,
        .backup = check->seal ? check->seal->id : NULL,
        /* A mirror, or what became of one. */
        .filling = row && memcmp(row->lineage, row->uuid, sizeof(row->uuid)) != 0,
        .context = check,
        .found = on_finding,
        .progress = on_progress,
    };
    progress_begin(&check->progress, "verify", "objects");
    int done = vault_verify(check->chosen.vault.vault, &request, result, e);
    progress_end(&check->progress);
    struct lost_view lost = {check, result};
    const struct open_vault *vault = &check->chosen.vault;
    if (done == 0 && vault->row && !check->seal)
        done = lost_backups(s->setup, vault, on_lost, &lost, e) == 0
                   ? lost_witnesses(s->setup, vault, on_lost, &lost, e)
                   : -1;
    if (done == 0)
        done = check_zones(check, result, e);
    return done == 0 ? 0 : error_context(e, "verify of vault %s", vault_name(check));
}

static int run_task(struct check *check, struct error *e)
{
    const struct catalog_vault *row = check->chosen.vault.row;
    struct verify_result result = {0};
    struct error damage = ERROR_INIT;
    struct task task;
    task_begin(&task, row ? session_catalog(check->session) : NULL, CATALOG_TASK_VERIFY,
               row ? row->uuid : NULL, NULL, vault_name(check), NULL);
    int done = run(check, &result, e);
    task.row.entries_done = result.objects;
    task.row.bytes_done = result.bytes;
    if (result.damaged > 0)
        error_set(&damage, LAGAN_CORRUPT, ERROR_INTEGRITY, "%llu objects damaged or missing",
                  (unsigned long long)result.damaged);
    task_end(&task, done != 0 ? e : result.damaged > 0 ? &damage : NULL);
    if (done != 0)
        return -1;
    print_result(check, &result);
    if (result.damaged > 0)
        check->session->status = STATUS_INTEGRITY;
    return 0;
}

int command_verify(struct session *s, struct error *e)
{
    struct check check = {.session = s, .depth = VERIFY_STRUCTURE};
    const char *depth = session_value(s, OPTION_DEPTH);
    int result = -1;
    if (depth && parse_depth(depth, &check.depth, e) != 0)
        return -1;
    if (check.depth == VERIFY_DATA && session_given(s, OPTION_LOCKED))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--depth data needs a key; leave out "
                         "--locked");
    if (session_given(s, OPTION_TARGET) &&
        (session_given(s, OPTION_VAULT) || session_given(s, OPTION_REGION)))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--target names the vault; leave out --vault and --region");
    if (check_open(&check, e) == 0 && choose_backup(&check, e) == 0)
        result = run_task(&check, e);
    chosen_close(&check.chosen);
    return result;
}
