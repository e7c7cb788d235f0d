/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - finds out what no table can know: whether conditional puts are honoured, and the
 * store's clock. */
#include "common/s3/client.h"

#include <stdio.h>
#include <string.h>

enum { CLEAN_ATTEMPTS = 3 };

enum { NAME_BYTES = 16 };

static uint32_t put_word(struct s3 *client, struct lagan_op *op, const char *key,
                         bool if_absent, struct s3_made *made)
{
    static const char word[] = "lagan asks whether conditions are honoured here\n";
    struct s3_give give = {.if_absent = if_absent};
    struct s3_request request = s3_request_of(S3_PUT, key, strlen(key));
    struct s3_answer answer = {0};
    request.body = word;
    request.bytes = sizeof word - 1;
    request.with_md5 = true; /* buckets that lock what is put insist on it */
    s3_add_give(client, &request, &give);
    uint32_t result = s3_execute(client, op, &request, &answer);
    if (result == LAGAN_OK)
        s3_answer_made(&answer, made);
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

/* The versions that were made, too, where the store keeps them. */
static void clean(struct s3 *client, struct lagan_op *op, const char *key,
                  const struct s3_made *made)
{
    const char *version = made->version[0] ? made->version : NULL;
    struct lagan_error before = op->error;
    uint32_t result = LAGAN_TRANSIENT;
    /* It would lie among the objects of people for ever. */
    for (int i = 0; i < CLEAN_ATTEMPTS && (result == LAGAN_TRANSIENT || result == LAGAN_BUSY);
         i++)
        result = s3_remove(client, op, key, strlen(key), version, false, NULL);
    if (result != LAGAN_OK)
        lagan_log(op, LAGAN_LEVEL_WARNING, "%s could not be removed again: %s", key,
                  op->error.text);
    op->error = before;
}

/* Two puts of one key: the second must fail. */
static uint32_t put_twice(struct s3 *client, struct lagan_op *op, const char *key,
                          bool *honoured)
{
    struct s3_made made[2] = {0};
    uint32_t result = put_word(client, op, key, true, &made[0]);
    *honoured = false;
    if (result == LAGAN_UNSUPPORTED || result == LAGAN_INVALID) {
        result = put_word(client, op, key, false, &made[0]);
        if (result == LAGAN_OK)
            clean(client, op, key, &made[0]);
        return result;
    }
    if (result != LAGAN_OK) {
        if (op->error.outcome != LAGAN_OUTCOME_NOT_DONE)
            clean(client, op, key, &made[0]);
        return result;
    }
    result = put_word(client, op, key, true, &made[1]);
    *honoured = result == LAGAN_EXISTS;
    clean(client, op, key, &made[0]);
    if (result == LAGAN_OK && made[1].version[0])
        clean(client, op, key, &made[1]);
    return result == LAGAN_EXISTS ? LAGAN_OK : result;
}

static bool is_probed(struct s3 *client)
{
    pthread_mutex_lock(&client->lock);
    bool probed = client->probed;
    pthread_mutex_unlock(&client->lock);
    return probed;
}

uint32_t s3_probe(struct s3 *client, struct lagan_op *op, const char *prefix)
{
    char key[S3_KEY_LIMIT + 1];
    uint8_t bytes[NAME_BYTES];
    char name[2 * NAME_BYTES + 1];
    bool honoured;
    if (is_probed(client))
        return LAGAN_OK;
    lagan_random(bytes, sizeof bytes);
    s3_hex(name, bytes, sizeof bytes);
    int size = snprintf(key, sizeof key, "%sprobe-%s", prefix, name);
    if (size < 0 || (size_t)size >= sizeof key)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the prefix is too long");
    uint32_t result = put_twice(client, op, key, &honoured);
    if (result != LAGAN_OK)
        return result;
    pthread_mutex_lock(&client->lock);
    client->probed = true;
    atomic_store(&client->conditional, honoured ? 1 : 0);
    pthread_mutex_unlock(&client->lock);
    return LAGAN_OK;
}

uint32_t s3_clock(struct s3 *client, struct lagan_op *op, int64_t *now_ns)
{
    struct s3_request request = s3_request_of(S3_HEAD, NULL, 0);
    struct s3_answer answer = {0};
    uint32_t result = s3_execute(client, op, &request, &answer);
    /* A refusal has a date, too. */
    if (answer.headers_done && answer.date_ns != 0) {
        *now_ns = answer.date_ns;
        result = LAGAN_OK;
    } else if (result == LAGAN_OK)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, answer.status, "the store tells no date");
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}
