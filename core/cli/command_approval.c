/* SPDX-License-Identifier: Apache-2.0 */
/* command_approval.c - who approves of what destroys something, and what was asked for. */
#include "cli/vault_options.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/approval.h"
#include "engine/notes.h"

#include <stdio.h>
#include <string.h>

/* ---- keys ---- */

int command_approval_key(struct session *s, struct error *e)
{
    const char *path = session_operand(s, 0);
    uint8_t public_key[CATALOG_APPROVAL_KEY];
    char text[2 * CATALOG_APPROVAL_KEY + 1];
    if (approval_key_make(path, public_key, e) != 0)
        return -1;
    text_hex(public_key, sizeof(public_key), text);
    if (s->output.use_json) {
        record_begin(&s->output, "approver_key");
        record_text(&s->output, "file", path);
        record_text(&s->output, "public_key", text);
        record_end(&s->output);
    } else {
        output_line(&s->output, "%s", text);
    }
    output_note(
        &s->output,
        "the key is in %s; `lagan vault approvers VAULT --need NUMBER NAME=KEY...` takes "
        "its public half",
        path);
    return 0;
}

/* ---- requests ---- */

struct view {
    struct session *session;
    const uint8_t *vault;
};

static const char *state_of(const struct catalog_request *r, uint32_t granted, uint32_t needed)
{
    if (r->state != CATALOG_REQUEST_WAITING)
        return catalog_request_state_name(r->state);
    if (r->until_ns <= clock_wall_ns())
        return "expired";
    return granted >= needed ? "approved" : "waiting";
}

static int show_request(struct session *s, const struct catalog_request *r, struct error *e)
{
    struct output *o = &s->output;
    struct error gone = ERROR_INIT;
    uint32_t granted = 0, needed = 0;
    if (approval_count(s->setup, r, &granted, &needed, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), r->vault, &gone);
    record_begin(o, "approval_request");
    record_text(o, "id", r->id);
    record_text(o, "vault", row ? row->name : "");
    record_text(o, "operation", r->operation);
    record_text(o, "subject", r->subject);
    record_text(o, "asked_by", r->actor);
    record_text(o, "state", state_of(r, granted, needed));
    record_number(o, "granted", granted);
    record_number(o, "needed", needed);
    record_time(o, "created", r->created_ns);
    record_time(o, "until", r->until_ns);
    record_end(o);
    catalog_vault_free(row);
    return 0;
}

static int list_one(void *context, const struct catalog_request *r, struct error *e)
{
    const struct view *view = context;
    bool waits = r->state == CATALOG_REQUEST_WAITING && r->until_ns > clock_wall_ns();
    if (!waits && !session_given(view->session, OPTION_ALL))
        return 0;
    return show_request(view->session, r, e);
}

int command_approval_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ID", false},      {"vault", "VAULT", false},       {"operation", "WHAT", false},
        {"subject", "OF", false}, {"asked_by", "ASKED BY", false}, {"state", "STATE", false},
        {"granted", "HAS", true}, {"needed", "NEEDS", true},       {"until", "UNTIL", false}};
    const char *name = session_value(s, OPTION_VAULT);
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (name) {
        row = catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
        if (!row)
            return -1;
    }
    struct view view = {s, NULL};
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result =
        catalog_request_list(session_catalog(s), row ? row->uuid : NULL, list_one, &view, e);
    output_table_end(&s->output, "nothing waits for an approval");
    catalog_vault_free(row);
    return result;
}

int command_approval_grant(struct session *s, struct error *e)
{
    struct catalog_request request;
    uint32_t missing = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        approval_grant(s->setup, session_operand(s, 0), session_operand(s, 1), &request,
                       &missing, e) != 0)
        return -1;
    if (s->output.use_json && show_request(s, &request, e) != 0)
        return -1;
    if (missing > 0)
        output_note(&s->output, "approved: %s of %s; %u more have to", request.operation,
                    request.subject, missing);
    else
        output_note(&s->output,
                    "approved: %s of %s; enough have, and the command that asked for it can be "
                    "given again",
                    request.operation, request.subject);
    return 0;
}

int command_approval_cancel(struct session *s, struct error *e)
{
    struct catalog_request request;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        approval_cancel(s->setup, session_operand(s, 0), &request, e) != 0)
        return -1;
    if (s->output.use_json && show_request(s, &request, e) != 0)
        return -1;
    output_note(&s->output, "the request %s is dropped: %s of %s", request.id,
                request.operation, request.subject);
    return 0;
}

