/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - see runner.h. */
#include "runner/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/usage.h"
#include "driver/operation.h"
#include "engine/key_check.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = INT64_C(1000000000);
enum { POLL_MS = 1000 }; /* how soon a backup that was just made is seen */

static int add_stored(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)e;
    *(uint64_t *)context += backup->bytes_stored;
    return 0;
}

/* The vaults that hold something. */
struct holders {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int keep(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct holders *all = context;

    if (vault->state == CATALOG_VAULT_CREATING)
        return 0;
    void *grown = reallocarray(all->ids, all->count + 1, sizeof(*all->ids));
    if (grown == NULL)
        return error_no_memory(e, "vaults");
    all->ids = grown;
    memcpy(all->ids[all->count++], vault->uuid, CATALOG_ID_SIZE);
    return 0;
}

static int sample(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], int64_t now_ns,
                  struct error *e)
{
    uint64_t bytes = 0;

    if (catalog_backup_list(c, id, NULL, add_stored, &bytes, e) != 0)
        return -1;
    return catalog_usage_sample(c, id, bytes, now_ns, e);
}

/* MET-01: what is stored is looked at once a day. */
static int sample_all(struct catalog *c, int64_t now_ns, struct error *e)
{
    struct holders all = {0};
    int result = catalog_vault_list(c, keep, &all, e);

    for (size_t i = 0; i < all.count && result == 0; i++)
        result = sample(c, all.ids[i], now_ns, e);
    free(all.ids);
    return result;
}

/* What is done once a day; several runners do it as well as one. */
static int tidy(struct setup *s, int64_t now_ns, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    int64_t history = setup_config(s)->limits.task_history_ns;

    if (catalog_task_reap(c, NULL, e) != 0 ||
        catalog_task_clear(c, NULL, now_ns - history, -1, NULL, e) != 0)
        return -1;
    return sample_all(c, now_ns, e);
}

/* A look at the keys of all vaults. */
struct key_round {
    const struct runner_request *request;
    uint64_t gone;
};

static void on_key(void *context, const struct catalog_vault *row, const struct error *why)
{
    struct key_round *round = context;

    if (why->code != ERROR_KEY_UNAVAILABLE && why->code != ERROR_WRONG_KEY) {
        if (why->error_class != LAGAN_OK)
            log_write(LOG_WARNING, "runner", "the key was not checked: %s", why->text);
        return;
    }
    round->gone++;
    if (round->request->key_gone)
        round->request->key_gone(round->request->context, row, why);
}

/* VLT-33: a key that is gone is told before somebody needs it.  Copies go on: they need none.
 */
static int check_keys(const struct runner_request *request, struct error *e)
{
    struct key_round round = {.request = request};
    uint64_t failed = 0;

    if (key_check_all(request->setup, on_key, &round, &failed, e) != 0)
        return -1;
    if (request->keys_gone)
        *request->keys_gone = round.gone;
    return 0;
}

static void add(struct work_result *sum, const struct work_result *round)
{
    struct work_result last = *round;

    last.done += sum->done;
    last.skipped += sum->skipped;
    last.failed += sum->failed;
    last.given_up += sum->given_up;
    last.bytes += sum->bytes;
    *sum = last;
}

static int round_once(const struct runner_request *request, int64_t *tidied_ns,
                      struct work_result *sum, struct error *e)
{
    struct work_request work = {
        .setup = request->setup, .context = request->context, .told = request->told};
    struct work_result result = {0};
    int64_t now = clock_wall_ns();

    if (now / SECOND_NS / 86400 != *tidied_ns / SECOND_NS / 86400 || *tidied_ns == 0) {
        if (tidy(request->setup, now, e) != 0 || check_keys(request, e) != 0)
            return -1;
        *tidied_ns = now;
    }
    if (mirror_work(&work, &result, e) != 0)
        return -1;
    add(sum, &result);
    return 0;
}

/* Whether there is something new: asking costs a query, a round opens vaults. */
static bool is_due(struct catalog *c)
{
    struct error ignored = ERROR_INIT;
    int64_t due = 0;
    int found = catalog_item_next_due(c, &due, &ignored);

    return found < 0 || (found > 0 && due <= clock_wall_ns());
}

/* Until something is due, a minute at most: states change with time alone, too. */
static void rest(struct catalog *c)
{
    int64_t until = clock_boot_ns() + 60 * SECOND_NS;
    struct pollfd cancelled = {.fd = operation_cancel_fd(), .events = POLLIN};

    do
        poll(&cancelled, 1, POLL_MS);
    while (!operation_all_cancelled() && clock_boot_ns() < until && !is_due(c));
}

int runner_run(const struct runner_request *request, struct work_result *result,
               struct error *e)
{
    struct work_result sum = {0};
    int64_t tidied_ns = 0;

    while (!operation_all_cancelled()) {
        struct error why = ERROR_INIT;
        if (round_once(request, &tidied_ns, &sum, &why) != 0) {
            if (request->once) {
                *e = why;
                return -1;
            }
            /* A runner that ends because of a full disk makes nothing better. */
            log_write(LOG_WARNING, "runner", "%s", why.text);
            if (request->failed)
                request->failed(request->context, &why);
        }
        if (request->once)
            break;
        rest(setup_catalog(request->setup));
    }
    *result = sum;
    return operation_all_cancelled() && request->once ? operation_check(e) : 0;
}
