/* SPDX-License-Identifier: Apache-2.0 */
/* test_select.c - include and exclude rules: a table of cases, git's own answers, hard inputs.
 */
#include "policy/select.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Rules, one a line: "+..." includes, anything else excludes.  Then paths, each with the answer
 * at its end: + taken, - skipped, ~ passed through; a '/' before it marks a directory. */
struct group {
    enum select_default by_default;
    const char *rules;
    const char *paths;
};

#define BACKUP SELECT_DEFAULT_TAKE
#define RESTORE SELECT_DEFAULT_BY_RULES

static const struct group groups[] = {
    /* words without a slash: any depth, files and directories */
    {BACKUP, "", "a+ a/b+ a/+"},
    {BACKUP, "a", "a- a/- a/b- b/a- b/a/c- b+ ab+ ba+ A+ b/c+"},
    {BACKUP, "*.o", "a.o- .o- a.o/- a.o/b- d/a.o- a.c+ a.oo+ o+ a.O+"},
    {BACKUP, "a*", "a- ab- abc- x/ab- ba+ b+"},
    {BACKUP, "*a", "a- ba- cba- ab+"},
    {BACKUP, "a*c", "ac- abc- abbc- ab+ bc+ acb+"},
    {BACKUP, "a*b*c", "abc- axbyc- abbcc- acb+ abxcx+"},
    {BACKUP, "?", "a- ab+ d/x- dd/xx+"},
    {BACKUP, "a?c", "abc- aXc- ac+ abbc+"},
    {BACKUP, "??*", "a+ ab- abc-"},
    {BACKUP, "*", "a- a/- a/b- .h-"},
    {BACKUP, "a**b", "ab- axxb- a/b+"},
    /* a slash at the end: directories only */
    {BACKUP, "a/", "a+ a/- a/b- x/a+ x/a/- x/a/y-"},
    {BACKUP, "a*/", "ab+ ab/- ab/c- c/ab/d-"},
    {BACKUP, "**/", "a+ a/- a/b-"},
    /* a slash at the start or inside: anchored */
    {BACKUP, "/a", "a- a/- a/b- b/a+ b/a/c+"},
    {BACKUP, "/a/", "a+ a/- a/b- b/a/+"},
    {BACKUP, "a/b", "a+ a/+ a/b- a/b/c- x/a/b+ a/bb+ ab+"},
    {BACKUP, "a/b/", "a/b+ a/b/- x/a/b/+"},
    {BACKUP, "/*.c", "x.c- d/x.c+"},
    {BACKUP, "a/*", "a/+ a+ a/b- a/b/c- b/a/c+"},
    {BACKUP, "a/*/c", "a/c+ a/b/c- a/b/b/c+ a/x/c/- a/b/+"},
    {BACKUP, "a//b", "a/b- a/+"},
    {BACKUP, "//a", "a- b/a+"},
    {BACKUP, "a/b*", "a/b- a/bc- a/b/c- a/c+ b/b+"},
    /* two stars */
    {BACKUP, "**/a", "a- b/a- c/b/a- ab+ a/b-"},
    {BACKUP, "a/**", "a+ a/+ a/b- a/b/c- b/a/c+"},
    {BACKUP, "a/**/b", "a/b- a/x/b- a/x/y/b- a/+ b+ a/bx+ x/a/b+"},
    {BACKUP, "**", "a- a/- a/b-"},
    {BACKUP, "/**", "a- a/- a/b-"},
    {BACKUP, "**/a/**", "a+ a/+ a/b- x/a/b- x/a/+ x/y/a/b/c-"},
    {BACKUP, "**/a/b", "a/b- x/a/b- a/x/b+"},
    {BACKUP, "a/**/**/b", "a/b- a/x/b-"},
    {BACKUP, "**/**", "a- a/b-"},
    {BACKUP, "a/**/", "a/+ a/b+ a/b/- a/b/c/-"},
    {BACKUP, "x**/y", "x/y- xx/y- x/z/y+"},
    {BACKUP, "**/*.o", "a.o- d/e/a.o- a.c+"},
    {BACKUP, "***", "a- a/b-"},
    /* brackets */
    {BACKUP, "[ab]", "a- b- c+ ab+ x/a-"},
    {BACKUP, "[a-c]x", "ax- bx- cx- dx+ x+"},
    {BACKUP, "[!a]", "a+ b- !- d/a- a/a+ a/b-"},
    {BACKUP, "[^a-c]", "a+ b+ c+ d-"},
    {BACKUP, "[]]", "]- a+"},
    {BACKUP, "[]a]", "]- a- b+"},
    {BACKUP, "[!]a]", "]+ a+ b-"},
    {BACKUP, "[a-]", "a- -- b+"},
    {BACKUP, "[-a]", "a- -- b+"},
    {BACKUP, "[a-c-e]", "a- b- c- -- e- d+"},
    {BACKUP, "[\\]]", "]- a+"},
    {BACKUP, "[\\\\]", "\\- a+"},
    {BACKUP, "[[]", "[- a+"},
    {BACKUP, "[[:digit:]]*", "1- 9a- a1+"},
    {BACKUP, "[[:alpha:]_]", "a- Z- _- 1+"},
    {BACKUP, "[![:space:]]", "a- 1-"},
    {BACKUP, "[[:xdigit:][:upper:]]", "f- G- 9- g+"},
    {BACKUP, "[z-a]", "z- a+ m+"},
    {BACKUP, "[*]", "*- a+"},
    {BACKUP, "[?]x", "?x- ax+"},
    {BACKUP, "a[0-9]b", "a1b- ab+ a12b+"},
    /* escapes */
    {BACKUP, "\\*", "*- a+"},
    {BACKUP, "a\\?", "a?- ab+"},
    {BACKUP, "\\[a]", "[a]- a+"},
    {BACKUP, "\\!a", "!a- a+"},
    {BACKUP, "\\#a", "#a- a+"},
    {BACKUP, "#a", "#a- a+"},
    {BACKUP, "\\a", "a- b+"},
    {BACKUP, "a\\\\b", "a\\b- ab+"},
    {BACKUP, "!", ""}, /* refused; see select_refused */
    /* the last rule that matches wins */
    {BACKUP, "*.o\n!keep.o", "a.o- keep.o+ d/keep.o+ d/a.o-"},
    {BACKUP, "!keep.o\n*.o", "keep.o- a.o-"},
    {BACKUP, "a\n!a\na", "a-"},
    {BACKUP, "a\n!a", "a+ a/b+ b+"},
    {BACKUP, "*\n!a", "a+ a/+ b- a/b-"},
    {BACKUP, "/*\n!/a", "a+ a/b+ b-"},
    {BACKUP, "/*\n!/a\n/a/*\n!/a/b", "a/+ a/b+ a/c- c-"},
    {BACKUP, "*.log\n!*.log\n*.log\n!x.log", "x.log+ y.log-"},
    /* what is below something excluded cannot come back */
    {BACKUP, "a/\n!a/b", "a/b- a/-"},
    {BACKUP, "a\n!a/b\n!b", "a/b- a/c/b- b+"},
    {BACKUP, "a/*\n!a/b", "a/b+ a/b/c+ a/c-"},
    {BACKUP, "**/c\n!a/c/d", "a/c/d- a/c/-"},
    /* include rules in a backup take back */
    {BACKUP, "*.o\n+keep.o", "keep.o+ a.o- a.c+"},
    {BACKUP, "+a", "a+ b+"},
    {BACKUP, "+!a", "a- b+"},
    {BACKUP, "*\n+/a", "a+ b-"},
    /* restores: only what is included */
    {RESTORE, "", "a+ a/b+"},
    {RESTORE, "a", "a- b+"},
    {RESTORE, "+a", "a+ a/+ a/b+ a/b/c+ b- b/~ b/a+ b/c-"},
    {RESTORE, "+/a", "a+ a/+ a/b+ b- b/- b/a-"},
    {RESTORE, "+a/b", "a- a/~ a/b+ a/b/+ a/b/c+ a/c- a/c/- b/-"},
    {RESTORE, "+a/b/c", "a/~ a/b/~ a/b/c+ a/b/c/d+ a/b/d- a/x/-"},
    {RESTORE, "+*.txt", "x.txt+ x.o- d/~ d/x.txt+ d/x.o- d/e/~"},
    {RESTORE, "+a/**", "a- a/~ a/b+ a/b/c+ b/-"},
    {RESTORE, "+a/**/c", "a/~ a/b/~ a/c+ a/b/c+ a/b- b/-"},
    {RESTORE, "+/a/", "a- a/+ a/b+"},
    {RESTORE, "+a/b/", "a/b- a/b/+ a/b/c+ a/~"},
    {RESTORE, "+a\n*.o", "a/x.o- a/x.c+ x.c- a/x.o/-"},
    {RESTORE, "*.o\n+a", "a/x.o- a/x.c+ x.c-"},
    {RESTORE, "+a\n*.o\n!keep.o", "a/keep.o+ a/x.o- keep.o- b/keep.o-"},
    {RESTORE, "+a.o\n*.o\n!a.o", "a.o+ b.o-"},
    {RESTORE, "*.o\n+a/x.o", "a/x.o+ a/y.o- a/~ a/x.c-"},
    {RESTORE, "+a\n+!a/b", "a/c+ a/b- a/b/c-"},
    {RESTORE, "+a\n+b", "a+ b+ c- a/c+ c/~"},
    {RESTORE, "+a\na", "a- a/- a/b-"},
    {RESTORE, "+a/b\na", "a/- a/b-"},
    {RESTORE, "!a", "a+ b+"},
    {RESTORE, "+!a", "a- b+"},
    {RESTORE, "+**", "a+ a/+ a/b+"},
    {RESTORE, "+/a/b\n+/c", "a/~ a/b+ c+ d- d/- a/d-"},
    /* names with other bytes */
    {BACKUP, "\xff*", "\xff- \xff\xfe- \xfe+"},
    {BACKUP, "\xc3\xa9", "\xc3\xa9- e+"},
    {BACKUP, "?", "\xc3\xa9+"}, /* bytes, not characters */
    {BACKUP, "??", "\xc3\xa9-"},
    {BACKUP, "[\xc3\xa9]x", "\xc3x- \xa9x-"},
};

