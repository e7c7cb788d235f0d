/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy_change.c - policies: made, changed, enabled, deleted, applied to vaults. */
#include "cli/policy_record.h"
#include "cli/vault_options.h"

#include "base/clock.h"
#include "crypto/secret.h"
#include "engine/expire.h"
#include "engine/notes.h"
#include "engine/policy_manage.h"
#include "runner/policy_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What changed is said once: as a record, or as a line. */
static int show(struct session *s, const struct catalog_policy *row, const char *words,
                struct error *e)
{
    int result = s->output.use_json ? record_policy(s, row, e) : 0;
    output_note(&s->output, "policy %s %s", row->name, words);
    return result;
}

/* ---- what storage knows ---- */

/* The vault remembers its policy, so that a catalog that is rebuilt has it again.  What cannot
 * be told now is told by the runner, or with the next change. */
static int tell_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct session *s = context;
    struct error why = ERROR_INIT;
    (void)e;
    if (notes_keep(s->setup, vault, NULL, &why) != 0)
        output_note(&s->output,
                    "the vault %s could not be told (%s); until it is, a catalog that is "
                    "rebuilt would not know",
                    vault->name, why.text);
    return 0;
}

static void tell_vault_of(struct session *s, const uint8_t id[CATALOG_ID_SIZE])
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_get(session_catalog(s), id, &ignored);
    if (vault)
        tell_vault(s, vault, &ignored);
    catalog_vault_free(vault);
}

/* All vaults that the policy holds for. */
static void tell_vaults(struct session *s, const struct catalog_policy *row)
{
    struct error ignored = ERROR_INIT;
    policy_each_vault(s, row, tell_vault, s, &ignored);
}

/* ---- mirrors (SCH-01) ---- */

/* Makes the mirror that the policy asks for.  The policy stands even when that fails. */
static int make_mirror(struct session *s, const struct catalog_policy *policy,
                       const struct catalog_vault *vault, struct error *e)
{
    struct mirror_made made = {0};
    enum policy_mirror what;
    char from[CLOCK_TEXT_SIZE];
    int result = policy_mirror_make(s->setup, policy, vault, &what, &made, e);
    if (result == 0 && what == POLICY_MIRROR_MADE) {
        clock_format_local(made.mirror.history_ns, from);
        output_note(&s->output,
                    "mirror %s of vault %s made in region %s; older backups follow "
                    "from %s on",
                    made.row->name, vault->name, made.row->region, from);
        if (made.shared[0])
            report_line(
                "lagan: warning: both regions share %s: one accident may take vault and "
                "mirror",
                made.shared);
    }
    mirror_made_free(&made);
    if (result == 0)
        return 0;
    return error_context(
        e,
        "the policy %s holds for the vault %s, but its mirror is not made (the "
        "next `lagan policy apply` of both tries again)",
        policy->name, vault->name);
}

struct mirror_work {
    struct session *session;
    const struct catalog_policy *policy;
};

static int check_mirror_of(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct mirror_work *work = context;
    return policy_mirror_check(work->session->setup, work->policy, vault, e);
}

static int make_mirror_of(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct mirror_work *work = context;
    return make_mirror(work->session, work->policy, vault, e);
}

/* ---- create ---- */

/* A kind may stand behind the name: the first operand that is no setting. */
static int parse_kind(const struct session *s, enum catalog_policy_kind *kind, size_t *first,
                      struct error *e)
{
    const char *word = session_operand(s, 1);
    *kind = CATALOG_POLICY_BACKUP;
    *first = 1;
    if (!word || strchr(word, '='))
        return 0;
    int parsed = catalog_policy_kind_parse(word);
    if (parsed < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "'%.80s' is neither a kind of policy (backup or replication) nor a "
                         "setting NAME=VALUE",
                         word);
    *kind = (enum catalog_policy_kind)parsed;
    *first = 2;
    return 0;
}

