/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c - configuration files: what is understood, what is refused and with which
 * words. */
#include "config_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGION "region r { target tgt_dir { path = /x } }\n"

static void config_example(void **state)
{
    static const char text[] = "drivers   = { src_files, src_bucket, tgt_dir, tgt_s3 }\n"
                               "region east { target tgt_dir { path = /srv/lagan/east } }\n"
                               "region west { target tgt_s3  { endpoint = "
                               "\"https://s3.example.net\" bucket = lagan-west"
                               " credentials = file:/etc/lagan/west.key } }\n";
    struct error e;
    struct config *c = config_text(text, strlen(text), &e);

    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->driver_count, 4);
    assert_string_equal(c->drivers[3], "tgt_s3");
    assert_true(config_driver_enabled(c, "tgt_dir"));
    assert_false(config_driver_enabled(c, "tgt_sftp"));
    assert_int_equal(c->region_count, 2);
    assert_string_equal(c->regions[0].name, "east");
    assert_string_equal(c->regions[0].projects[0], "default");
    const struct config_region *west = config_region_find(c, "west", &e);
    assert_non_null(west);
    assert_int_equal(west->place.line, 3);
    assert_string_equal(west->zones[0].name, "tgt_s3");
    assert_int_equal(west->zones[0].parameter_count, 3);
    assert_string_equal(config_parameter_find(&west->zones[0], "endpoint")->value,
                        "https://s3.example.net");
    assert_string_equal(config_parameter_find(&west->zones[0], "credentials")->value,
                        "file:/etc/lagan/west.key");
    assert_null(config_parameter_find(&west->zones[0], "path"));
    assert_null(config_region_find(c, "north", &e));
    assert_int_equal(e.code, ERROR_NO_REGION);
    assert_non_null(strstr(e.text, "there are: east, west"));
    assert_int_equal(c->limits.threads, 0);
    assert_int_equal(c->limits.memory_bytes, 0);
    config_free(c);
    config_free(NULL);
}

static void config_everything(void **state)
{
    static const char text[] = "# comment { with braces\n"
                               "state = /var/tmp/lagan//  // another\n"
                               "/* a block = {\n"
                               "   of lines */ drivers = {tgt_dir}\r\n"
                               "region 'main-1' {\n"
                               "  projects = { live, lab }\n"
                               "  target tgt_dir {\n"
                               "    path = \"/a \\\"b\\\" \\\\ \\${c} #d\" # end\n"
                               "    mode = 'it\\'s \\n' odd-key2 = a/b:c@d[e]%$;~!\n"
                               "  }\n"
                               "}\n"
                               "driver tgt_dir { sync = yes }\n"
                               "limits { threads = 8 memory = 2G }\n"
                               "runner { } metrics { }";
    struct error e;
    struct config *c = config_text(text, strlen(text), &e);

    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_string_equal(c->state, "/var/tmp/lagan");
    const struct config_region *r = config_region_find(c, "main-1", &e);
    assert_non_null(r);
    assert_int_equal(r->project_count, 2);
    assert_string_equal(r->projects[1], "lab");
    assert_string_equal(config_parameter_find(&r->zones[0], "path")->value,
                        "/a \"b\" \\ ${c} #d");
    assert_int_equal(config_parameter_find(&r->zones[0], "path")->place.line, 8);
    assert_string_equal(config_parameter_find(&r->zones[0], "mode")->value, "it's \\n");
    assert_string_equal(config_parameter_find(&r->zones[0], "odd-key2")->value,
                        "a/b:c@d[e]%$;~!");
    const struct config_driver *d = config_defaults_find(c, "tgt_dir");
    assert_non_null(d);
    assert_int_equal(d->place.line, 12);
    assert_string_equal(d->parameters[0].value, "yes");
    assert_null(config_defaults_find(c, "tgt_s3"));
    assert_int_equal(c->limits.threads, 8);
    assert_true(c->limits.memory_bytes == UINT64_C(2) << 30);
    config_free(c);
}

