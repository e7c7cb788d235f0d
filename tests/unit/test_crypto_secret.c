/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_secret.c - secret memory and the hardened process, seen through the kernel. */
#include "crypto/secret.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void secret_wipes(void **state)
{
    static const uint8_t zeroes[32];
    uint8_t data[48];

    (void)state;
    memset(data, 0xaa, sizeof(data));
    secret_wipe(data, 32);
    assert_memory_equal(data, zeroes, 32);
    assert_int_equal(data[32], 0xaa);
    secret_wipe(NULL, 7);
}

static void secret_clean_wipes_all(void **state)
{
    static const uint8_t zeroes[32];
    struct secret s;

    (void)state;
    memset(s.bytes, 0xaa, sizeof(s.bytes));
    secret_clean(&s);
    assert_memory_equal(s.bytes, zeroes, sizeof(s.bytes));
}

static void secret_compares(void **state)
{
    uint8_t a[32], b[32];

    (void)state;
    memset(a, 7, sizeof(a));
    memset(b, 7, sizeof(b));
    assert_true(secret_equal(a, b, 32));
    for (size_t i = 0; i < 32; i++) {
        b[i] ^= 0x80;
        assert_false(secret_equal(a, b, 32));
        assert_true(secret_equal(a, b, i));
        b[i] ^= 0x80;
    }
}

/* The "VmFlags:" line of the mapping that starts at `data`; false when it is not found. */
static bool mapping_flags(const void *data, char *flags, size_t room)
{
    char line[512], start[32];
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "r");

    if (!maps)
        return false;
    snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)data);
    while (fgets(line, sizeof(line), maps)) {
        if (strncmp(line, start, strlen(start)) == 0)
            inside = true;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            snprintf(flags, room, "%s", line);
            fclose(maps);
            return true;
        }
    }
    fclose(maps);
    return false;
}

/* Locked ("lo") and left out of core dumps ("dd"). */
static void secret_memory_is_kept_back(void **state)
{
    struct error e = ERROR_INIT;
    struct rlimit limit;
    char flags[512];
    uint8_t *data = secret_allocate(1 << 16, &e);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < 1 << 16; i++)
        assert_int_equal(data[i], 0);
    memset(data, 0xaa, 1 << 16);
    if (!mapping_flags(data, flags, sizeof(flags))) {
        print_message("the kernel shows no flags of mappings\n");
        secret_free(data, 1 << 16);
        skip();
    }
    assert_non_null(strstr(flags, " dd"));
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
#ifndef __SANITIZE_ADDRESS__ /* which makes mlock() do nothing */
    if (limit.rlim_cur >= 1 << 16)
        assert_non_null(strstr(flags, " lo"));
#endif
    secret_free(data, 1 << 16);
    secret_free(NULL, 0);
}

/* A limit of nothing must not keep a backup from running. */
static int allocate_without_limit(void)
{
    static const struct rlimit none = {0, 0};
    struct error e = ERROR_INIT;

    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
        return 2;
    void *data = secret_allocate(4096, &e);
    if (!data)
        return 3;
    secret_free(data, 4096);
    return 0;
}

static int harden(void)
{
    struct rlimit limit;

    crypto_harden_process();
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 2;
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 3;
    return 0;
}

static int status_of_child(int (*run)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void secret_memory_without_limit(void **state)
{
    (void)state;
    assert_int_equal(status_of_child(allocate_without_limit), 0);
}

static void crypto_hardens(void **state)
{
    (void)state;
    assert_int_equal(status_of_child(harden), 0);
}

static volatile sig_atomic_t interruptions;

static void interrupt(int number)
{
    (void)number;
    interruptions = interruptions + 1;
}

/* Signals make the kernel give less than it was asked for; all of it is filled all the same. */
static void crypto_random_fills(void **state)
{
    enum { SIZE = 32 << 20, SAMPLE = 1 << 20 };
    const struct sigaction action = {.sa_handler = interrupt};
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    uint8_t *a = calloc(1, SIZE), b[32] = {0};
    size_t zeroes = 0;

    (void)state;
    assert_non_null(a);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    crypto_random(a, SIZE);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_true(interruptions > 0);
    crypto_random(b, sizeof(b));
    crypto_random(b, 0);
    assert_memory_not_equal(a, b, sizeof(b));
    for (size_t i = SIZE - SAMPLE; i < SIZE; i++)
        zeroes += a[i] == 0;
    assert_in_range(zeroes, SAMPLE / 256 - 1024, SAMPLE / 256 + 1024);
    free(a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(secret_wipes),
    cmocka_unit_test(secret_clean_wipes_all),
    cmocka_unit_test(secret_compares),
    cmocka_unit_test(secret_memory_is_kept_back),
    cmocka_unit_test(secret_memory_without_limit),
    cmocka_unit_test(crypto_hardens),
    cmocka_unit_test(crypto_random_fills),
};
UNIT_MAIN(tests)
