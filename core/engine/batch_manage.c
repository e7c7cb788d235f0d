/* SPDX-License-Identifier: Apache-2.0 */
/* batch_manage.c - batch jobs: made, confirmed, paused, resumed, cancelled, forgotten. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/batch_private.h"
#include "engine/manifest.h"
#include "engine/place_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t DAY_NS = INT64_C(86400) * 1000000000;

static int audit(struct catalog *c, enum catalog_event event, const struct catalog_batch *job,
                 const char *detail, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];

    text_hex(job->id, CATALOG_ID_SIZE, id);
    return catalog_audit_add(c, event, id, e, "%s", detail);
}

/* Ends a transaction that was begun for `result`. */
static int end(struct catalog *c, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* ---- made ---- */

/* Names of files are kept with the way from the root. */
static int take_word(struct setup *s, const struct catalog_pair *word,
                     struct catalog_pairs *settings, struct error *e)
{
    int setting = batch_setting_find(word->name);
    char *text CLEANUP_TEXT = NULL;

    if ((setting == BATCH_SETTING_MANIFEST || setting == BATCH_SETTING_REPORT) &&
        word->value[0] != '\0') {
        text = place_file_text(s, word->value, e);
        if (text == NULL)
            return -1;
    }
    return catalog_pairs_add(settings, word->name, text != NULL ? text : word->value, e);
}

/* An end whose objects are encrypted with a key that its owner gives with each request. */
static bool has_customer_key(const struct catalog_source *source)
{
    for (size_t i = 0; i < source->parameters.count; i++)
        if (strstr(source->parameters.items[i].name, "customer") != NULL)
            return true;
    return false;
}

/* BAT-13: what the manifest is now, and whether it is the one that was meant. */
static int pin_manifest(struct setup *s, const struct batch_plan *plan,
                        struct catalog_batch *job, struct error *e)
{
    const char *text = plan->texts[BATCH_SETTING_MANIFEST];
    const char *wanted = plan->texts[BATCH_SETTING_HASH];
    uint8_t hash[CATALOG_HASH_SIZE];

    if (manifest_hash(s, text, job->manifest_hash, e) != 0)
        return -1;
    if (wanted == NULL || (text_unhex(wanted, hash, sizeof(hash)) == 0 &&
                           memcmp(hash, job->manifest_hash, sizeof(hash)) == 0))
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_MANIFEST_CHANGED,
                     "%s is not the manifest that manifest-hash names", text);
}

static bool are_equal(const struct catalog_pairs *a, const struct catalog_pairs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    return true;
}

/* BAT-18: 1 when the token has given this very job, 0 when it is new, -1. */
static int find_same(struct setup *s, const struct catalog_batch *job,
                     struct catalog_batch **same, struct error *e)
{
    struct error why = ERROR_INIT;

    if (job->token[0] == '\0')
        return 0;
    struct catalog_batch *known = catalog_batch_of_token(setup_catalog(s), job->token, &why);
    if (known == NULL && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (known == NULL)
        return 0;
    if (memcmp(known->source, job->source, CATALOG_ID_SIZE) == 0 &&
        memcmp(known->target, job->target, CATALOG_ID_SIZE) == 0 &&
        memcmp(known->manifest_hash, job->manifest_hash, CATALOG_HASH_SIZE) == 0 &&
        are_equal(&known->settings, &job->settings)) {
        *same = known;
        return 1;
    }
    catalog_batch_free(known);
    return error_set(e, LAGAN_EXISTS, ERROR_BATCH_TOKEN,
                     "the token '%s' belongs to a job that was asked for in other words",
                     job->token);
}

static int insert(struct setup *s, struct catalog_batch *job, enum catalog_event event,
                  struct error *e)
{
    struct catalog *c = setup_catalog(s);
    char detail[CATALOG_TEXT_SIZE];

    snprintf(detail, sizeof(detail), "from %s to %s", job->source_name, job->target_name);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_insert(c, job, BATCH_JOBS_LIMIT, e);
    if (result == 0)
        result = audit(c, event, job, detail, e);
    return end(c, result, e);
}

static int fill(struct setup *s, const struct catalog_source *from,
                const struct catalog_source *to, const struct catalog_pairs *words,
                struct catalog_batch *job, struct error *e)
{
    struct batch_plan *plan = NULL;
    const char *token;
    int result = 0;

