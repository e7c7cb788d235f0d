/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program lagan. */
#include <config.h>

#include "base/log.h"
#include "cli/process.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "driver/isolate.h"
#include "driver/operation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void prepare_output(struct session *s)
{
    bool use_json = session_given(s, OPTION_JSON);
    bool quiet = session_given(s, OPTION_QUIET);
    unsigned verbose = arguments_count(&s->arguments, OPTION_VERBOSE);
    enum log_level level = quiet ? LOG_ERROR : LOG_WARNING;
    if (verbose > 0)
        level = verbose > 2 ? LOG_TRACE : verbose > 1 ? LOG_DEBUG : LOG_INFO;
    output_init(&s->output, use_json, quiet);
    terminal_init(!use_json && !quiet);
    log_set_level(level);
}

static void print_version(struct session *s)
{
    struct output *o = &s->output;
    output_line(o, "%s", PACKAGE_STRING);
    if (!o->use_json)
        return;
    record_begin(o, "version");
    record_text(o, "program", PACKAGE_NAME);
    record_text(o, "version", PACKAGE_VERSION);
    record_end(o);
}

static int run(struct session *s, struct error *e)
{
    if (session_given(s, OPTION_VERSION))
        print_version(s);
    else if (session_given(s, OPTION_HELP))
        help_print(&s->output, s->arguments.words);
    else
        return s->arguments.command->run(s, e);
    return 0;
}

/* The status of the process; prints what there is to say on it. */
static int finish(struct session *s, int result, struct error *e)
{
    struct error broken = ERROR_INIT;
    int status = s->status;
    if (result != 0) {
        /* What failed because of the interruption is not what people should read. */
        if (operation_all_cancelled())
            error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "%s was interrupted",
                      s->arguments.words);
        status = error_exit_status(e);
    }
    if (!s->part)
        report_end(s, result != 0 ? e : NULL, status);
    if (output_check(&s->output, &broken) != 0) {
        status = status == STATUS_DONE ? STATUS_FAILED : status;
        /* Whoever closed the pipe has seen enough. */
        if (s->output.failure != EPIPE && (result == 0 || e->code != broken.code))
            report_error(s, &broken);
        if (s->output.failure == EPIPE)
            return status;
    }
    if (result != 0)
        report_error(s, e);
    return status;
}

/* How many words at the end are to be completed; -1 when something else is asked for.
 * "--complete" comes first, or behind one global option, which then takes its place. */
static int completion_words(int argc, char *argv[])
{
    if (argc > 1 && strcmp(argv[1], "--complete") == 0)
        return argc - 2;
    if (argc < 3 || strcmp(argv[2], "--complete") != 0)
        return -1;
    argv[2] = argv[1];
    return argc - 2;
}

int main(int argc, char *argv[])
{
    struct session session = {0};
    struct error e = ERROR_INIT;
    int status = STATUS_DONE;
    if (argc > 1 && strcmp(argv[1], ISOLATE_COMMAND) == 0)
        return isolate_helper_main();
    process_prepare();
    int words = completion_words(argc, argv);
    if (words >= 0) {
        output_init(&session.output, false, true);
        complete_print(&session, words, (const char *const *)argv + argc - words);
    } else {
        int result = arguments_parse(argc, (const char *const *)argv, &session.arguments, &e);
        prepare_output(&session);
        if (result == 0)
            result = run(&session, &e);
        status = finish(&session, result, &e);
    }
    setup_close(session.setup);
    free(session.faults);
    output_free(&session.output);
    arguments_clear(&session.arguments);
    return status;
}
