/* SPDX-License-Identifier: Apache-2.0 */
/* command_driver_check.c - runs the conformance suite against a driver, and tells in TAP. */
#include "cli/session.h"

#include "base/text.h"
#include "conformance/conformance.h"

#include <stdlib.h>
#include <string.h>

/* The patterns of an option that repeats. */
struct patterns {
    const char **texts;
    size_t count;
};

static int gather(const struct session *s, enum option option, struct patterns *patterns,
                  struct error *e)
{
    const struct arguments *a = &s->arguments;
    patterns->texts = calloc(a->option_count + 1, sizeof *patterns->texts);
    if (!patterns->texts)
        return error_no_memory(e, "patterns");
    for (size_t i = 0; i < a->option_count; i++)
        if (a->options[i].option == option)
            patterns->texts[patterns->count++] = a->options[i].value;
    return 0;
}

static int take_groups(const struct session *s, unsigned *groups, struct error *e)
{
    const struct arguments *a = &s->arguments;
    for (size_t i = 0; i < a->option_count; i++) {
        int group;
        if (a->options[i].option != OPTION_GROUP)
            continue;
        group = check_group_of(a->options[i].value);
        if (group < 0)
            return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                             "--group %s: the groups are core, capability, concurrency, crash "
                             "and soak",
                             a->options[i].value);
        *groups |= 1U << group;
    }
    return 0;
}

static int take_number(const struct session *s, enum option option, uint64_t most,
                       uint64_t *number, struct error *e)
{
    const char *text = session_value(s, option);
    if (!text)
        return 0;
    if (text_parse_u64(text, number) < 0 || *number == 0 || *number > most)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--%s %s: a number from 1 to %llu",
                         option_rows[option].name, text, (unsigned long long)most);
    return 0;
}

static int take_patience(const struct session *s, unsigned *seconds, struct error *e)
{
    const char *text = session_value(s, OPTION_PATIENCE);
    int64_t ns;
    if (!text)
        return 0;
    if (text_parse_duration(text, &ns) < 0 || ns < 1000000000 || ns > INT64_C(3600000000000))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--patience %s: a time from 1s to 1h",
                         text);
    *seconds = (unsigned)(ns / 1000000000);
    return 0;
}

/* Lists. */

static void list_cases(struct session *s, const char *kind)
{
    static const struct column columns[] = {{"name", "CASE", false},
                                            {"kind", "KIND", false},
                                            {"group", "GROUP", false},
                                            {"safe", "SAFE", false},
                                            {"meaning", "MEANING", false}};
    struct output *o = &s->output;
    output_table(o, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < conformance_count(); i++) {
        struct check_description d = conformance_describe(i);
        if (kind && strcmp(d.kind, kind) != 0 && strcmp(d.kind, "all") != 0)
            continue;
        record_begin(o, "case");
        record_text(o, "name", d.name);
        record_text(o, "kind", d.kind);
        record_text(o, "group", check_group_name(d.group));
        record_flag(o, "safe", d.safe);
        record_text(o, "meaning", d.meaning);
        record_end(o);
    }
    output_table_end(o, NULL);
}

/* TAP: https://testanything.org, version 14. */

static int tell_plan(void *context, size_t count, uint64_t seed, struct error *e)
{
    struct session *s = context;
    output_line(&s->output, "TAP version 14");
    output_line(&s->output, "1..%zu", count);
    output_line(&s->output, "# seed %llu", (unsigned long long)seed);
    return output_check(&s->output, e);
}

/* A member of a YAML block; texts are in quotes, so that nothing in them counts. */
static void tell_member(struct output *o, const char *name, const char *text)
{
    char line[2048];
    size_t used = 0;
    if (text[0] == '\0')
        return;
    for (; *text && used + 2 < sizeof line; text++) {
        if (*text == '\'')
            line[used++] = '\'';
        line[used++] = *text;
    }
    line[used] = '\0';
    output_line(o, "  %s: '%s'", name, line);
}