static void add_rules(struct select_rules *rules, const char *text)
{
    char *copy = strdup(text), *next = copy;
    struct error e = ERROR_INIT;

    for (char *line; (line = strsep(&next, "\n")) != NULL;) {
        enum select_kind kind = line[0] == '+' ? SELECT_INCLUDE : SELECT_EXCLUDE;
        if (*line == '\0' || strcmp(line, "!") == 0)
            continue;
        if (select_rules_add(rules, line + (kind == SELECT_INCLUDE), kind, "test", &e) != 0)
            fail_msg("%s", e.text);
    }
    free(copy);
}

/* A path with slashes becomes a key; a slash at the end is dropped. */
static size_t make_key(char *path, size_t size, bool *is_directory)
{
    *is_directory = size > 0 && path[size - 1] == '/';
    size -= *is_directory;
    for (size_t i = 0; i < size; i++)
        if (path[i] == '/')
            path[i] = '\0';
    return size;
}

static enum select_answer ask(const struct select_rules *rules, const char *path)
{
    bool is_directory;
    size_t size = strlen(path);
    char *key = malloc(size + 1);

    assert_non_null(key);
    memcpy(key, path, size);
    size = make_key(key, size, &is_directory);
    enum select_answer answer = select_match(rules, key, size, is_directory);
    free(key);
    return answer;
}

