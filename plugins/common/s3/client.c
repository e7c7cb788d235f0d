/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - opens and closes clients, and what is known of their store. */
#include "common/s3/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_MAGIC UINT64_C(0x7333636c69656e74)

uint32_t s3_load(struct lagan_op *op)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "libcurl cannot be initialised");
    return LAGAN_OK;
}

/* What a row of the table says, as callers read it. */
static struct s3_features features_of(enum s3_dialect_id id, bool conditional)
{
    const struct s3_dialect *row = s3_dialect_row(id);
    uint32_t marks = row->marks;
    return (struct s3_features){.dialect = row->name,
                                .conditional_put = conditional,
                                .conditional_complete = marks & S3_CAN_COMPLETE_IF_ABSENT,
                                .versions = marks & S3_CAN_VERSIONS,
                                .tags = marks & S3_CAN_TAGS,
                                .acl = marks & S3_CAN_ACL,
                                .object_lock = marks & S3_CAN_LOCK,
                                .storage_classes = marks & S3_CAN_CLASSES,
                                .copy_condition = marks & S3_CAN_COPY_IF_MATCH,
                                .remove_many = marks & S3_CAN_REMOVE_MANY,
                                .checksum_header = marks & S3_CAN_CHECKSUM,
                                .version_marker_is_wrong = marks & S3_IS_MARKER_WRONG,
                                .copy_maximum_bytes = row->copy_maximum_bytes,
                                .part_maximum_bytes = S3_GIB(5)};
}

static void set_features(struct s3 *client)
{
    for (int id = 0; id < S3_DIALECT_COUNT; id++)
        for (int conditional = 0; conditional < 2; conditional++)
            client->features[id][conditional] =
                features_of((enum s3_dialect_id)id, conditional != 0);
}

static void set_region(struct s3 *client)
{
    const struct s3_settings *s = client->settings;
    if (s->region)
        snprintf(client->region, sizeof client->region, "%s", s->region);
    else if (!s3_dialect_region(s->dialect, s->host, client->region, sizeof client->region))
        snprintf(client->region, sizeof client->region, "%s",
                 s3_dialect_row(s->dialect)->region);
}

static bool set_place(struct s3 *client)
{
    const struct s3_settings *s = client->settings;
    struct s3_text place = {0};
    bool has_port = strcmp(s->host, s->authority) != 0;
    s3_text_format(&place, "%s://%s%s/%s", s->tls ? "https" : "http", s->authority,
                   has_port ? ""
                   : s->tls ? ":443"
                            : ":80",
                   s->bucket);
    client->place = place.data;
    return !place.failed;
}

uint32_t s3_open(const struct s3_settings *settings, struct lagan_op *op, struct s3 **client)
{
    struct s3_keys *keys = NULL;
    struct s3 *made = calloc(1, sizeof *made);
    if (!made || !s3_pool_init(&made->pool, settings->connections)) {
        free(made);
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    }
    made->magic = CLIENT_MAGIC;
    made->settings = settings;
    atomic_init(&made->dialect, settings->dialect);
    atomic_init(&made->conditional, 0);
    pthread_mutex_init(&made->lock, NULL);
    s3_wallet_init(&made->wallet, settings);
    set_features(made);
    set_region(made);
    uint32_t result =
        set_place(made) ? LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    if (result == LAGAN_OK)
        result = s3_wallet_keys(&made->wallet, op, NULL, &keys);
    s3_keys_release(keys);
    if (result != LAGAN_OK) {
        s3_close(made);
        return result;
    }
    *client = made;
    return LAGAN_OK;
}

void s3_close(struct s3 *client)
{
    if (!client)
        return;
    s3_pool_clear(&client->pool);
    s3_wallet_clear(&client->wallet);
    pthread_mutex_destroy(&client->lock);
    free(client->place);
    client->magic = 0;
    free(client);
}

const struct s3_features *s3_features(const struct s3 *client)
{
    return &client->features[atomic_load(&client->dialect)][atomic_load(&client->conditional)];
}

const char *s3_place(const struct s3 *client)
{
    return client->place;
}

const char *s3_bucket(const struct s3 *client)
{
    return client->settings->bucket;
}

const struct s3_dialect *s3_dialect(const struct s3 *client)
{
    return s3_dialect_row((enum s3_dialect_id)atomic_load(&client->dialect));
}

bool s3_is_tls(const struct s3 *client)
{
    return client->settings->tls;
}

void s3_learn(struct s3 *client, const struct s3_answer *answer)
{
    int generic = S3_DIALECT_GENERIC;
    if (client->settings->dialect_is_auto && answer->headers_done &&
        answer->hint != S3_DIALECT_GENERIC)
        atomic_compare_exchange_strong(&client->dialect, &generic, (int)answer->hint);
}

void s3_region_copy(struct s3 *client, char region[S3_REGION_SIZE])
{
    pthread_mutex_lock(&client->lock);
    memcpy(region, client->region, S3_REGION_SIZE);
    pthread_mutex_unlock(&client->lock);
}

bool s3_region_set(struct s3 *client, const char *region)
{
    size_t size = strspn(region, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789-_");
    if (size == 0 || region[size] != '\0' || size >= S3_REGION_SIZE)
        return false;
    pthread_mutex_lock(&client->lock);
    memcpy(client->region, region, size + 1);
    pthread_mutex_unlock(&client->lock);
    return true;
}

/* An address has no names below it. */
static bool is_address(const char *host)
{
    return host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
}

bool s3_is_virtual(const struct s3 *client, const char *bucket)
{
    const struct s3_settings *s = client->settings;
    if (s->style != S3_STYLE_AUTO)
        return s->style == S3_STYLE_VIRTUAL;
    /* Certificates cover one label in front of the store's name, and capitals are none. */
    if (s->tls && strchr(bucket, '.'))
        return false;
    if (bucket[strcspn(bucket, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != '\0')
        return false;
    return (s3_dialect_row(s->dialect)->marks & S3_IS_VIRTUAL) && !is_address(s->host);
}
