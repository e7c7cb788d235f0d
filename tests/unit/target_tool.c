/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_tool.c - works on a target, for tests that trace or kill it:
 *
 *     target_tool FOLDER DRIVER WORD... -- VERB...
 *
 * FOLDER holds the modules.  Verbs: put KEY TEXT, stage KEY TEXT, get KEY, remove KEY, list,
 * flush, sweep.  Each prints a line: "VERB KEY ok" or "VERB KEY CLASS".
 */
#include "driver/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void report(const char *verb, const char *key, int result, const struct error *e)
{
    printf("%s%s%s %s\n", verb, key[0] ? " " : "", key,
           result == 0 ? "ok" : error_class_name(e->error_class));
    fflush(stdout);
}

/* Takes the text byte by byte, as a writer with many small pieces would. */
static int stage_text(struct target *t, const char *key, const char *text, struct error *e)
{
    struct stage *s = target_stage_begin(t, strlen(text), e);
    if (!s)
        return -1;
    for (; *text; text++) {
        if (stage_write(s, text, 1, e) < 0) {
            stage_abort(s);
            return -1;
        }
    }
    return stage_commit(s, key, e);
}

static int get_text(struct target *t, const char *key, struct error *e)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    if (target_get_all(t, key, 1 << 20, &out, e) < 0)
        return -1;
    printf("%.*s\n", (int)out.size, (const char *)out.data);
    return 0;
}

static int print_key(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)context;
    (void)e;
    printf("%s %llu\n", key, (unsigned long long)bytes);
    return 0;
}

/* Runs one verb; returns how many arguments it took. */
static int run_verb(struct target *t, char **words, int left)
{
    const char *verb = words[0];
    const char *key = left > 1 ? words[1] : "";
    const char *text = left > 2 ? words[2] : "";
    struct error e = ERROR_INIT;
    uint64_t removed;
    if (strcmp(verb, "put") == 0)
        return report(verb, key, target_put(t, key, text, strlen(text), &e), &e), 3;
    if (strcmp(verb, "stage") == 0)
        return report(verb, key, stage_text(t, key, text, &e), &e), 3;
    if (strcmp(verb, "get") == 0)
        return report(verb, key, get_text(t, key, &e), &e), 2;
    if (strcmp(verb, "remove") == 0)
        return report(verb, key, target_remove(t, key, &e), &e), 2;
    if (strcmp(verb, "list") == 0)
        return report(verb, "", target_list(t, "", print_key, NULL, &e), &e), 1;
    if (strcmp(verb, "flush") == 0)
        return report(verb, "", target_flush(t, &e), &e), 1;
    if (strcmp(verb, "sweep") == 0)
        return report(verb, "", target_sweep(t, 0, &removed, &e), &e), 1;
    fprintf(stderr, "unknown verb %s\n", verb);
    exit(2);
}

static _Noreturn void fail(const struct error *e)
{
    printf("open %s\n", error_class_name(e->error_class));
    fprintf(stderr, "%s\n", e->text);
    exit(1);
}

int main(int count, char **words)
{
    struct error e = ERROR_INIT;
    struct driver_host *host = count > 3 ? driver_host_new(words[1], &e) : NULL;
    const struct driver *d =
        host ? driver_load_kind(host, words[2], LAGAN_KIND_TARGET, &e) : NULL;
    struct instance *i = d ? instance_new(d, &e) : NULL;
    struct target *t;
    int at = 3;
    if (!i)
        fail(&e);
    for (; at < count && strcmp(words[at], "--") != 0; at++)
        if (instance_set_word(i, words[at], &e) < 0)
            fail(&e);
    t = instance_ready(i, &e) == 0 ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
    if (!t)
        fail(&e);
    for (at++; at < count;)
        at += run_verb(t, words + at, count - at);
    target_close(t);
    instance_free(i);
    driver_host_free(host);
    return 0;
}
