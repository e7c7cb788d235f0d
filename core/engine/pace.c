/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c - see pace.h. */
#include "engine/pace.h"

#include "base/clock.h"
#include "base/object.h"
#include "driver/operation.h"
#include "policy/bandwidth.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { PACE_MAGIC = 0x70616365, POLL_MS = 500 };
static const int64_t SECOND_NS = INT64_C(1000000000);

struct pace {
    uint32_t magic; /* PACE_MAGIC */
    struct bandwidth bandwidth;
    pthread_mutex_t lock;
    int64_t free_ns; /* boot clock: until then all that was allowed has passed */
};

struct pace *pace_new(const char *bandwidth, struct error *e)
{
    struct bandwidth limit = {{0}};

    if (bandwidth != NULL && bandwidth_parse(bandwidth, &limit, e) != 0)
        return NULL;
    struct pace *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        error_no_memory(e, "a bandwidth limit");
        return NULL;
    }
    p->magic = PACE_MAGIC;
    p->bandwidth = limit;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void pace_free(struct pace *p)
{
    if (p == NULL)
        return;
    OBJECT_CHECK(p, PACE_MAGIC);
    pthread_mutex_destroy(&p->lock);
    p->magic = 0;
    free(p);
}

static uint64_t rate_now(const struct pace *p)
{
    time_t now = (time_t)(clock_wall_ns() / SECOND_NS);
    struct tm local;

    if (localtime_r(&now, &local) == NULL)
        return 0;
    return bandwidth_rate(&p->bandwidth,
                          (unsigned)(local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec));
}

/* Takes the bytes' share of time; returns when they may pass, by the boot clock. */
static int64_t reserve(struct pace *p, uint64_t bytes)
{
    uint64_t rate = rate_now(p);
    int64_t now = clock_boot_ns();

    if (rate == 0)
        return now;
    pthread_mutex_lock(&p->lock);
    int64_t start = p->free_ns > now ? p->free_ns : now;
    p->free_ns = start + (int64_t)((double)bytes / (double)rate * 1e9);
    pthread_mutex_unlock(&p->lock);
    return start;
}

int pace_wait(struct pace *p, uint64_t bytes, struct error *e)
{
    OBJECT_CHECK(p, PACE_MAGIC);
    int64_t until = reserve(p, bytes);

    for (int64_t left = until - clock_boot_ns(); left > 0; left = until - clock_boot_ns()) {
        struct pollfd cancelled = {.fd = operation_cancel_fd(), .events = POLLIN};
        int64_t wait_ms = left / (SECOND_NS / 1000) + 1;
        if (operation_check(e) != 0)
            return -1;
        poll(&cancelled, 1, wait_ms < POLL_MS ? (int)wait_ms : POLL_MS);
    }
    return operation_check(e);
}
