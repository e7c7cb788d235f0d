/* SPDX-License-Identifier: Apache-2.0 */
/* vault_options.c - see vault_options.h. */
#include "cli/vault_options.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* A word of a few; -1 when the option is not given, -2 and an error when it is none of them. */
static int word_of(const struct session *s, enum option option, int (*parse)(const char *name),
                   const char *allowed, struct error *e)
{
    const char *text = session_value(s, option);
    if (!text)
        return -1;
    int value = parse(text);
    if (value >= 0)
        return value;
    error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "--%s %s: it can be %s",
              option_rows[option].name, text, allowed);
    return -2;
}

static int read_kind(struct session *s, struct create_request *request, struct error *e)
{
    int type = word_of(s, OPTION_TYPE, catalog_vault_type_parse,
                       "general, table, archive, database or container", e);
    int plan = type < -1 ? -2 : word_of(s, OPTION_PLAN, catalog_plan_parse, "full or trial", e);
    int role = plan < -1 ? -2
                         : word_of(s, OPTION_ROLE, catalog_vault_role_parse,
                                   "normal or replication", e);
    if (role < -1)
        return -1;
    if (role == CATALOG_ROLE_MIRROR)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--role mirror: `lagan mirror create` makes the mirror of a vault");
    request->type = type < 0 ? CATALOG_TYPE_GENERAL : (enum catalog_vault_type)type;
    request->plan = plan < 0 ? CATALOG_PLAN_FULL : (enum catalog_plan)plan;
    request->role = role < 0 ? CATALOG_ROLE_NORMAL : (enum catalog_vault_role)role;
    return 0;
}

static int read_encryption(struct session *s, struct vault_words *words,
                           struct create_request *request, struct error *e)
{
    int encryption = word_of(s, OPTION_ENCRYPTION, catalog_encryption_parse,
                             "managed, kms or passphrase", e);
    if (encryption < -1)
        return -1;
    if (encryption >= 0) {
        words->encryption = (enum catalog_encryption)encryption;
        request->encryption = &words->encryption;
    }
    return 0;
}

int vault_words_quota(const struct session *s, uint64_t *quota_bytes, uint32_t *percent,
                      struct error *e)
{
    const char *quota = session_value(s, OPTION_QUOTA);
    const char *warning = session_value(s, OPTION_QUOTA_WARNING);
    uint64_t number;
    if (quota && (text_parse_size(quota, quota_bytes) != 0 || *quota_bytes > INT64_MAX))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--quota %s: it is a size such as 500G; 0 = no limit", quota);
    if (!warning)
        return 0;
    if (text_parse_u64(warning, &number) != 0 || number < 1 || number > 100)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--quota-warning %s: it is a percentage, 1 to 100", warning);
    *percent = (uint32_t)number;
    return 0;
}

int vault_words_tags(const struct session *s, struct catalog_pairs *tags, struct error *e)
{
    const struct arguments *a = &s->arguments;
    for (size_t i = 0; i < a->option_count; i++) {
        const char *text = a->options[i].value;
        if (a->options[i].option != OPTION_TAG)
            continue;
        const char *equals = strchr(text, '=');
        char *name = equals ? strndup(text, (size_t)(equals - text)) : NULL;
        if (!equals)
            return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                             "--tag %s: it is NAME=VALUE; the value may be empty", text);
        if (!name)
            return error_no_memory(e, "a tag");
        int result = name_check_tag(name, equals + 1, e);
        if (result == 0)
            result = catalog_pairs_add(tags, name, equals + 1, e);
        free(name);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int read_pack_size(struct session *s, uint64_t *bytes, struct error *e)
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

static int read_recovery(struct session *s, struct create_request *request, struct error *e)
{
    request->recovery = !session_given(s, OPTION_NO_RECOVERY);
    if (!request->recovery && !session_given(s, OPTION_FORCE))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "a vault without a recovery key is lost with its key; add --force if "
                         "that is meant");
    if (!request->recovery && session_given(s, OPTION_RECOVERY_FILE))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--no-recovery and --recovery-file exclude each other");
    return 0;
}

int vault_words_read(struct session *s, struct vault_words *words,
                     struct create_request *request, struct error *e)
{
    request->region = session_value(s, OPTION_REGION);
    request->project = session_value(s, OPTION_PROJECT);
    request->description = session_value(s, OPTION_DESCRIPTION);
    request->passphrase_source = session_value(s, OPTION_PASSPHRASE);
    request->provider = session_value(s, OPTION_KEY);
    request->auto_expand = session_given(s, OPTION_AUTO_EXPAND);
    request->redundancy_given = session_given(s, OPTION_REDUNDANCY);
    if (read_recovery(s, request, e) != 0 || read_kind(s, request, e) != 0 ||
        read_encryption(s, words, request, e) != 0 ||
        vault_words_quota(s, &request->quota_bytes, &request->quota_warning, e) != 0 ||
        vault_words_tags(s, &words->tags, e) != 0)
        return -1;
    request->tags = &words->tags;
    return read_pack_size(s, &request->pack_bytes, e);
}

void vault_words_clear(struct vault_words *words)
{
    catalog_pairs_clear(&words->tags);
}

int vault_operand(struct session *s, struct catalog_vault **row, struct error *e)
{
    const char *region = session_value(s, OPTION_REGION);
    const struct config_region *known = NULL;
    if (region && setup_region(s->setup, region, &known, e) != 0)
        return -1;
    *row = catalog_vault_find(session_catalog(s), region, session_operand(s, 0), e);
    return *row ? 0 : -1;
}

/* The whole id; dashes in it do not count. */
static bool is_id(const char *text, const uint8_t id[CATALOG_ID_SIZE])
{
    char digits[2 * CATALOG_ID_SIZE + 1];
    uint8_t bytes[CATALOG_ID_SIZE];
    size_t count = 0;
    for (; *text; text++) {
        if (*text == '-')
            continue;
        if (count == sizeof(digits) - 1)
            return false;
        digits[count++] = *text;
    }
    digits[count] = '\0';
    return text_unhex(digits, bytes, sizeof(bytes)) == 0 &&
           memcmp(bytes, id, sizeof(bytes)) == 0;
}

int vault_confirm(struct session *s, const struct catalog_vault *row, const char *what,
                  struct error *e)
{
    const char *typed = session_value(s, OPTION_CONFIRM);
    if (typed && (strcmp(typed, row->name) == 0 || is_id(typed, row->uuid)))
        return 0;
    if (!typed && session_given(s, OPTION_YES))
        return 0;
    if (typed)
        return error_set(e, LAGAN_INVALID, ERROR_NOT_CONFIRMED,
                         "%s is not confirmed: --confirm says '%.80s', and the vault is called "
                         "%s; nothing was changed",
                         what, typed, row->name);
    return error_set(e, LAGAN_INVALID, ERROR_NOT_CONFIRMED,
                     "%s is not confirmed: add `--confirm %s` (its name, or its whole id) when "
                     "that is meant; nothing was changed",
                     what, row->name);
}
