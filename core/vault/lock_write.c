/* SPDX-License-Identifier: Apache-2.0 */
/* lock_write.c - new records of a lock: set, lifted, marks of time; and those of another copy.
 */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/signature.h"
#include "vault/lock_private.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GENERATION_TRIES = 16, /* others who write at the same time */
    MARKS_KEPT = 16        /* of as many boots */
};

static const int64_t MARK_EVERY_NS = INT64_C(3600) * 1000000000;

/* Stores under the next free generation from `from` on; `seed`: of the key that proves a lift,
 * or NULL. */
static int put_next(struct vault *v, struct lock_record *r, uint32_t from, const uint8_t *seed,
                    struct error *e)
{
    const uint8_t *uuid = vault_settings(v)->uuid;
    const struct keys *keys = vault_keys_needed(v, e);
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    char name[NAME_SIZE];

    if (keys == NULL)
        return -1;
    r->generation = from;
    for (int i = 0; i < GENERATION_TRIES; i++, r->generation++) {
        if ((seed != NULL && lock_prove(r, uuid, seed, e) != 0) ||
            lock_encode(r, uuid, keys, &object, e) != 0)
            return -1;
        name_of_lock(r->generation, name);
        switch (stored_put(vault_target(v), name, object.data, object.size, e)) {
        case STORED_DONE:
            return target_flush(vault_target(v), e);
        case STORED_FAILED:
            return -1;
        case STORED_TAKEN:
            break;
        }
    }
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                     "others keep writing records of the vault's lock");
}

/* ---- marks of time ---- */

static uint32_t next_mark(const struct lock_look *look)
{
    uint32_t next = LOCK_MARK_FIRST;

    for (size_t i = 0; i < look->count; i++)
        if (look->entries[i].valid && look->entries[i].generation >= next)
            next = look->entries[i].generation + 1;
    return next;
}

/* Whether this boot has no mark that is younger than an hour. */
static bool is_due(const struct lock_look *look, int64_t boot_ns, const char *boot_id)
{
    for (size_t i = 0; i < look->count; i++) {
        const struct lock_record *r = &look->entries[i].record;

        if (look->entries[i].valid && r->kind == LOCK_MARK &&
            strcmp(r->boot_id, boot_id) == 0 && r->boot_ns <= boot_ns &&
            boot_ns - r->boot_ns < MARK_EVERY_NS)
            return false;
    }
    return true;
}

/* How many marks of other boots than that of `made` are worth more than this one. */
static size_t count_better(const struct lock_look *look, const struct lock_record *mark,
                           const struct lock_record *made)
{
    size_t count = 0;

    for (size_t i = 0; i < look->count; i++) {
        const struct lock_record *r = &look->entries[i].record;

        count += look->entries[i].valid && r->kind == LOCK_MARK &&
                 strcmp(r->boot_id, made->boot_id) != 0 &&
                 (r->made_ns > mark->made_ns ||
                  (r->made_ns == mark->made_ns && r->generation > mark->generation));
    }
    return count;
}

/* Of each boot the newest mark counts, and of many boots the latest. */
static bool is_spent(const struct lock_look *look, const struct lock_record *mark,
                     const struct lock_record *made)
{
    return strcmp(mark->boot_id, made->boot_id) == 0 ||
           count_better(look, mark, made) >= MARKS_KEPT - 1;
}

static void drop_spent(struct vault *v, const struct lock_look *look,
                       const struct lock_record *made)
{
    for (size_t i = 0; i < look->count; i++) {
        const struct lock_entry *entry = &look->entries[i];
        struct error why = ERROR_INIT;

        if (entry->valid && entry->record.kind == LOCK_MARK &&
            is_spent(look, &entry->record, made) &&
            target_remove(vault_target(v), entry->name, &why) != 0)
            log_write(LOG_INFO, "vault", "an old mark of time stays: %s", why.text);
    }
}

