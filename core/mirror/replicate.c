/* SPDX-License-Identifier: Apache-2.0 */
/* replicate.c - works on one line of the ledger. */
#include "mirror/replicate.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/run.h"
#include "catalog/usage.h"
#include "driver/operation.h"
#include "engine/backup_row.h"
#include "engine/keep.h"
#include "engine/manage.h"
#include "engine/policy_row.h"
#include "engine/replicate.h"
#include "mirror/replica_rules.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    SLICE_BYTES = 256 << 10 /* passed at a time, so that leases are renewed in between */
};
static const int64_t KEEP_EVERY_NS = INT64_C(5000000000), LOOK_EVERY_NS = INT64_C(1000000000);

/* A line at work. */
struct copying {
    const struct replicate_request *request;
    struct catalog_ledger line;
    struct catalog_backup backup; /* the source's row */
    struct open_vault from, to;

    pthread_mutex_t lock; /* one call of `pass` at a time, and what follows */
    pthread_cond_t ended;
    bool over;
    bool stopped; /* `pass` has said so: `why` */
    struct error why;
};

/* ---- the lease, while nothing moves ---- */

/* Called with the lock held. */
static int pass_slice(struct copying *c, uint64_t bytes, struct error *e)
{
    if (!c->stopped && c->request->pass(c->request->context, bytes, &c->why) != 0)
        c->stopped = true;
    if (!c->stopped)
        return 0;
    *e = c->why;
    return -1;
}

static int pass(void *context, uint64_t bytes, struct error *e)
{
    struct copying *c = context;
    int result;

    do {
        uint64_t slice = bytes < SLICE_BYTES ? bytes : SLICE_BYTES;
        pthread_mutex_lock(&c->lock);
        result = pass_slice(c, slice, e);
        pthread_mutex_unlock(&c->lock);
        bytes -= slice;
    } while (result == 0 && bytes > 0);
    return result;
}

/* Opening, waiting and sealing take their time. */
static void *keep(void *context)
{
    struct copying *c = context;
    struct error ignored = ERROR_INIT;

    pthread_mutex_lock(&c->lock);
    while (!c->over) {
        clock_wait(&c->ended, &c->lock, KEEP_EVERY_NS);
        if (!c->over)
            pass_slice(c, 0, &ignored);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static bool is_stopped(struct copying *c, struct error *e)
{
    pthread_mutex_lock(&c->lock);
    bool stopped = c->stopped;
    if (stopped)
        *e = c->why;
    pthread_mutex_unlock(&c->lock);
    return stopped;
}

/* ---- turns: one replica of a vault at a time, or each would store what all have in common
 * ----
 */

enum { TURNS = 64 };
static pthread_mutex_t turns_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turns_given = PTHREAD_COND_INITIALIZER;
static uint8_t turns[TURNS][CATALOG_ID_SIZE];
static size_t turn_count;

static size_t find_turn(const uint8_t vault[CATALOG_ID_SIZE])
{
    size_t at = 0;

    while (at < turn_count && memcmp(turns[at], vault, CATALOG_ID_SIZE) != 0)
        at++;
    return at;
}

static int take_turn(struct copying *c, struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&turns_lock);
    while (turn_count == TURNS || find_turn(c->line.vault) < turn_count) {
        clock_wait(&turns_given, &turns_lock, LOOK_EVERY_NS);
        if (operation_check(e) != 0 || is_stopped(c, e)) {
            result = -1;
            break;
        }
    }
    if (result == 0)
        memcpy(turns[turn_count++], c->line.vault, CATALOG_ID_SIZE);
    pthread_mutex_unlock(&turns_lock);
    return result;
}

static void give_turn(struct copying *c)
{
    pthread_mutex_lock(&turns_lock);
    size_t at = find_turn(c->line.vault);
    memcpy(turns[at], turns[--turn_count], CATALOG_ID_SIZE);
    pthread_cond_broadcast(&turns_given);
    pthread_mutex_unlock(&turns_lock);
}

/* ---- what the catalog knows ---- */

static void skip(struct replicate_result *result, const char *why)
{
    result->skipped = true;
    snprintf(result->text, sizeof(result->text), "%s", why);
}

/* Another line may have brought it there since this one was given up. */
static int look_at_ledger(struct copying *c, struct replicate_result *result, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->request->setup);
    struct catalog_replicated replicated;

    if (catalog_ledger_find(catalog, c->request->item->subject, &c->line, e) != 0 ||
        catalog_ledger_history(catalog, c->line.source_vault, c->line.backup, c->line.region,
                               &replicated, e) != 0)
        return -1;
    if (replicated.live && strcmp(replicated.last.id, c->line.id) != 0)
        skip(result, "a later request has brought it there");
    return 0;
}

