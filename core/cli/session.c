/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - opens what the options name. */
#include "cli/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "engine/key_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* For reading; leaves room for the rest of the program below its bound on memory. */
enum { STORE_MEMORY = 24 << 20 };

bool session_given(const struct session *s, enum option option)
{
    return arguments_given(&s->arguments, option);
}

const char *session_value(const struct session *s, enum option option)
{
    return arguments_value(&s->arguments, option);
}

const char *session_operand(const struct session *s, size_t index)
{
    return index < s->arguments.operand_count ? s->arguments.operands[index] : NULL;
}

struct catalog *session_catalog(const struct session *s)
{
    return setup_catalog(s->setup);
}

static int collect_faults(struct session *s, struct error *e)
{
    const struct arguments *a = &s->arguments;
    if (s->faults || !session_given(s, OPTION_FAULT))
        return 0;
    s->faults = calloc(a->option_count, sizeof(*s->faults));
    if (!s->faults)
        return error_no_memory(e, "the arguments");
    for (size_t i = 0; i < a->option_count; i++)
        if (a->options[i].option == OPTION_FAULT)
            s->faults[s->fault_count++] = a->options[i].value;
    return 0;
}

int session_setup(struct session *s, enum session_need need, struct error *e)
{
    if (collect_faults(s, e) != 0)
        return -1;
    struct setup_request request = {
        .config_path = session_value(s, OPTION_CONFIG),
        .driver_directory = session_value(s, OPTION_DRIVER_DIR),
        .without_catalog = need == NEED_DRIVERS,
        .config_optional = need == NEED_DRIVERS,
        .rebuild = need == NEED_REBUILD,
        .faults = s->faults,
        .fault_count = s->fault_count,
    };
    return setup_open(&request, &s->setup, e);
}

struct setup_key session_key(const struct session *s)
{
    return (struct setup_key){
        .passphrase_source = session_value(s, OPTION_PASSPHRASE),
        .recovery_source = session_value(s, OPTION_RECOVERY_KEY),
        .provider = session_value(s, OPTION_KEY),
        .locked = session_given(s, OPTION_LOCKED),
    };
}

int session_vault(struct session *s, bool read_only, struct open_vault *vault, struct error *e)
{
    struct setup_key key = session_key(s);
    return setup_vault_open(s->setup, session_value(s, OPTION_REGION),
                            session_value(s, OPTION_VAULT), &key, read_only, vault, e);
}

static void damaged_seal(void *context, const char *object, const struct error *why)
{
    struct chosen *chosen = context;
    chosen->damaged++;
    report_line("lagan: warning: %s is left out: %s", object, why->text);
}

/* Ids of backups that were deleted and can be brought back. */
static int add_deleted(void *context, const struct catalog_backup *row, struct error *e)
{
    return row->state == CATALOG_BACKUP_DELETED ? catalog_pairs_add(context, row->id, "", e)
                                                : 0;
}

/* Moves these out of the list. */
static int set_apart(struct session *s, struct chosen *chosen, struct error *e)
{
    struct catalog_pairs ids = {NULL, 0};
    size_t kept = 0;
    if (!session_catalog(s) || !chosen->vault.row)
        return 0;
    int result = catalog_backup_list(session_catalog(s), chosen->vault.row->uuid, NULL,
                                     add_deleted, &ids, e);
    if (result == 0 && ids.count > 0) {
        chosen->deleted.seals = calloc(chosen->seals.count + 1, sizeof(struct seal *));
        if (!chosen->deleted.seals)
            result = error_no_memory(e, "the deleted backups");
    }
    for (size_t i = 0; result == 0 && ids.count > 0 && i < chosen->seals.count; i++) {
        struct seal *seal = chosen->seals.seals[i];
        if (catalog_pairs_find(&ids, seal->id))
            chosen->deleted.seals[chosen->deleted.count++] = seal;
        else
            chosen->seals.seals[kept++] = seal;
    }
    if (result == 0 && ids.count > 0)
        chosen->seals.count = kept;
    catalog_pairs_clear(&ids);
    return result;
}

static int chosen_list(struct session *s, struct chosen *chosen, struct error *e)
{
    const char *source = session_value(s, OPTION_SOURCE);
    if (vault_backups(chosen->vault.vault, &chosen->seals, damaged_seal, chosen, e) != 0 ||
        set_apart(s, chosen, e) != 0)
        return -1;
    if (!source)
        return 0;
    chosen->has_source = true;
    return locate_source(s->setup, &chosen->seals, source, chosen->source_id, e);
}

int chosen_open(struct session *s, const char *text, bool read_only, struct chosen *chosen,
                struct error *e)
{
    struct chosen made = {0};
    struct setup_key key = session_key(s);
    if (locate_vault(s->setup, session_value(s, OPTION_REGION), session_value(s, OPTION_VAULT),
                     text, &key, read_only, &made.vault, e) != 0)
        return -1;
    if (chosen_list(s, &made, e) != 0) {
        chosen_close(&made);
        return -1;
    }
    *chosen = made;
    return 0;
}

