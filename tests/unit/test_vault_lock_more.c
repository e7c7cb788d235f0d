/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_lock_more.c - locks of copies of a vault (VLT-22), and any order of setting and
 * lifting against a plain model. */
#include "lock_fixture.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* A seal that its session takes back is no backup: nothing can be restored from it. */
static void lock_lets_withdraw(void **state)
{
    struct copies c;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&c);
    set(&c.t.p, VAULT_LOCK_GOVERNANCE, 30, 0);
    assert_int_equal(vault_backup_delete(c.t.p.vault, c.t.s[0], vault_place_writer, "", &e),
                     -1);
    assert_int_equal(e.code, ERROR_BACKUP_LOCKED);
    assert_success(seal_withdraw(c.t.p.vault, c.t.s[0], vault_place_writer, "", &e), e);
    assert_false(place_has(&c.t.p, seal_object(c.t.s[0])));
    copies_drop(&c);
}

/* ---- copies ---- */

/* VLT-22: a copy begins with the lock, gets what is added, and deletes by its own. */
static void lock_copies(void **state)
{
    struct transfer *t;
    struct copies c;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&c);
    copies_copy_all(&c);
    expect_lock(&c.mirror, VAULT_LOCK_NONE, 0, 0);
    set(&c.t.p, VAULT_LOCK_GOVERNANCE, 30, 0);
    t = copies_open(&c, 0);
    assert_success(transfer_lock(t, &e), e);
    expect_lock(&c.mirror, VAULT_LOCK_GOVERNANCE, 30, 0);
    /* The source has lost its lock, and a backup with it: the mirror keeps its own. */
    vault_place_lose(&c.t.p, "locks/00000001");
    copies_delete(&c, 0);
    assert_int_equal(transfer_remove(t, c.t.s[0]->id, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_LOCKED);
    assert_true(place_has(&c.mirror, seal_object(c.t.s[0])));
    pass(31 * DAY);
    assert_success(transfer_remove(t, c.t.s[0]->id, &e), e);
    transfer_close(t);
    copies_drop(&c);
}

/* VLT-22: the time of the vault that it follows counts for a copy that nobody unlocks. */
static void lock_copies_time(void **state)
{
    struct transfer *t;
    struct copies c;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&c);
    copies_copy_all(&c);
    set(&c.t.p, VAULT_LOCK_GOVERNANCE, 30, 0);
    copies_copy(&c, 0); /* a transfer brings the lock by itself */
    expect_lock(&c.mirror, VAULT_LOCK_GOVERNANCE, 30, 0);
    restart("boot-2", 0);
    time_now(&c.t.p);
    pass(31 * DAY);
    copies_delete(&c, 0);
    t = copies_open(&c, 0);
    assert_success(transfer_remove(t, c.t.s[0]->id, &e), e);
    transfer_close(t);
    copies_drop(&c);
}

