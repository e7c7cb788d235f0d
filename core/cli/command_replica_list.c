/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_replica_list.c - replicas, listed and shown in the region that they are in: what the
 * ledger says of them, and those in storage that it does not know (after a rebuild).
 */
#include "cli/session.h"

#include "base/text.h"
#include "mirror/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A listing with the names of the vaults it meets. */
struct listing {
    struct session *session;
    const char *region;                  /* NULL = all */
    struct catalog_vault *vault;         /* NULL = all */
    char (*known)[CATALOG_SEAL_ID_SIZE]; /* replicas of the ledger, then sorted */
    size_t count, room;
};

/* The name of a vault, or its id when it is gone. */
static void vault_name(struct session *s, const uint8_t id[CATALOG_ID_SIZE],
                       char name[CATALOG_TEXT_SIZE])
{
    struct error gone = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), id, &gone);
    if (row)
        snprintf(name, CATALOG_TEXT_SIZE, "%s", row->name);
    else
        text_hex(id, CATALOG_ID_SIZE, name);
    catalog_vault_free(row);
}

static const char *state_of(const struct catalog_ledger *line)
{
    return line->gone_ns != 0 ? "deleted" : catalog_ledger_state_name(line->state);
}

static void record_line(struct session *s, const struct catalog_ledger *line)
{
    struct output *o = &s->output;
    char from[CATALOG_TEXT_SIZE], to[CATALOG_TEXT_SIZE];
    vault_name(s, line->source_vault, from);
    vault_name(s, line->vault, to);
    record_text(o, "line", line->id);
    record_text(o, "backup", line->backup);
    record_text(o, "from_vault", from);
    record_text(o, "from_region", line->source_region);
    record_text(o, "region", line->region);
    record_text(o, "project", line->project);
    record_text(o, "vault", to);
    record_text(o, "state", state_of(line));
    record_text(o, "name", line->name);
    record_text(o, "description", line->description);
    record_text(o, "way", catalog_way_name(line->way));
    record_text(o, "policy", line->policy);
    record_size(o, "bytes", line->bytes);
    record_size(o, "bytes_sent", line->bytes_sent);
    record_time(o, "asked", line->created_ns);
    record_time(o, "started", line->started_ns);
    record_time(o, "ended", line->ended_ns);
    record_time(o, "deleted", line->gone_ns);
    record_text(o, "task", line->task);
    bool wrong = line->why.error_class != LAGAN_OK;
    record_text(o, "code", wrong ? error_code_name(line->why.code) : "");
    record_text(o, "message", wrong ? line->why.text : "");
}

/* What the replica itself says, where the ledger says nothing. */
static void record_alone(struct session *s, const struct catalog_backup *backup,
                         const char *region)
{
    struct output *o = &s->output;
    char vault[CATALOG_TEXT_SIZE];
    vault_name(s, backup->vault, vault);
    record_text(o, "line", "");
    record_text(o, "backup", backup->origin);
    record_text(o, "from_region", backup->region);
    record_text(o, "region", region);
    record_text(o, "vault", vault);
    record_text(o, "state", "success");
    record_text(o, "name", backup->name);
    record_text(o, "description", backup->description);
    record_size(o, "bytes", backup->bytes);
    record_size(o, "bytes_sent", backup->bytes_stored);
    record_time(o, "ended", backup->created_ns);
}

static int know(struct listing *l, const char *replica, struct error *e)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        void *grown = reallocarray(l->known, room, sizeof(*l->known));
        if (!grown)
            return error_no_memory(e, "replicas");
        l->known = grown;
        l->room = room;
    }
    snprintf(l->known[l->count++], CATALOG_SEAL_ID_SIZE, "%s", replica);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int list_line(void *context, const struct catalog_ledger *line, struct error *e)
{
    struct listing *l = context;
    if (l->vault && memcmp(l->vault->uuid, line->vault, CATALOG_ID_SIZE) != 0)
        return 0;
    record_begin(&l->session->output, "replica");
    record_text(&l->session->output, "id", line->replica);
    record_line(l->session, line);
    record_end(&l->session->output);
    return know(l, line->replica, e);
}

