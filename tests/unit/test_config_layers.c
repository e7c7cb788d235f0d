/* SPDX-License-Identifier: Apache-2.0 */
/* test_config_layers.c - `layers { }` in the sections of targets, zones and drivers. */
#include "config_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <string.h>

#define TARGET(text) "region r { target tgt_dir { path = /x\n" text " } }\n"
#define ZONE(name, text) "zone " name " { target tgt_dir { path = /" name " " text " } }\n"

static const struct config_row rows[] = {
    {TARGET("layers { }"), ""},
    {TARGET("layers { retry = 0 timeout = 90s send-rate = 10M read-only = yes prefix = 'a/' }"),
     ""},
    {TARGET("layers { fault = { 'put:busy', 'get:transient:at:2' } }"), ""},
    {TARGET("layers { retry = 101 }"),
     ":2: layers: parameter retry: \"101\" is too large; allowed is a whole number to 100"},
    {TARGET("layers {\nretry-pause = soon }"), ":3: layers: parameter retry-pause: \"soon\""},
    {TARGET("layers { retries = 1 }"),
     ":2: layers: there is no setting \"retries\"; there are: dry-run,"},
    {TARGET("layers { retry = 1 retry = 2 }"), ":2: "},
    {TARGET("layers { }\nlayers { }"), ":3: the section 'layers' is there already, on line 2"},
    {TARGET("layers { fault = put:busy }"), ""},
    {"driver tgt_dir { sync = no layers { parallel = 2 } }\n" TARGET(""), ""},
    {"driver tgt_dir { layers { parallel = many } }\n" TARGET(""), ":1: layers: parameter"},
    {"region r { " ZONE("a", "layers { retry = 1 }") ZONE("b", "") ZONE("c", "") "}", ""},
    {"region r { " ZONE("a", "") ZONE("b", "layers { retry = x }") ZONE("c", "") "}",
     ":2: layers: parameter retry"},
    {"region r { layers { retry = 1 } target tgt_dir { path = /x } }", "no such option"},
};

static void config_corpus_of_layers(void **state)
{
    (void)state;
    config_try(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Lists are kept item by item; what is not said is not there; parameters stay parameters. */
static void config_of_layers(void **state)
{
    static const char text[] = "driver tgt_dir { sync = no layers { parallel = 2 } }\n" TARGET(
        "layers { trace = yes\nfault = { 'put:busy', 'get:io' } }\nmode = m");
    struct error e = ERROR_INIT;
    struct config *c = config_text(text, strlen(text), &e);
    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    const struct config_driver *target = &c->regions[0].zones[0];
    assert_int_equal(target->parameter_count, 2);
    assert_string_equal(config_parameter_find(target, "mode")->value, "m");
    assert_int_equal(target->layer_count, 3);
    assert_string_equal(target->layers[0].name, "trace");
    assert_int_equal(target->layers[0].place.line, 3);
    assert_string_equal(target->layers[2].name, "fault");
    assert_string_equal(target->layers[2].value, "get:io");
    assert_int_equal(target->layers[2].place.line, 4);
    const struct config_driver *driver = config_defaults_find(c, "tgt_dir");
    assert_int_equal(driver->parameter_count, 1);
    assert_int_equal(driver->layer_count, 1);
    config_free(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(config_corpus_of_layers),
    scratch_test(config_of_layers),
};

UNIT_MAIN(tests)
