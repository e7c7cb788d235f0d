/* SPDX-License-Identifier: Apache-2.0 */
/* command_restore.c - writing backups back. */
#include "cli/session.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/process.h"
#include "engine/flat.h"
#include "engine/keep.h"
#include "engine/key_text.h"
#include "engine/restore.h"
#include "engine/restore_note.h"
#include "engine/rules.h"
#include "engine/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A restore, as the options say. */
struct plan {
    struct session *session;
    struct chosen chosen;
    const struct seal *seal;
    struct buffer key; /* the entry to start at */
    struct select_rules *rules;
    enum restore_conflict conflict;
    enum restore_route route;
    struct open_source place;
    char empty[32]; /* a folder that stands in for a place that a dry run must not make */
};

static int parse_conflict(const char *text, enum restore_conflict *conflict, struct error *e)
{
    static const char *const names[] = {
#define X(symbol, name, words) name,
        RESTORE_CONFLICTS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], text) == 0) {
            *conflict = (enum restore_conflict)i;
            return 0;
        }
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--on-conflict %s: it can be fail, skip, overwrite or newer", text);
}

static int check_options(const struct session *s, struct error *e)
{
    bool to = session_given(s, OPTION_TO), in_place = session_given(s, OPTION_IN_PLACE);
    if (to && in_place)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--to and --in-place exclude each other");
    if (!to && !in_place)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "restore needs --to PLACE, or --in-place to write to where the backup "
                         "was taken");
    if (session_given(s, OPTION_NO_OWNERS) && session_given(s, OPTION_NUMERIC_OWNERS))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--no-owners and --numeric-owners exclude each other");
    return 0;
}

static int collect_rules(struct plan *plan, struct error *e)
{
    struct catalog_pairs pairs = {0};
    int result = arguments_rules(&plan->session->arguments, &pairs, e);
    plan->rules = result == 0 ? select_rules_new(SELECT_DEFAULT_BY_RULES, e) : NULL;
    if (plan->rules)
        result = rules_add_pairs(plan->rules, &pairs, "--", e);
    catalog_pairs_clear(&pairs);
    return plan->rules ? result : -1;
}

/* The operand names the backup, it or --path the entry. */
static int choose_backup(struct plan *plan, struct error *e)
{
    struct session *s = plan->session;
    const char *path = session_value(s, OPTION_ENTRY);
    const char *behind = NULL;
    char *backup = NULL;
    if (locate_split(session_operand(s, 0), &backup, &behind, e) != 0)
        return -1;
    int result = 0;
    if (path && behind && *behind)
        result = error_set(e, LAGAN_INVALID, ERROR_USAGE,
                           "the entry is given twice, behind the backup and with --path");
    if (result == 0)
        result = chosen_open(s, backup, true, &plan->chosen, e);
    if (result == 0)
        result = chosen_backup(&plan->chosen, backup, &plan->seal, e);
    if (result == 0)
        result = chosen_store(s, &plan->chosen, e);
    if (result == 0)
        result =
            locate_key(plan->chosen.store, plan->seal, path ? path : behind, &plan->key, e);
    free(backup);
    return result;
}

/* A dry run makes nothing, also not the place: an empty folder shows the same. */
static int open_empty(struct plan *plan, struct error *e)
{
    snprintf(plan->empty, sizeof(plan->empty), "/tmp/lagan-dry-XXXXXX");
    if (!mkdtemp(plan->empty)) {
        plan->empty[0] = '\0';
        return error_errno(e, errno, "cannot make an empty folder in /tmp");
    }
    *e = ERROR_INIT;
    return setup_place_open(plan->session->setup, plan->seal, plan->empty, false, &plan->place,
                            e);
}

/* The folders above the place, as mkdir -p makes them; the driver makes the last one. */
static int make_parents(const char *place, struct error *e)
{
    char *parents CLEANUP_TEXT = strdup(place);
    if (!parents)
        return error_no_memory(e, "a path");
    size_t length = strlen(parents);
    while (length > 0 && parents[length - 1] == '/')
        length--;
    while (length > 0 && parents[length - 1] != '/')
        length--;
    parents[length] = '\0';
    if (length == 0)
        return 0;
    mode_t private = umask(process_users_mask());
    int result = file_make_directories(parents, 0777, e);
    umask(private);
    return result;
}

