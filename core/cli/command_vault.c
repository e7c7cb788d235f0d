/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault.c - vaults: made, listed, shown. */
#include "cli/session.h"

#include "base/text.h"
#include "crypto/secret.h"
#include "engine/create.h"

#include <string.h>

static void record_vault(struct output *o, const struct catalog_vault *row)
{
    char root[2 * sizeof(row->root_public) + 1];
    text_hex(row->root_public, sizeof(row->root_public), root);
    record_begin(o, "vault");
    record_text(o, "name", row->name);
    record_id(o, "id", row->uuid);
    record_text(o, "region", row->region);
    record_text(o, "place", row->prefix);
    record_text(o, "kind", catalog_vault_type_name(row->type));
    record_text(o, "role", catalog_vault_role_name(row->role));
    record_text(o, "state", catalog_vault_state_name(row->state));
    record_text(o, "encryption", catalog_encryption_name(row->encryption));
    record_text(o, "key_driver", row->key_driver);
    record_pairs(o, "key_parameters", &row->key_parameters);
    record_text(o, "root_public", root);
    record_text(o, "description", row->description);
    record_time(o, "created", row->created_ns);
    record_end(o);
}

static int list_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct session *s = context;
    const char *region = session_value(s, OPTION_REGION);
    (void)e;
    if (!region || strcmp(region, row->region) == 0)
        record_vault(&s->output, row);
    return 0;
}

int command_vault_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},       {"region", "REGION", false},
        {"state", "STATE", false},     {"encryption", "ENCRYPTION", false},
        {"created", "CREATED", false}, {"description", "DESCRIPTION", false}};
    const struct config_region *region = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_given(s, OPTION_REGION) &&
        setup_region(s->setup, session_value(s, OPTION_REGION), &region, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_vault_list(session_catalog(s), list_vault, s, e);
    output_table_end(&s->output, "no vaults; `lagan vault create` makes one, `lagan catalog "
                                 "rebuild` finds those in storage");
    return result;
}

/* Sums over the backups of a vault. */
struct totals {
    uint64_t backups;
    uint64_t bytes_stored;
    int64_t last_ns;
};

static int add_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    struct totals *totals = context;
    (void)e;
    totals->backups++;
    totals->bytes_stored += row->bytes_stored;
    totals->last_ns = row->created_ns;
    return 0;
}

int command_vault_show(struct session *s, struct error *e)
{
    struct totals totals = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_find(
        session_catalog(s), session_value(s, OPTION_REGION), session_operand(s, 0), e);
    if (!row)
        return -1;
    int result =
        catalog_backup_list(session_catalog(s), row->uuid, NULL, add_backup, &totals, e);
    if (result == 0) {
        record_vault(&s->output, row);
        record_begin(&s->output, "vault_totals");
        record_number(&s->output, "backups", totals.backups);
        record_size(&s->output, "bytes_stored", totals.bytes_stored);
        record_time(&s->output, "last_backup", totals.last_ns);
        record_end(&s->output);
    }
    catalog_vault_free(row);
    return result;
}

static int create(struct session *s, struct create_request *request, int *fd, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (create_vault(s->setup, request, &row, e) != 0)
        return -1;
    if (s->output.use_json)
        record_vault(&s->output, row);
    output_note(&s->output, "vault %s made in region %s", row->name, row->region);
    int result = 0;
    if (request->recovery)
        result = recovery_give(s, fd, request->recovery_key, row->name, e);
    catalog_vault_free(row);
    return result;
}

static int parse_pack_size(struct session *s, uint64_t *bytes, struct error *e)
{
    const char *text = session_value(s, OPTION_PACK_SIZE);
    if (!text)
        return 0;
    if (text_parse_size(text, bytes) == 0 && *bytes >= CREATE_PACK_BYTES_MIN &&
        *bytes <= CREATE_PACK_BYTES_MAX)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--pack-size %s: it can be 64K to 4G",
                     text);
}

int command_vault_create(struct session *s, struct error *e)
{
    int fd = -1;
    bool recovery = !session_given(s, OPTION_NO_RECOVERY);
    struct create_request request = {
        .name = session_operand(s, 0),
        .region = session_value(s, OPTION_REGION),
        .description = session_value(s, OPTION_DESCRIPTION),
        .passphrase_source = session_value(s, OPTION_PASSPHRASE),
        .provider = session_value(s, OPTION_KEY),
        .recovery = recovery,
    };
    if (!recovery && !session_given(s, OPTION_FORCE))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "a vault without a recovery key is lost with its key; add --force if "
                         "that is meant");
    if (!recovery && session_given(s, OPTION_RECOVERY_FILE))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--no-recovery and --recovery-file exclude each other");
    if (parse_pack_size(s, &request.pack_bytes, e) != 0 ||
        session_setup(s, NEED_CATALOG, e) != 0 || create_check(s->setup, &request, e) != 0)
        return -1;
    if (recovery && recovery_prepare(s, &fd, e) != 0)
        return -1;
    int result = create(s, &request, &fd, e);
    if (result != 0)
        recovery_cancel(s, &fd);
    secret_wipe(&request, sizeof(request));
    return result;
}
