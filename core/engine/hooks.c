/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.c - see hooks.h. */
#include "engine/hooks.h"

#include "base/command.h"
#include "base/file.h"
#include "base/log.h"
#include "base/object.h"
#include "base/text.h"
#include "driver/operation.h"
#include "engine/guardian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOOKS_MAGIC = 0x484f4f4b,
    LOGGED_LINES = 100, /* of one command; the rest is counted */
    QUOTED = 60         /* bytes of a command in messages */
};
#define SECOND_NS INT64_C(1000000000)
static const int64_t TIMEOUT_NS = 60 * SECOND_NS;
static const int64_t MARGIN_NS = 10 * SECOND_NS; /* that the guardian gives beyond a timeout */

static const char *const hook_names[HOOK_COUNT] = {
#define X(symbol, name, ends) name,
    HOOKS(X)
#undef X
};

/* How a level stands. */
struct level {
    bool begun; /* its freeze was begun and it is not thawed */
    bool frozen;
};

struct hooks {
    uint32_t magic;
    const struct hook_set *sets;
    struct level *levels;
    size_t count;
    struct hook_facts facts; /* as at the beginning: what a thaw at the very end is told */
    struct guardian *guardian;
    bool held; /* all that have a freeze were frozen, and nobody thawed too early */
    enum policy_consistency said;
    char *path;
};

/* What one command prints. */
struct heard {
    enum hook hook;
    struct guardian *guardian; /* that is told of a freeze; NULL = none */
    unsigned lines;
    char path[ERROR_TEXT_SIZE];
    enum policy_consistency said;
};

/* ---- settings ---- */

int hook_consistency_read(const struct catalog_pairs *settings,
                          enum policy_consistency *consistency, struct error *e)
{
    const char *text = catalog_pairs_find(settings, "consistency");
    *consistency = POLICY_CONSISTENCY_NONE;
    if (!text)
        return 0;
    for (int i = POLICY_CONSISTENCY_NONE; i <= POLICY_CONSISTENCY_APP; i++) {
        if (strcmp(text, policy_consistency_name((enum policy_consistency)i)) != 0)
            continue;
        *consistency = (enum policy_consistency)i;
        return 0;
    }
    return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                     "consistency=%s: it can be none, crash or app", text);
}

int hook_set_read(const struct catalog_pairs *settings, struct hook_set *set, struct error *e)
{
    const char *timeout = catalog_pairs_find(settings, "hook-timeout");
    struct hook_set made = {.timeout_ns = 0};
    if (timeout && (text_parse_duration(timeout, &made.timeout_ns) != 0 ||
                    made.timeout_ns < SECOND_NS || made.timeout_ns > 24 * 3600 * SECOND_NS))
        return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                         "hook-timeout=%s: it is a time from 1s to 24h", timeout);
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const char *line = catalog_pairs_find(settings, hook_names[i]);
        made.commands[i] = line && line[0] ? line : NULL;
    }
    *set = made;
    return 0;
}

/* ---- one command ---- */

static int64_t timeout_of(const struct hook_set *set)
{
    return set->timeout_ns > 0 ? set->timeout_ns : TIMEOUT_NS;
}

/* X(variable, its value) */
#define FACTS(X)                                                                               \
    X("LAGAN_EVENT", event)                                                                    \
    X("LAGAN_SOURCE", facts->source)                                                           \
    X("LAGAN_VAULT", facts->vault)                                                             \
    X("LAGAN_POLICY", facts->policy)                                                           \
    X("LAGAN_PATH", facts->path)                                                               \
    X("LAGAN_SNAPSHOT", snapshot)                                                              \
    X("LAGAN_BACKUP", facts->backup)                                                           \
    X("LAGAN_STATUS", facts->status)                                                           \
    X("LAGAN_ERROR", facts->error)
#define X(name, value) +1
enum { FACT_COUNT = 0 FACTS(X) };
#undef X

static void variables_free(char *variables[FACT_COUNT + 1])
{
    for (size_t i = 0; i < FACT_COUNT; i++)
        free(variables[i]);
}