/* The rows of both vaults and of the backup; what is gone is a reason to skip. */
static int look_at_source(struct copying *c, struct replicate_result *result, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->request->setup);
    struct error gone = ERROR_INIT;

    c->from.row = catalog_vault_get(catalog, c->line.source_vault, &gone);
    if (c->from.row == NULL && gone.code == ERROR_NO_VAULT) {
        skip(result, "its vault was deleted");
        return 0;
    }
    if (c->from.row != NULL && c->from.row->state == CATALOG_VAULT_DELETED) {
        skip(result, "its vault was deleted, and may be brought back");
        return 0;
    }
    if (c->from.row != NULL && catalog_backup_get(catalog, c->line.source_vault, c->line.backup,
                                                  &c->backup, &gone) == 0)
        return 0;
    if (gone.code == ERROR_NO_BACKUP) {
        skip(result, "the backup was deleted");
        return 0;
    }
    *e = gone;
    return -1;
}

static int look_at_destination(struct copying *c, struct error *e)
{
    struct setup *s = c->request->setup;
    struct error why = ERROR_INIT;

    c->to.row = catalog_vault_get(setup_catalog(s), c->line.vault, &why);
    if (c->to.row == NULL)
        return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT, "the replica's %s",
                         why.text);
    struct replica_wish wish = {
        .source = c->from.row, .destination = c->to.row, .region = c->line.region};
    if (replica_subject_fits(&wish, REPLICA_OF_SOURCE, e) != 0 ||
        replica_subject_fits(&wish, REPLICA_OF_DESTINATION, e) != 0)
        return -1;
    if (manage_room(s, c->line.vault, 1, &why) == 0)
        return 0;
    if (why.code != ERROR_VAULT_FULL) {
        *e = why;
        return -1;
    }
    return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT, "%s", why.text);
}

/* What people see while it runs; nothing depends on it. */
static void show_state(struct copying *c, enum catalog_ledger_state state,
                       const struct error *why)
{
    struct error e = ERROR_INIT;

    c->line.state = state;
    c->line.why = *why;
    snprintf(c->line.task, sizeof(c->line.task), "%s", c->request->item->task);
    if (state == CATALOG_LEDGER_RUNNING)
        c->line.started_ns = clock_wall_ns();
    if (catalog_ledger_update(setup_catalog(c->request->setup), &c->line, &e) != 0)
        log_write(LOG_WARNING, "mirror", "replica %s: %s", c->line.id, e.text);
}

/* ---- the work ---- */

/* A place that is not there may come back: it is no reason to give anything up. */
static int open_vault(struct copying *c, struct open_vault *vault, bool read_only,
                      struct error *e)
{
    struct catalog_vault *row = vault->row;

    vault->row = NULL;
    if (setup_vault_open_row(c->request->setup, row, NULL, read_only, vault, e) == 0)
        return 0;
    if (e->error_class == LAGAN_NOT_FOUND)
        e->error_class = LAGAN_OFFLINE;
    return -1;
}

/* RET-05: what a policy has brought goes by that policy's rules. */
static int find_policy(struct copying *c, struct policy **policy, struct error *e)
{
    if (c->line.way != CATALOG_WAY_POLICY)
        return 0;
    return policy_row_find(setup_catalog(c->request->setup), c->line.policy,
                           CATALOG_POLICY_REPLICATION, policy, e);
}

static struct stamp stamp_of(const struct copying *c, const struct policy *policy)
{
    return (struct stamp){.trigger = catalog_trigger_name(CATALOG_TRIGGER_SCHEDULE),
                          .policy = c->line.policy,
                          .retention = policy != NULL ? &policy->retention : NULL,
                          .zone = policy != NULL ? policy->zone : NULL};
}

static int copy_stamped(struct copying *c, const struct stamp *stamp,
                        struct replicate_result *result, struct error *e)
{
    struct setup *s = c->request->setup;
    struct replication_result made = {.seal = NULL};
    uint8_t writer[CATALOG_ID_SIZE];

    if (open_vault(c, &c->from, true, e) != 0 || open_vault(c, &c->to, false, e) != 0)
        return -1;
    catalog_writer_id(setup_catalog(s), writer);
    struct replication_request request = {
        .from = c->from.vault,
        .to = c->to.vault,
        .backup = c->line.backup,
        .origin_vault = c->line.source_vault,
        .origin_region = c->line.source_region,
        .writer_id = writer,
        .host = setup_host_name(s),
        .name = c->line.name[0] != '\0' ? c->line.name : NULL,
        .description = c->line.description[0] != '\0' ? c->line.description : NULL,
        .stamp = c->line.way == CATALOG_WAY_POLICY ? stamp : NULL,
        .context = c,
        .pass = pass,
    };
    if (replication_run(&request, &made, e) != 0)
        return -1;
    backup_row_fill(&result->replica, c->line.vault, made.seal, NULL);
    memcpy(result->replica.parent, made.parent, sizeof(result->replica.parent));
    memcpy(result->replica.kind, c->backup.kind, sizeof(result->replica.kind));
    result->replica.system_disk = c->backup.system_disk;
    result->bytes = made.bytes;
    result->bytes_sent = made.bytes_sent;
    seal_free(made.seal);
    return 0;
}

static int copy_pinned(struct copying *c, struct replicate_result *result, struct error *e)
{
    struct policy *policy = NULL;
    int done = find_policy(c, &policy, e) < 0 ? -1 : 0;
    const struct stamp stamp = stamp_of(c, policy);

    if (done == 0)
        done = copy_stamped(c, &stamp, result, e);
    policy_free(policy);
    return done;
}