static int read_draft(struct session *s, struct catalog_policy **draft, struct error *e)
{
    struct catalog_policy base = {.enabled = true};
    struct catalog_pairs words = {NULL, 0};
    size_t first;
    if (parse_kind(s, &base.kind, &first, e) != 0 ||
        name_check(NAME_POLICY, session_operand(s, 0), e) != 0)
        return -1;
    snprintf(base.name, sizeof(base.name), "%s", session_operand(s, 0));
    int result = policy_words(s, first, &words, e);
    if (result == 0)
        result = policy_manage_draft(s->setup, &base, &words, draft, e);
    if (result == 0)
        result = policy_manage_check_new(s->setup, *draft, e);
    catalog_pairs_clear(&words);
    return result;
}

/* What says how a vault is made says nothing without one. */
static int check_plain(const struct session *s, struct error *e)
{
    const struct arguments *a = &s->arguments;
    for (size_t i = 0; i < a->option_count; i++) {
        enum option option = a->options[i].option;
        if ((option_rows[option].marks & OPTION_GLOBAL) || option == OPTION_VAULT ||
            option == OPTION_REGION)
            continue;
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--%s says how a vault is made, and no vault is made without "
                         "--new-vault",
                         option_rows[option].name);
    }
    if (session_given(s, OPTION_REGION) && !session_given(s, OPTION_VAULT))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--region says where --vault or --new-vault is, and neither is given");
    return 0;
}

static int tell_created(struct session *s, const struct catalog_policy *draft,
                        const struct catalog_vault *vault, struct error *e)
{
    char words[256];
    if (vault)
        snprintf(words, sizeof(words), "made; it holds for the vault %.100s", vault->name);
    else
        snprintf(words, sizeof(words),
                 "made; `lagan policy apply %s VAULT` lets it hold for a vault", draft->name);
    return show(s, draft, words, e);
}

/* For a vault that is there (--vault), or for none yet. */
static int create_plain(struct session *s, struct catalog_policy *draft, struct error *e)
{
    const char *name = session_value(s, OPTION_VAULT);
    struct catalog_vault *vault = NULL;
    if (check_plain(s, e) != 0)
        return -1;
    if (name) {
        vault =
            catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
        if (!vault)
            return -1;
    }
    const struct catalog_vault *const vaults[] = {vault};
    int result = vault ? policy_manage_fits(s->setup, draft, vault, e) : 0;
    if (result == 0 && vault)
        result = policy_mirror_check(s->setup, draft, vault, e);
    if (result == 0)
        result = policy_manage_insert(s->setup, draft, vaults, vault ? 1 : 0, e);
    if (result == 0)
        result = tell_created(s, draft, vault, e);
    if (result == 0 && vault)
        tell_vaults(s, draft);
    if (result == 0 && vault)
        result = make_mirror(s, draft, vault, e);
    catalog_vault_free(vault);
    return result;
}

/* VLT-03: a policy that comes with its vault: both or neither. */
struct pair {
    struct session *session;
    struct catalog_policy *draft;
};

static int insert_with_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct pair *pair = context;
    return policy_manage_insert(pair->session->setup, pair->draft, &row, 1, e);
}

static int create_both(struct session *s, struct catalog_policy *draft, struct error *e)
{
    struct vault_words words = {0};
    struct pair pair = {s, draft};
    struct create_request request = {.name = session_value(s, OPTION_VAULT),
                                     .also = insert_with_vault,
                                     .also_context = &pair};
    struct catalog_vault *vault = NULL;
    int result = vault_words_read(s, &words, &request, e);
    if (result == 0)
        result = vault_create_with(s, &request, &vault, e);
    if (result == 0)
        result = tell_created(s, draft, vault, e);
    if (result == 0)
        tell_vaults(s, draft);
    if (result == 0)
        result = make_mirror(s, draft, vault, e);
    catalog_vault_free(vault);
    vault_words_clear(&words);
    secret_wipe(&request, sizeof(request));
    return result;
}

int command_policy_create(struct session *s, struct error *e)
{
    struct catalog_policy *draft = NULL;
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = read_draft(s, &draft, e);
    if (result == 0)
        result = session_given(s, OPTION_NEW_VAULT) ? create_both(s, draft, e)
                                                    : create_plain(s, draft, e);
    catalog_policy_free(draft);
    return result;
}

