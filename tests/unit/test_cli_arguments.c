/* SPDX-License-Identifier: Apache-2.0 */
/* test_cli_arguments.c - command lines taken apart, and the tables they are compared with. */
#include "unit.h"

#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_LIMIT = 16 };

/* Parses the words up to NULL behind "lagan". */
static int parse(struct arguments *a, struct error *e, const char *const words[])
{
    const char *argv[WORDS_LIMIT + 2] = {"lagan"};
    int count = 0;
    *e = ERROR_INIT;
    while (words[count] && count < WORDS_LIMIT) {
        argv[count + 1] = words[count];
        count++;
    }
    return arguments_parse(count + 1, argv, a, e);
}

#define PARSE(a, e, ...) parse(a, e, (const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *text, const char *const words[])
{
    struct arguments a;
    struct error e;
    assert_int_equal(parse(&a, &e, words), -1);
    assert_int_equal(e.code, ERROR_USAGE);
    assert_non_null(strstr(e.text, text));
    arguments_clear(&a);
}

#define REFUSED(text, ...) refused(text, (const char *const[]){__VA_ARGS__, NULL})

static void arguments_commands(void **state)
{
    struct arguments a;
    struct error e;
    (void)state;
    assert_int_equal(PARSE(&a, &e, "vault", "key", "remove", "main", "0123"), 0);
    assert_string_equal(a.words, "vault key remove");
    assert_ptr_equal(a.command, command_find("vault key remove"));
    assert_int_equal(a.operand_count, 2);
    assert_string_equal(a.operands[1], "0123");
    arguments_clear(&a);
    REFUSED("no command is given", NULL);
    REFUSED("vault needs a verb", "vault");
    REFUSED("no verb \"remove\"", "vault", "remove");
    REFUSED("there is no command \"vault key\"", "vault key", "list");
    REFUSED("there is no command \"\"", "");
    REFUSED("needs NAME SLOT", "vault", "key", "remove", "main");
    REFUSED("\"three\"", "diff", "one", "two", "three");
    REFUSED("is empty", "diff", "one", "");
}

static void arguments_values(void **state)
{
    struct arguments a;
    struct error e;
    (void)state;
    assert_int_equal(PARSE(&a, &e, "--json", "ls", "--vault=a=b", "-lR", "--region", "east",
                           "--", "--long", "-v"),
                     -1); /* too many operands: they stand behind -- */
    arguments_clear(&a);
    assert_int_equal(
        PARSE(&a, &e, "-v", "ls", "--vault=a=b", "-lvR", "--region", "east", "--", "--long"),
        0);
    assert_string_equal(arguments_value(&a, OPTION_VAULT), "a=b");
    assert_string_equal(arguments_value(&a, OPTION_REGION), "east");
    assert_null(arguments_value(&a, OPTION_SOURCE));
    assert_true(arguments_given(&a, OPTION_LONG) && arguments_given(&a, OPTION_RECURSIVE));
    assert_int_equal(arguments_count(&a, OPTION_VERBOSE), 2);
    assert_string_equal(a.operands[0], "--long");
    arguments_clear(&a);
    assert_int_equal(PARSE(&a, &e, "ls", "-"), 0);
    assert_string_equal(a.operands[0], "-");
    arguments_clear(&a);
    REFUSED("needs a value", "ls", "--vault");
    REFUSED("needs a value", "ls", "--vault=");
    REFUSED("needs a value", "ls", "--vault", "");
    REFUSED("write --vault=-x", "ls", "--vault", "-x");
    REFUSED("takes no value", "ls", "--json=1");
    REFUSED("given twice", "ls", "-ll");
    REFUSED("did you mean --recursive", "ls", "--recursiv");
    REFUSED("no option --full", "ls", "--full");
    REFUSED("no option -x", "ls", "-lx");
    REFUSED("in front of a command", "--vault", "x", "ls");
}

static void arguments_help(void **state)
{
    struct arguments a;
    struct error e;
    (void)state;
    assert_int_equal(PARSE(&a, &e, "vault", "--help"), 0);
    assert_null(a.command);
    assert_string_equal(a.words, "vault");
    arguments_clear(&a);
    assert_int_equal(PARSE(&a, &e, "restore", "-h"), 0);
    arguments_clear(&a);
    assert_int_equal(PARSE(&a, &e, "--version"), 0);
    arguments_clear(&a);
    /* The form of the message is known although the words are wrong. */
    assert_int_equal(PARSE(&a, &e, "ls", "--nosuch", "x", "--json"), -1);
    assert_true(arguments_given(&a, OPTION_JSON));
    arguments_clear(&a);
}

static void arguments_in_order(void **state)
{
    struct arguments a;
    struct error e;
    struct catalog_pairs rules = {0};
    static const char *const names[] = {"exclude", "include", "exclude-from", "exclude"};
    static const char *const values[] = {"a", "!b", "file", "-c"};
    (void)state;
    assert_int_equal(PARSE(&a, &e, "backup", "create", "x", "--exclude", "a", "--include=!b",
                           "--full", "--exclude-from", "file", "--exclude=-c"),
                     0);
    assert_int_equal(arguments_rules(&a, &rules, &e), 0);
    assert_int_equal(rules.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(rules.items[i].name, names[i]);
        assert_string_equal(rules.items[i].value, values[i]);
    }
    catalog_pairs_clear(&rules);
    arguments_clear(&a);
}

/* Rules that the tables keep. */
static void arguments_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &command_rows[i];
        assert_ptr_equal(command_find(command->words), command);
        assert_false(command_is_group(command->words)); /* no command hides others */
        assert_true(strlen(command->words) < COMMAND_WORDS_SIZE);
        assert_true(command->least <= command->most);
        assert_true((command->options & command_global_options()) == 0);
        for (int j = 0; j < OPTION_COUNT; j++) {
            const char *name = option_rows[j].name;
            if (command->options & OPTION_BIT(j))
                assert_int_equal(command_option(command->options, name, strlen(name)), j);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_commands), cmocka_unit_test(arguments_values),
        cmocka_unit_test(arguments_help),     cmocka_unit_test(arguments_in_order),
        cmocka_unit_test(arguments_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
