/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.c - what the catalog says of what is in storage: one line for each vault, slot,
 * tombstone, backup and policy, `name=value` in a fixed order.
 *
 * Left out is what only this installation knows: states, keys and descriptions of vaults,
 * deletions that are due, when backups may go by their rules, mirrors and their progress, the
 * queue, the ledger, runs of policies, rules of objects, usage, tasks, the audit log.
 */
#include "base/text.h"
#include "catalog/catalog_private.h"
#include "catalog/policy.h"

#include <stdlib.h>
#include <string.h>

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, " %s=\"", name);
    for (const char *at = value; *at != '\0'; at++) {
        size_t plain = strcspn(at, "\"");
        text_escape(out, at, plain);
        if (at[plain] == '\0')
            break;
        buffer_append_format(out, "\\x22");
        at += plain;
    }
    buffer_append_u8(out, '"');
}

static void add_bytes(struct buffer *out, const char *name, const uint8_t *data, size_t size)
{
    char text[2 * CATALOG_HASH_SIZE + 1];

    text_hex(data, size, text);
    buffer_append_format(out, " %s=%s", name, text);
}

static void add_number(struct buffer *out, const char *name, int64_t value)
{
    buffer_append_format(out, " %s=%lld", name, (long long)value);
}

static int dump_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "vault");
    add_bytes(out, "uuid", vault->uuid, CATALOG_ID_SIZE);
    add_text(out, "name", vault->name);
    add_text(out, "region", vault->region);
    add_text(out, "type", catalog_vault_type_name(vault->type));
    add_text(out, "encryption", catalog_encryption_name(vault->encryption));
    add_text(out, "role", catalog_vault_role_name(vault->role));
    add_text(out, "plan", catalog_plan_name(vault->plan));
    add_text(out, "project", vault->project);
    add_bytes(out, "lineage", vault->lineage, CATALOG_ID_SIZE);
    add_text(out, "prefix", vault->prefix);
    add_bytes(out, "root_public", vault->root_public, sizeof(vault->root_public));
    add_number(out, "created_ns", vault->created_ns);
    add_number(out, "quota_bytes", (int64_t)vault->quota_bytes);
    add_number(out, "quota_warning", vault->quota_warning);
    add_number(out, "auto_expand", vault->auto_expand);
    for (size_t i = 0; i < vault->tags.count; i++) {
        add_text(out, "tag", vault->tags.items[i].name);
        add_text(out, "value", vault->tags.items[i].value);
    }
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_slot(void *context, const struct catalog_slot *slot, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "slot");
    add_bytes(out, "vault", slot->vault, CATALOG_ID_SIZE);
    add_text(out, "id", slot->id);
    add_text(out, "kind", slot->kind);
    add_text(out, "label", slot->label);
    add_number(out, "created_ns", slot->created_ns);
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *seal_name, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "tombstone");
    add_bytes(out, "vault", vault, CATALOG_ID_SIZE);
    add_text(out, "seal_name", seal_name);
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "backup");
    add_bytes(out, "vault", backup->vault, CATALOG_ID_SIZE);
    add_text(out, "id", backup->id);
    add_text(out, "seal_name", backup->seal_name);
    add_bytes(out, "seal_hash", backup->seal_hash, CATALOG_HASH_SIZE);
    add_bytes(out, "source", backup->source, CATALOG_ID_SIZE);
    add_text(out, "source_name", backup->source_name);
    add_text(out, "source_driver", backup->source_driver);
    add_text(out, "host", backup->host);
    add_text(out, "state", catalog_backup_state_name(backup->state));
    add_number(out, "created_ns", backup->created_ns);
    add_number(out, "start_ns", backup->start_ns);
    add_number(out, "end_ns", backup->end_ns);
    add_number(out, "entries", (int64_t)backup->entries);
    add_number(out, "bytes", (int64_t)backup->bytes);
    add_number(out, "bytes_stored", (int64_t)backup->bytes_stored);
    add_text(out, "name", backup->name);
    add_text(out, "description", backup->description);
    add_text(out, "parent", backup->parent);
    add_text(out, "region", backup->region);
    add_text(out, "origin", backup->origin);
    add_text(out, "kind", backup->kind);
    add_number(out, "system_disk", backup->system_disk);
    add_text(out, "trigger", backup->trigger);
    add_text(out, "policy", backup->policy);
    add_number(out, "slot_ns", backup->slot_ns);
    add_number(out, "full", backup->full);
    add_text(out, "consistency", backup->consistency);
    add_text(out, "consistency_wanted", backup->consistency_wanted);
    add_number(out, "keep_ns", backup->keep_ns);
    buffer_append_u8(out, '\n');
    return 0;
}

struct policy_dump {
    struct catalog *catalog;
    struct buffer *out;
};

/* What its vaults remember of it. */
static int dump_policy(void *context, const struct catalog_policy *policy, struct error *e)
{
    const struct policy_dump *dump = context;
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;

    if (catalog_policy_vaults(dump->catalog, policy->id, &vaults, &count, e) != 0)
        return -1;
    buffer_append_format(dump->out, "policy");
    add_bytes(dump->out, "id", policy->id, CATALOG_ID_SIZE);
    add_text(dump->out, "name", policy->name);
    add_text(dump->out, "kind", catalog_policy_kind_name(policy->kind));
    add_number(dump->out, "enabled", policy->enabled);
    add_number(dump->out, "created_ns", policy->created_ns);
    add_number(dump->out, "revision", (int64_t)policy->revision);
    for (size_t i = 0; i < policy->settings.count; i++)
        add_text(dump->out, policy->settings.items[i].name, policy->settings.items[i].value);
    for (size_t i = 0; i < count; i++)
        add_bytes(dump->out, "vault", vaults[i], CATALOG_ID_SIZE);
    buffer_append_u8(dump->out, '\n');
    free(vaults);
    return 0;
}

int catalog_dump(struct catalog *c, struct buffer *out, struct error *e)
{
    struct policy_dump policies = {c, out};
    int result = -1;

    catalog_lock(c); /* all lists are of one moment, as far as this process is concerned */
    if (catalog_vault_list(c, dump_vault, out, e) == 0 &&
        catalog_slot_list(c, NULL, dump_slot, out, e) == 0 &&
        catalog_tombstone_list(c, NULL, dump_tombstone, out, e) == 0 &&
        catalog_backup_list(c, NULL, NULL, dump_backup, out, e) == 0 &&
        catalog_policy_list(c, dump_policy, &policies, e) == 0)
        result = buffer_check(out, e);
    catalog_unlock(c);
    return result;
}
