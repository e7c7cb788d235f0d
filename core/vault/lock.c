/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - the lock of a vault: what it is now, and what it holds. */
#include "vault/lock.h"

#include "base/clock.h"
#include "base/log.h"
#include "vault/lock_codec.h"
#include "vault/lock_private.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000, DAY_NS = INT64_C(86400) * 1000000000;

/* ---- loading ---- */

struct listing {
    struct lock_entry *entries;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct lock_entry *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_LOCK)
        return 0;
    grown = reallocarray(l->entries, l->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the records of a lock");
    l->entries = grown;
    grown += l->count++;
    *grown = (struct lock_entry){.generation = name.number, .bytes = bytes};
    memcpy(grown->name, key, strlen(key) + 1); /* a name that was parsed fits */
    return 0;
}

static int load(struct vault *v, struct lock_entry *entry, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct trust trust = vault_trust(v);

    if (stored_read(vault_target(v), entry->name, LOCK_OBJECT_LIMIT, &data, &entry->why) == 0 &&
        lock_decode(data.data, data.size, entry->name, &trust, &entry->record, &entry->why) ==
            0) {
        entry->valid = true;
        return 0;
    }
    if (stored_is_damage(&entry->why) || entry->why.code == ERROR_NEWER_FORMAT ||
        entry->why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = entry->why;
    return -1;
}

int lock_load(struct vault *v, struct lock_entry **entries, size_t *count, struct error *e)
{
    struct listing l = {.entries = NULL};
    int result = target_list(vault_target(v), "locks/", collect, &l, e);

    for (size_t i = 0; i < l.count && result == 0; i++)
        result = load(v, &l.entries[i], e);
    if (result != 0) {
        free(l.entries);
        return -1;
    }
    *entries = l.entries;
    *count = l.count;
    return 0;
}

int lock_look(struct vault *v, struct lock_look *look, struct error *e)
{
    *look = (struct lock_look){.entries = NULL};
    if (lock_load(v, &look->entries, &look->count, e) != 0)
        return -1;
    for (size_t i = 0; i < look->count; i++)
        if (!look->entries[i].valid && look->entries[i].why.error_class != LAGAN_NOT_FOUND)
            log_write(LOG_WARNING, "vault", "%s", look->entries[i].why.text);
    lock_judge(look->entries, look->count, &look->lock);
    look->now_ns = lock_now(look->entries, look->count);
    return 0;
}

void lock_look_clear(struct lock_look *look)
{
    free(look->entries);
    *look = (struct lock_look){.entries = NULL};
}

int vault_lock_read(struct vault *v, struct vault_lock *lock, struct error *e)
{
    struct lock_look look;

    if (lock_look(v, &look, e) != 0)
        return -1;
    *lock = look.lock;
    lock_look_clear(&look);
    return lock->mode != VAULT_LOCK_NONE;
}

int vault_lock_time(struct vault *v, int64_t *trusted_ns, struct error *e)
{
    struct lock_look look;

    if (lock_look(v, &look, e) != 0)
        return -1;
    if (look.lock.mode == VAULT_LOCK_NONE)
        look.now_ns = clock_wall_ns();
    else
        lock_keep_time(v, &look);
    *trusted_ns = look.now_ns;
    lock_look_clear(&look);
    return 0;
}

/* ---- what it holds ---- */

static int64_t held_until(const struct vault_lock *lock, int64_t created_ns)
{
    int64_t until;

    if (lock->mode == VAULT_LOCK_NONE)
        return INT64_MIN;
    if (__builtin_add_overflow(created_ns, lock->least_days * DAY_NS, &until))
        return INT64_MAX;
    return until;
}

/* The time in the name of a seal, and up to the next second; what has no such form passes for
 * the latest. */
static int64_t time_of_name(const char *name)
{
    struct tm t = {.tm_isdst = 0};
    int used = 0;

    if (sscanf(name, "%4d%2d%2dt%2d%2d%2dz%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec, &used) != 6 ||
        used != 16)
        return INT64_MAX;
    t.tm_year -= 1900;
    t.tm_mon--;
    int64_t seconds = timegm(&t), ns;
    if (__builtin_mul_overflow(seconds, SECOND_NS, &ns) ||
        __builtin_add_overflow(ns, SECOND_NS - 1, &ns))
        return INT64_MAX;
    return ns;
}

static void format_time(int64_t ns, char text[CLOCK_TEXT_SIZE])
{
    if (ns == INT64_MAX)
        snprintf(text, CLOCK_TEXT_SIZE, "the end of time");
    else
        clock_format_utc(ns, text);
}

static int doubtful(const struct vault_lock *lock, struct error *e)
{
    if (lock->unsure == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_LOCK_STATE,
                     "%u records of a lock (locks/) are damaged, forged or of a newer program, "
                     "so that nobody knows what the vault's lock holds: nothing is deleted; "
                     "`lagan vault lock set` writes the lock anew, and what never was a record "
                     "is to be removed from the storage",
                     lock->unsure);
}

static int held(const struct lock_look *look, const char *backup, int64_t until_ns,
                struct error *e)
{
    char until[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];

    format_time(until_ns, until);
    format_time(look->now_ns, now);
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_LOCKED,
                     "backup %s is locked until %s: the vault's lock (%s) keeps each for %u "
                     "days, and the time that counts for it is %s now; it can be deleted then",
                     backup, until, vault_lock_mode_name(look->lock.mode),
                     look->lock.least_days, now);
}

static int allows(const struct lock_look *look, const char *backup, int64_t created_ns,
                  struct error *e)
{
    int64_t until_ns = held_until(&look->lock, created_ns);

    if (doubtful(&look->lock, e) != 0)
        return -1;
    return look->now_ns >= until_ns ? 0 : held(look, backup, until_ns, e);
}

/* Looks, with a mark of the time where one is due. */
static int look_with_time(struct vault *v, struct lock_look *look, struct error *e)
{
    if (lock_look(v, look, e) != 0)
        return -1;
    if (look->lock.mode != VAULT_LOCK_NONE)
        lock_keep_time(v, look);
    return 0;
}

int vault_lock_until(struct vault *v, const struct seal *seal, int64_t *until_ns,
                     struct error *e)
{
    struct lock_look look;

    if (look_with_time(v, &look, e) != 0)
        return -1;
    int result = doubtful(&look.lock, e);
    int64_t until = held_until(&look.lock, seal->created_ns);
    if (result == 0)
        *until_ns = look.now_ns >= until ? 0 : until;
    lock_look_clear(&look);
    return result;
}

int vault_lock_allows(struct vault *v, const struct seal *seal, struct error *e)
{
    struct lock_look look;

    if (look_with_time(v, &look, e) != 0)
        return -1;
    int result = allows(&look, seal->id, seal->created_ns, e);
    lock_look_clear(&look);
    return result;
}

int lock_allows_name(struct vault *v, struct vault *other, const char *name, struct error *e)
{
    struct lock_look look, second = {.entries = NULL};
    const char *id = strchr(name, '-');

    if (lock_look(v, &look, e) != 0)
        return -1;
    /* Both have the same time, and this copy may not have been opened for long. */
    int result = other != NULL ? lock_look(other, &second, e) : 0;
    if (other != NULL && result == 0 && second.count > 0 && second.now_ns > look.now_ns)
        look.now_ns = second.now_ns;
    if (result == 0)
        result = allows(&look, id != NULL ? id + 1 : name, time_of_name(name), e);
    lock_look_clear(&second);
    lock_look_clear(&look);
    return result;
}

/* ---- purge ---- */

/* The backups that are held, and until when. */
struct holding {
    const struct vault_lock *lock;
    int64_t now_ns;
    uint64_t held;
    int64_t last_ns;
};

static void count_held(struct holding *h, int64_t created_ns)
{
    int64_t until_ns = held_until(h->lock, created_ns);

    if (h->now_ns >= until_ns)
        return;
    if (h->held++ == 0 || until_ns > h->last_ns)
        h->last_ns = until_ns;
}

static void count_damaged(void *context, const char *object, const struct error *why)
{
    (void)why;
    if (strstr(object, ".gone") == NULL)
        count_held(context, time_of_name(object + strlen("seals/")));
}

static int count_all(struct vault *v, struct holding *h, struct error *e)
{
    struct seal_list list = {NULL, 0};

    if (vault_backups(v, &list, count_damaged, h, e) != 0)
        return -1;
    for (size_t i = 0; i < list.count; i++)
        count_held(h, list.seals[i]->created_ns);
    seal_list_free(&list);
    return 0;
}

static int allows_purge(struct vault *v, const struct lock_look *look, struct error *e)
{
    struct holding h = {.lock = &look->lock, .now_ns = look->now_ns};
    char until[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];

    if (doubtful(&look->lock, e) != 0 || count_all(v, &h, e) != 0)
        return -1;
    if (h.held == 0)
        return 0;
    format_time(h.last_ns, until);
    format_time(h.now_ns, now);
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_LOCKED,
                     "the vault's lock (%s, %u days) still holds %llu of its backups, the last "
                     "until %s, and the time that counts for it is %s now; nothing was removed",
                     vault_lock_mode_name(h.lock->mode), h.lock->least_days,
                     (unsigned long long)h.held, until, now);
}

int vault_lock_allows_purge(struct vault *v, struct error *e)
{
    struct lock_look look;
    int result = 0;

    if (look_with_time(v, &look, e) != 0)
        return -1;
    if (look.lock.mode != VAULT_LOCK_NONE || look.lock.unsure > 0)
        result = allows_purge(v, &look, e);
    lock_look_clear(&look);
    return result;
}