static char letter(enum select_answer answer)
{
    return answer == SELECT_TAKE ? '+' : answer == SELECT_PASS ? '~' : '-';
}

static unsigned check_group(const struct group *group)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(group->by_default, &e);
    char *copy = strdup(group->paths), *next = copy;
    unsigned cases = 0;

    add_rules(rules, group->rules);
    for (char *path; (path = strsep(&next, " ")) != NULL;) {
        size_t size = strlen(path);
        if (size == 0)
            continue;
        char wanted = path[size - 1];
        path[size - 1] = '\0';
        char found = letter(ask(rules, path));
        if (found != wanted)
            fail_msg("rules '%s', path '%s': %c instead of %c", group->rules, path, found,
                     wanted);
        cases++;
    }
    free(copy);
    select_rules_free(rules);
    return cases;
}

static void select_table(void **state)
{
    unsigned cases = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        cases += check_group(&groups[i]);
    print_message("%u cases\n", cases);
    assert_true(cases >= 300);
}

static void select_root_and_nothing(void **state)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(RESTORE, &e);

    (void)state;
    assert_int_equal(select_match(NULL, "a", 1, false), SELECT_TAKE);
    assert_int_equal(select_match(rules, "", 0, true), SELECT_TAKE);
    assert_int_equal(select_rules_add(rules, "a/b", SELECT_INCLUDE, "test", &e), 0);
    assert_int_equal(select_match(rules, "", 0, true), SELECT_PASS);
    assert_int_equal(select_rules_count(rules), 1);
    select_rules_free(rules);
    select_rules_free(NULL);
    rules = select_rules_new(BACKUP, &e);
    assert_int_equal(select_rules_add(rules, "*", SELECT_EXCLUDE, "test", &e), 0);
    assert_int_equal(select_match(rules, "", 0, true), SELECT_TAKE);
    select_rules_free(rules);
}

