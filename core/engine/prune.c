/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - see prune.h. */
#include "engine/prune.h"

#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/task.h"

#include <stdio.h>
#include <string.h>

const char *prune_state_name(enum prune_state state)
{
    switch (state) {
    case PRUNE_WAITING:
        return "waiting";
    case PRUNE_UNFINISHED:
        return "unfinished";
    default:
        return "clean";
    }
}

static void words_of_look(const struct prune_counters *c, char words[PRUNE_WORDS_SIZE])
{
    char dead[TEXT_SIZE_SIZE], sparse[TEXT_SIZE_SIZE], live[TEXT_SIZE_SIZE];

    text_format_size(c->bytes_dead, dead);
    text_format_size(c->bytes_sparse, sparse);
    text_format_size(c->bytes_live_in_sparse, live);
    snprintf(words, PRUNE_WORDS_SIZE,
             "%llu of %llu packs (%s) would go, %llu sparse ones (%s) would be copied to %s",
             (unsigned long long)c->packs_dead, (unsigned long long)c->packs, dead,
             (unsigned long long)c->packs_sparse, sparse, live);
}

void prune_words(const struct prune_outcome *outcome, bool dry_run,
                 char words[PRUNE_WORDS_SIZE])
{
    const struct prune_counters *c = &outcome->counters;
    char bytes[TEXT_SIZE_SIZE];

    if (dry_run) {
        words_of_look(c, words);
        return;
    }
    if (outcome->state == PRUNE_WAITING) {
        text_format_size(c->bytes_condemned, bytes);
        snprintf(words, PRUNE_WORDS_SIZE,
                 "%llu packs (%s) go once %llu open sessions have ended; run it again then",
                 (unsigned long long)c->packs_condemned, bytes,
                 (unsigned long long)c->sessions_waited);
        return;
    }
    text_format_size(c->bytes_deleted, bytes);
    size_t size = (size_t)snprintf(
        words, PRUNE_WORDS_SIZE, "%llu objects deleted, %s came back, %llu packs copied%s",
        (unsigned long long)c->objects_deleted, bytes, (unsigned long long)c->packs_repacked,
        outcome->state == PRUNE_UNFINISHED ? "; more is left than one turn may copy" : "");
    if (c->objects_held > 0 && size < PRUNE_WORDS_SIZE)
        snprintf(words + size, PRUNE_WORDS_SIZE - size,
                 "; %llu objects stay as long as the store's lock holds them",
                 (unsigned long long)c->objects_held);
}

/* Progress counts trees. */
static void on_progress(void *context, uint64_t done, uint64_t total)
{
    const struct job_reporter *reporter = *(const struct job_reporter **)context;
    const struct job_progress progress = {.entries_done = done, .entries_total = total};

    if (reporter != NULL && reporter->progress != NULL)
        reporter->progress(reporter->context, &progress);
}

static int prune_open(struct setup *s, struct vault *vault, const struct prune_job *request,
                      const struct job_reporter *reporter, struct prune_outcome *outcome,
                      struct error *e)
{
    uint8_t writer[CATALOG_ID_SIZE];
    struct prune_request prune = {.dry_run = request->dry_run,
                                  .writer_id = writer,
                                  .waste_percent = request->waste_percent,
                                  .repack_bytes = request->repack_bytes,
                                  .silence_ns = request->silence_ns,
                                  .context = &reporter,
                                  .progress = on_progress};

    catalog_writer_id(setup_catalog(s), writer);
    return vault_prune(vault, &prune, &outcome->counters, &outcome->state, e);
}

static int run(struct setup *s, const struct catalog_vault *row,
               const struct prune_job *request, const struct job_reporter *reporter,
               struct prune_outcome *outcome, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);

    if (own == NULL ||
        setup_vault_open_row(s, own, request->key, request->dry_run, &vault, e) != 0)
        return -1;
    int result = prune_open(s, vault.vault, request, reporter, outcome, e);
    open_vault_close(&vault);
    return result == 0 ? 0 : error_context(e, "prune of the vault %s", row->name);
}

/* Whoever looks for what became of data finds it; a prune that found nothing to do says
 * nothing. */
static void note(struct setup *s, const struct catalog_vault *row,
                 const struct prune_outcome *outcome)
{
    const struct prune_counters *c = &outcome->counters;
    char words[PRUNE_WORDS_SIZE];
    struct error why = ERROR_INIT;

    if (c->objects_deleted == 0 && c->packs_condemned == 0 && c->packs_repacked == 0)
        return;
    prune_words(outcome, false, words);
    if (catalog_audit_add(setup_catalog(s), CATALOG_EVENT_PRUNE, row->name, &why, "%s",
                          words) != 0)
        log_write(LOG_WARNING, "prune", "the audit log has no line of it: %s", why.text);
}

int prune_run_vault(struct setup *s, const struct catalog_vault *row,
                    const struct prune_job *request, struct prune_outcome *outcome,
                    struct error *e)
{
    struct job_reporter reporter;
    struct task task;

    *outcome = (struct prune_outcome){.state = PRUNE_CLEAN};
    if (request->dry_run)
        return run(s, row, request, request->reporter, outcome, e);
    task_begin(&task, setup_catalog(s), CATALOG_TASK_PRUNE, row->uuid, NULL, row->name,
               request->reporter);
    memcpy(outcome->task, task.row.id, sizeof(outcome->task));
    if (request->started != NULL)
        request->started(request->context, outcome->task);
    reporter = task_reporter(&task);
    int result = run(s, row, request, &reporter, outcome, e);
    task.row.bytes_done = outcome->counters.bytes_deleted;
    note(s, row, outcome);
    task_end(&task, result == 0 ? NULL : e);
    return result;
}