/* Damage at the copy is mended; what is another record there stays, and is told. */
static void lock_copies_conflict(void **state)
{
    struct transfer *t;
    struct copies c;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&c);
    set(&c.t.p, VAULT_LOCK_GOVERNANCE, 30, 0);
    t = copies_open(&c, 0);
    assert_success(transfer_lock(t, &e), e);
    vault_place_flip(&c.mirror, "locks/00000001", 50);
    assert_success(transfer_lock(t, &e), e);
    expect_lock(&c.mirror, VAULT_LOCK_GOVERNANCE, 30, 0);
    transfer_close(t);
    vault_place_again(&c.mirror, false, true);
    set(&c.mirror, VAULT_LOCK_GOVERNANCE, 90, 0);
    set(&c.t.p, VAULT_LOCK_GOVERNANCE, 60, 0);
    t = copies_open(&c, 0);
    assert_int_equal(transfer_lock(t, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    expect_lock(&c.mirror, VAULT_LOCK_GOVERNANCE, 90, 0);
    transfer_close(t);
    copies_drop(&c);
}

/* ---- any order of set and lift, against a plain model ---- */

enum { MODEL_LIMIT = 4096 };

/* Everything that was ever set and is not lifted. */
struct model {
    struct holding {
        struct vault_lock lock;
        bool active;
    } all[MODEL_LIMIT];
    size_t count;
};

static struct vault_lock model_sum(const struct model *m)
{
    struct vault_lock sum = {.mode = VAULT_LOCK_NONE};

    for (size_t i = 0; i < m->count; i++) {
        const struct vault_lock *lock = &m->all[i].lock;

        if (!m->all[i].active)
            continue;
        sum.mode = lock->mode > sum.mode ? lock->mode : sum.mode;
        sum.least_days = lock->least_days > sum.least_days ? lock->least_days : sum.least_days;
        if (lock->most_days != 0 && (sum.most_days == 0 || lock->most_days < sum.most_days))
            sum.most_days = lock->most_days;
        if (lock->effective_ns > sum.effective_ns)
            sum.effective_ns = lock->effective_ns;
    }
    return sum;
}

static int model_set(struct model *m, struct vault_lock wanted)
{
    struct vault_lock sum = model_sum(m);

    if (wanted.mode < sum.mode || wanted.least_days < sum.least_days)
        return ERROR_LOCK_SHORTER;
    if (sum.most_days != 0 && (wanted.most_days == 0 || wanted.most_days > sum.most_days))
        return ERROR_LOCK_SHORTER;
    if (wanted.mode == sum.mode && wanted.least_days == sum.least_days &&
        wanted.most_days == sum.most_days)
        return 0;
    if (wanted.mode == VAULT_LOCK_COMPLIANCE)
        wanted.effective_ns = wall_ns + VAULT_LOCK_COOLING_NS;
    assert_true(m->count < MODEL_LIMIT);
    m->all[m->count++] = (struct holding){wanted, true};
    return 0;
}

static int model_lift(struct model *m, bool recovery)
{
    struct vault_lock sum = model_sum(m);
    bool any = false;

    if (sum.mode == VAULT_LOCK_COMPLIANCE && wall_ns >= sum.effective_ns)
        return ERROR_LOCK_STATE;
    for (size_t i = 0; i < m->count; i++) {
        struct holding *h = &m->all[i];
        bool goes =
            h->active &&
            (h->lock.mode == VAULT_LOCK_GOVERNANCE ? recovery : wall_ns < h->lock.effective_ns);
        any = any || goes;
        h->active = h->active && !goes;
    }
    return any ? 0 : ERROR_LOCK_STATE;
}

static void model_step(struct model *m, struct vault_place *p)
{
    struct vault_lock wanted = {.least_days = 1 + (uint32_t)rand() % 12};
    struct error e = ERROR_INIT;
    int wished, result;

    if (rand() % 3 == 0) {
        bool recovery = rand() % 2 == 0;
        if (recovery)
            vault_place_again(p, false, true);
        else
            open_by_passphrase(p);
        wished = model_lift(m, recovery);
        result = vault_lock_lift(p->vault, &e);
    } else {
        vault_place_again(p, false, true);
        wanted.mode = rand() % 4 == 0 ? VAULT_LOCK_COMPLIANCE : VAULT_LOCK_GOVERNANCE;
        wanted.most_days = rand() % 2 == 0 ? 0 : wanted.least_days + (uint32_t)rand() % 20;
        wished = model_set(m, wanted);
        result = vault_lock_set(p->vault, &wanted, &e);
    }
    if (result != (wished == 0 ? 0 : -1) || (wished != 0 && (int)e.code != wished))
        fail_msg("%d %s, not %d", result, e.text, wished);
}

static void lock_random(void **state)
{
    const char *rounds = getenv("ROUNDS");
    static struct model m;

    (void)state;
    srand(7);
    for (int round = 0; round < (rounds != NULL ? atoi(rounds) : 6); round++) {
        struct vault_place p;

        m.count = 0;
        vault_place_open(&p, "tgt_mem", false);
        for (int i = 0; i < 25; i++) {
            model_step(&m, &p);
            struct vault_lock sum = model_sum(&m);
            expect_lock(&p, sum.mode, sum.least_days, sum.most_days);
            pass(rand() % 40 * HOUR);
            time_now(&p);
        }
        vault_place_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lock_lets_withdraw),   CASE(lock_copies), CASE(lock_copies_time),
        CASE(lock_copies_conflict), CASE(lock_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