/* ---- edit ---- */

/* What would go when the rules are others (RET-18). */
struct preview {
    struct session *session;
    struct expire_instead instead;
    uint64_t backups, going;
};

static void show_going(void *context, const struct expire_item *item)
{
    struct preview *p = context;
    struct output *o = &p->session->output;
    if (retention_verdict_keeps(item->verdict))
        return;
    record_begin(o, "would_go");
    record_text(o, "backup", item->id);
    record_text(o, "source", item->source_name);
    record_time(o, "created", item->created_ns);
    record_size(o, "bytes_stored", item->bytes_stored);
    record_text(o, "rule", retention_verdict_name(item->verdict));
    record_text(o, "reason", item->sentence);
    record_end(o);
}

static int preview_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct preview *p = context;
    struct expire_result result;
    if (expire_preview(p->session->setup, vault, &p->instead, show_going, p, &result, e) != 0)
        return error_context(e, "what would go from the vault %s is not known", vault->name);
    p->backups += result.backups;
    p->going += result.going;
    return 0;
}

static int show_preview(struct preview *p, const struct catalog_policy *row, struct error *e)
{
    static const struct column columns[] = {
        {"backup", "WOULD GO", false}, {"source", "SOURCE", false},
        {"created", "CREATED", false}, {"bytes_stored", "STORED", true},
        {"rule", "RULE", false},       {"reason", "REASON", false}};
    output_table(&p->session->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = expire_vaults(p->session->setup, row, preview_vault, p, e);
    output_table_end(&p->session->output, NULL);
    return result;
}

/* What cannot be undone is confirmed with the policy's name. */
static int confirm(struct session *s, const struct catalog_policy *row, const char *what,
                   struct error *e)
{
    const char *typed = session_value(s, OPTION_CONFIRM);
    if ((typed && strcmp(typed, row->name) == 0) || (!typed && session_given(s, OPTION_YES)))
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_NOT_CONFIRMED,
                     "%s is not confirmed: add `--confirm %s` when that is meant; nothing was "
                     "changed",
                     what, row->name);
}

/* Other rules: shows what would go, and asks when anything would; `*meant`: somebody said yes.
 */
static int check_retention(struct session *s, const struct catalog_policy *row,
                           const struct catalog_policy *draft, const struct policy_edit *edit,
                           bool *meant, struct error *e)
{
    struct policy *after = NULL;
    char what[128];
    if (policy_row_parse(draft, &after, e) != 0)
        return -1;
    struct preview p = {.session = s, .instead = {row->name, &edit->rules_before, after}};
    int result = show_preview(&p, row, e);
    policy_free(after);
    *meant = p.going > 0;
    if (result != 0 || p.going == 0)
        return result;
    snprintf(what, sizeof(what), "letting %llu of %llu backups go", (unsigned long long)p.going,
             (unsigned long long)p.backups);
    return confirm(s, row, what, e);
}

static void tell_retention(struct session *s, const struct policy_edit *edit)
{
    output_note(&s->output, "it kept %s, and keeps %s now; that holds for %s", edit->before,
                edit->after,
                edit->effect == RETENTION_ALL ? "old backups too"
                                              : "new backups, old ones go by the old rules");
}

static int edit_row(struct session *s, const struct catalog_policy *row,
                    struct catalog_policy *draft, struct error *e)
{
    struct mirror_work work = {s, draft};
    struct policy_edit edit;
    bool meant = false;
    if (policy_manage_compare(row, draft, &edit, e) != 0)
        return -1;
    if (!edit.changes[0])
        return show(s, row, "is so already", e);
    if (policy_each_vault(s, row, check_mirror_of, &work, e) != 0 ||
        (edit.retention && check_retention(s, row, draft, &edit, &meant, e) != 0) ||
        policy_manage_update(s->setup, row, draft, e) != 0 ||
        (meant && expire_meant(s->setup, draft, e) != 0) ||
        show(s, draft, "is changed", e) != 0)
        return -1;
    tell_vaults(s, draft);
    if (edit.retention)
        tell_retention(s, &edit);
    return policy_each_vault(s, draft, make_mirror_of, &work, e);
}

