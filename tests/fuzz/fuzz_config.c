/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_config.c - any text as a configuration file. */
#include "base/object.h"
#include "engine/config.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char fuzz_name[] = "config";
const char *const fuzz_words[] = {"region ",
                                  "east",
                                  " { ",
                                  " }\n",
                                  "target tgt_dir { path = /srv }",
                                  "driver ",
                                  "state = ",
                                  "drivers",
                                  " = ",
                                  "+= ",
                                  "projects",
                                  "{ a, b }",
                                  "limits { threads = 2 }",
                                  "zone a { target t { path = /a } }",
                                  "zone b { target t { path = /b } }",
                                  "zone c { target t { path = /c } }",
                                  "domains { site = a }",
                                  "destinations",
                                  "default-project",
                                  "mirror { rpo = 1h distinct = { site } }",
                                  "prices { stored = 0.5 }",
                                  "memory = 512M",
                                  "runner { jobs = 2 expire-window = \"08:00-20:00\" }",
                                  "notify a { command = true }",
                                  "notify b { mail = root events = { summary } }",
                                  "notify c { webhook = \"http://a/\" header = file:/b }",
                                  "metrics { file = /m }",
                                  "# comment\n",
                                  "/* comment */",
                                  "// \n",
                                  "\"",
                                  "'",
                                  "\\",
                                  "${HOME}",
                                  "include(\"/etc/passwd\")\n",
                                  NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    static const char *const texts[] = {
        "",
        "state = /var/lib/lagan\ndrivers = { src_files, tgt_dir, key_file }\n"
        "region east {\n  projects = { main, research }\n"
        "  target tgt_dir { path = /srv/lagan/east }\n}\n"
        "driver tgt_s3 { timeout = 60s }\nlimits { threads = 2 memory = 512M }\nrunner { }\n",
        "region \"a b\" { target tgt_dir { path = \"/srv/\\\"x\" } } # end\n",
        "region a { target t { p = 1 } }\nregion b { target t { p = 'two' q = \"3\" } }\n"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        add(context, texts[i], strlen(texts[i]));
}

static char folder[64];

static void remove_folder(void)
{
    if (folder[0] != 0 && chdir(folder) == 0) {
        unlink("lagan.conf");
        rmdir(folder);
    }
}

/* A folder that nobody else can write, in memory where there is room. */
static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/lagan-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ASSERT(mkdtemp(folder) != NULL);
    atexit(remove_folder);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

static void check_driver(const struct config_driver *d)
{
    ASSERT(d->name != NULL);
    for (size_t i = 0; i < d->parameter_count; i++)
        ASSERT(config_parameter_find(d, d->parameters[i].name) != NULL);
}

static void check_region(const struct config *c, const struct config_region *r)
{
    struct error e = ERROR_INIT;

    ASSERT(config_region_find(c, r->name, &e) == r);
    ASSERT(r->project_default < r->project_count && r->place.line > 0);
    ASSERT(r->zone_count > 0 && r->zone_count != 2 && r->account != NULL);
    for (size_t i = 0; i < r->zone_count; i++) {
        ASSERT(r->zone_names[i] != NULL);
        check_driver(&r->zones[i]);
    }
    for (size_t i = 0; i < r->destination_count; i++)
        ASSERT(config_region_find(c, r->destinations[i], &e) != NULL &&
               strcmp(r->destinations[i], r->name) != 0);
    for (size_t i = 0; i < r->domain_count; i++)
        ASSERT(r->domains[i].name[0] != '\0' && r->domains[i].value[0] != '\0');
}

/* What is accepted is whole. */
static void check(const struct config *c)
{
    ASSERT(c->state != NULL && c->state[0] == '/');
    for (size_t i = 0; i < c->region_count; i++)
        check_region(c, &c->regions[i]);
    for (size_t i = 0; i < c->driver_count; i++)
        ASSERT(config_driver_enabled(c, c->drivers[i]));
    for (size_t i = 0; i < c->notify_count; i++) {
        const struct config_notify *n = &c->notify[i];
        ASSERT((n->command != NULL) + (n->mail != NULL) + (n->webhook != NULL) == 1);
        ASSERT(n->severity != NULL && n->timeout_ns > 0);
    }
    ASSERT(c->limits.transfers > 0 && c->mirror.history_delay_ns >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e = ERROR_INIT;
    char path[128];

    if (folder[0] == 0)
        make_folder();
    snprintf(path, sizeof(path), "%s/lagan.conf", folder);
    write_file(path, data, size);
    struct config *c = config_load(path, &e);
    fuzz_outcome(c != NULL ? NULL : &e);
    if (c != NULL)
        check(c);
    config_free(c);
    return 0;
}
