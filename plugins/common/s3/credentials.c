/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c - whose name requests carry: where it comes from, and when it is renewed. */
#include "common/s3/client.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Renewed so long before they expire. */
#define EARLY_NS INT64_C(300000000000)

static void wipe(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void keys_free(struct s3_keys *keys)
{
    free(keys->access);
    wipe(keys->secret);
    wipe(keys->token);
    free(keys);
}

struct s3_keys *s3_keys_new(const char *access, const char *secret, const char *token,
                            int64_t expires_ns)
{
    struct s3_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    atomic_init(&keys->holders, 1);
    keys->expires_ns = expires_ns;
    keys->access = strdup(access);
    keys->secret = strdup(secret);
    keys->token = token && *token ? strdup(token) : NULL;
    if (keys->access && keys->secret && (keys->token || !token || !*token))
        return keys;
    keys_free(keys);
    return NULL;
}

void s3_keys_release(struct s3_keys *keys)
{
    if (keys && atomic_fetch_sub(&keys->holders, 1) == 1)
        keys_free(keys);
}

void s3_wallet_init(struct s3_wallet *wallet, const struct s3_settings *settings)
{
    *wallet = (struct s3_wallet){.settings = settings};
    pthread_mutex_init(&wallet->lock, NULL);
}

void s3_wallet_clear(struct s3_wallet *wallet)
{
    s3_keys_release(wallet->keys);
    pthread_mutex_destroy(&wallet->lock);
}

bool s3_wallet_renews(const struct s3_wallet *wallet)
{
    return wallet->settings->origin == S3_FROM_PROFILE;
}

static uint32_t from_environment(struct lagan_op *op, struct s3_keys **keys)
{
    const char *access = secure_getenv("AWS_ACCESS_KEY_ID");
    const char *secret = secure_getenv("AWS_SECRET_ACCESS_KEY");
    if (!access || !*access || !secret || !*secret)
        return lagan_fail(
            op, LAGAN_AUTH, 0,
            "there are no credentials: AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY are not set; give the parameter credentials, or "
            "say credentials-from=none for a public bucket");
    *keys = s3_keys_new(access, secret, secure_getenv("AWS_SESSION_TOKEN"), 0);
    return *keys ? LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t ask(const struct s3_settings *s, struct lagan_op *op, struct s3_keys **keys)
{
    switch (s->origin) {
    case S3_FROM_GIVEN:
        return s3_keys_parse(op, s->secret.data, s->secret.size, "credentials", keys);
    case S3_FROM_PROFILE:
        return s3_keys_from_profile(op, s, keys);
    case S3_FROM_ENVIRONMENT:
        return from_environment(op, keys);
    default:
        *keys = NULL;
        return LAGAN_OK;
    }
}

static int64_t left_ns(const struct s3_keys *keys)
{
    return keys->expires_ns ? keys->expires_ns - lagan_host_table->wall_ns() : INT64_MAX;
}

/* New ones in place of the old.  Those that still hold are kept when there are no others. */
static uint32_t renew(struct s3_wallet *wallet, struct lagan_op *op, bool refused)
{
    struct s3_keys *keys = NULL;
    uint32_t result = ask(wallet->settings, op, &keys);
    if (result != LAGAN_OK && wallet->keys && !refused && left_ns(wallet->keys) > 0) {
        lagan_log(op, LAGAN_LEVEL_WARNING, "the credentials could not be renewed: %s",
                  op->error.text);
        return LAGAN_OK;
    }
    if (result != LAGAN_OK)
        return result;
    s3_keys_release(wallet->keys);
    wallet->keys = keys;
    if (keys && left_ns(keys) <= 0)
        return lagan_fail(op, LAGAN_AUTH, 0, "the credentials have expired");
    return LAGAN_OK;
}

/* Who renews them may take long: others look around meanwhile. */
static uint32_t take_lock(struct s3_wallet *wallet, struct lagan_op *op)
{
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        if (pthread_mutex_clocklock(&wallet->lock, CLOCK_MONOTONIC, &until) == 0)
            return LAGAN_OK;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    }
}

uint32_t s3_wallet_keys(struct s3_wallet *wallet, struct lagan_op *op,
                        const struct s3_keys *refused, struct s3_keys **keys)
{
    uint32_t result = take_lock(wallet, op);
    if (result != LAGAN_OK)
        return result;
    if (wallet->settings->origin != S3_FROM_NOBODY &&
        (!wallet->keys || wallet->keys == refused || left_ns(wallet->keys) < EARLY_NS))
        result = renew(wallet, op, wallet->keys && wallet->keys == refused);
    if (result == LAGAN_OK) {
        *keys = wallet->keys;
        if (*keys)
            atomic_fetch_add(&(*keys)->holders, 1);
    }
    pthread_mutex_unlock(&wallet->lock);
    return result;
}