/* ---- approvers ---- */

static int read_need(const struct session *s, uint32_t *needed, struct error *e)
{
    const char *text = session_value(s, OPTION_NEED);
    uint64_t number = 0;
    if (text_parse_u64(text, &number) != 0 || number > CATALOG_APPROVER_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "--need %.20s: it is 0 to %d", text,
                         CATALOG_APPROVER_LIMIT);
    *needed = (uint32_t)number;
    return 0;
}

static int read_approver(const char *text, struct catalog_approver *approver, struct error *e)
{
    const char *key = strchr(text, '=');
    size_t length = key ? (size_t)(key - text) : 0;
    if (length == 0 || length >= sizeof(approver->name) ||
        text_unhex(key + 1, approver->public_key, sizeof(approver->public_key)) != 0)
        return error_set(
            e, LAGAN_INVALID, ERROR_PARAMETER,
            "'%.80s' is no approver: it is a name, = and the %d digits that `lagan "
            "approval key` has shown",
            text, 2 * CATALOG_APPROVAL_KEY);
    snprintf(approver->name, sizeof(approver->name), "%.*s", (int)length, text);
    return name_check(NAME_POLICY, approver->name, e);
}

static int read_approvers(const struct session *s, struct catalog_approvers *approvers,
                          struct error *e)
{
    size_t count = s->arguments.operand_count - 1;
    if (read_need(s, &approvers->needed, e) != 0)
        return -1;
    if (count > CATALOG_APPROVER_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "a vault has at most %d approvers",
                         CATALOG_APPROVER_LIMIT);
    for (size_t i = 0; i < count; i++) {
        if (read_approver(session_operand(s, i + 1), &approvers->items[i], e) != 0)
            return -1;
    }
    approvers->count = count;
    return 0;
}

static int show_approvers(struct session *s, const struct catalog_vault *row, struct error *e)
{
    static const struct column columns[] = {
        {"name", "APPROVER", false}, {"public_key", "KEY", false}, {"needed", "NEEDED", true}};
    struct catalog_approvers approvers;
    char key[2 * CATALOG_APPROVAL_KEY + 1];
    if (catalog_approvers_get(session_catalog(s), row->uuid, &approvers, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < approvers.count; i++) {
        text_hex(approvers.items[i].public_key, CATALOG_APPROVAL_KEY, key);
        record_begin(&s->output, "approver");
        record_text(&s->output, "vault", row->name);
        record_text(&s->output, "name", approvers.items[i].name);
        record_text(&s->output, "public_key", key);
        record_number(&s->output, "needed", approvers.needed);
        record_end(&s->output);
    }
    output_table_end(&s->output, "nobody has to approve of anything in this vault");
    return 0;
}

static int set_approvers(struct session *s, const struct catalog_vault *row, struct error *e)
{
    struct catalog_approvers approvers = {.needed = 0};
    const struct setup_key key = session_key(s);
    struct error why = ERROR_INIT;
    char what[256];
    if (read_approvers(s, &approvers, e) != 0)
        return -1;
    snprintf(what, sizeof(what),
             "letting %u of %zu approvers decide on what destroys something in the vault %.80s",
             approvers.needed, approvers.count, row->name);
    if (vault_confirm(s, row, what, e) != 0 || approval_set(s->setup, row, &approvers, e) != 0)
        return -1;
    if (notes_keep(s->setup, row, &key, &why) != 0)
        output_note(&s->output,
                    "the vault could not be told yet (%s); until it is, a catalog that is "
                    "rebuilt would not know",
                    why.text);
    if (s->output.use_json)
        return show_approvers(s, row, e);
    output_note(&s->output,
                "%u of %zu approvers decide on what destroys something in the vault %s",
                approvers.needed, approvers.count, row->name);
    return 0;
}

int command_vault_approvers(struct session *s, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (!session_given(s, OPTION_NEED) && s->arguments.operand_count > 1)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "vault approvers needs --need, how many of them have to approve");
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result =
        session_given(s, OPTION_NEED) ? set_approvers(s, row, e) : show_approvers(s, row, e);
    catalog_vault_free(row);
    return result;
}