static void select_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "names nothing"},
        {"/", "names nothing"},
        {"!", "names nothing"},
        {"!/", "names nothing"},
        {"///", "names nothing"},
        {"[a", "no ']'"},
        {"[", "no ']'"},
        {"a[]", "no ']'"},
        {"[!", "no ']'"},
        {"[a/b]", "no ']'"},
        {"[[:alpha:]", "no ']'"},
        {"a\\", "backslash ends it"},
        {"\\", "backslash ends it"},
        {"a\\/b", "backslash ends"},
        {"[a\\", "no ']'"},
        {"[a-", "no ']'"},
        {"[a-\\", "no ']'"},
    };
    struct error e;
    struct select_rules *rules = select_rules_new(BACKUP, &e);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e = ERROR_INIT;
        assert_int_equal(select_rules_add(rules, rows[i].text, SELECT_EXCLUDE, "--exclude", &e),
                         -1);
        assert_int_equal(e.code, ERROR_USAGE);
        assert_non_null(strstr(e.text, "--exclude: the rule '"));
        if (strstr(e.text, rows[i].part) == NULL)
            fail_msg("'%s': %s", rows[i].text, e.text);
    }
    char *much = malloc(SELECT_RULE_LIMIT + 2);
    memset(much, 'a', SELECT_RULE_LIMIT + 1);
    much[SELECT_RULE_LIMIT + 1] = '\0';
    assert_int_equal(select_rules_add(rules, much, SELECT_EXCLUDE, "x", &e), -1);
    assert_int_equal(select_rules_add(rules, much + 1, SELECT_EXCLUDE, "x", &e), 0);
    assert_int_equal(select_rules_count(rules), 1);
    free(much);
    select_rules_free(rules);
}

