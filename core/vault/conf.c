/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - which generation of the configuration is in force. */
#include "vault/conf.h"
#include "vault/name.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    struct conf_entry *entries;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct conf_entry *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_CONF)
        return 0;
    grown = realloc(l->entries, (l->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "configurations");
    l->entries = grown;
    grown[l->count] = (struct conf_entry){.generation = name.number, .bytes = bytes};
    snprintf(grown[l->count].name, sizeof(grown->name), "%s", key);
    l->count++;
    return 0;
}

static int read_entry(struct target *target, struct conf_entry *entry, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;

    if (stored_read(target, entry->name, CONF_OBJECT_LIMIT, &data, &entry->why) == 0 &&
        conf_decode(data.data, data.size, entry->name, &entry->conf, &entry->why) == 0) {
        entry->valid = true;
        return 0;
    }
    if (stored_is_damage(&entry->why))
        return 0;
    *e = entry->why;
    return -1;
}

static void reject(struct conf_entry *entry, const char *why)
{
    entry->valid = false;
    error_set(&entry->why, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", entry->name, why);
}

/* The chain: all generations are of one vault and one root key, each names the one before.  One
 * that is damaged or lost breaks nothing: the signature of the next stands for itself. */
static void judge(struct conf_entry *entries, size_t count)
{
    static const uint8_t none[32];
    const struct conf_entry *first = NULL, *before = NULL;

    for (size_t i = 0; i < count; i++) {
        struct conf_entry *entry = &entries[i];
        bool next = before != NULL && before->generation + 1 == entry->generation;

        if (!entry->valid)
            continue;
        if (first == NULL)
            first = entry;
        if (memcmp(first->conf.settings.uuid, entry->conf.settings.uuid, 16) != 0 ||
            memcmp(first->conf.settings.root_public, entry->conf.settings.root_public, 32) != 0)
            reject(entry, "of another vault");
        else if (entry->generation == 1 && memcmp(entry->conf.previous, none, 32) != 0)
            reject(entry, "the first configuration names one before it");
        else if (next && memcmp(entry->conf.previous, before->conf.hash, 32) != 0)
            reject(entry, "does not follow from the configuration before it");
        else
            before = entry;
    }
}

int conf_load(struct target *target, struct conf_entry **entries, size_t *count,
              struct error *e)
{
    struct listing l = {0};

    if (target_list(target, "conf/", collect, &l, e) != 0)
        goto failed;
    for (size_t i = 0; i < l.count; i++)
        if (read_entry(target, &l.entries[i], e) != 0)
            goto failed;
    judge(l.entries, l.count);
    *entries = l.entries;
    *count = l.count;
    return 0;
failed:
    free(l.entries);
    return -1;
}

int conf_select(const struct conf_entry *entries, size_t count, const struct conf **conf,
                struct error *e)
{
    if (count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT, "there is no vault");
    /* A later program has changed the vault: older settings would be wrong. */
    if (!entries[count - 1].valid && entries[count - 1].why.code == ERROR_NEWER_FORMAT) {
        *e = entries[count - 1].why;
        return -1;
    }
    for (size_t i = count; i > 0; i--) {
        if (entries[i - 1].valid) {
            *conf = &entries[i - 1].conf;
            return 0;
        }
    }
    *e = entries[count - 1].why;
    return -1;
}