static int make_mark(struct vault *v, const struct lock_look *look, struct error *e)
{
    struct lock_record mark = {
        .kind = LOCK_MARK, .wall_ns = clock_wall_ns(), .boot_ns = clock_boot_ns()};

    _Static_assert(sizeof(mark.boot_id) == CLOCK_BOOT_ID_SIZE, "names of boots fit");
    clock_boot_id(mark.boot_id);
    if (!is_due(look, mark.boot_ns, mark.boot_id))
        return 0;
    mark.made_ns =
        lock_trusted(look->entries, look->count, mark.wall_ns, mark.boot_ns, mark.boot_id);
    if (put_next(v, &mark, next_mark(look), NULL, e) != 0)
        return -1;
    drop_spent(v, look, &mark);
    return 0;
}

/* A second record of a lock that is in force: made at a time from which on no lift is believed,
 * so that none with an earlier time can be made up later. */
static int note_force(struct vault *v, const struct lock_look *look, struct error *e)
{
    const struct vault_lock *lock = &look->lock;
    struct lock_record r = {.kind = LOCK_SET,
                            .made_ns = look->now_ns,
                            .mode = VAULT_LOCK_COMPLIANCE,
                            .least_days = lock->least_days,
                            .most_days = lock->most_days,
                            .effective_ns = lock->effective_ns};

    if (lock->mode != VAULT_LOCK_COMPLIANCE || look->now_ns < lock->effective_ns)
        return 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct lock_record *other = &look->entries[i].record;

        if (look->entries[i].valid && other->kind == LOCK_SET &&
            other->mode == VAULT_LOCK_COMPLIANCE && other->made_ns >= r.effective_ns &&
            other->least_days == r.least_days && other->most_days == r.most_days)
            return 0;
    }
    return put_next(v, &r, lock->generation + 1, NULL, e);
}

void lock_keep_time(struct vault *v, const struct lock_look *look)
{
    struct error why = ERROR_INIT;

    if (!vault_unlocked(v) || vault_writable(v, &why) != 0)
        return;
    if (make_mark(v, look, &why) != 0 || note_force(v, look, &why) != 0)
        log_write(LOG_INFO, "vault", "no mark of the time for the vault's lock: %s", why.text);
}

/* ---- set ---- */

static int shorter(const struct vault_lock *now, const char *what, struct error *e)
{
    return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_SHORTER,
                     "the vault has a lock (%s, at least %u days, at most %u; 0 = any) that is "
                     "only ever extended: %s",
                     vault_lock_mode_name(now->mode), now->least_days, now->most_days, what);
}

static int check_extends(const struct vault_lock *now, const struct vault_lock *wanted,
                         struct error *e)
{
    if (wanted->mode < now->mode)
        return shorter(now, "it cannot become a governance lock", e);
    if (wanted->least_days < now->least_days)
        return shorter(now, "--least cannot be less", e);
    if (now->most_days != 0 && (wanted->most_days == 0 || wanted->most_days > now->most_days))
        return shorter(now, "--most cannot be more, or left out", e);
    return 0;
}

static int check_days(const struct vault_lock *lock, struct error *e)
{
    if (lock->mode != VAULT_LOCK_GOVERNANCE && lock->mode != VAULT_LOCK_COMPLIANCE)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "a lock is of mode governance or compliance");
    if (lock->least_days < 1 || lock->least_days > VAULT_LOCK_DAYS_LIMIT ||
        lock->most_days > VAULT_LOCK_DAYS_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "a lock keeps backups for 1 to %d days", VAULT_LOCK_DAYS_LIMIT);
    if (lock->most_days != 0 && lock->most_days < lock->least_days)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "a lock that keeps backups for %u days at least cannot refuse those "
                         "that are kept for more than %u",
                         lock->least_days, lock->most_days);
    return 0;
}

static int choose_effective(const struct vault_lock *wanted, struct lock_record *r,
                            struct error *e)
{
    int64_t first_ns;

    if (wanted->mode != VAULT_LOCK_COMPLIANCE)
        return 0;
    if (__builtin_add_overflow(r->made_ns, VAULT_LOCK_COOLING_NS, &first_ns))
        first_ns = INT64_MAX;
    r->effective_ns = wanted->effective_ns != 0 ? wanted->effective_ns : first_ns;
    if (r->effective_ns >= first_ns)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_LOCK_STATE,
                     "a compliance lock comes into force after 72 hours at the earliest");
}