static int open_place(struct plan *plan, struct error *e)
{
    const char *to = session_value(plan->session, OPTION_TO);
    bool dry = session_given(plan->session, OPTION_DRY_RUN);
    char *path CLEANUP_TEXT = NULL;
    struct error ignored = ERROR_INIT; /* opening the place tells */
    if (to && !dry &&
        setup_place_path(plan->session->setup, plan->seal, to, &path, &ignored) == 0 && path &&
        make_parents(path, e) != 0)
        return -1;
    if (setup_place_open(plan->session->setup, plan->seal, to, !dry, &plan->place, e) == 0)
        return 0;
    if (dry && to && e->error_class == LAGAN_NOT_FOUND)
        return open_empty(plan, e);
    return -1;
}

static uint64_t create_flags(const struct session *s)
{
    uint64_t flags = 0;
    if (session_given(s, OPTION_UNPRIVILEGED))
        flags |= LAGAN_CREATE_UNPRIVILEGED;
    if (session_given(s, OPTION_NUMERIC_OWNERS))
        flags |= LAGAN_CREATE_NUMERIC_OWNERS;
    else if (session_given(s, OPTION_NO_OWNERS) || geteuid() != 0)
        flags |= LAGAN_CREATE_NO_OWNERS; /* only root may give files away */
    return flags;
}

static void print_result(struct plan *plan, const struct restore_result *r)
{
    struct output *o = &plan->session->output;
    bool dry = session_given(plan->session, OPTION_DRY_RUN);
    char bytes[TEXT_SIZE_SIZE];
    if (o->use_json) {
        record_begin(o, "restore");
        record_text(o, "backup", plan->seal->id);
        record_text(o, "to", session_value(plan->session, OPTION_TO));
        record_flag(o, "dry_run", dry);
        record_number(o, "entries", r->entries);
        record_number(o, "written", r->entries_written);
        record_number(o, "equal", r->entries_equal);
        record_number(o, "kept", r->entries_kept);
        record_number(o, "bytes_written", r->bytes_written);
        record_number(o, "problems", r->problems);
        record_number(o, "warnings", r->warnings);
        record_end(o);
        return;
    }
    text_format_size(r->bytes_written, bytes);
    output_note(o, "%sbackup %s of %s: %llu entries; %llu written (%s), %llu equal, %llu kept",
                dry ? "dry run, nothing was written: " : "restored ", plan->seal->id,
                plan->seal->source_name ? plan->seal->source_name : "?",
                (unsigned long long)r->entries, (unsigned long long)r->entries_written, bytes,
                (unsigned long long)r->entries_equal, (unsigned long long)r->entries_kept);
    if (r->problems > 0)
        output_note(o, "%llu entries are not as in the backup; they are named above",
                    (unsigned long long)r->problems);
}

/* What the place calls an object: a record that maps its version of the backup to the new one.
 */
static void tell_made(void *context, const void *key, size_t key_size, const char *fact,
                      const char *value, size_t value_size)
{
    struct plan *plan = context;
    struct output *o = &plan->session->output;
    size_t object = flat_object_size(key, key_size);
    if (strcmp(fact, LAGAN_FACT_VERSION) != 0)
        return;
    record_begin(o, "version");
    record_bytes(o, "key", key, object);
    if (key_size > object + 1 + LAGAN_VERSION_TIME_SIZE)
        record_bytes(o, "from", (const char *)key + object + 1 + LAGAN_VERSION_TIME_SIZE,
                     key_size - object - 1 - LAGAN_VERSION_TIME_SIZE);
    record_bytes(o, "to", value, value_size);
    record_end(o);
}

static int run(struct plan *plan, const struct job_reporter *reporter,
               struct restore_result *result, struct error *e)
{
    struct session *s = plan->session;
    struct restore_request request = {
        .vault = plan->chosen.vault.vault,
        .store = plan->chosen.store,
        .seal = plan->seal,
        .place = plan->place.source,
        .rules = plan->rules,
        .top_key = plan->key.data,
        .top_key_size = plan->key.size,
        .conflict = plan->conflict,
        .create_flags = create_flags(s),
        .mask = process_users_mask(),
        .made = s->output.use_json ? tell_made : NULL,
        .made_context = plan,
        .dry_run = session_given(s, OPTION_DRY_RUN),
        .threads = setup_config(s->setup)->limits.threads,
        .reporter = *reporter,
    };
    return restore_run(&request, result, e);
}