    memcpy(job->source, from->id, CATALOG_ID_SIZE);
    memcpy(job->target, to->id, CATALOG_ID_SIZE);
    snprintf(job->source_name, sizeof(job->source_name), "%s", from->name);
    snprintf(job->target_name, sizeof(job->target_name), "%s", to->name);
    for (size_t i = 0; i < words->count && result == 0; i++)
        result = take_word(s, &words->items[i], &job->settings, e);
    if (result == 0)
        result = batch_plan(job, &plan, e);
    if (result == 0)
        result = batch_rule_profile(plan, has_customer_key(from) || has_customer_key(to), e);
    if (result == 0)
        result = pin_manifest(s, plan, job, e);
    if (result == 0) {
        token = plan->texts[BATCH_SETTING_TOKEN];
        snprintf(job->token, sizeof(job->token), "%s", token != NULL ? token : "");
        job->priority = plan->priority;
        job->confirm = plan->confirm;
    }
    batch_plan_free(plan);
    return result;
}

int batch_create(struct setup *s, const struct catalog_source *from,
                 const struct catalog_source *to, const struct catalog_pairs *words,
                 struct catalog_batch **made, bool *again, struct error *e)
{
    struct catalog_batch *job = catalog_batch_new(e), *same = NULL;
    int result = job != NULL ? fill(s, from, to, words, job, e) : -1;
    int found = result == 0 ? find_same(s, job, &same, e) : -1;

    if (found == 0)
        found = insert(s, job, CATALOG_EVENT_BATCH_CREATE, e);
    if (found < 0 || same != NULL)
        catalog_batch_free(job);
    if (found < 0)
        return -1;
    *made = same != NULL ? same : job;
    *again = same != NULL;
    return 0;
}

/* ---- changed ---- */

static int not_now(const struct catalog_batch *job, const char *verb, struct error *e)
{
    return error_set(e, LAGAN_PRECONDITION, ERROR_BATCH_STATE,
                     "a batch job that is %s cannot be %s",
                     catalog_batch_state_name(job->state), verb);
}

int batch_confirm(struct setup *s, struct catalog_batch *job, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (job->state != CATALOG_BATCH_SUSPENDED)
        return not_now(job, "confirmed: it does not wait for that", e);
    job->confirmed_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_ask(c, job, e);
    if (result == 0)
        result = catalog_batch_move(c, job, CATALOG_BATCH_READY, NULL, e);
    if (result == 0)
        result = audit(c, CATALOG_EVENT_BATCH_CONFIRM, job, "", e);
    return end(c, result, e);
}

/* Nobody works on it: it is paused here and now. */
static int pause_here(struct catalog *c, struct catalog_batch *job, struct error *e)
{
    if (job->state == CATALOG_BATCH_PAUSED)
        return 0;
    if (job->state != CATALOG_BATCH_PAUSING &&
        catalog_batch_move(c, job, CATALOG_BATCH_PAUSING, NULL, e) != 0)
        return -1;
    return catalog_batch_move(c, job, CATALOG_BATCH_PAUSED, NULL, e);
}

int batch_pause(struct setup *s, struct catalog_batch *job, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    bool owned = catalog_batch_is_owned(job);

    if (job->state != CATALOG_BATCH_READY && job->state != CATALOG_BATCH_ACTIVE &&
        job->state != CATALOG_BATCH_PAUSING && job->state != CATALOG_BATCH_PAUSED)
        return not_now(job, "paused", e);
    job->held = true;
    job->wish = owned ? CATALOG_BATCH_WISH_PAUSE : CATALOG_BATCH_WISH_NONE;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_ask(c, job, e);
    if (result == 0 && !owned)
        result = pause_here(c, job, e);
    if (result == 0)
        result = audit(c, CATALOG_EVENT_BATCH_PAUSE, job, "", e);
    return end(c, result, e);
}

int batch_cancel(struct setup *s, struct catalog_batch *job, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (!catalog_batch_may_follow(job->state, CATALOG_BATCH_CANCELLING))
        return not_now(job, "cancelled", e);
    job->wish = CATALOG_BATCH_WISH_CANCEL;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_ask(c, job, e);
    if (result == 0 && !catalog_batch_is_owned(job))
        result = catalog_batch_move(c, job, CATALOG_BATCH_CANCELLING, NULL, e);
    if (result == 0)
        result = audit(c, CATALOG_EVENT_BATCH_CANCEL, job, "", e);
    return end(c, result, e);
}

int batch_set_priority(struct setup *s, struct catalog_batch *job, int32_t priority,
                       struct error *e)
{
    struct catalog *c = setup_catalog(s);
    char detail[64];

