/* SPDX-License-Identifier: Apache-2.0 */
/* parameters.c - cases for every kind: the table of parameters, and the edges of its values. */
#include "conformance/tables.h"

#include "base/log.h"
#include "base/text.h"
#include "driver/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK "driver.h, struct lagan_parameter"

static void table(struct trial *t)
{
    const struct driver *d = t->driver;
    trial_asked("the table of parameters");
    for (size_t i = 0; i < d->parameter_count; i++) {
        const struct lagan_parameter *row = &d->parameters[i];
        size_t size = strlen(row->help);
        EXPECT(t, size > 0, LOOK, "parameter %s has no help", row->name);
        EXPECT(t, text_is_clean_utf8(row->help, size), LOOK,
               "the help of %s is not one line of UTF-8", row->name);
        EXPECT(t, row->help[size - 1] != '.', LOOK, "the help of %s ends with a stop",
               row->name);
        EXPECT(t, strchr(row->name, '_') == NULL, LOOK, "parameter %s: words join with \"-\"",
               row->name);
    }
    EXPECT(t, d->descriptor.summary[strlen(d->descriptor.summary) - 1] != '.',
           "driver.h, struct lagan_driver", "the summary ends with a stop");
    EXPECT(t, d->descriptor.licence[0] && d->descriptor.version[0],
           "driver.h, struct lagan_driver", "licence or version is empty");
}

/* An instance with the request's words and one more value.  INVALID and its text are a fine
 * answer: a driver may know more than its table says. */
static void configure_with(struct trial *t, const struct lagan_parameter *row,
                           const char *value)
{
    struct error e = ERROR_INIT;
    struct instance *i = instance_new(t->driver, &e);
    bool ready;
    EXPECT(t, i, "driver.h, instance_new", "%s", e.text);
    trial_asked("configure %s=%.200s", row->name, value);
    trial_tick(t);
    ready = instance_set(i, row->name, value, &e) == 0;
    for (size_t n = 0; ready && n < t->request->word_count; n++) {
        struct error taken = ERROR_INIT;
        const char *word = t->request->words[n];
        /* A second value for this one is refused, and that is what we want. */
        if (instance_set_word(i, word, &taken) < 0 && taken.code != ERROR_PARAMETER)
            ready = false;
    }
    if (ready && instance_ready(i, &e) < 0)
        EXPECT(t, e.error_class == LAGAN_INVALID || e.error_class == LAGAN_NOT_FOUND, LOOK,
               "%s instead of ok or invalid: %s", error_class_name(e.error_class), e.text);
    instance_free(i);
    trial_tick(t);
}

static void try_number(struct trial *t, const struct lagan_parameter *row, int64_t number)
{
    char text[40];
    if (row->type == LAGAN_PARAMETER_DURATION)
        snprintf(text, sizeof text, "%lldms", (long long)(number / 1000000));
    else
        snprintf(text, sizeof text, "%lld", (long long)number);
    configure_with(t, row, text);
}

static void try_text(struct trial *t, const struct lagan_parameter *row)
{
    size_t longest = row->maximum > 0 ? (size_t)row->maximum : 4096;
    char *text = malloc(longest + 2);
    if (!text)
        return;
    memset(text, 'x', longest);
    text[longest] = '\0';
    configure_with(t, row, text);
    text[row->minimum > 0 ? (size_t)row->minimum : 0] = '\0';
    configure_with(t, row, text);
    configure_with(t, row, "\xc3\xa4\xe2\x82\xac = \" ' \\ %s %n $HOME `x` ;|&");
    free(text);
}

static void try_path(struct trial *t, const struct lagan_parameter *row)
{
    char text[4090];
    configure_with(t, row, "/");
    configure_with(t, row, "/no/such/\x01\xff name");
    configure_with(t, row, "/dev/null");
    memset(text, 'p', sizeof text - 1);
    text[0] = '/';
    for (size_t i = 200; i < sizeof text; i += 200)
        text[i] = '/';
    text[sizeof text - 1] = '\0';
    configure_with(t, row, text);
}

static void try_choices(struct trial *t, const struct lagan_parameter *row)
{
    char *choices = strdup(row->choices ? row->choices : "");
    char *next = choices;
    for (char *one; next && (one = strsep(&next, "|"));)
        if (*one)
            configure_with(t, row, one);
    free(choices);
}

