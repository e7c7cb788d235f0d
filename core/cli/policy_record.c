/* SPDX-License-Identifier: Apache-2.0 */
/* policy_record.c - see policy_record.h. */
#include "cli/policy_record.h"

#include "base/clock.h"
#include "engine/policy_manage.h"

#include <stdlib.h>
#include <string.h>

struct catalog_policy *policy_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    return catalog_policy_find(session_catalog(s), session_operand(s, 0), e);
}

int policy_each_vault(struct session *s, const struct catalog_policy *row,
                      int (*each)(void *context, const struct catalog_vault *vault,
                                  struct error *e),
                      void *context, struct error *e)
{
    uint8_t(*ids)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;
    int result = catalog_policy_vaults(session_catalog(s), row->id, &ids, &count, e);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct catalog_vault *vault = catalog_vault_get(session_catalog(s), ids[i], e);
        result = vault ? each(context, vault, e) : -1;
        catalog_vault_free(vault);
    }
    free(ids);
    return result;
}

int policy_words(const struct session *s, size_t first, struct catalog_pairs *words,
                 struct error *e)
{
    return session_settings(s, first, ERROR_POLICY_SETTING, "keep-count=7", words, e);
}

/* ---- policies ---- */

static int add_vault_name(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct buffer *names = context;
    (void)e;
    buffer_append_format(names, "%s%s", names->size > 0 ? ", " : "", vault->name);
    return 0;
}

/* What its settings come to; settings that cannot be understood any more are said as such. */
static void record_meaning(struct output *o, const struct catalog_policy *row)
{
    struct policy *policy = NULL;
    struct error why = ERROR_INIT;
    char words[256];
    int64_t now_ns = clock_wall_ns(), next_ns = 0;
    if (policy_row_parse(row, &policy, &why) != 0) {
        record_text(o, "broken", why.text);
        return;
    }
    retention_describe(&policy->retention, words, sizeof(words));
    record_text(o, "retention", words);
    record_text(o, "zone", timezone_name(policy->zone));
    if (row->enabled && policy->schedule &&
        schedule_next(policy->schedule, policy->zone,
                      row->cursor_ns > now_ns ? row->cursor_ns : now_ns, &next_ns))
        record_time(o, "next", next_ns);
    policy_free(policy);
}

static int record_last(struct session *s, const struct catalog_policy *row, struct error *e)
{
    struct catalog_run last;
    int found = catalog_run_latest(session_catalog(s), row->id, &last, e);
    if (found > 0) {
        record_text(&s->output, "last_state", catalog_run_state_name(last.state));
        record_time(&s->output, "last", last.slot_ns);
    }
    return found < 0 ? -1 : 0;
}

int record_policy(struct session *s, const struct catalog_policy *row, struct error *e)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;
    struct output *o = &s->output;
    if (policy_each_vault(s, row, add_vault_name, &names, e) != 0 ||
        buffer_check(&names, e) != 0)
        return -1;
    record_begin(o, "policy");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_text(o, "kind", catalog_policy_kind_name(row->kind));
    record_flag(o, "enabled", row->enabled);
    record_bytes(o, "vaults", names.data, names.size);
    record_pairs(o, "settings", &row->settings);
    record_meaning(o, row);
    int result = record_last(s, row, e);
    record_time(o, "created", row->created_ns);
    record_time(o, "changed", row->changed_ns);
    record_end(o);
    return result;
}

/* ---- runs and jobs ---- */

void record_run(struct output *o, const struct catalog_run *row)
{
    record_begin(o, "run");
    record_number(o, "id", (uint64_t)row->id);
    record_text(o, "policy", row->policy_name);
    record_text(o, "trigger", catalog_trigger_name(row->trigger));
    record_time(o, "slot", row->slot_ns);
    record_number(o, "slots", row->slots);
    record_text(o, "state", catalog_run_state_name(row->state));
    record_flag(o, "full", row->full);
    record_time(o, "created", row->created_ns);
    record_time(o, "ended", row->ended_ns);
    record_text(o, "reason", row->reason);
    record_end(o);
}

/* The name of what may be gone by now: then its id. */
static void record_vault_name(struct session *s, const struct catalog_job *row)
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_get(session_catalog(s), row->vault, &ignored);
    if (vault)
        record_text(&s->output, "vault", vault->name);
    else
        record_id(&s->output, "vault", row->vault);
    catalog_vault_free(vault);
}

static void record_source_name(struct session *s, const struct catalog_job *row)
{
    static const uint8_t none[CATALOG_ID_SIZE];
    struct error ignored = ERROR_INIT;
    if (memcmp(row->source, none, sizeof(none)) == 0)
        return;
    struct catalog_source *source =
        catalog_source_get(session_catalog(s), row->source, &ignored);
    if (source)
        record_text(&s->output, "source", source->name);
    else
        record_id(&s->output, "source", row->source);
    catalog_source_free(source);
}

int record_job(struct session *s, const struct catalog_job *row, struct error *e)
{
    struct output *o = &s->output;
    (void)e;
    record_begin(o, "job");
    record_number(o, "id", (uint64_t)row->id);
    record_number(o, "run", (uint64_t)row->run);
    record_text(o, "operation", catalog_job_operation_name(row->operation));
    record_vault_name(s, row);
    record_source_name(s, row);
    record_text(o, "state", catalog_run_state_name(row->state));
    record_time(o, "due", row->due_ns);
    record_number(o, "attempts", row->attempts);
    record_text(o, "task", row->task);
    record_text(o, "backup", row->backup);
    record_time(o, "started", row->started_ns);
    record_time(o, "ended", row->ended_ns);
    if (row->why.error_class != LAGAN_OK) {
        record_text(o, "code", error_code_name(row->why.code));
        record_text(o, "reason", row->why.text);
    }
    record_end(o);
    return 0;
}
