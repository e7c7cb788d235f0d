/* SPDX-License-Identifier: Apache-2.0 */
/* forged_cases.h - the tables of test_engine_forged.c: entries that no honest backup holds. */
#ifndef TESTS_UNIT_FORGED_CASES_H
#define TESTS_UNIT_FORGED_CASES_H

#include "engine_forge.h"

enum { CASE_ENTRIES = 8, MANY = SIZE_MAX };

#define NAMED(k) .key = (k), .key_size = sizeof(k) - 1
#define A_FILE(k)                                                                              \
    {                                                                                          \
        .type = LAGAN_ENTRY_FILE, NAMED(k), .text = "forged"                                   \
    }
#define A_DIRECTORY(k)                                                                         \
    {                                                                                          \
        .type = LAGAN_ENTRY_DIRECTORY, NAMED(k)                                                \
    }
#define A_LINK(k, target)                                                                      \
    {                                                                                          \
        .type = LAGAN_ENTRY_SYMLINK, NAMED(k), .link = (target),                               \
        .link_size = sizeof(target) - 1                                                        \
    }
#define A_NODE(k, t)                                                                           \
    {                                                                                          \
        .type = LAGAN_ENTRY_##t, NAMED(k)                                                      \
    }
#define A_NAME(k, group, names, content)                                                       \
    {                                                                                          \
        .type = LAGAN_ENTRY_FILE, NAMED(k), .text = (content), .links_to = (group),            \
        .links = (names)                                                                       \
    }
#define A_CONTENT(k, kind, length)                                                             \
    {                                                                                          \
        .type = LAGAN_ENTRY_FILE, NAMED(k), .content = (kind), .bytes = (length)               \
    }
#define LARGE (UINT64_C(3) << 20)

struct forged_case {
    const char *what;
    struct forged entries[CASE_ENTRIES]; /* up to one of type 0 */
    size_t problems;                     /* of a restore into an empty place */
    const char *named;                   /* an entry that has one of them */
};

/* `OUTSIDE` in targets of links leads to the tree that must not change. */
#define OUTSIDE "../outside"

static const struct forged_case names[] = {
    {"..", {A_FILE("..")}, 1, ".."},
    {".", {A_FILE(".")}, 1, "."},
    {".. as a directory", {A_DIRECTORY(".."), A_FILE("..\0x"), A_DIRECTORY("..\0d")}, 1, ".."},
    {"../.. without directories", {A_FILE("..\0..\0x")}, 1, "../../x"},
    {"../outside/canary", {A_FILE("..\0outside\0canary")}, 1, "../outside/canary"},
    {".. in the middle",
     {A_DIRECTORY("a"), A_DIRECTORY("a\0.."), A_FILE("a\0..\0x"), A_FILE("a\0x")},
     1,
     "a/.."},
    {".. at the end", {A_DIRECTORY("a"), A_FILE("a\0..")}, 1, "a/.."},
    {". in the middle", {A_DIRECTORY("a"), A_DIRECTORY("a\0."), A_FILE("a\0.\0x")}, 1, "a/."},
    {"an empty first component", {A_FILE("\0x")}, 1, "/x"},
    {"an empty last component", {A_DIRECTORY("a"), A_FILE("a\0")}, 1, "a/"},
    {"an empty directory name", {A_DIRECTORY("\0"), A_FILE("\0\0x")}, 1, "/"},
    {"an empty component within", {A_DIRECTORY("a"), A_FILE("a\0\0b")}, 1, "a//b"},
    {"a slash", {A_FILE("a/b")}, 1, "a/b"},
    {"a slash at the end", {A_DIRECTORY("a/"), A_FILE("a/\0x")}, 1, "a/"},
    {"an absolute name", {A_FILE("/etc/lagan-forged")}, 1, "/etc/lagan-forged"},
    {"an absolute name in components", {A_DIRECTORY("/"), A_FILE("/\0etc")}, 1, "/"},
    {"../outside in one component", {A_FILE("../outside/x")}, 1, "../outside/x"},
    {"../outside as a directory", {A_DIRECTORY("../outside")}, 1, "../outside"},
    {"a/../.. in one component", {A_FILE("a/../../outside/x")}, 1, NULL},
    {"nodes called ..",
     {A_NODE("..", FIFO), A_NODE("a/../../f", FIFO), A_LINK("../l", OUTSIDE)},
     3,
     "../l"},
    {"control characters", {A_FILE("\033[2J\n\r\t\177"), A_FILE("%s%n")}, 0, NULL},
    {"not UTF-8", {A_FILE("\377\376"), A_FILE("\300\257..")}, 0, NULL},
    {"looks like another system's",
     {A_FILE("C:\\x"), A_FILE("a:stream"), A_FILE("NUL"), A_FILE("dot. ")},
     0,
     NULL},
    {"case alone differs", {A_FILE("A"), A_FILE("a"), A_DIRECTORY("B"), A_FILE("b")}, 0, NULL},
    {"two forms of a letter", {A_FILE("\303\251"), A_FILE("e\314\201")}, 0, NULL},
};

