/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - walks a source through the host as a backup does, and tells what that took.
 *
 *     walk DRIVER-FOLDER DRIVER KEY=VALUE...
 *
 * Says  entries N, early KIB, late KIB: the memory at its peak after the first EARLY entries,
 * and at the end.  Fails when keys are not in order.
 */
#include "driver/host.h"
#include "driver/instance.h"
#include "driver/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PORTION = 1000, EARLY = 20000, KEY_ROOM = 4096 };

struct seen {
    unsigned long long entries;
    char key[KEY_ROOM];
    size_t key_size;
    long early_kib;
};

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static uint32_t see(void *context, const struct lagan_entry *entry)
{
    struct seen *seen = context;
    size_t least = seen->key_size < entry->key_size ? seen->key_size : entry->key_size;
    int order = least ? memcmp(seen->key, entry->key, least) : 0;
    if (seen->entries > 0 && (order > 0 || (order == 0 && seen->key_size >= entry->key_size)))
        return LAGAN_CORRUPT;
    memcpy(seen->key, entry->key, entry->key_size);
    seen->key_size = entry->key_size;
    if (++seen->entries == EARLY)
        seen->early_kib = peak_kib();
    return LAGAN_OK;
}

static int walk_all(struct source *s, struct seen *seen, struct error *e)
{
    struct lagan_entry_collector entries = {.context = seen, .add = see};
    struct walk *w = source_walk_open(s, NULL, NULL, NULL, 0, e);
    bool ended = false;
    int result = w ? 0 : -1;
    while (result == 0 && !ended)
        result = walk_next(w, PORTION, &entries, &ended, e);
    walk_close(w);
    return result;
}

static struct instance *make(struct driver_host *host, char **words, struct error *e)
{
    const struct driver *driver = driver_load(host, words[0], e);
    struct instance *i = driver ? instance_new(driver, e) : NULL;
    int result = i ? 0 : -1;
    for (char **word = words + 1; *word && result == 0; word++)
        result = instance_set_word(i, *word, e);
    if (result == 0)
        result = instance_ready(i, e);
    if (result == 0)
        return i;
    instance_free(i);
    return NULL;
}

int main(int argc, char **argv)
{
    struct error e = ERROR_INIT;
    struct seen seen = {0};
    struct driver_host *host = argc > 2 ? driver_host_new(argv[1], &e) : NULL;
    struct instance *i = host ? make(host, argv + 2, &e) : NULL;
    struct source *s = i ? source_open(i, LAGAN_OPEN_READ_ONLY, &e) : NULL;
    int result = s ? walk_all(s, &seen, &e) : -1;
    source_close(s);
    instance_free(i);
    driver_host_free(host);
    if (result != 0) {
        fprintf(stderr, "walk: after %llu entries: %s\n", seen.entries, e.text);
        return 1;
    }
    printf("entries %llu\nearly %ld\nlate %ld\n", seen.entries, seen.early_kib, peak_kib());
    return 0;
}