static const struct config_row rows[] = {
    /* nothing, almost nothing */
    {"", ""},
    {"\n", ""},
    {"# only a comment", ""},
    {"/* x */", ""},
    {"//", ""},
    {REGION, ""},
    {"region r { target tgt_dir { } }", ""},
    {"drivers = {}", ""},
    {"drivers = { a, }", ""},
    {"\r\n" REGION, ""},
    /* bytes */
    {"\xef\xbb\xbf" REGION, ":1: a byte-order mark"},
    {REGION "\r# x\n", ":2: a carriage return"},
    {"state = /x\rdrivers = {}", ":1: a carriage return"},
    {"state = /\xff", ":1: a byte that is not UTF-8 (0xff)"},
    {"# \xc0\xaf", ":1: a byte that is not UTF-8 (0xc0)"},
    {"\n\n# \xe2\x80\xae", ":3: the control character U+202E"},
    {"# \x1b[2J", ":1: the control character U+001B"},
    {"state\x01 = /x", ":1: the control character U+0001"},
    {"st\xd0\xb0te = /x", ":1: 'st\xd0\xb0te' is no key"},
    /* unknown and misplaced */
    {"# a\n// b\n/* c\n*/\nspeed = 3", ":5: no such option"},
    {"\nspeed = 3", ":2: no such option 'speed'; known here: state, drivers, region"},
    {"State = /x", ":1: 'State' is no key"},
    {"STATE { }", ":1: no such option 'STATE'"},
    {"path = /x", ":1: no such option 'path'"},
    {"region r {\n state = /x }", ":2: no such option 'state'; known here: projects, target"},
    {"limits { cpus = 3 }", ":1: no such option 'cpus'; known here: threads, memory"},
    {"runner { fast = yes }", ":1: no such option 'fast'"},
    {"target tgt_dir { path = /x }", ":1: no such option 'target'"},
    {"region r { target tgt_dir { sub { a = b } } }", ":1: missing equal sign"},
    {"include = x", ":1: no such option 'include'"},
    {"include(\"/dev/zero\")", ":1: one of + * ( )"},
    {"limits|threads = 3", ":1: 'limits|threads' is no key"},
    /* doubles */
    {"state = /a\nstate = /b", ":2: 'state' is set already, on line 1"},
    {"drivers = {}\n\ndrivers = {}", ":3: 'drivers' is set already, on line 1"},
    {REGION REGION, ":2: the section 'region r' is there already, on line 1"},
    {REGION "region R { target tgt_dir { } }", ":2: there is a region 'r' already, at "},
    {"region r { target tgt_dir { path = a\npath = b } }",
     ":2: 'path' is set already, on line 1"},
    {"region r { target a { } target b { } }", ":1: the region 'r' has 2 targets"},
    {"region r { target a { } target a { } }", "'target a' is there already"},
    {"limits { }\nlimits { }", ":2: the section 'limits' is there already"},
    {"drivers = { a, b, a }", ":1: drivers = 'a': it stands there twice"},
    {"region r { projects = { p, p } target a { } }", "projects = 'p': it stands there twice"},
    {"driver a { }\ndriver a { }", ":2: the section 'driver a' is there already"},
    /* names */
    {"region \"\" { target a { } }", ":1: the name '' of a region is empty"},
    {"region a/b { target a { } }", ":1: the name 'a/b' of a region contains '/'"},
    {"region .. { target a { } }", "contains '.'"},
    {"region -r { target a { } }", "starts with '-'"},
    {"region \"a b\" { target a { } }", "contains the byte 0x20"},
    {"region '$(x)' { target a { } }", "contains '$'"},
    {"region %s { target a { } }", "contains '%'"},
    {"region a123456789b123456789c123456789d123456789e123456789f123456789g123 { target a {} }",
     ""},
    {"region a123456789b123456789c123456789d123456789e123456789f123456789g1234 { target a {} }",
     "is too long"},
    {"region r { projects = { \"\" } target a { } }", ":1: the name '' of a project is empty"},
    {"region r { target ../evil { } }", "'../evil' is no driver"},
    {"region r { target /tmp/x { } }", "'/tmp/x' is no driver"},
    {"region r { target \"a b\" { } }", "'a b' is no driver"},
    {"region r { target Tgt { } }", "'Tgt' is no driver"},
    {"drivers = { tgt_dir.so }", "'tgt_dir.so' is no driver"},
    {"drivers = { 1a }", "'1a' is no driver"},
    {"drivers = { \"\" }", "'' is no driver"},
    {"drivers = { a123456789b123456789c123456789de }", ""},
    {"drivers = { a123456789b123456789c123456789def }", "is no driver"},
    {"driver ../x { }", "'../x' is no driver"},
    {"region r { target a { Path = x } }", "'Path' is no key"},
    {"region r { target a { \"\" = x } }", "'' is no key"},
    {"region r { target a { p_q = x } }", "'p_q' is no key"},
    {"region r { target a { 9p = x } }", "'9p' is no key"},
    /* incomplete */
    {"region r { }", ":1: the region 'r' has no target"},
    {"region r", "premature end of file"},
    {"region r {", ":1: the section 'region' has no '}'"},
    {"region { target a { } }", ":1: missing title"},
    {"\nregion r {\n target a {\n }", ":2: the section 'region' has no '}'"},
    {"}", ":1: a '}' without its '{'"},
    {REGION "}", ":2: a '}' without its '{'"},
    {"state", "premature end of file"},
    {"state =", ":1: there is no value"},
    {"state = }", ":1: there is no value"},
    {"state = = /x", ":1: there is no value"},
    {"= /x", ":1: an '=' without a key"},
    {"state /x", "missing equal sign"},
    {"state = /x /y", "no such option '/y'"},
    {"drivers = tgt_dir", ""},
    {"drivers = { a b }", "unexpected token"},
    {"drivers = { a, b\nstate = /x", ":2: the list that starts on line 1 has no '}'"},
    {"state = { /a, /b }", "unexpected token"},
    {"region r { target a { k = { x, y } } }", "unexpected token"},
    {"region r = { target a { } }", "the list that starts on line 1 has no '}'"},
    {"limits x { }", "missing opening brace"},
    {",", "unexpected token"},
    {"{ }", "unexpected token"},
    {"{{{{{{{{{{{{{{{{{{{{", "too deep"},
    /* strings and comments */
    {"state = \"/x\n", ":1: a string starts on this line"},
    {"state = '/x", ":1: a string starts on this line"},
    {"\nstate = \"/x\\", "a string"},
    {"state = \"/x\\n\"", ":1: an unknown escape"},
    {"state = \"/x\\0\"", ":1: an unknown escape"},
    {"state = \"/x\\x41\"", ":1: an unknown escape"},
    {"state = ${HOME}", ":1: environment variables are not substituted"},
    {"state = \"${HOME}/x\"", ":1: environment variables are not substituted"},
    {"state = '/${HOME}'", ""},
    {"state = /a$b", ""},
    {"\n/* x", ":2: a comment starts here"},
    {"state = /a/*", ":1: one of + * ( )"},
    {"state = /a+b", ":1: one of + * ( )"},
    {"state = \"/a+b*(c)\"", ""},
    {"drivers += { a }", ":1: one of + * ( )"},
    {"state = /x//y", ""},
    {"state = /x // y", ""},
    {"state = /x#y", ""},
    /* values */
    {"state = x", ":1: state = 'x': it must be an absolute path"},
    {"state = ./x", "absolute path"},
    {"state = ~/x", "absolute path"},
    {"state = \"\"", "absolute path"},
    {"limits { threads = 1 }", ""},
    {"limits { threads = 1024 }", ""},
    {"limits { threads = 0 }", ":1: threads = '0': a number from 1 to 1024"},
    {"limits { threads = 1025 }", "a number from 1 to 1024"},
    {"limits { threads = -1 }", "a number from 1 to 1024"},
    {"limits { threads = \"+1\" }", "a number from 1 to 1024"},
    {"limits { threads = 0x10 }", "a number from 1 to 1024"},
    {"limits { threads = 1e3 }", "a number from 1 to 1024"},
    {"limits { threads = \" 1\" }", "a number from 1 to 1024"},
    {"limits { threads = \"1 \" }", "a number from 1 to 1024"},
    {"limits { threads = \"\" }", "a number from 1 to 1024"},
    {"limits { threads = 4294967297 }", "a number from 1 to 1024"},
    {"limits { threads = 18446744073709551617 }", "a number from 1 to 1024"},
    {"limits { threads = 123456789012345678901234567890 }", "a number from 1 to 1024"},
    {"limits { threads = 1.000 }", "a number from 1 to 1024"},
    {"limits { threads = many }", "a number from 1 to 1024"},
    {"limits { memory = 64M }", ""},
    {"limits { memory = 64MiB }", ""},
    {"limits { memory = 67108864 }", ""},
    {"limits { memory = 63M }", "a size of at least 64M"},
    {"limits { memory = 0 }", "a size of at least 64M"},
    {"limits { memory = 512m }", "a size of at least 64M"},
    {"limits { memory = 1.5G }", "a size of at least 64M"},
    {"limits { memory = -1G }", "a size of at least 64M"},
    {"limits { memory = 99999999999999P }", "a size of at least 64M"},
    {"limits { memory = G }", "a size of at least 64M"},
};

