/* SPDX-License-Identifier: Apache-2.0 */
/* lock_fixture.c - see lock_fixture.h. */
#include "lock_fixture.h"

#include "base/clock.h"
#include "unit.h"

#include <string.h>

int64_t wall_ns, boot_ns;

static int64_t read_wall(void)
{
    return wall_ns;
}

static int64_t read_boot(void)
{
    return boot_ns;
}

int clocks_start(void **state)
{
    (void)state;
    wall_ns = T0;
    boot_ns = 5 * DAY;
    clock_override(read_wall);
    clock_override_boot(read_boot, "boot-1");
    return 0;
}

int clocks_end(void **state)
{
    (void)state;
    clock_override(NULL);
    clock_override_boot(NULL, NULL);
    return 0;
}

void pass(int64_t ns)
{
    wall_ns += ns;
    boot_ns += ns;
}

void other_machine(const char *boot_id)
{
    clock_override_boot(read_boot, boot_id);
}

void restart(const char *boot_id, int64_t off_ns)
{
    wall_ns += off_ns;
    boot_ns = HOUR / 60;
    clock_override_boot(read_boot, boot_id);
}

struct vault_lock wish(enum vault_lock_mode mode, uint32_t least, uint32_t most)
{
    return (struct vault_lock){.mode = mode, .least_days = least, .most_days = most};
}

void set(struct vault_place *p, enum vault_lock_mode mode, uint32_t least, uint32_t most)
{
    const struct vault_lock lock = wish(mode, least, most);
    struct error e = ERROR_INIT;

    assert_success(vault_lock_set(p->vault, &lock, &e), e);
}

void expect_lock(struct vault_place *p, enum vault_lock_mode mode, uint32_t least,
                 uint32_t most)
{
    struct vault_lock lock;
    struct error e = ERROR_INIT;
    int found = vault_lock_read(p->vault, &lock, &e);

    assert_success(found < 0 ? -1 : 0, e);
    assert_int_equal(found, mode != VAULT_LOCK_NONE);
    assert_int_equal(lock.mode, mode);
    assert_int_equal(lock.least_days, least);
    assert_int_equal(lock.most_days, most);
}

void open_by_passphrase(struct vault_place *p)
{
    struct error e = ERROR_INIT;

    vault_place_again(p, false, false);
    assert_success(vault_unlock_passphrase(p->vault, vault_place_passphrase,
                                           strlen(vault_place_passphrase), &e),
                   e);
}

int64_t time_now(struct vault_place *p)
{
    struct error e = ERROR_INIT;
    int64_t now = 0;

    assert_success(vault_lock_time(p->vault, &now, &e), e);
    return now;
}
