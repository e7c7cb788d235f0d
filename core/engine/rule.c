/* SPDX-License-Identifier: Apache-2.0 */
/* rule.c - see rule.h: one pass. */
#include "engine/rule_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ends ---- */

static struct catalog_source *source_of(struct rule_pass *p, const uint8_t id[CATALOG_ID_SIZE],
                                        struct error *e)
{
    return catalog_source_get(p->catalog, id, e);
}

static int open_ends(struct rule_pass *p, struct error *e)
{
    struct catalog_source *from = source_of(p, p->row->from, e);
    struct catalog_source *to = from != NULL ? source_of(p, p->row->to, e) : NULL;

    if (to != NULL)
        p->ends = object_ends_open(p->setup, from, to, e);
    catalog_source_free(from);
    catalog_source_free(to);
    if (p->ends == NULL)
        return error_context(e, "the rule %s", p->row->name);
    snprintf(p->from_place, sizeof(p->from_place), "%s", p->row->from_place);
    snprintf(p->to_place, sizeof(p->to_place), "%s", p->row->to_place);
    return 0;
}

/* OBJ-03, on every pass. */
static int check_ends(struct rule_pass *p, struct error *e)
{
    enum object_versions from =
        (enum object_versions)source_capabilities(object_ends_from(p->ends))->versions;
    enum object_versions to =
        (enum object_versions)source_capabilities(object_ends_to(p->ends))->versions;

    if (object_rule_check_ends(rule_of(p), from, to, e) == 0)
        return 0;
    if (e->code == ERROR_RULE_DESTINATION_VERSIONS) {
        struct error why = ERROR_INIT;
        if (catalog_object_rule_invalidate(p->catalog, p->row, e->text, &why) != 0)
            log_write(LOG_WARNING, "rule", "%s", why.text);
    }
    return -1;
}

static int check_state(const struct catalog_object_rule *row, struct error *e)
{
    if (row->state == CATALOG_RULE_DISABLED)
        return error_set(e, LAGAN_PRECONDITION, ERROR_RULE_DISABLED,
                         "the rule %s is switched off; `lagan rule enable` switches it on",
                         row->name);
    if (row->state == CATALOG_RULE_INVALID)
        return error_set(e, LAGAN_PRECONDITION, ERROR_RULE_INVALID,
                         "the rule %s is invalid (%s); `lagan rule enable` tries it again",
                         row->name, row->reason);
    return 0;
}

/* ---- the pass ---- */

static int prepare(struct rule_pass *p, struct error *e)
{
    if (check_state(p->row, e) != 0 || rule_set_load(p->catalog, p->row, &p->set, e) != 0)
        return -1;
    p->at = rule_set_find(&p->set, p->row->id);
    if (p->at == p->set.count)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_RULE, "the rule %s is gone",
                         p->row->name);
    if (open_ends(p, e) != 0 || check_ends(p, e) != 0)
        return -1;
    if (rule_of(p)->bandwidth == NULL)
        return 0;
    p->pace = pace_new(rule_of(p)->bandwidth, e);
    return p->pace != NULL ? 0 : -1;
}

static void release(struct rule_pass *p)
{
    object_ends_close(p->ends);
    pace_free(p->pace);
    rule_set_clear(&p->set);
    p->ends = NULL;
    p->pace = NULL;
}

/* The next pass is due a while after this one began, or at once when this one was cut. */
static int64_t next_ns(const struct rule_pass *p)
{
    struct object_rule rule;
    struct object_rule_pair *pairs = NULL;
    struct error ignored = ERROR_INIT;
    int64_t every_ns = INT64_C(60) * 1000000000;

    if (p->result->cut)
        return 0;
    if (rule_parse(p->row, &rule, &pairs, &ignored) == 0)
        every_ns = rule.every_ns;
    free(pairs);
    return p->row->started_ns + every_ns;
}

static int work(struct rule_pass *p,
                int (*gather)(struct rule_pass *p, void *context, struct error *e),
                void *context, struct error *e)
{
    int result = prepare(p, e);

    if (result == 0 && gather != NULL)
        result = gather(p, context, e);
    if (result == 0)
        result = rule_scan(p, e);
    if (result == 0)
        result = rule_work(p, e);
    release(p);
    return result;
}

/* The outcome is written in any case; one that cannot be is found by the next pass. */
static int finish(struct rule_pass *p, struct task *task, int result, struct error *e)
{
    struct error why = ERROR_INIT;

    if (catalog_object_rule_end(p->catalog, p->row, next_ns(p), result != 0 ? e : NULL, &why) !=
            0 &&
        result == 0) {
        *e = why;
        result = -1;
    }
    task_end(task, result != 0 ? e : NULL);
    return result;
}

int rule_pass_run(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
                  const struct job_reporter *reporter,
                  int (*gather)(struct rule_pass *p, void *context, struct error *e),
                  void *context, struct rule_result *result, struct error *e)
{
    struct rule_pass p = {.setup = s, .catalog = setup_catalog(s), .result = result};
    char subject[CATALOG_TEXT_SIZE];
    struct task task;

    *result = (struct rule_result){0};
    p.row = catalog_object_rule_get(p.catalog, id, e);
    if (p.row == NULL || check_state(p.row, e) != 0) {
        catalog_object_rule_free(p.row);
        return -1;
    }
    snprintf(subject, sizeof(subject), "rule %s", p.row->name);
    task_begin(&task, p.catalog, CATALOG_TASK_RULE, NULL, p.row->from, subject, reporter);
    struct job_reporter inner = task_reporter(&task);
    p.reporter = &inner;
    pthread_mutex_init(&p.lock, NULL);
    int done = catalog_object_rule_begin(p.catalog, p.row, task.row.id, e);
    if (done == 0)
        done = finish(&p, &task, work(&p, gather, context, e), e);
    else
        task_end(&task, e);
    pthread_mutex_destroy(&p.lock);
    catalog_object_rule_free(p.row);
    return done;
}

int rule_run(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
             const struct job_reporter *reporter, struct rule_result *result, struct error *e)
{
    return rule_pass_run(s, id, reporter, NULL, NULL, result, e);
}

/* ---- lag ---- */

static int64_t age(int64_t since_ns, int64_t now_ns)
{
    return since_ns != 0 && now_ns > since_ns ? now_ns - since_ns : 0;
}

int rule_lag(struct catalog *c, const struct catalog_object_rule *row, struct rule_lag *lag,
             struct error *e)
{
    struct rule_lag made = {.rpo_ns = 0};
    struct object_rule rule;
    struct object_rule_pair *pairs = NULL;
    int64_t now_ns = clock_wall_ns();

    if (catalog_object_rule_figures(c, row->id, &made.figures, e) != 0 ||
        rule_parse(row, &rule, &pairs, e) != 0)
        return -1;
    made.rpo_ns = rule.rpo_ns;
    free(pairs);
    made.oldest_pending_age_ns = age(made.figures.oldest_ns, now_ns);
    made.unseen_ns = age(row->seen_ns != 0 ? row->seen_ns : row->created_ns, now_ns);
    if (row->state == CATALOG_RULE_ENABLED)
        made.behind_ns = made.oldest_pending_age_ns > made.unseen_ns
                             ? made.oldest_pending_age_ns
                             : made.unseen_ns;
    made.over = made.rpo_ns > 0 && made.behind_ns > made.rpo_ns;
    *lag = made;
    return 0;
}
