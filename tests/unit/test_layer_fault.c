/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_fault.c - calls that fail on purpose: the rules, and what becomes of the calls. */
#include "driver/layer_fault.h"
#include "layer_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void fault_rules_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *driver;
        enum lagan_kind kind;
        uint32_t error_class;
        enum fault_when when;
        uint64_t number;
        bool takes_effect;
        uint32_t outcome;
    } good[] = {
        {"put:transient", "", 0, LAGAN_TRANSIENT, FAULT_ALWAYS, 0, false, 0},
        {"put:transient:after:3", "", 0, LAGAN_TRANSIENT, FAULT_AFTER, 3, false, 0},
        {"target:get:busy:every:2", "", LAGAN_KIND_TARGET, LAGAN_BUSY, FAULT_EVERY, 2, false,
         0},
        {"source:read_at:io:at:7", "", LAGAN_KIND_SOURCE, LAGAN_IO, FAULT_AT, 7, false, 0},
        {"tgt_dir:flush:no-space:rate:2.5%", "tgt_dir", LAGAN_KIND_TARGET, LAGAN_NO_SPACE,
         FAULT_RATE, 25000, false, 0},
        {"src_files:walk_next:offline:unknown", "src_files", LAGAN_KIND_SOURCE, LAGAN_OFFLINE,
         FAULT_ALWAYS, 0, false, LAGAN_OUTCOME_UNKNOWN},
        {"put:timeout:at:1:effect", "", 0, LAGAN_TIMEOUT, FAULT_AT, 1, true,
         LAGAN_OUTCOME_UNKNOWN},
        {"any:internal:done:rate:100%:seed:9", "", 0, LAGAN_INTERNAL, FAULT_RATE, 1000000, true,
         LAGAN_OUTCOME_DONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct fault_rule rule;
        struct error e = ERROR_INIT;
        assert_success(fault_rule_parse(good[i].text, &rule, &e), e);
        assert_string_equal(rule.driver, good[i].driver);
        assert_int_equal(rule.kind, good[i].kind);
        assert_int_equal(rule.error_class, good[i].error_class);
        assert_int_equal(rule.when, good[i].when);
        assert_int_equal(rule.number, good[i].number);
        assert_int_equal(rule.takes_effect, good[i].takes_effect);
        assert_int_equal(rule.outcome, good[i].outcome);
    }
}

/* Each message says what would be right in that place. */
static void fault_rules_that_are_wrong_say_what_is_right(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } bad[] = {
        {"", "allowed are: any, "},
        {"put", "transient, busy"},
        {"putt:transient", "\"putt\" is no verb; allowed are: any, "},
        {"target:read_at:io", "\"read_at\" is no verb; allowed are: any, capabilities, put"},
        {"source:put:io", "\"put\" is no verb"},
        {"put:ok", "not-found, exists"},
        {"put:often", "transient, busy"},
        {"put:transient:after", "\"after\" needs a number from 0"},
        {"put:transient:every:0", "\"every\" needs a number from 1"},
        {"put:transient:at:x", "\"at\" needs a number from 1"},
        {"put:transient:rate:101%", "percentage"},
        {"put:transient:rate:5", "percentage"},
        {"put:transient:maybe", "after:N, every:N, at:N, rate:P%, unknown, done, effect"},
        {"put:transient:", "\"\" is not known"},
        {"put:transient:"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "is not known"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault_rule rule;
        struct error e = ERROR_INIT;
        assert_int_equal(fault_rule_parse(bad[i].text, &rule, &e), -1);
        assert_error(e, LAGAN_INVALID, bad[i].part);
        assert_int_equal(e.code, ERROR_CONFIG);
    }
}

/* "x" where the calls 1 to 12 fail. */
static void strikes(const char *text, char marks[13])
{
    struct fault_rule rule;
    struct error e = ERROR_INIT;
    assert_success(fault_rule_parse(text, &rule, &e), e);
    for (uint64_t i = 1; i <= 12; i++)
        marks[i - 1] = fault_rule_strikes(&rule, i) ? 'x' : '-';
    marks[12] = '\0';
}

static void fault_rules_choose_calls(void **state)
{
    static const struct {
        const char *text;
        const char *marks;
    } rules[] = {
        {"put:io", "xxxxxxxxxxxx"},         {"put:io:after:3", "---xxxxxxxxx"},
        {"put:io:every:3", "--x--x--x--x"}, {"put:io:at:2", "-x----------"},
        {"put:io:rate:0%", "------------"}, {"put:io:rate:100%", "xxxxxxxxxxxx"},
    };
    char one[13], same[13], other[13];
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        strikes(rules[i].text, one);
        assert_string_equal(one, rules[i].marks);
    }
    strikes("put:io:rate:50%:seed:1", one);
    strikes("put:io:rate:50%:seed:1", same);
    strikes("put:io:rate:50%:seed:2", other);
    assert_string_equal(one, same);
    assert_string_not_equal(one, other);
}

static void fault_rate_is_met(void **state)
{
    struct fault_rule rule;
    struct error e = ERROR_INIT;
    int struck = 0;
    (void)state;
    assert_success(fault_rule_parse("put:io:rate:10%", &rule, &e), e);
    for (uint64_t i = 1; i <= 10000; i++)
        struck += fault_rule_strikes(&rule, i);
    assert_in_range(struck, 900, 1100);
}

