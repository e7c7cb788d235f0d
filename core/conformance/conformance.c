/* SPDX-License-Identifier: Apache-2.0 */
/* conformance.c - a run of the suite: which cases, in which order, and what came out. */
#include "conformance/conformance.h"

#include "conformance/deviations.h"
#include "conformance/tables.h"
#include "conformance/trial_private.h"
#include "driver/describe.h"

#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run at work. */
struct run {
    const struct check_request *request;
    struct check_request own; /* the request with what was left open filled in */
    const struct check_listener *listener;
    struct check_summary *summary;
    struct driver_description *description;
    struct deviations *deviations;
    const struct check_kind *kind;
    uint32_t mark; /* of this run's keys */
    size_t number; /* of the case at work */
};

static bool matches(const char *const *patterns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

/* Whether the case belongs to this run at all. */
static bool is_chosen(const struct run *r, const struct check_case *row)
{
    const struct check_request *request = r->request;
    if (row->kind != 0 && row->kind != r->description->kind)
        return false;
    if (request->groups != 0 && !(request->groups & 1U << row->group))
        return false;
    if (request->only_count > 0 && !matches(request->only, request->only_count, row->name))
        return false;
    return !matches(request->except, request->except_count, row->name);
}

static bool has_slot(const struct driver_description *d, const char *name, size_t size)
{
    for (size_t i = 0; i < d->slot_count; i++)
        if (strlen(d->slots[i].name) == size && strncmp(d->slots[i].name, name, size) == 0)
            return d->slots[i].present;
    return false;
}

/* Why the case is not run, into `why`; false when it is. */
static bool is_left_out(const struct run *r, const struct check_case *row, char *why,
                        size_t room)
{
    const char *next = row->needs ? row->needs : "";
    if (r->request->safe && !(row->marks & CASE_SAFE)) {
        snprintf(why, room, "not safe beside other users of a store");
        return true;
    }
    while (*next) {
        size_t size = strcspn(next, " ");
        if (!has_slot(r->description, next, size)) {
            snprintf(why, room, "the driver has no %.*s", (int)size, next);
            return true;
        }
        next += size + strspn(next + size, " ");
    }
    return false;
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return hash;
}

/* A trial of `row` with the keys and the place of the case at work. */
static struct trial trial_of(const struct run *r, const struct check_case *row)
{
    struct trial t = {.request = r->request,
                      .row = row,
                      .kind = r->kind,
                      .verdict_fd = -1,
                      .random = r->request->seed ^ hash_name(row->name)};
    snprintf(t.prefix, sizeof t.prefix, "check-%08x/%03u/", r->mark,
             (unsigned)r->number % 1000);
    if (r->number > 0)
        snprintf(t.suffix, sizeof t.suffix, "c%03u", (unsigned)r->number % 1000);
    return t;
}

/* The place as a whole, before the first case. */

static void look_at_place(struct trial *t)
{
    if (t->kind->expect_empty && !t->request->safe)
        t->kind->expect_empty(t);
}

static int prepare_place(struct run *r, struct error *e)
{
    static const struct check_case row = {.name = "place", .run = look_at_place};
    struct trial t = trial_of(r, &row);
    struct trial_end end;
    if (trial_run(&t, &end, e) < 0)
        return -1;
    if (!end.failed)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_FAILED, "%s: %s%s%s", r->request->module,
                     end.verdict.asked, end.verdict.asked[0] ? ": " : "", end.verdict.came);
}

/* After a case. */

static void clean_place(struct trial *t)
{
    t->kind->clean(t);
}

static int clean_up(struct run *r, struct trial_end *after, struct error *e)
{
    static const struct check_case row = {.name = "clean", .run = clean_place};
    struct trial t = trial_of(r, &row);
    struct trial_end end;
    size_t used = strlen(after->notes);
    if (!r->kind->clean)
        return 0;
    if (trial_run(&t, &end, e) < 0)
        return -1;
    if (end.failed)
        snprintf(after->notes + used, sizeof after->notes - used,
                 "left objects below %s: %s: %s\n", t.prefix, end.verdict.asked,
                 end.verdict.came);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    remove(path);
    return 0;
}

/* A case may leave folders without the right to look into them. */
static int open_folder(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)at;
    if (type == FTW_D || type == FTW_DNR)
        chmod(path, 0700);
    return 0;
}

/* The word that names the place, when that is a folder. */
static const char *place_path(const struct run *r)
{
    const struct driver_description *d = r->description;
    for (size_t i = 0; i < d->parameter_count; i++) {
        const struct lagan_parameter *row = &d->parameters[i];
        size_t size = strlen(row->name);
        if (!(row->flags & LAGAN_PARAMETER_PLACE) || row->type != LAGAN_PARAMETER_PATH)
            continue;
        for (size_t n = 0; n < r->request->word_count; n++) {
            const char *word = r->request->words[n];
            if (strncmp(word, row->name, size) == 0 && word[size] == '=')
                return word + size + 1;
            if ((row->flags & LAGAN_PARAMETER_BARE) && word[0] == '/')
                return word;
        }
    }
    return NULL;
}

