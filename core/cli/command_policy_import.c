/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy_import.c - policies from a file that `policy list --json` has written. */
#include "cli/policy_record.h"

#include "base/file.h"
#include "base/json_read.h"
#include "engine/notes.h"
#include "engine/policy_manage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 16 << 20 };

/* A line of the file. */
struct line {
    bool policy; /* it is of one, and of nothing else */
    bool enabled;
    char name[NAME_SIZE];
    char kind[16];
    struct catalog_pairs settings;
    char *vaults; /* names with commas between; NULL = none */
};

static int take_member(void *context, const char *way, enum json_kind kind, const char *value,
                       struct error *e)
{
    static const char settings[] = "settings.";
    struct line *line = context;
    if (strcmp(way, "type") == 0) {
        line->policy = strcmp(value, "policy") == 0;
    } else if (strcmp(way, "enabled") == 0) {
        line->enabled = kind == JSON_TRUE;
    } else if (strcmp(way, "name") == 0) {
        if (strlen(value) >= sizeof(line->name))
            return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID, "a name is too long");
        memcpy(line->name, value, strlen(value) + 1);
    } else if (strcmp(way, "kind") == 0) {
        snprintf(line->kind, sizeof(line->kind), "%s", value);
    } else if (strcmp(way, "vaults") == 0 && kind == JSON_TEXT) {
        free(line->vaults);
        line->vaults = strdup(value);
        return line->vaults ? 0 : error_no_memory(e, "the vaults of a policy");
    } else if (strncmp(way, settings, strlen(settings)) == 0) {
        return catalog_pairs_add(&line->settings, way + strlen(settings), value, e);
    }
    return 0;
}

/* ---- one policy ---- */

static int make_draft(struct session *s, const struct line *line, struct catalog_policy **draft,
                      struct error *e)
{
    struct catalog_policy base = {.enabled = line->enabled};
    int kind = catalog_policy_kind_parse(line->kind);
    if (kind < 0)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "the policy '%s' is neither for backups nor for replication",
                         line->name);
    base.kind = (enum catalog_policy_kind)kind;
    if (name_check(NAME_POLICY, line->name, e) != 0)
        return -1;
    memcpy(base.name, line->name, sizeof(base.name));
    return policy_manage_draft(s->setup, &base, &line->settings, draft, e);
}

/* The policy is there; it holds for the vaults that it held for, where they are here. */
static int apply(struct session *s, const struct catalog_policy *policy, const char *name,
                 struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_find(session_catalog(s), NULL, name, &why);
    int result = vault ? policy_manage_apply(s->setup, policy, vault, &why) : -1;
    if (result == 0 && notes_keep(s->setup, vault, NULL, &why) != 0)
        output_note(&s->output, "the vault %s could not be told: %s", name, why.text);
    catalog_vault_free(vault);
    if (result == 0)
        return 0;
    if (why.code == ERROR_APPROVAL_NEEDED) {
        *e = why;
        return -1;
    }
    report_line("lagan: warning: policy %s does not hold for the vault %s: %s", policy->name,
                name, why.text);
    s->status = STATUS_FAILED;
    return 0;
}

static int apply_all(struct session *s, const struct catalog_policy *policy, char *names,
                     struct error *e)
{
    char *rest = names;
    for (char *name; (name = strsep(&rest, ",")) != NULL;) {
        name += strspn(name, " ");
        if (name[0] && apply(s, policy, name, e) != 0)
            return -1;
    }
    return 0;
}

static int import_line(struct session *s, struct line *line, struct error *e)
{
    struct catalog_policy *draft = NULL;
    int result = make_draft(s, line, &draft, e);
    if (result == 0)
        result = policy_manage_insert(s->setup, draft, NULL, 0, e);
    if (result == 0)
        output_note(&s->output, "policy %s is made, %s", draft->name,
                    draft->enabled ? "enabled" : "disabled");
    if (result == 0 && line->vaults)
        result = apply_all(s, draft, line->vaults, e);
    if (result == 0 && s->output.use_json)
        result = record_policy(s, draft, e);
    catalog_policy_free(draft);
    return result;
}

/* ---- the file ---- */

static int read_line(struct session *s, const char *text, size_t length, unsigned number,
                     uint64_t *count, struct error *e)
{
    struct line line = {.enabled = true};
    int result = 0;
    if (length > 0)
        result = json_read(text, length, take_member, &line, e);
    if (result == 0 && line.policy)
        result = import_line(s, &line, e);
    *count += line.policy;
    catalog_pairs_clear(&line.settings);
    free(line.vaults);
    return result == 0 ? 0 : error_context(e, "line %u", number);
}

int command_policy_import(struct session *s, struct error *e)
{
    const char *path = session_operand(s, 0);
    struct buffer file CLEANUP_BUFFER = BUFFER_INIT;
    uint64_t count = 0;
    unsigned number = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 || file_read(path, FILE_LIMIT, &file, e) != 0)
        return -1;
    for (size_t at = 0; at < file.size;) {
        const char *text = (const char *)file.data + at;
        const char *end = memchr(text, '\n', file.size - at);
        size_t length = end ? (size_t)(end - text) : file.size - at;
        if (read_line(s, text, length, ++number, &count, e) != 0)
            return error_context(e, "%s", path);
        at += length + 1;
    }
    if (count == 0)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "%s has no policy; `lagan policy list --json` writes them", path);
    return 0;
}