/* Each line of a text as a comment. */
static void tell_lines(struct output *o, const char *what, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        output_line(o, "# %s%.*s", what, (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static const char *directive(enum check_outcome outcome)
{
    if (outcome == CHECK_SKIPPED)
        return " # SKIP ";
    return outcome == CHECK_DEVIATED ? " # TODO " : "";
}

static void tell_case(struct output *o, const struct check_result *r)
{
    bool good = r->outcome == CHECK_PASSED || r->outcome == CHECK_SKIPPED;
    const char *why = r->outcome == CHECK_SKIPPED    ? r->came
                      : r->outcome == CHECK_DEVIATED ? r->reason
                                                     : "";
    output_line(o, "%s %zu - %s%s%s", good ? "ok" : "not ok", r->number, r->name,
                directive(r->outcome), why);
    if (!good) {
        output_line(o, "  ---");
        if (r->outcome == CHECK_UNEXPECTED) {
            tell_member(o, "came", "the case passes, and is declared as a deviation");
            tell_member(o, "declared", r->reason);
        } else {
            tell_member(o, "asked", r->asked);
            tell_member(o, "came", r->came);
            tell_member(o, "look", r->look);
        }
        output_line(o, "  ...");
        tell_lines(o, "output: ", r->output);
    }
    tell_lines(o, "", r->notes);
}

static int tell_result(void *context, const struct check_result *r, struct error *e)
{
    static const char *const words[] = {[CHECK_PASSED] = "passed",
                                        [CHECK_FAILED] = "failed",
                                        [CHECK_SKIPPED] = "skipped",
                                        [CHECK_DEVIATED] = "deviates",
                                        [CHECK_UNEXPECTED] = "passed-unexpectedly"};
    struct session *s = context;
    struct output *o = &s->output;
    if (!o->use_json) {
        tell_case(o, r);
        return output_check(o, e);
    }
    record_begin(o, "case");
    record_number(o, "number", r->number);
    record_text(o, "name", r->name);
    record_text(o, "group", check_group_name(r->group));
    record_text(o, "result", words[r->outcome]);
    record_text(o, "asked", r->asked);
    record_text(o, "came", r->came);
    record_text(o, "look", r->outcome == CHECK_PASSED ? "" : r->look);
    record_text(o, "deviation", r->reason);
    record_text(o, "output", r->output);
    record_text(o, "notes", r->notes);
    record_duration(o, "seconds", (int64_t)(r->seconds * 1e9));
    record_end(o);
    return output_check(o, e);
}

static void tell_summary(struct session *s, const struct check_summary *summary)
{
    struct output *o = &s->output;
    output_line(o, "# passed %zu, failed %zu, skipped %zu, declared deviations %zu",
                summary->passed, summary->failed, summary->skipped, summary->deviated);
    if (!o->use_json)
        return;
    record_begin(o, "check");
    record_number(o, "passed", summary->passed);
    record_number(o, "failed", summary->failed);
    record_number(o, "skipped", summary->skipped);
    record_number(o, "deviations", summary->deviated);
    record_end(o);
}

static int run_suite(struct session *s, struct check_request *request, struct error *e)
{
    struct check_listener listener = {.context = s, .begin = tell_plan, .result = tell_result};
    struct check_summary summary;
    if (conformance_run(request, &listener, &summary, e) < 0)
        return -1;
    tell_summary(s, &summary);
    if (summary.failed > 0)
        s->status = STATUS_FAILED;
    return 0;
}

static int fill_request(struct session *s, struct check_request *request, struct error *e)
{
    uint64_t rounds = 0;
    request->host = setup_drivers(s->setup);
    request->module = session_operand(s, 0);
    request->words = s->arguments.operands + 1;
    request->word_count = s->arguments.operand_count - 1;
    request->safe = session_given(s, OPTION_SAFE);
    if (take_groups(s, &request->groups, e) < 0 ||
        take_number(s, OPTION_SEED, INT64_MAX, &request->seed, e) < 0 ||
        take_number(s, OPTION_ROUNDS, 1000000, &rounds, e) < 0 ||
        take_patience(s, &request->patience_s, e) < 0)
        return -1;
    request->rounds = (unsigned)rounds;
    return 0;
}

/* The kind of a driver is known by its name. */
static const char *kind_of(const char *module)
{
    if (!module)
        return NULL;
    return strncmp(module, "src_", 4) == 0   ? "source"
           : strncmp(module, "tgt_", 4) == 0 ? "target"
                                             : "key";
}

int command_driver_check(struct session *s, struct error *e)
{
    struct check_request request = {0};
    struct patterns only = {0};
    struct patterns except = {0};
    int result = -1;
    if (session_given(s, OPTION_DRY_RUN)) {
        list_cases(s, kind_of(session_operand(s, 0)));
        return 0;
    }
    if (!session_operand(s, 0))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "name a driver, or give --dry-run for a list of all cases");
    if (session_setup(s, NEED_DRIVERS, e) != 0)
        return -1;
    if (fill_request(s, &request, e) == 0 && gather(s, OPTION_INCLUDE, &only, e) == 0 &&
        gather(s, OPTION_EXCLUDE, &except, e) == 0) {
        request.only = only.texts;
        request.only_count = only.count;
        request.except = except.texts;
        request.except_count = except.count;
        result = run_suite(s, &request, e);
    }
    free(only.texts);
    free(except.texts);
    return result;
}
