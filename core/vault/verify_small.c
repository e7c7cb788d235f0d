/* SPDX-License-Identifier: Apache-2.0 */
/* verify_small.c - configuration, key slots, sessions, what the copy says of itself, locks,
 * notes, heads of audit logs: what a check reads at any depth. */
#include "crypto/crc32c.h"
#include "vault/about_codec.h"
#include "vault/audit_head.h"
#include "vault/conf.h"
#include "vault/field.h"
#include "vault/lock_codec.h"
#include "vault/note_codec.h"
#include "vault/prune_record.h"
#include "vault/slot.h"
#include "vault/stored.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION_LIMIT = 64 << 10 };

static int check_conf(struct verify *c, struct error *e)
{
    struct conf_entry *entries;
    size_t n;

    if (conf_load(vault_target(c->vault), &entries, &n, e) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].valid)
            verify_found(c, entries[i].name, true, &entries[i].why, NULL, 0);
        verify_progress_one(c, entries[i].bytes);
    }
    free(entries);
    return 0;
}

static void check_slot(struct verify *c, const struct slot_entry *entry)
{
    const struct vault_settings *s = vault_settings(c->vault);

    if (!entry->valid && entry->why.code == ERROR_NEWER_FORMAT)
        verify_found(c, entry->name, false, &entry->why, NULL, 0);
    else if (!entry->valid)
        verify_found(c, entry->name, true, &entry->why, NULL, 0);
    else if (memcmp(entry->slot.uuid, s->uuid, VAULT_UUID_SIZE) != 0)
        verify_found_text(c, entry->name, false, ERROR_FAILED,
                          "slot of no vault: left behind by a creation that was broken off");
    verify_progress_one(c, entry->data.size);
}

static int check_slots(struct verify *c, struct error *e)
{
    struct slot_entry *entries;
    size_t n;

    if (slot_list(vault_target(c->vault), &entries, &n, e) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        check_slot(c, &entries[i]);
    slot_list_free(entries, n);
    return 0;
}

/* What a session says of itself, as far as a check goes. */
struct session_fields {
    uint8_t vault[16];
    uint8_t session[16];
};

#define AT(member) .offset = offsetof(struct session_fields, member)

static int decode_session(const struct buffer *data, const struct verify *c,
                          const struct verify_object *o, struct error *e)
{
    static const struct field fields[] = {
        {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(vault)},
        {2, FIELD_BYTES, FIELD_NEEDED, 16, AT(session)},
    };
    struct reader r = reader_of(data->data, data->size), tlvs;
    struct session_fields s = {{0}, {0}};

    if (field_head(&r, "LAGANSES", &tlvs, o->text, e) != 0 ||
        field_decode(tlvs, fields, sizeof(fields) / sizeof(fields[0]), &s, o->text, e) != 0)
        return -1;
    if (reader_u32(&r) != crc32c(data->data, data->size - 4) || !reader_done(&r))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its checksum is wrong",
                         o->text);
    if (memcmp(s.vault, vault_settings(c->vault)->uuid, 16) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: of another vault", o->text);
    if (memcmp(s.session, o->name.uuid, 16) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: stored under a wrong name",
                         o->text);
    return 0;
}

/* Nothing is lost with a session: the next one of its writer starts anew. */
static int check_session(struct verify *c, const struct verify_object *o, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;

    if (stored_read(vault_target(c->vault), o->text, SESSION_LIMIT, &data, &why) != 0 ||
        decode_session(&data, c, o, &why) != 0) {
        if (why.error_class == LAGAN_NOT_FOUND)
            return 0; /* it ended meanwhile */
        if (!verify_is_finding(c, &why)) {
            *e = why;
            return -1;
        }
        verify_found(c, o->text, false, &why, NULL, 0);
    }
    verify_progress_one(c, o->bytes);
    return 0;
}

static int check_sessions(struct verify *c, struct error *e)
{
    for (size_t i = 0; i < c->object_count; i++) {
        const struct verify_object *o = &c->objects[i];

        if ((o->name.kind == NAME_SESSION || o->name.kind == NAME_SESSION_DONE ||
             o->name.kind == NAME_SESSION_SIGN) &&
            check_session(c, o, e) != 0)
            return -1;
    }
    return 0;
}

/* What prune has written down: nothing is lost with a record below `prune/`; a move may be what
 * a backup rests on, which shows when the packs are looked for. */
static int check_record(struct verify *c, const struct verify_object *o, struct error *e)
{
    struct prune_record record = {0};
    struct error why = ERROR_INIT;

    if (prune_record_read(c->vault, o->text, NULL, &record, &why) == 0) {
        prune_record_free(&record);
    } else if (why.error_class == LAGAN_NOT_FOUND) {
        return 0; /* it has served meanwhile */
    } else if (!verify_is_finding(c, &why)) {
        *e = why;
        return -1;
    } else {
        verify_found(c, o->text, o->name.kind == NAME_MOVE, &why, NULL, 0);
    }
    verify_progress_one(c, o->bytes);
    return 0;
}

static int check_records(struct verify *c, struct error *e)
{
    for (size_t i = 0; i < c->object_count; i++) {
        const struct verify_object *o = &c->objects[i];

        if ((o->name.kind == NAME_CONDEMN || o->name.kind == NAME_DELETE ||
             o->name.kind == NAME_MOVE) &&
            check_record(c, o, e) != 0)
            return -1;
    }
    return 0;
}

/* A copy that lost what it says of itself has lost no backup, but the catalog cannot be rebuilt
 * with it. */
static int check_about(struct verify *c, struct error *e)
{
    struct about_entry *entries;
    size_t n;

    if (about_load(c->vault, &entries, &n, e) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].valid && entries[i].why.error_class != LAGAN_NOT_FOUND)
            verify_found(c, entries[i].name, true, &entries[i].why, NULL, 0);
        verify_progress_one(c, entries[i].bytes);
    }
    about_list_free(entries, n);
    return 0;
}