int command_policy_edit(struct session *s, struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e), *draft = NULL;
    struct catalog_pairs words = {NULL, 0};
    int result = row ? policy_words(s, 1, &words, e) : -1;
    if (result == 0)
        result = policy_manage_draft(s->setup, row, &words, &draft, e);
    if (result == 0)
        result = edit_row(s, row, draft, e);
    catalog_pairs_clear(&words);
    catalog_policy_free(draft);
    catalog_policy_free(row);
    return result;
}

/* ---- enable, disable, delete ---- */

static int enable(struct session *s, bool enabled, const char *words, struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e);
    int result = row ? policy_manage_enable(s->setup, row, enabled, e) : -1;
    if (result == 0)
        tell_vaults(s, row);
    if (result == 0)
        result = show(s, row, words, e);
    catalog_policy_free(row);
    return result;
}

int command_policy_enable(struct session *s, struct error *e)
{
    return enable(s, true, "is enabled: it runs by its schedule", e);
}

int command_policy_disable(struct session *s, struct error *e)
{
    return enable(s, false, "is disabled: what runs goes on, and it can be run by hand", e);
}

static int delete_row(struct session *s, const struct catalog_policy *row, struct error *e)
{
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;
    char what[128];
    if (catalog_policy_vaults(session_catalog(s), row->id, &vaults, &count, e) != 0)
        return -1;
    snprintf(what, sizeof(what), "deleting the policy %s, which holds for %zu vaults,",
             row->name, count);
    int result = count > 0 ? confirm(s, row, what, e) : 0;
    if (result == 0)
        result = policy_manage_delete(s->setup, row, e);
    for (size_t i = 0; result == 0 && i < count; i++)
        tell_vault_of(s, vaults[i]);
    free(vaults);
    if (result != 0)
        return -1;
    output_note(&s->output,
                "policy %s is deleted; its backups stay, and only those that have a time go "
                "when it comes",
                row->name);
    return 0;
}

int command_policy_delete(struct session *s, struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e);
    int result = row ? delete_row(s, row, e) : -1;
    catalog_policy_free(row);
    return result;
}

/* ---- apply, withdraw ---- */

static int apply_to(struct session *s, const struct catalog_policy *row,
                    const struct catalog_vault *vault, struct error *e)
{
    if (policy_manage_fits(s->setup, row, vault, e) != 0 ||
        policy_mirror_check(s->setup, row, vault, e) != 0 ||
        policy_manage_apply(s->setup, row, vault, e) != 0)
        return -1;
    output_note(&s->output, "policy %s holds for the vault %s", row->name, vault->name);
    tell_vault_of(s, vault->uuid);
    return make_mirror(s, row, vault, e);
}

static int withdraw_from(struct session *s, const struct catalog_policy *row,
                         const struct catalog_vault *vault, struct error *e)
{
    if (policy_manage_withdraw(s->setup, row, vault, e) != 0)
        return -1;
    output_note(&s->output,
                "policy %s does not hold for the vault %s any more; its backups "
                "stay",
                row->name, vault->name);
    tell_vault_of(s, vault->uuid);
    return 0;
}

/* Does so with each vault among the operands, up to the first that fails. */
static int with_vaults(struct session *s,
                       int (*act)(struct session *s, const struct catalog_policy *row,
                                  const struct catalog_vault *vault, struct error *e),
                       struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e);
    int result = row ? 0 : -1;
    for (size_t i = 1; result == 0 && i < s->arguments.operand_count; i++) {
        struct catalog_vault *vault = catalog_vault_find(
            session_catalog(s), session_value(s, OPTION_REGION), session_operand(s, i), e);
        result = vault ? act(s, row, vault, e) : -1;
        catalog_vault_free(vault);
    }
    if (result == 0 && s->output.use_json)
        result = record_policy(s, row, e);
    catalog_policy_free(row);
    return result;
}

int command_policy_apply(struct session *s, struct error *e)
{
    return with_vaults(s, apply_to, e);
}

int command_policy_withdraw(struct session *s, struct error *e)
{
    return with_vaults(s, withdraw_from, e);
}