/* Among the deleted ones; "latest" is none of them. */
static const struct seal *find_deleted(const struct chosen *chosen, const char *text)
{
    const struct seal *found = NULL;
    struct error ignored = ERROR_INIT;
    if (strncmp(text, "latest", strlen("latest")) == 0 ||
        locate_seal(&chosen->deleted, text, chosen->has_source ? chosen->source_id : NULL,
                    &found, &ignored) != 0)
        return NULL;
    return found;
}

int chosen_backup(const struct chosen *chosen, const char *text, const struct seal **seal,
                  struct error *e)
{
    if (locate_seal(&chosen->seals, text, chosen->has_source ? chosen->source_id : NULL, seal,
                    e) == 0)
        return 0;
    const struct seal *deleted = e->code == ERROR_NO_BACKUP ? find_deleted(chosen, text) : NULL;
    if (deleted)
        error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE,
                  "backup %s is deleted; `lagan backup undelete %s` brings it back",
                  deleted->id, deleted->id);
    return -1;
}

int chosen_backup_any(const struct chosen *chosen, const char *text, const struct seal **seal,
                      struct error *e)
{
    struct error why = ERROR_INIT;
    if (chosen_backup(chosen, text, seal, &why) == 0)
        return 0;
    const struct seal *deleted =
        why.code == ERROR_BACKUP_STATE ? find_deleted(chosen, text) : NULL;
    if (deleted) {
        *seal = deleted;
        return 0;
    }
    *e = why;
    return -1;
}

int chosen_store(struct session *s, struct chosen *chosen, struct error *e)
{
    uint64_t limit = setup_config(s->setup)->limits.memory_bytes;
    size_t memory = STORE_MEMORY;
    if (limit > 0 && limit / 4 < memory)
        memory = (size_t)limit / 4;
    return store_open(chosen->vault.vault, memory, &chosen->store, e);
}

void chosen_close(struct chosen *chosen)
{
    store_close(chosen->store);
    seal_list_free(&chosen->seals);
    seal_list_free(&chosen->deleted);
    open_vault_close(&chosen->vault);
    *chosen = (struct chosen){0};
}

static void view_progress(void *context, const struct job_progress *progress)
{
    struct job_view *view = context;
    progress_update(&view->progress, progress);
}

static void view_problem(void *context, const struct job_problem *problem)
{
    struct job_view *view = context;
    struct output *o = &view->session->output;
    struct buffer name CLEANUP_BUFFER = BUFFER_INIT;
    if (!problem->warning)
        view->problems++;
    view->corrupt = view->corrupt || problem->error_class == LAGAN_CORRUPT;
    if (o->use_json) {
        key_path(&name, problem->key, problem->key_size);
        record_begin(o, problem->warning ? "warning" : "problem");
        record_bytes(o, "path", name.data ? (const char *)name.data : "", name.size);
        record_text(o, "class", error_class_name(problem->error_class));
        record_text(o, "message", problem->text);
        record_end(o);
        return;
    }
    key_text(&name, problem->key, problem->key_size);
    report_line("lagan: %s %.*s: %s", problem->warning ? "warning:" : view->verb,
                (int)name.size, (const char *)name.data, problem->text);
}

void job_view_begin(struct job_view *view, struct session *s, const char *title,
                    const char *verb)
{
    *view = (struct job_view){.session = s, .verb = verb};
    progress_begin(&view->progress, title, "files");
}

struct job_reporter job_view_reporter(struct job_view *view)
{
    return (struct job_reporter){view, view_progress, view_problem};
}

void job_view_end(struct job_view *view)
{
    progress_end(&view->progress);
}

int session_since(const char *text, int64_t *since_ns, struct error *e)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
    int64_t ago = 0;
    if (text_parse_duration(text, &ago) == 0 && ago > 0) {
        *since_ns = clock_wall_ns() > ago ? clock_wall_ns() - ago : 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm date = {.tm_mday = 1};
        const char *end = strptime(text, forms[i], &date);
        if (end && *end == '\0' && date.tm_year >= 70 && date.tm_year < 300) {
            *since_ns = (int64_t)timegm(&date) * 1000000000;
            return 0;
        }
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--since %s: it is written as 7d, 2026-11-21 or 2026-11-21T07:00:00Z",
                     text);
}

int session_settings(const struct session *s, size_t first, enum error_code code,
                     const char *example, struct catalog_pairs *words, struct error *e)
{
    for (size_t i = first; i < s->arguments.operand_count; i++) {
        const char *text = session_operand(s, i);
        const char *equals = strchr(text, '=');
        if (!equals || equals == text)
            return error_set(e, LAGAN_INVALID, code,
                             "'%.80s' is no setting: write NAME=VALUE, as in %s", text,
                             example);
        char *name = strndup(text, (size_t)(equals - text));
        int result = name ? catalog_pairs_add(words, name, equals + 1, e)
                          : error_no_memory(e, "settings");
        free(name);
        if (result != 0)
            return -1;
    }
    return 0;
}
