/* SPDX-License-Identifier: Apache-2.0 */
/* manage.c - see manage.h. */
#include "engine/manage.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/mirror.h"
#include "engine/about.h"
#include "engine/approval.h"
#include "engine/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_SIZE = 1024 };

/* One change at work. */
struct work {
    struct setup *setup;
    const struct manage_change *change; /* of manage_update */
    const char *reason;                 /* of manage_freeze */
    int64_t grace_ns;                   /* of manage_freeze */
    uint64_t more_bytes;                /* of manage_room */
    struct vault_dossier dossier;
    char detail[DETAIL_SIZE]; /* of the audit line */
};

/* A kind of change. */
struct kind {
    int (*rule)(const struct vault_facts *facts, struct error *e); /* NULL: apply decides */
    /* Changes the row and says what in `detail`; 1 when there is nothing to change. */
    int (*apply)(struct work *work, struct catalog_vault *row, struct error *e);
    enum catalog_event event;
};

static int write_change(struct work *work, const struct kind *kind,
                        const struct catalog_vault *row, struct error *e)
{
    struct catalog *c = setup_catalog(work->setup);
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    if (catalog_vault_update(c, row, e) != 0)
        return -1;
    return catalog_audit_add(c, kind->event, id, e, "%s: %s", row->name,
                             work->detail + (work->detail[0] == ' '));
}

static int decide_and_change(struct work *work, const struct kind *kind,
                             struct catalog_vault *row, struct error *e)
{
    if (vault_facts_read(work->setup, row, &work->dossier, e) != 0 ||
        (kind->rule && kind->rule(&work->dossier.facts, e) != 0))
        return -1;
    int nothing = kind->apply(work, row, e);
    return nothing == 0 ? write_change(work, kind, row, e) : nothing;
}

/* Runs the change on the row as it is now, in one transaction.  The caller frees `*now`. */
static int run(struct work *work, const struct kind *kind, const uint8_t id[CATALOG_ID_SIZE],
               struct catalog_vault **now, struct error *e)
{
    struct catalog *c = setup_catalog(work->setup);
    if (catalog_begin(c, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_get(c, id, e);
    int result = row ? decide_and_change(work, kind, row, e) : -1;
    if (result == 0)
        result = catalog_commit(c, e);
    else
        catalog_rollback(c);
    if (result < 0) {
        catalog_vault_free(row);
        return -1;
    }
    *now = row;
    return 0;
}

/* The same for a row of the caller, who sees what it is then. */
static int run_on(struct work *work, const struct kind *kind, struct catalog_vault *row,
                  struct error *e)
{
    struct catalog_vault *now = NULL;
    if (run(work, kind, row->uuid, &now, e) != 0)
        return -1;
    /* The two change their contents, so that the caller's is the new one. */
    struct catalog_vault old = *row;
    *row = *now;
    *now = old;
    catalog_vault_free(now);
    return 0;
}

static void say(struct work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct work *work, const char *format, ...)
{
    size_t length = strlen(work->detail);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->detail + length, DETAIL_SIZE - length, format, arguments);
    va_end(arguments);
}

static int64_t later(int64_t from_ns, int64_t by_ns)
{
    int64_t then;
    return __builtin_add_overflow(from_ns, by_ns, &then) ? INT64_MAX : then;
}

static void say_until(struct work *work, const char *words, int64_t wall_ns)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(wall_ns, text);
    say(work, "%s %s", words, text);
}

/* ---- description, quota, tags ---- */

/* The place of a tag, or `count` when there is none. */
static size_t tag_index(const struct catalog_pairs *tags, const char *name)
{
    size_t i = 0;
    while (i < tags->count && strcmp(tags->items[i].name, name) != 0)
        i++;
    return i;
}

/* Copies all tags but the one at `left_out` (which may be none). */
static int copy_tags(struct catalog_pairs *to, const struct catalog_pairs *from,
                     size_t left_out, struct error *e)
{
    for (size_t i = 0; i < from->count; i++) {
        if (i != left_out &&
            catalog_pairs_add(to, from->items[i].name, from->items[i].value, e) != 0)
            return -1;
    }
    return 0;
}

static int remove_tag(struct catalog_pairs *tags, size_t index, struct error *e)
{
    struct catalog_pairs made = {0};
    if (copy_tags(&made, tags, index, e) != 0) {
        catalog_pairs_clear(&made);
        return -1;
    }
    catalog_pairs_clear(tags);
    *tags = made;
    return 0;
}

