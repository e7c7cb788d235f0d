/* SPDX-License-Identifier: Apache-2.0 */
/* test_conformance_shrink.c - sequences that fail become as short as can be. */
#include "conformance/shrink.h"
#include "unit.h"

#include <string.h>

/* A sequence fails when it holds all of `needed` in this order. */
struct rule {
    int needed[6];
    size_t count;
    unsigned asked;
};

static bool holds(void *context, const void *steps, size_t count)
{
    struct rule *rule = context;
    const int *numbers = steps;
    size_t found = 0;
    rule->asked++;
    for (size_t i = 0; i < count && found < rule->count; i++)
        found += numbers[i] == rule->needed[found];
    return found == rule->count;
}

static size_t shrink(struct rule *rule, int *steps, size_t count, unsigned attempts)
{
    struct shrink s = {
        .step_size = sizeof(int), .fails = holds, .context = rule, .attempts = attempts};
    return shrink_steps(&s, steps, count);
}

static void fill(int *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        steps[i] = (int)i;
}

static void shrink_finds_the_shortest(void **state)
{
    static const struct rule rules[] = {{{5}, 1, 0},
                                        {{0}, 1, 0},
                                        {{199}, 1, 0},
                                        {{0, 199}, 2, 0},
                                        {{7, 8, 9}, 3, 0},
                                        {{3, 50, 51, 120, 198}, 5, 0},
                                        {{0, 1, 2, 3, 4, 5}, 6, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct rule rule = rules[i];
        int steps[200];
        fill(steps, 200);
        assert_int_equal(shrink(&rule, steps, 200, 2000), rule.count);
        assert_memory_equal(steps, rule.needed, rule.count * sizeof(int));
    }
}

static void shrink_is_quick(void **state)
{
    struct rule rule = {{100, 140}, 2, 0};
    int steps[200];
    (void)state;
    fill(steps, 200);
    assert_int_equal(shrink(&rule, steps, 200, 2000), 2);
    assert_true(rule.asked < 80);
}

static void shrink_keeps_its_budget(void **state)
{
    struct rule rule = {{3, 50, 51, 120, 198}, 5, 0};
    int steps[200];
    size_t left;
    (void)state;
    fill(steps, 200);
    left = shrink(&rule, steps, 200, 10);
    assert_int_equal(rule.asked, 10);
    assert_true(left > 5 && left < 200);
    assert_true(holds(&rule, steps, left));
}

static void shrink_leaves_what_is_short(void **state)
{
    struct rule rule = {{1, 2, 3}, 3, 0};
    int steps[] = {1, 2, 3};
    (void)state;
    assert_int_equal(shrink(&rule, steps, 3, 100), 3);
    assert_int_equal(shrink(&rule, steps, 1, 100), 1);
    assert_int_equal(shrink(&rule, steps, 0, 100), 0);
}

/* Steps of another size than that of a number. */
static bool has_x(void *context, const void *steps, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++)
        if (((const char *)steps)[i * 3 + 1] == 'x')
            return true;
    return false;
}

static void shrink_takes_steps_of_any_size(void **state)
{
    char steps[] = "aaabbbcxcddd";
    struct shrink s = {.step_size = 3, .fails = has_x, .attempts = 100};
    (void)state;
    assert_int_equal(shrink_steps(&s, steps, 4), 1);
    assert_memory_equal(steps, "cxc", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrink_finds_the_shortest),
        cmocka_unit_test(shrink_is_quick),
        cmocka_unit_test(shrink_keeps_its_budget),
        cmocka_unit_test(shrink_leaves_what_is_short),
        cmocka_unit_test(shrink_takes_steps_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