/* Where each case has a place of its own, that goes, too. */
static void remove_own_place(const struct run *r)
{
    const char *place = place_path(r);
    char *path;
    if (!r->kind->own_place || r->request->safe || !place ||
        asprintf(&path, "%s/c%03u", place, (unsigned)r->number % 1000) < 0)
        return;
    nftw(path, open_folder, 16, FTW_PHYS);
    nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
    free(path);
}

static int make_place_above(const struct run *r, struct error *e)
{
    const char *place = place_path(r);
    if (!r->kind->own_place || r->request->safe || !place)
        return 0;
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return error_errno(e, errno, "%s", place);
    return 0;
}

/* Results. */

static enum check_outcome judge(const struct trial_end *end, const char *reason)
{
    if (end->failed)
        return reason ? CHECK_DEVIATED : CHECK_FAILED;
    if (reason && !end->skipped)
        return CHECK_UNEXPECTED;
    return end->skipped ? CHECK_SKIPPED : CHECK_PASSED;
}

static void count(struct check_summary *summary, enum check_outcome outcome)
{
    summary->passed += outcome == CHECK_PASSED;
    summary->failed += outcome == CHECK_FAILED || outcome == CHECK_UNEXPECTED;
    summary->skipped += outcome == CHECK_SKIPPED;
    summary->deviated += outcome == CHECK_DEVIATED;
}

static int run_case(struct run *r, const struct check_case *row, struct error *e)
{
    const char *reason = deviations_find(r->deviations, row->name);
    struct trial t = trial_of(r, row);
    struct trial_end end = {0};
    int cleaned = 0;
    if (is_left_out(r, row, end.verdict.came, sizeof end.verdict.came)) {
        end.skipped = true;
    } else {
        int ran = trial_run(&t, &end, e);
        struct error unheard = ERROR_INIT;
        /* What a case has left is removed also when all is interrupted. */
        if (ran < 0)
            operation_cancel_reset();
        cleaned = clean_up(r, &end, ran < 0 ? &unheard : e);
        remove_own_place(r);
        if (ran < 0 || cleaned < 0)
            return -1;
    }
    struct check_result result = {.number = r->number,
                                  .name = row->name,
                                  .group = row->group,
                                  .outcome = judge(&end, reason),
                                  .asked = end.failed ? end.verdict.asked : "",
                                  .came = end.verdict.came,
                                  .look = end.verdict.look,
                                  .reason = reason ? reason : "",
                                  .output = end.output,
                                  .notes = end.notes,
                                  .seconds = end.seconds};
    count(r->summary, result.outcome);
    return r->listener->result(r->listener->context, &result, e);
}

/* Calls for each chosen case, group by group. */
static int run_cases(struct run *r, struct error *e)
{
    size_t all = check_case_count();
    for (int group = 0; group < CHECK_GROUP_COUNT; group++) {
        for (size_t i = 0; i < all; i++) {
            const struct check_case *row = check_case_at(i);
            if ((int)row->group != group || !is_chosen(r, row))
                continue;
            r->number++;
            if (run_case(r, row, e) < 0)
                return -1;
        }
    }
    return 0;
}

static size_t count_chosen(const struct run *r)
{
    size_t count = 0;
    for (size_t i = 0; i < check_case_count(); i++)
        count += is_chosen(r, check_case_at(i));
    return count;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < check_case_count(); i++)
        if (strcmp(check_case_at(i)->name, name) == 0)
            return true;
    return false;
}

static int begin(struct run *r, struct error *e)
{
    char *path = NULL;
    r->description = driver_describe_in_child(r->request->host, r->request->module, e);
    if (!r->description)
        return -1;
    r->kind = check_kind_find(r->description->kind);
    if (!r->kind)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                         "%s: there are no cases for drivers of kind %s", r->request->module,
                         driver_kind_name(r->description->kind));
    if (asprintf(&path, "%s/%s.deviations", driver_host_directory(r->request->host),
                 r->request->module) < 0)
        return error_no_memory(e, "a path");
    r->deviations = deviations_read(path, is_known, e);
    free(path);
    if (!r->deviations)
        return -1;
    if (count_chosen(r) == 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "no case of that group and name");
    if (make_place_above(r, e) < 0 || prepare_place(r, e) < 0)
        return -1;
    return r->listener->begin(r->listener->context, count_chosen(r), r->request->seed, e);
}

int conformance_run(const struct check_request *request, const struct check_listener *listener,
                    struct check_summary *summary, struct error *e)
{
    struct run r = {.own = *request, .listener = listener, .summary = summary};
    uint64_t random[2];
    int result;
    *summary = (struct check_summary){0};
    operation_host_table()->random(random, sizeof random);
    if (r.own.seed == 0)
        r.own.seed = random[0] % 1000000000 + 1;
    r.mark = (uint32_t)random[1];
    r.request = &r.own;
    result = begin(&r, e);
    if (result == 0)
        result = run_cases(&r, e);
    deviations_free(r.deviations);
    driver_description_free(r.description);
    return result;
}