int manage_tags(struct catalog_pairs *tags, const struct catalog_pairs *added, size_t limit,
                struct error *e)
{
    for (size_t i = 0; added && i < added->count; i++) {
        const struct catalog_pair *tag = &added->items[i];
        size_t old = tag_index(tags, tag->name);
        if (name_check_tag(tag->name, tag->value, e) != 0 ||
            (old < tags->count && remove_tag(tags, old, e) != 0) ||
            catalog_pairs_add(tags, tag->name, tag->value, e) != 0)
            return -1;
    }
    if (tags->count <= limit)
        return 0;
    return error_set(e, LAGAN_LIMIT, ERROR_PARAMETER,
                     "these would be %zu tags, and a vault may have %zu; `tags` in the limits "
                     "section of the configuration says so",
                     tags->count, limit);
}

static int change_tags(struct work *work, struct catalog_vault *row, struct error *e)
{
    const struct manage_change *change = work->change;
    for (size_t i = 0; i < change->untag_count; i++) {
        size_t index = tag_index(&row->tags, change->untag[i]);
        if (index == row->tags.count)
            return error_set(e, LAGAN_NOT_FOUND, ERROR_PARAMETER,
                             "the vault %s has no tag called '%.80s'", row->name,
                             change->untag[i]);
        if (remove_tag(&row->tags, index, e) != 0)
            return -1;
        say(work, " untag %s", change->untag[i]);
    }
    for (size_t i = 0; change->tags && i < change->tags->count; i++)
        say(work, " tag %s=%s", change->tags->items[i].name, change->tags->items[i].value);
    return manage_tags(&row->tags, change->tags, setup_config(work->setup)->limits.tags, e);
}

static int change_quota(struct work *work, struct catalog_vault *row, struct error *e)
{
    const struct manage_change *change = work->change;
    struct vault_facts *facts = &work->dossier.facts;
    if (change->quota_bytes) {
        if (vault_may_be_resized(facts, *change->quota_bytes, e) != 0)
            return -1;
        row->quota_bytes = *change->quota_bytes;
        say(work, " quota %llu bytes", (unsigned long long)row->quota_bytes);
    }
    if (change->quota_warning > 100)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "a quota's warning is 1 to 100 percent, not %u",
                         change->quota_warning);
    if (change->quota_warning > 0) {
        row->quota_warning = change->quota_warning;
        say(work, " warning %u%%", row->quota_warning);
    }
    if (change->auto_expand) {
        row->auto_expand = *change->auto_expand;
        say(work, " auto-expand %s", row->auto_expand ? "on" : "off");
    }
    facts->quota_bytes = row->quota_bytes;
    facts->warning_percent = row->quota_warning;
    row->quota_warned = row->quota_warned && vault_over_warning(facts, facts->used_bytes);
    return 0;
}

static int apply_update(struct work *work, struct catalog_vault *row, struct error *e)
{
    const struct manage_change *change = work->change;
    if (change->description) {
        if (name_check_description(change->description, e) != 0)
            return -1;
        snprintf(row->description, sizeof(row->description), "%s", change->description);
        say(work, " description");
    }
    if (change_quota(work, row, e) != 0)
        return -1;
    return change_tags(work, row, e);
}

int manage_update(struct setup *s, struct catalog_vault *row,
                  const struct manage_change *change, struct error *e)
{
    static const struct kind kind = {vault_may_be_updated, apply_update,
                                     CATALOG_EVENT_VAULT_UPDATE};
    struct work work = {.setup = s, .change = change};
    return run_on(&work, &kind, row, e);
}

/* ---- plan and state ---- */

static int apply_convert(struct work *work, struct catalog_vault *row, struct error *e)
{
    (void)e;
    row->plan = CATALOG_PLAN_FULL;
    row->trial_end_ns = 0;
    say(work, "trial to full");
    return 0;
}

int manage_convert(struct setup *s, struct catalog_vault *row, struct error *e)
{
    static const struct kind kind = {vault_may_be_converted, apply_convert,
                                     CATALOG_EVENT_VAULT_CONVERT};
    struct work work = {.setup = s};
    return run_on(&work, &kind, row, e);
}

static int apply_freeze(struct work *work, struct catalog_vault *row, struct error *e)
{
    if (!work->reason[0] || !text_is_clean_utf8(work->reason, strlen(work->reason)))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "the reason is one line of text, for those who meet the frozen vault");
    name_cut(work->reason, CATALOG_TEXT_SIZE, 0, row->reason, sizeof(row->reason));
    row->state = CATALOG_VAULT_FROZEN;
    row->purge_ns = 0;
    say(work, "frozen: %s", row->reason);
    if (work->grace_ns > 0) {
        row->purge_ns = later(work->dossier.facts.now_ns, work->grace_ns);
        say_until(work, "; until", row->purge_ns);
    }
    return 0;
}