/* What was restored was restored, whether it could be written down or not. */
static void note(struct plan *plan, uint64_t bytes)
{
    struct session *s = plan->session;
    struct error e = ERROR_INIT;
    if (!session_given(s, OPTION_DRY_RUN) &&
        restore_note(s->setup, plan->chosen.vault.row, plan->seal, session_value(s, OPTION_TO),
                     plan->route, bytes, &e) != 0)
        report_line("lagan: warning: the restore is not in the audit log: %s", e.text);
}

/* Nobody deletes it meanwhile; but a restore does not fail because that cannot be noted. */
static struct catalog_pin keep(const struct plan *plan, const char *task)
{
    struct session *s = plan->session;
    struct catalog_pin pin = {.kind = CATALOG_PIN_JOB};
    struct error why = ERROR_INIT;
    if (session_catalog(s) && !session_given(s, OPTION_DRY_RUN) &&
        keep_begin(session_catalog(s), plan->chosen.vault.row->uuid, plan->seal->id, task,
                   "it is being restored", &pin, &why) < 0)
        log_write(LOG_INFO, "restore", "backup %s is not pinned: %s", plan->seal->id, why.text);
    return pin;
}

static int run_task(struct plan *plan, struct error *e)
{
    struct session *s = plan->session;
    const char *to = session_value(s, OPTION_TO);
    struct restore_result result = {0};
    char subject[CATALOG_TEXT_SIZE];
    struct job_view view;
    struct task task;
    snprintf(subject, sizeof(subject), "%s -> %s", plan->seal->id, to ? to : "in place");
    job_view_begin(&view, s, "restore", "cannot restore");
    struct job_reporter shown = job_view_reporter(&view);
    bool dry = session_given(s, OPTION_DRY_RUN);
    task_begin(&task, dry ? NULL : session_catalog(s), CATALOG_TASK_RESTORE,
               plan->chosen.vault.row->uuid, plan->seal->source_id, subject, &shown);
    memcpy(task.row.backup, plan->seal->id, sizeof(task.row.backup));
    struct job_reporter reporter = task_reporter(&task);
    struct catalog_pin pin = keep(plan, task.row.id);
    int done = run(plan, &reporter, &result, e);
    if (pin.backup[0])
        keep_end(session_catalog(s), &pin);
    job_view_end(&view);
    if (done != 0)
        error_context(e, "restore of backup %s", plan->seal->id);
    task_end(&task, done != 0 ? e : NULL);
    if (done != 0)
        return -1;
    note(plan, result.bytes_written);
    print_result(plan, &result);
    if (result.problems > 0)
        s->status = view.corrupt ? STATUS_INTEGRITY : STATUS_PARTIAL;
    return 0;
}

int command_restore(struct session *s, struct error *e)
{
    const char *conflict = session_value(s, OPTION_ON_CONFLICT);
    struct plan plan = {.session = s, .conflict = RESTORE_FAIL};
    const char *route = session_value(s, OPTION_ROUTE);
    int result = -1;
    if (check_options(s, e) == 0 &&
        (!route || restore_route_parse(route, &plan.route, e) == 0) &&
        (!conflict || parse_conflict(conflict, &plan.conflict, e) == 0) &&
        collect_rules(&plan, e) == 0 && session_setup(s, NEED_CATALOG, e) == 0 &&
        choose_backup(&plan, e) == 0 &&
        restore_may_be(s->setup, plan.chosen.vault.row, plan.seal, e) == 0 &&
        open_place(&plan, e) == 0)
        result = run_task(&plan, e);
    open_source_close(&plan.place);
    if (plan.empty[0])
        rmdir(plan.empty);
    select_rules_free(plan.rules);
    buffer_free(&plan.key);
    chosen_close(&plan.chosen);
    return result;
}