static int variables_make(char *variables[FACT_COUNT + 1], const struct hook_facts *facts,
                          const char *event, const char *snapshot, struct error *e)
{
    const struct {
        const char *name, *value;
    } known[FACT_COUNT] = {
#define X(name, value) {name, value},
        FACTS(X)
#undef X
    };
    memset(variables, 0, (FACT_COUNT + 1) * sizeof(*variables));
    for (size_t i = 0; i < FACT_COUNT; i++) {
        if (asprintf(&variables[i], "%s=%s", known[i].name,
                     known[i].value ? known[i].value : "") >= 0)
            continue;
        variables[i] = NULL;
        variables_free(variables);
        return error_no_memory(e, "what a hook is told");
    }
    return 0;
}

/* Whether the line was meant for us. */
static bool take_line(struct heard *heard, const char *line)
{
    static const char path[] = "LAGAN_PATH=", consistency[] = "LAGAN_CONSISTENCY=";
    if (heard->hook != HOOK_BEFORE && heard->hook != HOOK_FREEZE)
        return false;
    if (strncmp(line, path, sizeof(path) - 1) == 0) {
        snprintf(heard->path, sizeof(heard->path), "%s", line + sizeof(path) - 1);
        return true;
    }
    if (strncmp(line, consistency, sizeof(consistency) - 1) != 0)
        return false;
    bool crash = strcmp(line + sizeof(consistency) - 1, "crash") == 0;
    heard->said = crash ? POLICY_CONSISTENCY_CRASH : POLICY_CONSISTENCY_APP;
    return true;
}

static void hear(void *context, const char *line)
{
    struct heard *heard = context;
    if (take_line(heard, line))
        return;
    heard->lines++;
    if (heard->lines <= LOGGED_LINES)
        log_write(LOG_INFO, "hook", "%s: %s", hook_names[heard->hook], line);
    else if (heard->lines == LOGGED_LINES + 1)
        log_write(LOG_INFO, "hook", "%s: (it prints more, which is not shown)",
                  hook_names[heard->hook]);
}

static void watch(void *context, pid_t group)
{
    const struct heard *heard = context;
    guardian_watch(heard->guardian, group);
}

/* A command that failed. */
static int fail(enum hook hook, const struct command_request *request,
                const struct command_result *result, struct error *e)
{
    char outcome[ERROR_TEXT_SIZE / 2];
    command_outcome(request, result, outcome, sizeof(outcome));
    uint32_t class = result->cancelled ? LAGAN_CANCELLED : LAGAN_IO;
    enum error_code code = result->cancelled   ? ERROR_INTERRUPTED
                           : result->timed_out ? ERROR_HOOK_TIMEOUT
                                               : ERROR_HOOK_FAILED;
    return error_set(e, class, code, "the hook %s (%.*s%s) %s", hook_names[hook], QUOTED,
                     request->line, strlen(request->line) > QUOTED ? "..." : "", outcome);
}

/* Runs the command of one level, if there is one. */
static int run(struct hooks *h, size_t level, enum hook hook, const struct hook_facts *facts,
               struct heard *heard, struct error *e)
{
    const char *line = h->sets[level].commands[hook];
    char *variables[FACT_COUNT + 1];
    *heard = (struct heard){.hook = hook,
                            .guardian = hook == HOOK_FREEZE ? h->guardian : NULL,
                            .said = POLICY_CONSISTENCY_APP};
    if (!line)
        return 0;
    if (variables_make(variables, facts, hook_names[hook], h->path, e) != 0)
        return -1;
    bool early = hook == HOOK_BEFORE || hook == HOOK_FREEZE;
    struct command_result result;
    struct command_request request = {.line = line,
                                      .variables = (const char *const *)variables,
                                      .limit_ns = timeout_of(&h->sets[level]),
                                      .cancel_fd = early ? operation_cancel_fd() : -1,
                                      .heard = hear,
                                      .started = heard->guardian ? watch : NULL,
                                      .context = heard};
    int done = command_run(&request, &result, e);
    if (heard->guardian)
        guardian_watch(heard->guardian, 0);
    if (done == 0 && !command_succeeded(&result))
        done = fail(hook, &request, &result, e);
    variables_free(variables);
    return done;
}

/* ---- all of them ---- */

struct hooks *hooks_new(const struct hook_set *sets, size_t count, struct error *e)
{
    struct hooks *h = calloc(1, sizeof(*h));
    if (h)
        h->levels = calloc(count + 1, sizeof(*h->levels));
    if (!h || !h->levels) {
        free(h);
        error_no_memory(e, "hooks");
        return NULL;
    }
    h->magic = HOOKS_MAGIC;
    h->sets = sets;
    h->count = count;
    return h;
}