static void try_row(struct trial *t, const struct lagan_parameter *row)
{
    switch (row->type) {
    case LAGAN_PARAMETER_TEXT:
        try_text(t, row);
        break;
    case LAGAN_PARAMETER_PATH:
        try_path(t, row);
        break;
    case LAGAN_PARAMETER_BOOL:
        configure_with(t, row, "yes");
        configure_with(t, row, "no");
        break;
    case LAGAN_PARAMETER_INTEGER:
    case LAGAN_PARAMETER_SIZE:
    case LAGAN_PARAMETER_DURATION:
        try_number(t, row, row->minimum);
        try_number(t, row, row->maximum > 0 ? row->maximum : INT64_MAX / 2);
        try_number(t, row, row->minimum / 2 + row->maximum / 2);
        break;
    case LAGAN_PARAMETER_CHOICE:
        try_choices(t, row);
        break;
    default:
        break; /* secrets: somebody must have one */
    }
}

static void edges(struct trial *t)
{
    for (size_t i = 0; i < t->driver->parameter_count; i++)
        try_row(t, &t->driver->parameters[i]);
    trial_close(t, trial_open(t, t->kind->open_flags));
}

/* What the host makes of the table is shown with each error; a value that is missing is one. */
static void missing(struct trial *t)
{
    const struct driver *d = t->driver;
    struct error e = ERROR_INIT;
    struct instance *i;
    bool required = false;
    for (size_t n = 0; n < d->parameter_count; n++)
        required = required || (d->parameters[n].flags & LAGAN_PARAMETER_REQUIRED) != 0;
    if (!required)
        trial_skip(t, "no parameter is required");
    i = instance_new(d, &e);
    EXPECT(t, i, "driver.h, instance_new", "%s", e.text);
    trial_asked("an instance without parameters");
    EXPECT(t, instance_ready(i, &e) < 0, LOOK, "OK, and a required parameter is missing");
    EXPECT(t, e.code == ERROR_PARAMETER, LOOK, "%s", e.text);
    instance_free(i);
    trial_close(t, trial_open(t, t->kind->open_flags));
}

/* Secrets show nowhere. */

static struct {
    const char *secret;
    size_t size;
    bool seen;
} lookout;

static void look_out(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    if (memmem(line, strlen(line), lookout.secret, lookout.size))
        lookout.seen = true;
}

/* The first secret that the request gives, or false. */
static bool find_secret(struct trial *t, struct secret_text *secret)
{
    for (size_t i = 0; i < t->driver->parameter_count; i++) {
        const struct lagan_parameter *row = &t->driver->parameters[i];
        size_t size = strlen(row->name);
        struct error e = ERROR_INIT;
        if (row->type != LAGAN_PARAMETER_SECRET)
            continue;
        for (size_t n = 0; n < t->request->word_count; n++) {
            const char *word = t->request->words[n];
            if (strncmp(word, row->name, size) == 0 && word[size] == '=' &&
                secret_text_read(word + size + 1, secret, &e) == 0 && secret->size >= 4)
                return true;
        }
    }
    return false;
}

static void secrets(struct trial *t)
{
    struct secret_text secret = {0};
    struct opened *o = NULL;
    if (!find_secret(t, &secret))
        trial_skip(t, "no secret of four bytes or more is given");
    lookout.secret = secret.data;
    lookout.size = secret.size;
    log_set_level(LOG_TRACE);
    log_set_sink(look_out, NULL);
    if (trial_try_open(t, t->kind->open_flags, &o) == LAGAN_OK) {
        t->kind->exercise(t, o, 1);
        trial_close(t, o);
    }
    trial_asked("a whole life, with all log lines");
    EXPECT(t, !lookout.seen, "driver.h, LAGAN_PARAMETER_SECRET",
           "the secret stands in a log line");
    EXPECT(t, !memmem(call_error()->text, strlen(call_error()->text), secret.data, secret.size),
           "driver.h, LAGAN_PARAMETER_SECRET", "the secret stands in an error's text");
}

#define ALL 0

const struct check_case check_cases_parameters[] = {
    {"parameters-table", ALL, CHECK_CORE, CASE_SAFE, NULL, table,
     "each parameter has a line of help, in the form that all have"},
    {"parameters-edges", ALL, CHECK_CORE, CASE_SAFE, NULL, edges,
     "least and largest values, awkward texts and paths are taken or INVALID"},
    {"parameters-missing", ALL, CHECK_CORE, CASE_SAFE, NULL, missing,
     "a required parameter that is missing is refused, and no harm is done"},
    {"parameters-secrets-unseen", ALL, CHECK_CORE, CASE_SAFE, NULL, secrets,
     "secrets stand in no log line and no error"},
    {.name = NULL}};