static void select_lines_of_a_file(void **state)
{
    static const char text[] = "\xef\xbb\xbf# comment\n\n*.o  \r\n\\#x\nkeep\\ \n  \nlast";
    static const char zero[] = "a\nb\0c\n";
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(BACKUP, &e);
    struct select_reason reason;

    (void)state;
    assert_int_equal(
        select_rules_add_lines(rules, text, sizeof(text) - 1, SELECT_EXCLUDE, "skip", &e), 0);
    assert_int_equal(select_rules_count(rules), 4);
    assert_int_equal(ask(rules, "a.o"), SELECT_SKIP);
    assert_int_equal(ask(rules, "#x"), SELECT_SKIP);
    assert_int_equal(ask(rules, "keep "), SELECT_SKIP);
    assert_int_equal(ask(rules, "keep"), SELECT_TAKE);
    assert_int_equal(select_explain(rules, "d\0last\0x", 8, false, &reason), SELECT_SKIP);
    assert_string_equal(reason.text, "last");
    assert_string_equal(reason.origin, "skip:7");
    assert_int_equal(reason.key_size, 6);
    assert_int_equal(select_explain(rules, "x", 1, false, &reason), SELECT_TAKE);
    assert_null(reason.text);
    assert_int_equal(
        select_rules_add_lines(rules, zero, sizeof(zero) - 1, SELECT_EXCLUDE, "skip", &e), -1);
    assert_non_null(strstr(e.text, "skip:2"));
    assert_int_equal(select_rules_add_lines(rules, "ok\n[x\n", 6, SELECT_EXCLUDE, "skip", &e),
                     -1);
    assert_non_null(strstr(e.text, "skip:2: the rule '[x'"));
    assert_int_equal(select_rules_add_lines(rules, "", 0, SELECT_EXCLUDE, "skip", &e), 0);
    select_rules_free(rules);
}

/* Keys longer than one window of components, and rules with more parts than one word of states.
 */
static void select_deep(void **state)
{
    enum { DEPTH = 1500 };
    struct error e = ERROR_INIT;
    char rule[2 * DEPTH + 8] = "", key[2 * DEPTH + 1];

    (void)state;
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(rule + 2 * i, "/d", 3);
        key[2 * i] = 'd';
        key[2 * i + 1] = '\0';
    }
    struct select_rules *rules = select_rules_new(RESTORE, &e);
    assert_int_equal(select_rules_add(rules, rule, SELECT_INCLUDE, "x", &e), 0);
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 1, false), SELECT_TAKE);
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 3, true), SELECT_PASS);
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 3, false), SELECT_SKIP);
    assert_int_equal(select_match(rules, key, 2 * 127 - 1, true), SELECT_PASS);
    assert_int_equal(select_match(rules, key, 2 * 128 - 1, true), SELECT_PASS);
    assert_int_equal(select_match(rules, key, 2 * 129 - 1, true), SELECT_PASS);
    key[2 * 700] = 'x';
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 1, false), SELECT_SKIP);
    assert_int_equal(select_match(rules, key, 2 * 701 - 1, true), SELECT_SKIP);
    assert_int_equal(select_rules_add(rules, "x", SELECT_INCLUDE, "x", &e), 0);
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 1, false), SELECT_TAKE);
    static const size_t places[] = {0, 126, 127, 128, 129, 255, 256, 257, 1499};
    struct select_rules *others = select_rules_new(BACKUP, &e);
    assert_int_equal(select_rules_add(others, "y", SELECT_EXCLUDE, "x", &e), 0);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        key[2 * places[i]] = 'y';
        assert_int_equal(select_match(others, key, 2 * DEPTH - 1, false), SELECT_SKIP);
        key[2 * places[i]] = 'd';
        assert_int_equal(select_match(others, key, 2 * DEPTH - 1, false), SELECT_TAKE);
    }
    select_rules_free(others);
    assert_int_equal(select_rules_add(rules, "/d/d/d/d/**/x", SELECT_EXCLUDE, "x", &e), 0);
    assert_int_equal(select_match(rules, key, 2 * DEPTH - 1, false), SELECT_SKIP);
    select_rules_free(rules);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Rules that make naive matchers take for ever. */
