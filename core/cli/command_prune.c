/* SPDX-License-Identifier: Apache-2.0 */
/* command_prune.c - the space of deleted backups comes back. */
#include "cli/session.h"

#include "engine/prune.h"

/* X(member of struct prune_counters): what --json tells. */
#define COUNTERS(X)                                                                            \
    X(packs)                                                                                   \
    X(bytes)                                                                                   \
    X(packs_dead)                                                                              \
    X(bytes_dead)                                                                              \
    X(packs_sparse)                                                                            \
    X(bytes_sparse)                                                                            \
    X(bytes_live_in_sparse)                                                                    \
    X(packs_repacked)                                                                          \
    X(bytes_repacked)                                                                          \
    X(packs_condemned)                                                                         \
    X(bytes_condemned)                                                                         \
    X(packs_rescued)                                                                           \
    X(objects_deleted)                                                                         \
    X(bytes_deleted)                                                                           \
    X(objects_held)                                                                            \
    X(bytes_held)                                                                              \
    X(sessions_waited)

static void print(struct session *s, const struct catalog_vault *row,
                  const struct prune_outcome *outcome)
{
    struct output *o = &s->output;
    bool dry_run = session_given(s, OPTION_DRY_RUN);
    char words[PRUNE_WORDS_SIZE];

    prune_words(outcome, dry_run, words);
    if (!o->use_json) {
        output_note(o, "vault %s: %s", row->name, words);
        return;
    }
    record_begin(o, "prune");
    record_text(o, "vault", row->name);
    record_flag(o, "dry_run", dry_run);
    record_text(o, "state", prune_state_name(outcome->state));
#define X(member) record_number(o, #member, outcome->counters.member);
    COUNTERS(X)
#undef X
    record_text(o, "task", outcome->task[0] != '\0' ? outcome->task : NULL);
    record_end(o);
}

static void on_progress(void *context, const struct job_progress *done)
{
    progress_update(context, done);
}

int command_prune(struct session *s, struct error *e)
{
    const struct setup_key key = session_key(s);
    struct progress progress;
    struct job_reporter reporter = {.context = &progress, .progress = on_progress};
    struct prune_job job = {
        .dry_run = session_given(s, OPTION_DRY_RUN), .key = &key, .reporter = &reporter};
    struct prune_outcome outcome;

    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_find(
        session_catalog(s), session_value(s, OPTION_REGION), session_value(s, OPTION_VAULT), e);
    if (row == NULL)
        return -1;
    progress_begin(&progress, "prune", "backups");
    int result = prune_run_vault(s->setup, row, &job, &outcome, e);
    progress_end(&progress);
    if (result == 0)
        print(s, row, &outcome);
    catalog_vault_free(row);
    return result;
}
