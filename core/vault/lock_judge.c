/* SPDX-License-Identifier: Apache-2.0 */
/* lock_judge.c - what follows from all records of a lock: the strongest that is not lifted, and
 * the trusted time.  Pure but for the clocks that lock_now reads. */
#include "base/clock.h"
#include "vault/lock_codec.h"

#include <string.h>

static const struct {
    const char *name;
    int mode;
} modes[] = {
#define X(symbol, value, name) {name, value},
    VAULT_LOCK_MODES(X)
#undef X
};

const char *vault_lock_mode_name(enum vault_lock_mode mode)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (modes[i].mode == (int)mode)
            return modes[i].name;
    return "unknown";
}

int vault_lock_mode_parse(const char *name)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(modes[i].name, name) == 0)
            return modes[i].mode;
    return -1;
}

/* 0 = any is the widest. */
static bool is_wider(uint32_t most, uint32_t than)
{
    return than != 0 && (most == 0 || most > than);
}

bool vault_lock_is_weaker(const struct vault_lock *lock, const struct vault_lock *other)
{
    return lock->mode < other->mode || lock->least_days < other->least_days ||
           is_wider(lock->most_days, other->most_days);
}

/* Time runs along the generations: a lift that says it was made before what it follows is not
 * believed.  So a lock whose record was made when it was in force already has no lift. */
bool lock_lifts(const struct lock_record *lift, const struct lock_record *r)
{
    if (lift->generation <= r->generation)
        return false;
    if (r->mode == VAULT_LOCK_COMPLIANCE)
        return lift->made_ns >= r->made_ns && lift->made_ns < r->effective_ns;
    return lock_has_key(r) && memcmp(lift->key, r->key, sizeof(r->key)) == 0;
}

bool lock_is_lifted(const struct lock_entry *entries, size_t count, const struct lock_record *r)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].valid && entries[i].record.kind == LOCK_LIFT &&
            lock_lifts(&entries[i].record, r))
            return true;
    return false;
}

static void strengthen(struct vault_lock *lock, const struct lock_record *r)
{
    if (r->mode > lock->mode)
        lock->mode = (enum vault_lock_mode)r->mode;
    if (r->least_days > lock->least_days)
        lock->least_days = r->least_days;
    if (is_wider(lock->most_days, r->most_days))
        lock->most_days = r->most_days;
    if (r->mode == VAULT_LOCK_COMPLIANCE && r->effective_ns > lock->effective_ns)
        lock->effective_ns = r->effective_ns;
}

/* A record that cannot be read and that a genuine newer one follows is of no account: each
 * record holds at least what those before it hold.  But what a newer program wrote may hold
 * more. */
static void count_unsure(const struct lock_entry *entries, size_t count,
                         struct vault_lock *lock)
{
    for (size_t i = 0; i < count; i++)
        if (!entries[i].valid && entries[i].generation < LOCK_MARK_FIRST &&
            (entries[i].generation > lock->generation ||
             entries[i].why.code == ERROR_NEWER_FORMAT))
            lock->unsure++;
}

void lock_judge(const struct lock_entry *entries, size_t count, struct vault_lock *lock)
{
    *lock = (struct vault_lock){.mode = VAULT_LOCK_NONE};
    for (size_t i = 0; i < count; i++) {
        const struct lock_record *r = &entries[i].record;

        if (!entries[i].valid || r->kind == LOCK_MARK)
            continue;
        if (r->generation > lock->generation)
            lock->generation = r->generation;
        if (r->kind == LOCK_LIFT && r->generation > lock->lifted)
            lock->lifted = r->generation;
        if (r->kind == LOCK_SET && !lock_is_lifted(entries, count, r))
            strengthen(lock, r);
    }
    count_unsure(entries, count, lock);
}

const struct lock_record *lock_with_key(const struct lock_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct lock_record *r = &entries[i].record;

        if (entries[i].valid && r->kind == LOCK_SET && lock_has_key(r) &&
            !lock_is_lifted(entries, count, r))
            return r;
    }
    return NULL;
}

/* What a record proves of the time now.  Each was made at a time that had come, so that the
 * latest of all proofs has come too. */
static int64_t proven(const struct lock_record *r, int64_t wall_ns, int64_t boot_ns,
                      const char *boot_id)
{
    struct trust_mark mark = {
        .trusted_ns = r->made_ns, .wall_ns = r->wall_ns, .boot_ns = r->boot_ns};

    if (r->kind != LOCK_MARK || r->made_ns == 0)
        return r->made_ns;
    memcpy(mark.boot_id, r->boot_id, sizeof(mark.boot_id));
    trust_advance(&mark, wall_ns, boot_ns, boot_id, true, &mark);
    return mark.trusted_ns;
}

int64_t lock_trusted(const struct lock_entry *entries, size_t count, int64_t wall_ns,
                     int64_t boot_ns, const char *boot_id)
{
    int64_t latest = INT64_MIN;

    for (size_t i = 0; i < count; i++) {
        int64_t time_ns = entries[i].valid
                              ? proven(&entries[i].record, wall_ns, boot_ns, boot_id)
                              : INT64_MIN;
        if (time_ns > latest)
            latest = time_ns;
    }
    return latest == INT64_MIN ? wall_ns : latest;
}

int64_t lock_now(const struct lock_entry *entries, size_t count)
{
    char boot_id[CLOCK_BOOT_ID_SIZE];
    int64_t wall_ns = clock_wall_ns();

    clock_boot_id(boot_id);
    int64_t trusted_ns = lock_trusted(entries, count, wall_ns, clock_boot_ns(), boot_id);
    return trusted_ns < wall_ns ? trusted_ns : wall_ns;
}

int vault_lock_admits(const struct vault_lock *lock, int64_t retention_ns, struct error *e)
{
    const int64_t day_ns = INT64_C(86400) * 1000000000;

    if (lock->mode == VAULT_LOCK_NONE)
        return 0;
    if (lock->most_days != 0 && retention_ns == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_RETENTION,
                         "the vault's lock lets no backup be kept for longer than %u days, and "
                         "this one would be kept without an end; use a policy that keeps "
                         "backups for a time",
                         lock->most_days);
    if (lock->most_days != 0 && retention_ns > lock->most_days * day_ns)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_RETENTION,
                         "the vault's lock lets no backup be kept for longer than %u days, and "
                         "this one would be kept for %lld; shorten its retention",
                         lock->most_days, (long long)(retention_ns / day_ns));
    if (retention_ns != 0 && retention_ns < lock->least_days * day_ns)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_RETENTION,
                         "the vault's lock keeps each backup for %u days at least, and this "
                         "one would expire after %lld; lengthen its retention",
                         lock->least_days, (long long)(retention_ns / day_ns));
    return 0;
}
