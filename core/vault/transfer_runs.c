/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_runs.c - index runs and generations of the configuration.
 *
 * Which packs a run covers only a key would tell.  A run may come when the destination has all
 * packs that the source has: before that it would be of little use there.
 */
#include "base/log.h"
#include "vault/conf.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdlib.h>
#include <string.h>

static int copy_generation(struct transfer *t, const struct conf_entry *entry, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct conf conf;

    if (stored_read(t->carry.from, entry->name, CONF_OBJECT_LIMIT, &data, e) != 0 ||
        conf_decode(data.data, data.size, entry->name, &conf, e) != 0)
        return -1;
    switch (stored_put(t->carry.to, entry->name, data.data, data.size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "%s: something else stands there at the destination", entry->name);
    default:
        return -1;
    }
}

/* Generations above the destination's own, ascending, so that its chain stays whole. */
static int copy_conf(struct transfer *t, struct error *e)
{
    struct conf_entry *entries;
    uint32_t newest = vault_settings(t->to)->generation;
    size_t count;
    int result = 0;

    if (conf_load(t->carry.from, &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        if (entries[i].valid && entries[i].generation > newest)
            result = copy_generation(t, &entries[i], e);
    free(entries);
    return result;
}

int transfer_conf(struct transfer *t, struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&t->lock);
    if (!t->conf_done) {
        result = copy_conf(t, e);
        t->conf_done = result == 0;
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}

/* The runs that the destination lacks. */
struct wanted {
    const struct pack_set *there;
    struct run {
        char name[NAME_SIZE];
        uint8_t hash[32];
        uint64_t bytes;
    } * runs;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct wanted *w = context;
    struct run *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_RUN ||
        pack_set_find(w->there, name.hash) != NULL)
        return 0;
    grown = reallocarray(w->runs, w->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the list of index runs");
    w->runs = grown;
    grown += w->count++;
    memcpy(grown->name, key, strlen(key) + 1); /* a name that was parsed fits */
    memcpy(grown->hash, name.hash, sizeof(grown->hash));
    grown->bytes = bytes;
    return 0;
}

static bool has_all(struct transfer *t)
{
    bool covers;

    pthread_mutex_lock(&t->lock);
    covers = pack_set_covers(&t->packs, &t->source_packs);
    pthread_mutex_unlock(&t->lock);
    return covers;
}

/* Lists the source's packs anew only when the last list says that it may be worth it. */
static int is_complete(struct transfer *t, bool *complete, struct error *e)
{
    *complete = has_all(t);
    if (!*complete)
        return 0;
    pack_set_free(&t->source_packs);
    if (pack_set_list(&t->source_packs, t->carry.from, "packs/", NAME_PACK, e) != 0)
        return -1;
    *complete = has_all(t);
    return 0;
}

static int copy_run(struct transfer_job *job, const struct run *run, struct error *e)
{
    struct transfer *t = job->t;
    struct carry_object o = {.name = run->name, .hash_bytes = 32, .bytes = run->bytes};
    uint64_t bytes = run->bytes;

    memcpy(o.hash, run->hash, sizeof(o.hash));
    switch (carry_object(&t->carry, &o, &bytes, NULL, e)) {
    case CARRY_SENT:
        job->result.objects++;
        job->result.bytes += bytes;
        break;
    case CARRY_PRESENT:
        break;
    default:
        return -1;
    }
    return pack_set_add(&t->runs, run->hash, bytes, e);
}

static int copy_runs(struct transfer_job *job, struct error *e)
{
    struct transfer *t = job->t;
    struct wanted w = {.there = &t->runs};
    bool complete = false;
    int result = 0;

    if (!t->runs_listed) {
        if (pack_set_list(&t->runs, t->carry.to, "runs/", NAME_RUN, e) != 0)
            return -1;
        t->runs_listed = true;
    }
    if (target_list(t->carry.from, "runs/", collect, &w, e) != 0)
        result = -1;
    if (result == 0 && w.count > 0)
        result = is_complete(t, &complete, e);
    for (size_t i = 0; result == 0 && complete && i < w.count; i++)
        result = copy_run(job, &w.runs[i], e);
    if (result == 0 && complete)
        result = target_flush(t->carry.to, e);
    free(w.runs);
    return result;
}

void transfer_runs(struct transfer_job *job)
{
    struct error why = ERROR_INIT;

    pthread_mutex_lock(&job->t->run_lock);
    if (copy_runs(job, &why) != 0)
        log_write(LOG_WARNING, "vault", "index runs were not copied: %s", why.text);
    pthread_mutex_unlock(&job->t->run_lock);
}