/* Who lifts it: the key that lifts the lock that is there, else the recovery key that the vault
 * was unlocked with. */
static int choose_key(struct vault *v, const struct lock_look *look, struct lock_record *r,
                      struct error *e)
{
    const struct lock_record *older = lock_with_key(look->entries, look->count);
    const uint8_t *seed = vault_lift_seed(v);

    if (r->mode != VAULT_LOCK_GOVERNANCE)
        return 0;
    if (older == NULL && seed == NULL)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                         "a governance lock can be lifted with the recovery key, and so needs "
                         "it now: give --recovery-key; `lagan vault key add --new-recovery` "
                         "makes one");
    if (older == NULL)
        return signature_public(seed, r->key, e);
    memcpy(r->key, older->key, sizeof(r->key));
    return 0;
}

static bool is_same(const struct vault_lock *now, const struct vault_lock *wanted)
{
    return now->unsure == 0 && now->mode == wanted->mode &&
           now->least_days == wanted->least_days && now->most_days == wanted->most_days &&
           (now->mode != VAULT_LOCK_COMPLIANCE || wanted->effective_ns == 0 ||
            wanted->effective_ns <= now->effective_ns);
}

static int set(struct vault *v, const struct lock_look *look, const struct vault_lock *wanted,
               struct error *e)
{
    /* Not the smaller of the two clocks: records must not go back behind what others say. */
    char boot_id[CLOCK_BOOT_ID_SIZE];
    struct lock_record r = {.kind = LOCK_SET,
                            .mode = wanted->mode,
                            .least_days = wanted->least_days,
                            .most_days = wanted->most_days};

    if (check_extends(&look->lock, wanted, e) != 0)
        return -1;
    if (is_same(&look->lock, wanted))
        return 0;
    clock_boot_id(boot_id);
    r.made_ns =
        lock_trusted(look->entries, look->count, clock_wall_ns(), clock_boot_ns(), boot_id);
    if (choose_effective(wanted, &r, e) != 0 || choose_key(v, look, &r, e) != 0)
        return -1;
    /* The mark first: a lock without one would know of no time that passes. */
    return make_mark(v, look, e) == 0 ? put_next(v, &r, look->lock.generation + 1, NULL, e)
                                      : -1;
}

int vault_lock_set(struct vault *v, const struct vault_lock *lock, struct error *e)
{
    struct lock_look look;

    if (check_days(lock, e) != 0 || vault_keys_needed(v, e) == NULL ||
        vault_writable(v, e) != 0 || lock_look(v, &look, e) != 0)
        return -1;
    int result = set(v, &look, lock, e);
    lock_look_clear(&look);
    return result;
}

/* ---- lift ---- */

/* Whether the lift would lift anything that is not lifted already. */
static bool lifts_any(const struct lock_look *look, const struct lock_record *lift)
{
    struct lock_record later = *lift;

    later.generation = LOCK_MARK_FIRST - 1;
    for (size_t i = 0; i < look->count; i++)
        if (look->entries[i].valid && look->entries[i].record.kind == LOCK_SET &&
            !lock_is_lifted(look->entries, look->count, &look->entries[i].record) &&
            lock_lifts(&later, &look->entries[i].record))
            return true;
    return false;
}

static int refuse_lift(const struct vault_lock *lock, bool recovery, struct error *e)
{
    char since[CLOCK_TEXT_SIZE];

    if (lock->mode == VAULT_LOCK_NONE)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                         "the vault has no lock; there is nothing to do");
    if (lock->mode == VAULT_LOCK_GOVERNANCE)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                         recovery ? "the lock was set with another recovery key; only that one "
                                    "lifts it"
                                  : "the lock is lifted with the recovery key that it was set "
                                    "with: give --recovery-key");
    clock_format_utc(lock->effective_ns, since);
    return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                     "the compliance lock is in force since %s, and nobody lifts it; backups "
                     "can be deleted when each has had its %u days",
                     since, lock->least_days);
}