/* One that may run out may be deleted: several may have to approve of that. */
static int apply_freeze_until(struct work *work, struct catalog_vault *row, struct error *e)
{
    if (approval_spend(work->setup, row, APPROVAL_VAULT_FREEZE, row->name, e) != 0)
        return -1;
    return apply_freeze(work, row, e);
}

int manage_freeze(struct setup *s, struct catalog_vault *row, const char *reason,
                  int64_t grace_ns, struct error *e)
{
    static const struct kind kind = {vault_may_be_frozen, apply_freeze,
                                     CATALOG_EVENT_VAULT_STATE};
    static const struct kind until = {vault_may_be_frozen, apply_freeze_until,
                                      CATALOG_EVENT_VAULT_STATE};
    struct work work = {.setup = s, .reason = reason, .grace_ns = grace_ns};
    if (grace_ns > 0 && (vault_facts_ask(s, row, vault_may_be_frozen, e) != 0 ||
                         approval_ask(s, row, APPROVAL_VAULT_FREEZE, row->name, e) != 0))
        return -1;
    return run_on(&work, grace_ns > 0 ? &until : &kind, row, e);
}

static int apply_unfreeze(struct work *work, struct catalog_vault *row, struct error *e)
{
    (void)e;
    say(work, "%s to available", catalog_vault_state_name(row->state));
    row->state = CATALOG_VAULT_AVAILABLE;
    row->purge_ns = 0;
    row->reason[0] = '\0';
    return 0;
}

/* What was in error is looked at first. */
static int look_at_place(struct setup *s, const struct catalog_vault *row, struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    struct open_vault vault = {0};
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);
    if (!own || setup_vault_open_row(s, own, &locked, true, &vault, e) != 0)
        return -1;
    open_vault_close(&vault);
    return 0;
}

int manage_unfreeze(struct setup *s, struct catalog_vault *row, struct error *e)
{
    static const struct kind kind = {vault_may_be_unfrozen, apply_unfreeze,
                                     CATALOG_EVENT_VAULT_STATE};
    struct work work = {.setup = s};
    if (row->state == CATALOG_VAULT_ERROR && look_at_place(s, row, e) != 0)
        return -1;
    return run_on(&work, &kind, row, e);
}

static int apply_delete(struct work *work, struct catalog_vault *row, struct error *e)
{
    (void)e;
    row->state = CATALOG_VAULT_DELETED;
    row->deleted_ns = work->dossier.facts.now_ns;
    row->purge_ns = later(row->deleted_ns, setup_config(work->setup)->limits.undelete_ns);
    say(work, "%llu backups, %llu bytes", (unsigned long long)work->dossier.sizes.backups,
        (unsigned long long)work->dossier.sizes.stored_bytes);
    say_until(work, "; kept until", row->purge_ns);
    return 0;
}

static int apply_delete_by_hand(struct work *work, struct catalog_vault *row, struct error *e)
{
    if (approval_spend(work->setup, row, APPROVAL_VAULT_DELETE, row->name, e) != 0)
        return -1;
    return apply_delete(work, row, e);
}

int manage_delete(struct setup *s, struct catalog_vault *row, struct error *e)
{
    static const struct kind kind = {vault_may_be_deleted, apply_delete_by_hand,
                                     CATALOG_EVENT_VAULT_DELETE};
    struct work work = {.setup = s};
    if (vault_facts_ask(s, row, vault_may_be_deleted, e) != 0 ||
        approval_ask(s, row, APPROVAL_VAULT_DELETE, row->name, e) != 0)
        return -1;
    return run_on(&work, &kind, row, e);
}

int manage_run_out(struct setup *s, struct catalog_vault *row, struct error *e)
{
    static const struct kind kind = {vault_may_run_out, apply_delete,
                                     CATALOG_EVENT_VAULT_DELETE};
    struct work work = {.setup = s};
    return run_on(&work, &kind, row, e);
}

static int apply_undelete(struct work *work, struct catalog_vault *row, struct error *e)
{
    (void)e;
    row->state = CATALOG_VAULT_AVAILABLE;
    row->deleted_ns = 0;
    row->purge_ns = 0;
    row->reason[0] = '\0';
    say(work, "back again");
    return 0;
}

int manage_undelete(struct setup *s, struct catalog_vault *row, struct error *e)
{
    static const struct kind kind = {vault_may_be_undeleted, apply_undelete,
                                     CATALOG_EVENT_VAULT_UNDELETE};
    struct work work = {.setup = s};
    return run_on(&work, &kind, row, e);
}

/* ---- room ---- */