const char *hooks_path(const struct hooks *h)
{
    OBJECT_CHECK(h, HOOKS_MAGIC);
    return h->path;
}

enum policy_consistency hooks_reached(const struct hooks *h)
{
    OBJECT_CHECK(h, HOOKS_MAGIC);
    if (h->held)
        return h->said;
    return h->path ? POLICY_CONSISTENCY_CRASH : POLICY_CONSISTENCY_NONE;
}

static int take_path(struct hooks *h, const struct heard *heard, struct error *e)
{
    if (!heard->path[0])
        return 0;
    if (heard->path[0] != '/')
        return error_set(e, LAGAN_INVALID, ERROR_HOOK_FAILED,
                         "the hook %s said LAGAN_PATH=%s, which is no path from the root",
                         hook_names[heard->hook], heard->path);
    char *path = strdup(heard->path);
    if (!path)
        return error_no_memory(e, "a path");
    free(h->path);
    h->path = path;
    return 0;
}

static bool has_freeze(const struct hooks *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->sets[i].commands[HOOK_FREEZE])
            return true;
    }
    return false;
}

/* How each level is thawed, with an environment that the guardian keeps. */
static int describe_thaws(struct hooks *h, struct guardian_thaw *thaws, struct error *e)
{
    char *variables[FACT_COUNT + 1];
    for (size_t i = 0; i < h->count; i++) {
        thaws[i].line = h->sets[i].commands[HOOK_THAW];
        thaws[i].limit_ns = timeout_of(&h->sets[i]);
        if (variables_make(variables, &h->facts, hook_names[HOOK_THAW], h->path, e) != 0)
            return -1;
        thaws[i].environment = command_environment((const char *const *)variables, e);
        variables_free(variables);
        if (!thaws[i].environment)
            return -1;
    }
    return 0;
}

static int start_guardian(struct hooks *h, struct error *e)
{
    struct guardian_thaw *thaws = calloc(h->count, sizeof(*thaws));
    if (!thaws)
        return error_no_memory(e, "hooks");
    if (describe_thaws(h, thaws, e) == 0)
        h->guardian = guardian_start(thaws, h->count, e);
    for (size_t i = 0; i < h->count; i++)
        free(thaws[i].environment);
    free(thaws);
    return h->guardian ? 0 : -1;
}

static void keep_first(struct error *first, const struct error *why)
{
    if (first->error_class == LAGAN_OK)
        *first = *why;
}

/* The guardian was faster: what it held is free. */
static void let_go(struct hooks *h, struct error *first)
{
    struct error why = ERROR_INIT;
    int64_t longest_ns = 0;
    char limit[TEXT_SIZE_SIZE];
    for (size_t i = 0; i < h->count; i++) {
        h->levels[i].begun = false;
        if (timeout_of(&h->sets[i]) > longest_ns)
            longest_ns = timeout_of(&h->sets[i]);
    }
    h->held = false;
    text_format_duration(longest_ns, limit);
    bool failed = guardian_end(h->guardian) != 0;
    h->guardian = NULL;
    error_set(
        &why, LAGAN_TIMEOUT, ERROR_HOOK_TIMEOUT,
        "the source was frozen for longer than %s and was thawed%s; raise hook-timeout, or "
        "let the freeze command make a snapshot",
        limit, failed ? ", which failed" : "");
    keep_first(first, &why);
}

/* Thaws one level for which the guardian has been asked to wait. */
static void thaw_level(struct hooks *h, size_t level, const struct hook_facts *facts,
                       struct error *first)
{
    struct error why = ERROR_INIT;
    struct heard heard;
    h->levels[level].begun = false;
    if (run(h, level, HOOK_THAW, facts, &heard, &why) != 0)
        keep_first(first, &why);
    guardian_thawed(h->guardian, level);
}

static int64_t patience(const struct hooks *h, size_t level)
{
    return timeout_of(&h->sets[level]) + MARGIN_NS;
}