static const struct forged_case parents[] = {
    {"no parent", {A_FILE("none\0x")}, 1, "none/x"},
    {"no parents of a directory", {A_DIRECTORY("none\0d"), A_FILE("none\0d\0x")}, 1, "none/d"},
    {"below a file", {A_FILE("f"), A_FILE("f\0x")}, 1, "f/x"},
    {"a directory below a file",
     {A_FILE("f"), A_DIRECTORY("f\0d"), A_FILE("f\0d\0x"), A_DIRECTORY("f\0d\0e")},
     1,
     "f/d"},
    {"below a FIFO", {A_NODE("p", FIFO), A_FILE("p\0x")}, 1, "p/x"},
    {"below a socket", {A_NODE("s", SOCKET), A_FILE("s\0x")}, 1, "s/x"},
    {"below a link", {A_LINK("evil", OUTSIDE), A_FILE("evil\0x")}, 1, "evil/x"},
    {"over a file behind a link", {A_LINK("evil", OUTSIDE), A_FILE("evil\0canary")}, 1, NULL},
    {"a directory below a link",
     {A_LINK("evil", OUTSIDE), A_DIRECTORY("evil\0inner"), A_FILE("evil\0inner\0x")},
     1,
     "evil/inner"},
    {"below an absolute link", {A_LINK("evil", "/"), A_FILE("evil\0lagan-forged")}, 1, NULL},
    {"below a link to here", {A_LINK("evil", "."), A_FILE("evil\0x")}, 1, "evil/x"},
    {"two hops",
     {A_LINK("l1", "l2"), A_LINK("l2", OUTSIDE), A_FILE("l1\0x"), A_FILE("l2\0x")},
     2,
     "l1/x"},
    {"up within a directory",
     {A_DIRECTORY("d"), A_LINK("d\0up", "../.."), A_DIRECTORY("d\0up\0outside"),
      A_FILE("d\0up\0outside\0x")},
     1,
     "d/up/outside"},
    {"a chain that a path cleaner gets wrong",
     {A_DIRECTORY("a"), A_DIRECTORY("a\0b"), A_LINK("a\0b\0c", "../.."),
      A_LINK("e", "a/b/c/../outside"), A_FILE("e\0x")},
     1,
     "e/x"},
    {"a node below a link", {A_LINK("evil", OUTSIDE), A_NODE("evil\0p", FIFO)}, 1, "evil/p"},
    {"a link below a link", {A_LINK("evil", OUTSIDE), A_LINK("evil\0l", "/etc")}, 1, "evil/l"},
    {"the root is a file",
     {{.type = LAGAN_ENTRY_FILE, .key = "", .text = "root"}, A_FILE("x")},
     1,
     "."},
    {"the root is a link",
     {{.type = LAGAN_ENTRY_SYMLINK, .key = "", .link = OUTSIDE, .link_size = 10}, A_FILE("x")},
     1,
     "."},
    {"the root is a FIFO", {{.type = LAGAN_ENTRY_FIFO, .key = ""}, A_FILE("x")}, 1, "."},
};