static int apply_room(struct work *work, struct catalog_vault *row, struct error *e)
{
    uint64_t quota;
    if (vault_room(&work->dossier.facts, work->more_bytes, &quota, e) != 0)
        return -1;
    if (quota == row->quota_bytes)
        return 1;
    say(work, "quota grew by itself from %llu to %llu bytes",
        (unsigned long long)row->quota_bytes, (unsigned long long)quota);
    row->quota_bytes = quota;
    return 0;
}

int manage_room(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE], uint64_t more_bytes,
                struct error *e)
{
    static const struct kind kind = {NULL, apply_room, CATALOG_EVENT_VAULT_UPDATE};
    struct work work = {.setup = s, .more_bytes = more_bytes};
    struct catalog_vault *now = NULL;
    int result = run(&work, &kind, vault, &now, e);
    if (result == 0)
        catalog_vault_free(now);
    return result;
}

/* VLT-19: once for each crossing, with the mark that it was crossed. */
static int tell_quota(struct work *work, const struct catalog_vault *row, struct error *e)
{
    const struct vault_facts *facts = &work->dossier.facts;
    char subject[CATALOG_TEXT_SIZE], used[TEXT_SIZE_SIZE], quota[TEXT_SIZE_SIZE];
    struct tell_notice notice = {.event = TELL_QUOTA_NEAR, .subject = subject};
    text_format_size(facts->used_bytes, used);
    text_format_size(facts->quota_bytes, quota);
    snprintf(subject, sizeof(subject), "vault %.120s holds %s of the %s that it may", row->name,
             used, quota);
    return tell(work->setup, &notice, e);
}

static int apply_warning(struct work *work, struct catalog_vault *row, struct error *e)
{
    const struct vault_facts *facts = &work->dossier.facts;
    bool over = vault_over_warning(facts, facts->used_bytes);
    (void)e;
    if (over == row->quota_warned)
        return 1;
    row->quota_warned = over;
    if (over && tell_quota(work, row, e) != 0)
        return -1;
    say(work, "%llu of %llu bytes are used, %s the warning of %u%%",
        (unsigned long long)facts->used_bytes, (unsigned long long)facts->quota_bytes,
        over ? "over" : "below", facts->warning_percent);
    return 0;
}

bool manage_quota_warning(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                          uint64_t *used_bytes, uint64_t *quota_bytes)
{
    static const struct kind kind = {NULL, apply_warning, CATALOG_EVENT_VAULT_UPDATE};
    struct work work = {.setup = s};
    struct catalog_vault *now = NULL;
    struct error why = ERROR_INIT;
    if (run(&work, &kind, vault, &now, &why) != 0) {
        log_write(LOG_WARNING, "quota", "the use of the vault is not known: %s", why.text);
        return false;
    }
    bool crossed = work.detail[0] && now->quota_warned;
    catalog_vault_free(now);
    *used_bytes = work.dossier.facts.used_bytes;
    *quota_bytes = work.dossier.facts.quota_bytes;
    return crossed;
}

/* ---- what storage knows ---- */

/* What the mirror says already: its vault is gone, with the catalog that knew of it. */
static int keep_source(struct vault *vault, struct about_source *source, struct error *e)
{
    struct catalog_vault *said = catalog_vault_new(e);
    int result = said ? about_read(vault, said, source, e) : -1;
    catalog_vault_free(said);
    return result < 0 ? -1 : 0;
}

/* Where a mirror comes from. */
static int fill_source(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                       struct about_source *source, struct error *e)
{
    struct catalog_mirror mirror;
    struct error why = ERROR_INIT;
    if (catalog_mirror_get(setup_catalog(s), row->uuid, &mirror, &why) != 0) {
        if (why.code == ERROR_NO_MIRROR)
            return keep_source(vault, source, e);
        *e = why;
        return -1;
    }
    struct catalog_vault *from = catalog_vault_get(setup_catalog(s), mirror.source, e);
    if (!from)
        return -1;
    memcpy(source->id, from->uuid, sizeof(source->id));
    snprintf(source->vault, sizeof(source->vault), "%s", from->name);
    snprintf(source->region, sizeof(source->region), "%s", from->region);
    catalog_vault_free(from);
    return 0;
}

int manage_tell_vault(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                      struct error *e)
{
    struct about_source source = {.vault = ""};
    bool mirror = row->role == CATALOG_ROLE_MIRROR;
    if (mirror && fill_source(s, vault, row, &source, e) != 0)
        return -1;
    return about_write(vault, row, mirror ? &source : NULL, e);
}

int manage_tell_storage(struct setup *s, const struct catalog_vault *row, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);
    if (!own || setup_vault_open_row(s, own, NULL, false, &vault, e) != 0)
        return -1;
    int result = manage_tell_vault(s, vault.vault, row, e);
    open_vault_close(&vault);
    return result;
}