/* Freezes one level; false when the guardian is gone and nothing may be frozen any more. */
static bool freeze_level(struct hooks *h, size_t level, struct error *first)
{
    struct error why = ERROR_INIT;
    struct heard heard;
    struct level *l = &h->levels[level];
    if (!h->sets[level].commands[HOOK_FREEZE])
        return true;
    l->begun = true;
    guardian_begin(h->guardian, level, patience(h, level));
    l->frozen = run(h, level, HOOK_FREEZE, &h->facts, &heard, &why) == 0 &&
                take_path(h, &heard, &why) == 0;
    if (l->frozen) {
        h->said = heard.said > h->said ? heard.said : h->said;
        return true;
    }
    keep_first(first, &why);
    if (guardian_take(h->guardian, patience(h, level))) {
        thaw_level(h, level, &h->facts, first);
        return true;
    }
    let_go(h, first);
    return false;
}

static bool freeze_all(struct hooks *h, struct error *why)
{
    int64_t longest_ns = 0;
    bool frozen = true;
    if (start_guardian(h, why) != 0)
        return false;
    for (size_t i = 0; i < h->count; i++) {
        if (!freeze_level(h, i, why))
            return false;
        frozen = frozen && (h->levels[i].frozen || !h->sets[i].commands[HOOK_FREEZE]);
        if (timeout_of(&h->sets[i]) > longest_ns)
            longest_ns = timeout_of(&h->sets[i]);
    }
    guardian_hold(h->guardian, longest_ns);
    return frozen;
}

int hooks_begin(struct hooks *h, const struct hook_facts *facts, bool *frozen,
                struct error *why, struct error *e)
{
    struct heard heard;
    OBJECT_CHECK(h, HOOKS_MAGIC);
    h->facts = *facts;
    for (size_t i = 0; i < h->count; i++) {
        if (run(h, i, HOOK_BEFORE, facts, &heard, e) != 0 || take_path(h, &heard, e) != 0)
            return -1;
    }
    struct error first = ERROR_INIT;
    if (has_freeze(h))
        h->held = freeze_all(h, &first);
    else
        error_set(&first, LAGAN_INVALID, ERROR_HOOK_FAILED, "there is no freeze command");
    if (first.error_class == LAGAN_CANCELLED) {
        *e = first;
        return -1;
    }
    *frozen = h->held;
    if (!h->held)
        *why = first;
    return 0;
}

int hooks_thaw(struct hooks *h, const struct hook_facts *facts, struct error *e)
{
    struct error first = ERROR_INIT;
    int64_t wait_ns = MARGIN_NS;
    OBJECT_CHECK(h, HOOKS_MAGIC);
    if (!h->guardian)
        return 0;
    for (size_t i = 0; i < h->count; i++)
        wait_ns += timeout_of(&h->sets[i]);
    if (!guardian_take(h->guardian, wait_ns)) {
        let_go(h, &first);
    } else {
        for (size_t i = h->count; i-- > 0;) {
            if (h->levels[i].begun)
                thaw_level(h, i, facts, &first);
        }
        guardian_end(h->guardian);
        h->guardian = NULL;
    }
    if (first.error_class == LAGAN_OK)
        return 0;
    *e = first;
    return -1;
}

/* Runs a hook of all levels, the innermost first, and keeps the first failure. */
static void run_outwards(struct hooks *h, enum hook hook, const struct hook_facts *facts,
                         struct error *first)
{
    for (size_t i = h->count; i-- > 0;) {
        struct error why = ERROR_INIT;
        struct heard heard;
        if (run(h, i, hook, facts, &heard, &why) != 0)
            keep_first(first, &why);
    }
}

int hooks_end(struct hooks *h, const struct hook_facts *facts, struct error *e)
{
    struct error first = ERROR_INIT;
    OBJECT_CHECK(h, HOOKS_MAGIC);
    hooks_thaw(h, facts, &first);
    run_outwards(h, facts->error ? HOOK_FAILED : HOOK_AFTER, facts, &first);
    run_outwards(h, HOOK_FINALLY, facts, &first);
    if (first.error_class == LAGAN_OK)
        return 0;
    *e = first;
    return -1;
}

void hooks_free(struct hooks *h)
{
    struct error why = ERROR_INIT;
    if (!h)
        return;
    if (hooks_thaw(h, &h->facts, &why) != 0)
        log_write(LOG_WARNING, "hook", "%s", why.text);
    h->magic = 0;
    free(h->levels);
    free(h->path);
    free(h);
}