/* Nobody deletes the source meanwhile. */
static int copy(struct copying *c, struct replicate_result *result, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->request->setup);
    struct catalog_pin pin = {.kind = CATALOG_PIN_JOB};
    int kept = keep_begin(catalog, c->line.source_vault, c->line.backup, c->line.id,
                          "it is being copied to another region", &pin, e);

    if (kept == 0)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "backup %s is being deleted",
                  c->line.backup);
    int done = kept > 0 ? copy_pinned(c, result, e) : -1;
    keep_end(catalog, &pin);
    return done;
}

static int work(struct copying *c, struct replicate_result *result, struct error *e)
{
    struct error why = ERROR_INIT;

    if (take_turn(c, e) != 0)
        return -1;
    int done = look_at_ledger(c, result, e);
    if (done == 0 && !result->skipped)
        done = look_at_source(c, result, e);
    if (done == 0 && !result->skipped) {
        show_state(c, CATALOG_LEDGER_RUNNING, &why);
        done = look_at_destination(c, &why) == 0 ? copy(c, result, &why) : -1;
        if (done != 0 && why.code == ERROR_NO_BACKUP) {
            skip(result, "the backup was deleted");
            done = 0;
        }
        if (done != 0) {
            show_state(c, CATALOG_LEDGER_WAITING, &why);
            *e = why;
        }
    }
    open_vault_close(&c->from);
    open_vault_close(&c->to);
    give_turn(c);
    return done;
}

int replicate_run(const struct replicate_request *request, struct replicate_result *result,
                  struct error *e)
{
    struct copying c = {.request = request};
    struct replicate_result made = {.skipped = false};
    pthread_t keeper;

    if (catalog_ledger_find(setup_catalog(request->setup), request->item->subject, &c.line,
                            e) != 0)
        return -1;
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.ended, NULL);
    int number = pthread_create(&keeper, NULL, keep, &c);
    int done =
        number == 0 ? work(&c, &made, e) : error_errno(e, number, "cannot start a thread");
    if (number == 0) {
        pthread_mutex_lock(&c.lock);
        c.over = true;
        pthread_cond_signal(&c.ended);
        pthread_mutex_unlock(&c.lock);
        pthread_join(keeper, NULL);
    }
    pthread_cond_destroy(&c.ended);
    pthread_mutex_destroy(&c.lock);
    if (done == 0)
        *result = made;
    return done;
}

/* ---- records ---- */

static int end_line(struct catalog *c, struct catalog_ledger *line,
                    enum catalog_ledger_state state, struct error *e)
{
    line->state = state;
    line->ended_ns = clock_wall_ns();
    return catalog_ledger_update(c, line, e);
}

/* Its place was reached, whatever was said of it before. */
static int note_reached(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                        struct error *e)
{
    struct catalog_lane lane;

    if (catalog_lane_get(c, vault, &lane, e) != 0)
        return -1;
    return lane.away_ns == 0 ? 0 : catalog_lane_back(c, vault, e);
}

int replicate_record(struct catalog *c, const struct catalog_item *item,
                     const struct replicate_result *result, struct error *e)
{
    struct catalog_ledger line;
    char route[2 * NAME_SIZE];

    if (catalog_ledger_find(c, item->subject, &line, e) != 0)
        return -1;
    snprintf(line.task, sizeof(line.task), "%s", item->task);
    line.why = ERROR_INIT;
    if (result->skipped) {
        error_set(&line.why, LAGAN_PRECONDITION, ERROR_FAILED, "%s", result->text);
        return end_line(c, &line, CATALOG_LEDGER_SKIP, e);
    }
    snprintf(line.replica, sizeof(line.replica), "%s", result->replica.id);
    line.bytes = result->bytes;
    line.bytes_sent = result->bytes_sent;
    snprintf(route, sizeof(route), "%s>%s", line.source_region, line.region);
    /* What is metered is the size of the backup; the ledger has what went over the line. */
    if (catalog_backup_upsert(c, &result->replica, e) != 0 ||
        end_line(c, &line, CATALOG_LEDGER_SUCCESS, e) != 0 ||
        note_reached(c, line.vault, e) != 0)
        return -1;
    return catalog_usage_add(c, CATALOG_USAGE_REPLICATED, line.vault, route, result->bytes,
                             clock_wall_ns(), e);
}

int replicate_note(struct catalog *c, const struct catalog_item *item, const struct error *why,
                   bool given_up, struct error *e)
{
    struct catalog_ledger line;

    if (catalog_ledger_find(c, item->subject, &line, e) != 0)
        return -1;
    snprintf(line.task, sizeof(line.task), "%s", item->task);
    line.why = *why;
    if (why->error_class == LAGAN_CANCELLED)
        return end_line(c, &line, CATALOG_LEDGER_SKIP, e);
    if (given_up)
        return end_line(c, &line, CATALOG_LEDGER_FAIL, e);
    line.state = CATALOG_LEDGER_WAITING;
    return catalog_ledger_update(c, &line, e);
}