static int lift(struct vault *v, const struct lock_look *look, struct error *e)
{
    const uint8_t *seed = vault_lift_seed(v);
    struct lock_record r = {.kind = LOCK_LIFT};
    char boot_id[CLOCK_BOOT_ID_SIZE];

    if (look->lock.unsure > 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_LOCK_STATE,
                         "records of the vault's lock (locks/) are damaged or of a newer "
                         "program: what they hold is not known, and nothing is lifted");
    clock_boot_id(boot_id);
    r.made_ns =
        lock_trusted(look->entries, look->count, clock_wall_ns(), clock_boot_ns(), boot_id);
    /* The time for lifting is over when either clock says so. */
    if (look->lock.mode == VAULT_LOCK_COMPLIANCE && clock_wall_ns() >= look->lock.effective_ns)
        return refuse_lift(&look->lock, seed != NULL, e);
    if (seed != NULL && lock_prove(&r, vault_settings(v)->uuid, seed, e) != 0)
        return -1;
    if (!lifts_any(look, &r))
        return refuse_lift(&look->lock, seed != NULL, e);
    return put_next(v, &r, look->lock.generation + 1, seed, e);
}

int vault_lock_lift(struct vault *v, struct error *e)
{
    struct lock_look look;

    if (vault_keys_needed(v, e) == NULL || vault_writable(v, e) != 0 ||
        lock_look(v, &look, e) != 0)
        return -1;
    int result = lift(v, &look, e);
    lock_look_clear(&look);
    return result;
}

/* ---- another copy ---- */

/* What stands there and is not genuine hides nothing that counts: it makes room. */
static int replace(struct vault *from, struct target *to, const char *name,
                   const struct buffer *data, struct error *e)
{
    CLEANUP_BUFFER struct buffer there = BUFFER_INIT;
    const struct trust trust = vault_trust(from);
    struct lock_record other;
    struct error why = ERROR_INIT;

    if (stored_read(to, name, LOCK_OBJECT_LIMIT, &there, &why) == 0 &&
        lock_decode(there.data, there.size, name, &trust, &other, &why) == 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_CONFLICT,
                         "%s: another record of the lock stands there at the destination",
                         name);
    if (!stored_is_damage(&why) || why.code == ERROR_NEWER_FORMAT) {
        *e = why;
        return -1;
    }
    if (target_remove(to, name, e) != 0)
        return -1;
    switch (stored_put(to, name, data->data, data->size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                         "%s: others write there at the same time", name);
    default:
        return -1;
    }
}

static int copy_record(struct vault *from, struct target *to, const struct lock_entry *entry,
                       struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct trust trust = vault_trust(from);
    struct lock_record again;

    if (stored_read(vault_target(from), entry->name, LOCK_OBJECT_LIMIT, &data, e) != 0 ||
        lock_decode(data.data, data.size, entry->name, &trust, &again, e) != 0)
        return -1;
    switch (stored_put(to, entry->name, data.data, data.size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        /* A mark of the copy's own is as good. */
        return again.kind == LOCK_MARK ? 0 : replace(from, to, entry->name, &data, e);
    default:
        return -1;
    }
}

static const struct lock_entry *newest_mark(const struct lock_look *look)
{
    const struct lock_entry *newest = NULL;

    for (size_t i = 0; i < look->count; i++)
        if (look->entries[i].valid && look->entries[i].record.kind == LOCK_MARK &&
            (newest == NULL || look->entries[i].record.made_ns > newest->record.made_ns))
            newest = &look->entries[i];
    return newest;
}

int lock_copy(struct vault *from, struct target *to, struct error *e)
{
    struct lock_look look;
    int result = 0;

    if (lock_look(from, &look, e) != 0)
        return -1;
    const struct lock_entry *mark = newest_mark(&look);
    for (size_t i = 0; i < look.count && result == 0; i++)
        if (look.entries[i].valid && look.entries[i].record.kind != LOCK_MARK)
            result = copy_record(from, to, &look.entries[i], e);
    if (result == 0 && mark != NULL)
        result = copy_record(from, to, mark, e);
    lock_look_clear(&look);
    return result;
}