/* A mark of time that is damaged hurts nothing; a record of the lock may hold backups. */
static int check_locks(struct verify *c, struct error *e)
{
    struct lock_entry *entries;
    size_t n;

    if (lock_load(c->vault, &entries, &n, e) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].valid && entries[i].why.error_class != LAGAN_NOT_FOUND)
            verify_found(c, entries[i].name, entries[i].generation < LOCK_MARK_FIRST,
                         &entries[i].why, NULL, 0);
        verify_progress_one(c, entries[i].bytes);
    }
    free(entries);
    return 0;
}

/* What people have said is known to the catalog, too, as long as it is there. */
static int check_notes(struct verify *c, struct error *e)
{
    struct note_entry *entries;
    size_t n;
    int result = 0;

    if (note_entries(c->vault, &entries, &n, e) != 0)
        return -1;
    for (size_t i = 0; result == 0 && i < n; i++) {
        struct error why = ERROR_INIT;

        if (note_check(c->vault, &entries[i], &why) != 0 &&
            why.error_class != LAGAN_NOT_FOUND) {
            if (verify_is_finding(c, &why))
                verify_found(c, entries[i].name, true, &why, NULL, 0);
            else
                result = -1;
        }
        if (result != 0)
            *e = why;
        verify_progress_one(c, entries[i].bytes);
    }
    free(entries);
    return result;
}

/* A head that is damaged is no witness any more, and hurts no backup. */
static int check_head(struct verify *c, const struct verify_object *o, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct vault_audit_head head;
    struct error why = ERROR_INIT;

    if (stored_read(vault_target(c->vault), o->text, AUDIT_HEAD_BYTES, &data, &why) != 0 ||
        audit_head_decode(o->text, data.data, data.size, &head, &why) != 0) {
        if (!verify_is_finding(c, &why)) {
            *e = why;
            return -1;
        }
        verify_found(c, o->text, false, &why, NULL, 0);
    }
    verify_progress_one(c, o->bytes);
    return 0;
}

static int check_heads(struct verify *c, struct error *e)
{
    for (size_t i = c->range[NAME_AUDIT].first; i < c->range[NAME_AUDIT].end; i++)
        if (check_head(c, &c->objects[i], e) != 0)
            return -1;
    return 0;
}

int verify_small(struct verify *c, struct error *e)
{
    if (check_conf(c, e) != 0 || check_slots(c, e) != 0 || check_about(c, e) != 0 ||
        check_locks(c, e) != 0 || check_notes(c, e) != 0)
        return -1;
    if (c->request->backup != NULL)
        return 0;
    return check_heads(c, e) == 0 && check_records(c, e) == 0 ? check_sessions(c, e) : -1;
}