static void select_hard_rules(void **state)
{
    static const char *const rules_text[] = {"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
                                             "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b",
                                             "**/*a*/**/*a*/**/*a*/**/*a*/**/*a*/**/b"};
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(BACKUP, &e);
    char many[SELECT_RULE_LIMIT + 1];
    uint8_t word[4096], path[4095];

    (void)state;
    alarm(60);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(select_rules_add(rules, rules_text[i], SELECT_EXCLUDE, "x", &e), 0);
    for (size_t i = 0; i < SELECT_RULE_LIMIT; i++)
        many[i] = "a/**/"[i % 5];
    many[SELECT_RULE_LIMIT] = '\0';
    assert_int_equal(select_rules_add(rules, many, SELECT_EXCLUDE, "x", &e), 0);
    for (size_t i = 0; i < SELECT_RULE_LIMIT; i++)
        many[i] = "*a"[i % 2];
    assert_int_equal(select_rules_add(rules, many, SELECT_EXCLUDE, "x", &e), 0);
    memset(word, 'a', sizeof(word));
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = i % 2 == 0 ? 'a' : '\0';
    double start = seconds();
    assert_int_equal(select_match(rules, word, sizeof(word) - 1, false), SELECT_TAKE);
    assert_true(seconds() - start < 5);
    select_match(rules, path, sizeof(path), false);
    assert_true(seconds() - start < 20);
    alarm(0);
    select_rules_free(rules);
}

/* A hundred common rules over many entries: a backup of a million files must not notice. */
static void select_is_quick(void **state)
{
    enum { ENTRIES = 20000 };
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(BACKUP, &e);
    char text[64], key[64];

    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "*.x%d", i);
        assert_int_equal(select_rules_add(rules, text, SELECT_EXCLUDE, "x", &e), 0);
        snprintf(text, sizeof(text), "/var/cache%d/", i);
        assert_int_equal(select_rules_add(rules, text, SELECT_EXCLUDE, "x", &e), 0);
    }
    double start = seconds();
    for (int i = 0; i < ENTRIES; i++) {
        int size = snprintf(key, sizeof(key), "usr/share/doc/package%d/file.gz", i);
        for (int k = 0; k < size; k++)
            key[k] = key[k] == '/' ? '\0' : key[k];
        assert_int_equal(select_match(rules, key, (size_t)size, false), SELECT_TAKE);
    }
    double each = (seconds() - start) / ENTRIES;
    print_message("%.2f us for an entry of 5 components and 100 rules\n", each * 1e6);
    assert_true(each < 200e-6);
    select_rules_free(rules);
}

/* Git as the judge. */

static const char *const universe[] = {
    "a/",        "b/",        "ab/",     "a/a/",    "a/b/",   "a/ab/",    "b/a/",
    "b/b/",      "ab/a/",     "a/a/a/",  "a/b/a/",  "b/a/b/", "ab/a/ab/", "a/a/a/a/",
    "c",         "abc",       "a/c",     "a/abc",   "a/a/c",  "a/a/ba",   "a/a/a/b",
    "a/a/a/c",   "a/b/b",     "a/b/c",   "a/b/a/b", "a/ab/a", "a/ab/ab",  "b/c",
    "b/ba",      "b/a/a",     "b/a/c",   "b/a/b/a", "b/b/a",  "b/b/ab",   "ab/b",
    "ab/ab",     "ab/a/a",    "ab/a/ba", "ba",      "bb",     "a/bb",     "ab/a/ab/a",
    "a/a/a/a/a", "a/a/a/a/b", "b/a/b/c", "c.a",     "a/c.a",  "b/a/c.b"};
enum { UNIVERSE = sizeof(universe) / sizeof(universe[0]), ROUNDS = 120 };

static void make_universe(void)
{
    char name[128];

    assert_int_equal(mkdir(scratch_path("repo"), 0700), 0);
    for (size_t i = 0; i < UNIVERSE; i++) {
        snprintf(name, sizeof(name), "repo/%s", universe[i]);
        if (name[strlen(name) - 1] == '/')
            assert_int_equal(mkdir(scratch_path(name), 0700), 0);
        else
            scratch_write(name, "", 0, 0600);
    }
}

/* No word like b**: git cuts a plain start off before it looks at the stars, and then takes
 * them for a component of their own, against its own manual. */