static void fault_rules_fit_drivers(void **state)
{
    struct fault_rule rule;
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(fault_rule_parse("tgt_mem:any:io", &rule, &e), e);
    assert_true(fault_rule_fits(&rule, "tgt_mem", CALL_PUT));
    assert_true(fault_rule_fits(&rule, "tgt_mem", CALL_FLUSH));
    assert_false(fault_rule_fits(&rule, "tgt_dir", CALL_PUT));
    assert_success(fault_rule_parse("source:capabilities:io", &rule, &e), e);
    assert_true(fault_rule_fits(&rule, "src_mem", CALL_SOURCE_CAPABILITIES));
    assert_false(fault_rule_fits(&rule, "tgt_mem", CALL_TARGET_CAPABILITIES));
    assert_false(fault_rule_fits(&rule, "src_mem", CALL_CHECK));
}

/* A target in memory with one rule. */
static struct layered faulty(struct driver_host *host, const char *rule)
{
    static unsigned number;
    char name[32], fault[96];
    const char *words[] = {name, "stages=yes", NULL};
    const char *layers[] = {fault, NULL};
    snprintf(name, sizeof name, "name=fault-%u", ++number);
    snprintf(fault, sizeof fault, "fault=%s", rule);
    return layered_open(host, "tgt_mem", words, layers, LAGAN_OPEN_INITIALISE);
}

/* What a put that fails leaves, and what it says of it. */
static void fault_outcomes_are_told(void **state)
{
    static const struct {
        const char *rule;
        uint32_t outcome;
        bool there;
    } rows[] = {
        {"put:transient:at:1", LAGAN_OUTCOME_NOT_DONE, false},
        {"put:transient:at:1:unknown", LAGAN_OUTCOME_UNKNOWN, false},
        {"put:transient:at:1:done", LAGAN_OUTCOME_DONE, true},
        {"put:transient:at:1:effect", LAGAN_OUTCOME_UNKNOWN, true},
    };
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct layered l = faulty(host, rows[i].rule);
        struct error e = ERROR_INIT;
        assert_int_equal(target_put(l.target, "a", "x", 1, &e), -1);
        assert_error(e, LAGAN_TRANSIENT, rows[i].rule);
        assert_int_equal(e.outcome, rows[i].outcome);
        if (rows[i].there)
            aspects_expect(l.target, "a", "x", 1);
        else
            aspects_expect_absent(l.target, "a");
        aspects_put(l.target, "b", "y");
        layered_close(&l);
    }
    driver_host_free(host);
}

/* The verbs that have reached what lies below the layer. */
static enum call_verb seen[4];
static size_t seen_count;

static uint32_t note_verb(struct call *c)
{
    static int object;
    assert_true(seen_count < 4);
    seen[seen_count++] = c->verb;
    if (c->verb == CALL_STAGE_BEGIN)
        *c->with.stage_begin.made = &object;
    if (c->verb == CALL_STAGE_ABORT)
        assert_ptr_equal(c->object, &object);
    return LAGAN_OK;
}

/* Whoever hears of a failure has nothing to let go of. */
static void fault_unmakes_what_a_call_has_made(void **state)
{
    static const char *const layers[] = {"fault=stage_begin:io:done", NULL};
    void *made = NULL;
    struct call begin = {.verb = CALL_STAGE_BEGIN, .with.stage_begin = {0, &made}};
    struct probe p;
    (void)state;
    seen_count = 0;
    probe_open(&p, &layer_fault, LAGAN_KIND_TARGET, layers);
    p.answer = note_verb;
    assert_int_equal(probe_call(&p, &begin), LAGAN_IO);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[0], CALL_STAGE_BEGIN);
    assert_int_equal(seen[1], CALL_STAGE_ABORT);
    probe_close(&p);
}

/* A leak would be found by the sanitizer: nobody else lets go of the stage. */
static void fault_lets_go_of_what_calls_use_up(void **state)
{
    static const char *const rules[] = {"stage_begin:io:done", "stage_commit:io",
                                        "stage_commit:io:effect"};
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct layered l = faulty(host, rules[i]);
        struct error e = ERROR_INIT;
        struct stage *s = target_stage_begin(l.target, 0, &e);
        if (s) {
            assert_success(stage_write(s, "abc", 3, &e), e);
            assert_int_equal(stage_commit(s, "a", &e), -1);
        }
        assert_error(e, LAGAN_IO, rules[i]);
        assert_int_equal(aspects_count(l.target), i == 2);
        layered_close(&l);
    }
    driver_host_free(host);
}

static void fault_rule_that_is_wrong_fails_the_open(void **state)
{
    static const char *const words[] = {"name=fault-open", NULL};
    struct driver_host *host = fixture_host("test-drivers");
    struct instance *i = fixture_instance(host, "tgt_mem", words);
    static const char *const layers[] = {"fault=put:never", NULL};
    struct layer_settings settings;
    struct error e = ERROR_INIT;
    (void)state;
    layered_settings(layers, &settings);
    assert_success(instance_set_layers(i, &settings, &e), e);
    layer_settings_free(&settings);
    assert_null(target_open(i, LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_INVALID, "fault \"put:never\"");
    instance_free(i);
    driver_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_rules_are_read),
        cmocka_unit_test(fault_rules_that_are_wrong_say_what_is_right),
        cmocka_unit_test(fault_rules_choose_calls),
        cmocka_unit_test(fault_rate_is_met),
        cmocka_unit_test(fault_rules_fit_drivers),
        cmocka_unit_test(fault_outcomes_are_told),
        cmocka_unit_test(fault_unmakes_what_a_call_has_made),
        cmocka_unit_test(fault_lets_go_of_what_calls_use_up),
        cmocka_unit_test(fault_rule_that_is_wrong_fails_the_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