static const struct forged_case links[] = {
    {"a link without a target", {A_LINK("l", "")}, 1, "l"},
    {"a link that has none", {A_NODE("l", SYMLINK)}, 1, "l"},
    {"a target with a zero byte", {A_LINK("l", "a\0b")}, 1, "l"},
    {"one group, two contents",
     {A_NAME("n1", 1, 4, "one"), A_NAME("n2", 1, 4, "another"), A_NAME("n3", 1, 4, "one"),
      A_NAME("n4", 1, 4, "another")},
     0,
     NULL},
    {"a link and a file in a group",
     {{.type = LAGAN_ENTRY_SYMLINK,
       NAMED("n1"),
       .link = "../outside/canary",
       .link_size = 17,
       .links_to = 1,
       .links = 2},
      A_NAME("n2", 1, 2, "mine")},
     0,
     NULL},
    {"the first name is refused",
     {A_NAME("..", 1, 3, "text"), A_NAME("n2", 1, 3, "text"), A_NAME("n3", 1, 3, "text")},
     1,
     ".."},
    {"the first name is behind a link",
     {A_LINK("evil", OUTSIDE), A_NAME("evil\0canary", 1, 2, "text"),
      A_NAME("n2", 1, 2, "text")},
     1,
     "evil/canary"},
    {"a further name is refused",
     {A_NAME("a", 1, 3, "text"), A_NAME("a/../../outside/x", 1, 3, "text"),
      A_NAME("b", 1, 3, "text")},
     1,
     NULL},
    {"a further name is behind a link",
     {A_NAME("a", 1, 2, "text"), A_LINK("evil", OUTSIDE), A_NAME("evil\0x", 1, 2, "text")},
     1,
     "evil/x"},
    {"more names than it says",
     {A_NAME("a", 1, 2, "text"), A_NAME("b", 1, 2, "text"), A_NAME("c", 1, 2, "text")},
     0,
     NULL},
    {"as many names as can be said", {A_NAME("a", 1, UINT32_MAX, "text")}, 0, NULL},
    {"directories in a group",
     {{.type = LAGAN_ENTRY_DIRECTORY, NAMED("a"), .links_to = 1, .links = 2},
      {.type = LAGAN_ENTRY_DIRECTORY, NAMED("b"), .links_to = 1, .links = 2}},
     0,
     NULL},
    {"a large first name is damaged",
     {{.type = LAGAN_ENTRY_FILE,
       NAMED("a"),
       .bytes = LARGE,
       .content = CONTENT_MISSING,
       .links_to = 1,
       .links = 3},
      {.type = LAGAN_ENTRY_FILE,
       NAMED("b"),
       .bytes = LARGE,
       .content = CONTENT_MISSING,
       .links_to = 1,
       .links = 3},
      A_NAME("c", 1, 3, "text")},
     2,
     "a"},
};