static void config_corpus(void **state)
{
    (void)state;
    config_try(rows, sizeof(rows) / sizeof(rows[0]));
}

/* The same texts, cut and spoiled at every place: any answer will do, but there must be one,
 * and what comes after it must work as before. */
static void config_spoiled(void **state)
{
    static const char text[] = "state = \"/x\" /* c */ drivers = { a, 'b' } # d\n"
                               "region r { target t { k = \"v\\\"\" } }\n";
    char spoiled[sizeof(text)];
    uint64_t seed = 3;
    struct error e;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        struct config *c = config_text(text, i, &e);
        config_free(c);
        memcpy(spoiled, text, sizeof(text));
        spoiled[i] = (char)scratch_random(&seed);
        config_free(config_text(spoiled, sizeof(text) - 1, &e));
        memcpy(spoiled, text, sizeof(text));
        spoiled[i] = "{}=\"'#/*\\,+"[scratch_random(&seed) % 11];
        config_free(config_text(spoiled, sizeof(text) - 1, &e));
        c = config_text(text, sizeof(text) - 1, &e);
        if (c == NULL)
            fail_msg("after damage at %zu: %s", i, e.text);
        config_free(c);
    }
}

static void config_big(void **state)
{
    size_t room = 3 << 20;
    char *text = malloc(room);
    size_t used = 0;
    struct error e;

    (void)state;
    assert_non_null(text);
    memset(text, '#', room);
    struct config *c = config_text(text, 1 << 20, &e); /* a line of 1 MiB */
    assert_non_null(c);
    config_free(c);
    assert_null(config_text(text, (1 << 20) + 1, &e));
    assert_non_null(strstr(e.text, "longer than 1 MiB"));
    for (int i = 0; i < 30000; i++)
        used += (size_t)snprintf(text + used, room - used, "region r%d{target t{}}\n", i);
    assert_null(config_text(text, used, &e));
    assert_non_null(strstr(e.text, "too many sections"));
    used = 0;
    for (int i = 0; i < 30000; i++)
        used += (size_t)snprintf(text + used, room - used, "k%d=%d\n", i, i);
    assert_null(config_text(text, used, &e));
    assert_non_null(strstr(e.text, "too many settings"));
    used = 0;
    for (int i = 0; i < 1001; i++)
        used += (size_t)snprintf(text + used, room - used, "region r%d { target t { } }\n", i);
    assert_null(config_text(text, used, &e));
    assert_non_null(strstr(e.text, ":1001: there are too many regions"));
    char title[300] = "";
    memset(title, 'x', sizeof(title) - 1);
    used = (size_t)snprintf(text, room, "region %s { }", title);
    assert_null(config_text(text, used, &e));
    assert_non_null(strstr(e.text, "a name of 299 bytes"));
    assert_null(config_text("state = /x\0y", 12, &e));
    assert_non_null(strstr(e.text, "U+0000"));
    free(text);
}