/* A vault whose replicas are looked at. */
struct unknown {
    struct listing *listing;
    const struct catalog_vault *vault;
};

static int list_unknown(void *context, const struct catalog_backup *backup, struct error *e)
{
    const struct unknown *u = context;
    const struct listing *l = u->listing;
    struct session *s = l->session;
    (void)e;
    if (backup->origin[0] == '\0' ||
        (l->count > 0 && bsearch(backup->id, l->known, l->count, sizeof(*l->known), compare)))
        return 0;
    record_begin(&s->output, "replica");
    record_text(&s->output, "id", backup->id);
    record_alone(s, backup, u->vault->region);
    record_end(&s->output);
    return 0;
}

static int list_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct listing *l = context;
    struct unknown unknown = {l, row};
    if (row->role != CATALOG_ROLE_REPLICATION ||
        (l->region && strcmp(l->region, row->region) != 0) ||
        (l->vault && memcmp(l->vault->uuid, row->uuid, CATALOG_ID_SIZE) != 0))
        return 0;
    return catalog_backup_list(session_catalog(l->session), row->uuid, NULL, list_unknown,
                               &unknown, e);
}

/* --region and --vault, which lie where the replicas are. */
static int scope(struct session *s, struct listing *l, struct error *e)
{
    const struct config_region *region = NULL;
    l->session = s;
    l->region = session_value(s, OPTION_REGION);
    if (l->region && setup_region(s->setup, l->region, &region, e) != 0)
        return -1;
    if (!session_given(s, OPTION_VAULT))
        return 0;
    l->vault =
        catalog_vault_find(session_catalog(s), l->region, session_value(s, OPTION_VAULT), e);
    return l->vault ? 0 : -1;
}

int command_replica_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ID", false},         {"line", "LEDGER", false}, {"backup", "OF BACKUP", false},
        {"region", "REGION", false}, {"vault", "VAULT", false}, {"state", "STATE", false},
        {"asked", "ASKED", false},   {"bytes", "SIZE", true},   {"bytes_sent", "SENT", true},
        {"message", "WHY", false}};
    struct listing l = {.session = s};
    if (session_setup(s, NEED_CATALOG, e) != 0 || scope(s, &l, e) != 0)
        return -1;
    struct catalog *catalog = session_catalog(s);
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_ledger_list(catalog, NULL, NULL, l.region, list_line, &l, e);
    if (l.count > 0)
        qsort(l.known, l.count, sizeof(*l.known), compare);
    if (result == 0)
        result = catalog_vault_list(catalog, list_vault, &l, e);
    output_table_end(&s->output, "no replicas; `lagan replica create` makes some");
    catalog_vault_free(l.vault);
    free(l.known);
    return result;
}

/* The region of a vault that is known. */
static int region_of(struct session *s, const uint8_t vault[CATALOG_ID_SIZE],
                     char region[NAME_SIZE], struct error *e)
{
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), vault, e);
    if (!row)
        return -1;
    snprintf(region, NAME_SIZE, "%s", row->region);
    catalog_vault_free(row);
    return 0;
}

int command_replica_show(struct session *s, struct error *e)
{
    struct listing l = {.session = s};
    struct replica_found found;
    char region[NAME_SIZE] = "";
    struct output *o = &s->output;
    if (session_setup(s, NEED_CATALOG, e) != 0 || scope(s, &l, e) != 0)
        return -1;
    catalog_vault_free(l.vault);
    if (replica_find(s->setup, l.region, session_value(s, OPTION_VAULT), session_operand(s, 0),
                     &found, e) != 0 ||
        (!found.has_line && region_of(s, found.backup.vault, region, e) != 0))
        return -1;
    record_begin(o, "replica");
    record_text(o, "id", found.has_backup ? found.backup.id : found.line.replica);
    if (found.has_line)
        record_line(s, &found.line);
    else
        record_alone(s, &found.backup, region);
    if (found.has_backup) {
        record_text(o, "source", found.backup.source_name);
        record_text(o, "host", found.backup.host);
        record_time(o, "protected", found.backup.start_ns);
        record_number(o, "entries", found.backup.entries);
    }
    record_end(o);
    return 0;
}
