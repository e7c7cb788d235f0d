/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c - connections to the store: so many at a time, kept open between calls. */
#include "common/s3/client.h"

#include <stdlib.h>
#include <time.h>

enum { TICK_MS = 100 };

bool s3_pool_init(struct s3_pool *pool, unsigned limit)
{
    pthread_condattr_t attributes;
    *pool = (struct s3_pool){.limit = limit};
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        return false;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    bool good = pthread_cond_init(&pool->returned, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!good)
        pthread_mutex_destroy(&pool->lock);
    return good;
}

void s3_pool_clear(struct s3_pool *pool)
{
    while (pool->idle) {
        struct s3_connection *connection = pool->idle;
        pool->idle = connection->next;
        curl_easy_cleanup(connection->easy);
        free(connection);
    }
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->lock);
}

static struct s3_connection *connection_new(void)
{
    struct s3_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->easy = curl_easy_init();
    if (connection->easy)
        return connection;
    free(connection);
    return NULL;
}

static void wait_for_one(struct s3_pool *pool)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&pool->returned, &pool->lock, &until);
}

uint32_t s3_pool_take(struct s3_pool *pool, struct lagan_op *op,
                      struct s3_connection **connection)
{
    bool cancelled = false;
    bool fresh = false;
    pthread_mutex_lock(&pool->lock);
    while (!pool->idle && pool->count >= pool->limit && !cancelled) {
        wait_for_one(pool);
        cancelled = lagan_cancelled(op) != 0;
    }
    struct s3_connection *found = cancelled ? NULL : pool->idle;
    if (found)
        pool->idle = found->next;
    else if (!cancelled) {
        pool->count++;
        fresh = true;
    }
    pthread_mutex_unlock(&pool->lock);
    if (cancelled)
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (fresh)
        found = connection_new();
    if (!found) {
        s3_pool_give(pool, NULL);
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    }
    *connection = found;
    return LAGAN_OK;
}

void s3_pool_give(struct s3_pool *pool, struct s3_connection *connection)
{
    pthread_mutex_lock(&pool->lock);
    if (connection) {
        connection->next = pool->idle;
        pool->idle = connection;
    } else
        pool->count--;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}