static void expect_refused(const char *path, const char *part, uint32_t error_class)
{
    struct error e = ERROR_INIT;

    assert_null(config_load(path, &e));
    if (strstr(e.text, part) == NULL || e.error_class != error_class)
        fail_msg("%s: %s (%s)", path, e.text, error_class_name(e.error_class));
}

static void config_unsafe_files(void **state)
{
    const char *path = scratch_path("lagan.conf");
    struct error e;

    (void)state;
    expect_refused(path, "run `lagan init`", LAGAN_NOT_FOUND);
    expect_refused(scratch_path(""), "not a regular file", LAGAN_DENIED);
    expect_refused("/dev/null", "not a regular file", LAGAN_DENIED);
    expect_refused("/dev/zero", "not a regular file", LAGAN_DENIED);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refused(path, "not a regular file", LAGAN_DENIED);
    unlink(path);
    assert_int_equal(symlink("lagan.conf", path), 0);
    expect_refused(path, "levels of symbolic links", LAGAN_INVALID);
    unlink(path);
    static const mode_t bad[] = {0666, 0620, 0602, 0664};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        scratch_write("lagan.conf", REGION, strlen(REGION), bad[i]);
        expect_refused(path, "others can write it", LAGAN_DENIED);
    }
    assert_int_equal(rename(path, scratch_path("real")), 0);
    assert_int_equal(symlink("real", path), 0);
    expect_refused(path, "others can write it", LAGAN_DENIED);
    chmod(scratch_path("real"), 0644);
    struct config *c = config_load(path, &e);
    assert_non_null(c);
    config_free(c);
}

