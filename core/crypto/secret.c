/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - see secret.h. */
#include "crypto/secret.h"

#include "base/object.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

void secret_wipe(void *data, size_t size)
{
    if (data)
        OPENSSL_cleanse(data, size);
}

void secret_clean(struct secret *secret)
{
    secret_wipe(secret->bytes, sizeof(secret->bytes));
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void *secret_allocate(size_t size, struct error *e)
{
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
        error_no_memory(e, "keys");
        return NULL;
    }
    /* Best effort: a small RLIMIT_MEMLOCK must not keep a backup from running. */
    (void)mlock(data, size);
    (void)madvise(data, size, MADV_DONTDUMP);
    return data;
}

void secret_free(void *data, size_t size)
{
    if (!data)
        return;
    secret_wipe(data, size);
    munmap(data, size);
}

void crypto_random(void *data, size_t size)
{
    uint8_t *next = data;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        ASSERT(got > 0);
        next += got;
        size -= (size_t)got;
    }
}

void crypto_harden_process(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