static void append_random_rule(char *text, size_t room, uint64_t *seed)
{
    static const char *const words[] = {
        "a",   "b",      "ab",  "*",     "?",  "[ab]", "[!a]",       "**",
        "a*",  "*b",     "*a*", "??",    "c",  "a?",   "[a-c]",      "**a",
        "*.a", "*.[!a]", "\\a", "[^b]*", "**", "[]a]", "[[:alpha:]]"};
    unsigned parts = 1 + (unsigned)(scratch_random(seed) % 4);
    size_t used = strlen(text);

    used += (size_t)snprintf(text + used, room - used, "%s%s",
                             scratch_random(seed) % 4 == 0 ? "!" : "",
                             scratch_random(seed) % 4 == 0 ? "/" : "");
    for (unsigned i = 0; i < parts; i++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s%s", i > 0 ? "/" : "",
                             words[scratch_random(seed) % (sizeof(words) / sizeof(words[0]))]);
    snprintf(text + used, room - used, "%s\n", scratch_random(seed) % 4 == 0 ? "/" : "");
}

/* Asks git which paths the rules exclude, and compares. */
static void compare_with_git(const char *rules_text)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(BACKUP, &e);
    char command[1024], line[256];
    bool ignored[UNIVERSE] = {false};

    if (select_rules_add_lines(rules, rules_text, strlen(rules_text), SELECT_EXCLUDE, "x", &e))
        fail_msg("%s", e.text);
    scratch_write("repo/.git/info/exclude", rules_text, strlen(rules_text), 0600);
    snprintf(command, sizeof(command),
             "cd %s && git check-ignore --no-index --stdin < ../paths", scratch_path("repo"));
    FILE *git = popen(command, "r");
    assert_non_null(git);
    while (fgets(line, sizeof(line), git) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < UNIVERSE; i++)
            if (strncmp(universe[i], line, strlen(line)) == 0 &&
                strspn(universe[i] + strlen(line), "/") == strlen(universe[i] + strlen(line)))
                ignored[i] = true;
    }
    assert_true(pclose(git) / 256 <= 1);
    for (size_t i = 0; i < UNIVERSE; i++)
        if ((ask(rules, universe[i]) == SELECT_SKIP) != ignored[i])
            fail_msg("rules:\n%spath %s: git says %s", rules_text, universe[i],
                     ignored[i] ? "ignored" : "not ignored");
    select_rules_free(rules);
}

static void select_as_git_does(void **state)
{
    char command[600], paths[4096] = "";
    uint64_t seed = 1;

    (void)state;
    if (system("git --version >/dev/null 2>&1") != 0) {
        print_message("git is not there: its answers were not compared\n");
        skip();
    }
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    unsetenv("GIT_DIR");
    unsetenv("GIT_WORK_TREE");
    make_universe();
    for (size_t i = 0; i < UNIVERSE; i++) {
        size_t size = strlen(universe[i]);
        snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), "%.*s\n",
                 (int)(size - (universe[i][size - 1] == '/')), universe[i]);
    }
    scratch_write("paths", paths, strlen(paths), 0600);
    snprintf(command, sizeof(command), "git init -q %s >/dev/null", scratch_path("repo"));
    assert_int_equal(system(command), 0);
    for (int round = 0; round < ROUNDS; round++) {
        char text[2048] = "";
        for (unsigned i = 0; i <= scratch_random(&seed) % 5; i++)
            append_random_rule(text, sizeof(text), &seed);
        compare_with_git(text);
    }
    print_message("%d sets of rules, %d paths each\n", ROUNDS, (int)UNIVERSE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(select_table),    cmocka_unit_test(select_root_and_nothing),
    cmocka_unit_test(select_refused),  cmocka_unit_test(select_lines_of_a_file),
    cmocka_unit_test(select_deep),     cmocka_unit_test(select_hard_rules),
    cmocka_unit_test(select_is_quick), scratch_test(select_as_git_does),
};

UNIT_MAIN(tests)