static void config_unsafe_folders(void **state)
{
    struct error e;

    (void)state;
    assert_int_equal(mkdir(scratch_path("open"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("closed"), 0700), 0);
    scratch_write("open/lagan.conf", REGION, strlen(REGION), 0600);
    chmod(scratch_path("open"), 0777);
    expect_refused(scratch_path("open/lagan.conf"), "others can write its folder",
                   LAGAN_DENIED);
    chmod(scratch_path("open"), 0770);
    expect_refused(scratch_path("open/lagan.conf"), "others can write its folder",
                   LAGAN_DENIED);
    assert_int_equal(symlink("../open/lagan.conf", scratch_path("closed/lagan.conf")), 0);
    expect_refused(scratch_path("closed/lagan.conf"), "others can write its folder",
                   LAGAN_DENIED);
    chmod(scratch_path("open"), 01777);
    struct config *c = config_load(scratch_path("closed/lagan.conf"), &e);
    assert_non_null(c);
    config_free(c);
}

static void config_foreign_owner(void **state)
{
    const char *path = scratch_path("lagan.conf");

    (void)state;
    if (geteuid() != 0) {
        print_message("only root can give files away\n");
        skip();
    }
    scratch_write("lagan.conf", REGION, strlen(REGION), 0644);
    assert_int_equal(chown(path, 12345, 12345), 0);
    expect_refused(path, "neither to root nor to you", LAGAN_DENIED);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(chown(scratch_path(""), 12345, 12345), 0);
    expect_refused(path, "belongs neither to root nor to you", LAGAN_DENIED);
    assert_int_equal(chown(scratch_path(""), 0, 0), 0);
}

static void write_beside(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "conf.d/%s", name);
    scratch_write(path, text, strlen(text), 0600);
}

static void config_beside(void **state)
{
    static const char text[] = "drivers = { a }\nlimits { threads = 2 }\n" REGION;
    struct error e;

    (void)state;
    assert_int_equal(mkdir(scratch_path("conf.d"), 0700), 0);
    write_beside("20-b.conf", "region b { target t { } }\ndrivers = { a, c }");
    write_beside("10-c.conf", "region c { target t { } }\nlimits { memory = 1G }\nstate = /s");
    write_beside("15-m.conf", "mirror { rpo = 2h distinct = { a } }");
    write_beside("note.txt", "not read {{{");
    write_beside(".hidden.conf", "not read {{{");
    write_beside("x.conf~", "not read {{{");
    struct config *c = config_text(text, strlen(text), &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->region_count, 3);
    assert_string_equal(c->regions[1].name, "c");
    assert_string_equal(c->regions[2].name, "b");
    assert_non_null(strstr(c->regions[2].place.file, "conf.d/20-b.conf"));
    assert_int_equal(c->driver_count, 2);
    assert_int_equal(c->limits.threads, 2);
    assert_int_equal(c->limits.memory_bytes, 1 << 30);
    assert_string_equal(c->state, "/s");
    assert_int_equal(c->file_count, 4);
    config_free(c);
    static const struct config_row later[] = {
        {REGION, "30.conf:1: there is a region 'r' already, at "},
        {"limits { threads = 2 }", "30.conf:1: threads is set already, at "},
        {"limits { memory = 2G }", "30.conf:1: memory is set already, at "},
        {"mirror { rpo = 1h }", "30.conf:1: rpo is set already, at "},
        {"mirror { distinct = { b } }", "30.conf:1: distinct is set already, at "},
        {"region d { destinations = { q } target t { } }", "30.conf:1: there is no region 'q'"},
        {"state = /t", "30.conf:1: state is set already, at "},
        {"\nfoo = 1", "30.conf:2: no such option 'foo'"},
    };
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        write_beside("30.conf", later[i].text);
        assert_null(config_again(&e));
        if (strstr(e.text, later[i].part) == NULL)
            fail_msg("%s", e.text);
    }
    write_beside("30.conf", "driver a { x = 1 }");
    write_beside("40.conf", "\ndriver a { x = 1 }");
    assert_null(config_again(&e));
    assert_non_null(strstr(e.text, "40.conf:2: there is a section 'driver a' already, at "));
    unlink(scratch_path("conf.d/40.conf"));
    chmod(scratch_path("conf.d/30.conf"), 0666);
    assert_null(config_again(&e));
    assert_non_null(strstr(e.text, "others can write it"));
}