    if (catalog_batch_state_is_final(job->state))
        return not_now(job, "given another priority", e);
    snprintf(detail, sizeof(detail), "%d, was %d", (int)priority, (int)job->priority);
    job->priority = priority;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_ask(c, job, e);
    if (result == 0)
        result = audit(c, CATALOG_EVENT_BATCH_PRIORITY, job, detail, e);
    return end(c, result, e);
}

/* ---- resumed ---- */

static int let_go_on(struct catalog *c, struct catalog_batch *job, struct error *e)
{
    job->held = false;
    if (job->wish == CATALOG_BATCH_WISH_PAUSE)
        job->wish = CATALOG_BATCH_WISH_NONE;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_batch_ask(c, job, e);
    if (result == 0)
        result = audit(c, CATALOG_EVENT_BATCH_RESUME, job, "", e);
    return end(c, result, e);
}

/* The token has given the first job, and names that. */
static int copy_settings(const struct catalog_batch *job, struct catalog_batch *next,
                         struct error *e)
{
    for (size_t i = 0; i < job->settings.count; i++) {
        const struct catalog_pair *pair = &job->settings.items[i];
        if (batch_setting_find(pair->name) != BATCH_SETTING_TOKEN &&
            catalog_pairs_add(&next->settings, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

static int go_on_with(struct setup *s, const struct catalog_batch *job,
                      struct catalog_batch **made, struct error *e)
{
    struct catalog_batch *next;

    if (job->total == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_BATCH_STATE,
                         "the job ended before it had rows: make another one");
    if (job->succeeded + job->skipped >= job->total)
        return error_set(e, LAGAN_PRECONDITION, ERROR_BATCH_STATE,
                         "nothing is left of the job: all its rows are done");
    next = catalog_batch_new(e);
    if (next == NULL)
        return -1;
    memcpy(next->origin, job->id, CATALOG_ID_SIZE);
    memcpy(next->source, job->source, CATALOG_ID_SIZE);
    memcpy(next->target, job->target, CATALOG_ID_SIZE);
    memcpy(next->source_name, job->source_name, sizeof(next->source_name));
    memcpy(next->target_name, job->target_name, sizeof(next->target_name));
    memcpy(next->manifest_hash, job->manifest_hash, CATALOG_HASH_SIZE);
    next->priority = job->priority;
    next->confirm = job->confirm;
    next->confirmed_ns = job->confirmed_ns;
    if (copy_settings(job, next, e) == 0 &&
        insert(s, next, CATALOG_EVENT_BATCH_RESUME, e) == 0) {
        *made = next;
        return 0;
    }
    catalog_batch_free(next);
    return -1;
}

int batch_resume(struct setup *s, struct catalog_batch *job, struct catalog_batch **made,
                 struct error *e)
{
    *made = NULL;
    if (catalog_batch_state_is_final(job->state))
        return go_on_with(s, job, made, e);
    if (job->state == CATALOG_BATCH_PAUSED || job->state == CATALOG_BATCH_PAUSING || job->held)
        return let_go_on(setup_catalog(s), job, e);
    return not_now(job, "resumed: it is not paused", e);
}

/* ---- looked at, forgotten ---- */

int batch_report(struct setup *s, const struct catalog_batch *job, bool failed_only,
                 int (*each)(void *context, const void *data, size_t size, struct error *e),
                 void *context, struct error *e)
{
    char *folder CLEANUP_TEXT = batch_folder(s, job->id, e);

    return folder == NULL ? -1 : batch_report_read(folder, failed_only, each, context, e);
}

struct old_jobs {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
    int64_t before_ns;
};

static int gather_old(void *context, const struct catalog_batch *job, struct error *e)
{
    struct old_jobs *old = context;

    if (!catalog_batch_state_is_final(job->state) || job->created_ns >= old->before_ns)
        return 0;
    uint8_t(*grown)[CATALOG_ID_SIZE] = realloc(old->ids, (old->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "batch jobs");
    old->ids = grown;
    memcpy(grown[old->count++], job->id, CATALOG_ID_SIZE);
    return 0;
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"rows", "rows.new", "marks", "report.csv"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path CLEANUP_TEXT = NULL;
        if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
            path = NULL;
        else
            unlink(path);
    }
    rmdir(folder);
}

int batch_tidy(struct setup *s, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct old_jobs old = {.before_ns = clock_wall_ns() - BATCH_LIST_DAYS * DAY_NS};
    int result = catalog_batch_list(c, 0, gather_old, &old, e);

    for (size_t i = 0; i < old.count && result == 0; i++) {
        char *folder CLEANUP_TEXT = batch_folder(s, old.ids[i], e);
        result = folder == NULL ? -1 : catalog_batch_delete(c, old.ids[i], e);
        if (result == 0)
            remove_folder(folder);
    }
    free(old.ids);
    return result;
}