static const struct forged_case contents[] = {
    {"a chunk is missing", {A_CONTENT("a", CONTENT_MISSING, 5000)}, 1, "a"},
    {"a chunk of a large file is missing", {A_CONTENT("a", CONTENT_MISSING, LARGE)}, 1, "a"},
    {"a chunk of metadata", {A_CONTENT("a", CONTENT_OF_METADATA, 5000)}, 1, "a"},
    {"chunks of metadata", {A_CONTENT("a", CONTENT_OF_METADATA, LARGE)}, 1, "a"},
    {"a chunk too short", {A_CONTENT("a", CONTENT_SHORTER, 5000)}, 1, "a"},
    {"a chunk of a large file too short", {A_CONTENT("a", CONTENT_SHORTER, LARGE)}, 1, "a"},
    {"a chunk too long", {A_CONTENT("a", CONTENT_LONGER, 5000)}, 1, "a"},
    {"a chunk of a large file too long", {A_CONTENT("a", CONTENT_LONGER, LARGE)}, 1, "a"},
    {"a map too long", {A_CONTENT("a", CONTENT_MAP_LONGER, 5000)}, 1, "a"},
    {"a map too short", {A_CONTENT("a", CONTENT_MAP_SHORTER, 5000)}, 1, "a"},
    {"a large map too long", {A_CONTENT("a", CONTENT_MAP_LONGER, LARGE)}, 1, "a"},
    {"a large map too short", {A_CONTENT("a", CONTENT_MAP_SHORTER, LARGE)}, 1, "a"},
    {"a map is missing", {A_CONTENT("a", CONTENT_MAP_MISSING, 5000)}, 1, "a"},
    {"a large map is missing", {A_CONTENT("a", CONTENT_MAP_MISSING, LARGE)}, 1, "a"},
    {"a map of data", {A_CONTENT("a", CONTENT_MAP_OF_DATA, 5000)}, 1, "a"},
    {"a map of garbage", {A_CONTENT("a", CONTENT_MAP_GARBAGE, 5000)}, 1, "a"},
    {"a large map of garbage", {A_CONTENT("a", CONTENT_MAP_GARBAGE, LARGE)}, 1, "a"},
    {"a map of another height", {A_CONTENT("a", CONTENT_MAP_TOO_HIGH, 5000)}, 1, "a"},
    {"a hole of 2^63 bytes", {A_CONTENT("a", CONTENT_HOLE, UINT64_C(1) << 63)}, 1, "a"},
    {"a hole of almost 2^64 bytes", {A_CONTENT("a", CONTENT_HOLE, UINT64_MAX - 100)}, 1, "a"},
    {"text behind almost 2^64 bytes",
     {{.type = LAGAN_ENTRY_FILE,
       NAMED("a"),
       .text = "forged",
       .content = CONTENT_HOLE_AND_TEXT,
       .bytes = UINT64_MAX - 100}},
     1,
     "a"},
    {"text behind 2^63 - 10 bytes",
     {{.type = LAGAN_ENTRY_FILE,
       NAMED("a"),
       .text = "forged",
       .content = CONTENT_HOLE_AND_TEXT,
       .bytes = (UINT64_C(1) << 63) - 3}},
     1,
     "a"},
    {"a hole of 8 GiB", {A_CONTENT("a", CONTENT_HOLE, UINT64_C(8) << 30)}, 0, NULL},
    {"no content at all", {A_CONTENT("a", CONTENT_GOOD, 0)}, 0, NULL},
    {"a FIFO with content", {{.type = LAGAN_ENTRY_FIFO, NAMED("a"), .text = "text"}}, 0, NULL},
    {"a directory with content",
     {{.type = LAGAN_ENTRY_DIRECTORY, NAMED("a"), .text = "text"}},
     0,
     NULL},
    {"a type that nobody knows", {{.type = 77, NAMED("a"), .text = "text"}}, 1, "a"},
    {"a type of other drivers",
     {{.type = LAGAN_ENTRY_OBJECT, NAMED("a"), .text = "text"},
      {.type = LAGAN_ENTRY_VOLUME, NAMED("b"), .text = "text"}},
     2,
     "b"},
    {"an error that says nothing", {A_NODE("a", ERROR)}, 1, "a"},
    {"times that nobody can have",
     {{.type = LAGAN_ENTRY_FILE, NAMED("a"), .text = "text", .mtime_s = INT64_MIN},
      {.type = LAGAN_ENTRY_FILE, NAMED("b"), .text = "text", .mtime_s = INT64_MAX},
      {.type = LAGAN_ENTRY_DIRECTORY, NAMED("c"), .mtime_s = INT64_MAX}},
     0,
     NULL},
    {"owners that nobody can be",
     {{.type = LAGAN_ENTRY_FILE,
       NAMED("a"),
       .text = "text",
       .user = UINT32_MAX,
       .group = UINT32_MAX},
      {.type = LAGAN_ENTRY_FILE, NAMED("b"), .text = "text", .user_name = "../../root\n"}},
     0,
     NULL},
};

#endif