static void config_default_places(void **state)
{
    struct error e = ERROR_INIT;
    char *path, *folder;

    (void)state;
    if (geteuid() == 0) {
        path = config_default_path(&e);
        folder = config_default_state(&e);
        assert_string_equal(path, LAGAN_CONFIG_DIR "/lagan.conf");
        assert_string_equal(folder, LAGAN_STATE_DIR);
        free(path);
        free(folder);
        return;
    }
    setenv("HOME", "/home/somebody", 1);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    setenv("XDG_STATE_HOME", "/xs", 1);
    path = config_default_path(&e);
    folder = config_default_state(&e);
    assert_string_equal(path, "/home/somebody/.config/lagan/lagan.conf");
    assert_string_equal(folder, "/xs/lagan");
    free(path);
    free(folder);
}

static void config_first_one(void **state)
{
    static const char *const drivers[] = {"src_files", "tgt_dir", "key_file", NULL};
    static const char *const parameters[] = {"path", "/srv/a \"b\" ${c}\\d", "sync", "yes",
                                             NULL};
    struct config_initial initial = {.state = "/var/lib/x y",
                                     .drivers = drivers,
                                     .region = "local",
                                     .target_driver = "tgt_dir",
                                     .parameters = parameters};
    const char *path = scratch_path("new/deep/lagan.conf");
    struct error e = ERROR_INIT;
    struct stat found;

    (void)state;
    if (config_write_initial(path, &initial, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(scratch_count(scratch_path("new/deep"), ""), 1);
    struct config *c = config_load(path, &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_string_equal(c->state, "/var/lib/x y");
    assert_int_equal(c->driver_count, 3);
    const struct config_region *r = config_region_find(c, "local", &e);
    assert_string_equal(config_parameter_find(&r->zones[0], "path")->value, parameters[1]);
    assert_string_equal(config_parameter_find(&r->zones[0], "sync")->value, "yes");
    config_free(c);
    /* The same words again are what an attempt that broke off has left; others are not. */
    assert_int_equal(config_write_initial(path, &initial, &e), 1);
    initial.state = "/var/lib/y";
    assert_int_equal(config_write_initial(path, &initial, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    /* What could not be read back is not written. */
    initial.region = "a b";
    path = scratch_path("new/other.conf");
    assert_int_equal(config_write_initial(path, &initial, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_int_equal(scratch_count(scratch_path("new"), "other"), 0);
}

static const struct CMUnitTest tests[] = {
    scratch_test(config_example),
    scratch_test(config_everything),
    scratch_test(config_corpus),
    scratch_test(config_spoiled),
    scratch_test(config_big),
    scratch_test(config_unsafe_files),
    scratch_test(config_unsafe_folders),
    scratch_test(config_foreign_owner),
    scratch_test(config_beside),
    cmocka_unit_test(config_default_places),
    scratch_test(config_first_one),
};

UNIT_MAIN(tests)
