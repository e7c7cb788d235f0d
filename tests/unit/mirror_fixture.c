/* SPDX-License-Identifier: Apache-2.0 */
/* mirror_fixture.c - see mirror_fixture.h: the setup, its configuration, its vaults. */
#include "mirror_fixture.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "driver_fixture.h"
#include "engine/backup_row.h"
#include "engine/create.h"
#include "engine/protect.h"
#include "engine/slots.h"
#include "unit.h"
#include "vault/seal_codec.h"
#include "vault/vault_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const regions[WORLD_REGIONS] = {"east", "west", "north"};

/* Tests here end processes, and never the power. */
__attribute__((visibility("default"))) int fsync(int fd)
{
    (void)fd;
    return 0;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

/* The clock */

static _Atomic int64_t now_ns = INT64_C(1800000000) * 1000000000;

int64_t world_now_ns(void)
{
    /* No two moments are the same. */
    return now_ns += 1000;
}

void world_wait(int64_t seconds)
{
    now_ns += seconds * 1000000000;
}

int world_setup(void **state)
{
    (void)state;
    clock_override(world_now_ns);
    return 0;
}

/* The configuration */

void world_set(char **text, const char *format, ...)
{
    va_list arguments;

    free(*text);
    va_start(arguments, format);
    assert_true(vasprintf(text, format, arguments) >= 0);
    va_end(arguments);
}

static void write_region(FILE *out, const struct world *w, enum world_region region)
{
    const struct world_fault *f = &w->faults[region];

    fprintf(out, "region %s { target %s { ", regions[region], w->driver);
    if (strcmp(w->driver, "tgt_dir") == 0)
        fprintf(out, "path = %s/%s", w->scratch, regions[region]);
    else
        fprintf(out, "name = %s-%d-%u layers { retry = 0 }", regions[region], (int)getpid(),
                w->number);
    if (f->at > 0)
        fprintf(out, "\nverb = %s\nat = %u\nclass = %u\nafter = %s\nalways = %s", f->verb,
                f->at, f->error_class, f->after ? "yes" : "no", f->always ? "yes" : "no");
    fprintf(out, "\n} }\n");
}

static void write_config(const struct world *w)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/lagan.conf", w->scratch);
    unlink(path);
    FILE *out = fopen(path, "wex");
    assert_non_null(out);
    fchmod(fileno(out), 0600);
    fprintf(out, "state = %s/state-%u\ndrivers = { src_files, %s, key_file }\n", w->scratch,
            w->number, w->driver);
    for (int i = 0; i < WORLD_REGIONS; i++)
        write_region(out, w, (enum world_region)i);
    fprintf(out, "mirror { %s }\nlimits { %s }\n", w->mirror, w->limits);
    assert_int_equal(fclose(out), 0);
}

void world_open(struct world *w)
{
    world_close(w);
    write_config(w);
    world_join(w);
}

void world_join(struct world *w)
{
    struct error e = ERROR_INIT;
    char path[512];

    snprintf(path, sizeof(path), "%s/lagan.conf", w->scratch);
    const struct setup_request request = {.config_path = path,
                                          .driver_directory = fixture_folder("test-drivers")};
    assert_success(setup_open(&request, &w->setup, &e), e);
}

void world_close(struct world *w)
{
    setup_close(w->setup);
    w->setup = NULL;
}

static struct target *open_store(const struct world *w, enum world_region region,
                                 const char *prefix, uint64_t flags, struct instance **instance)
{
    static struct driver_host *host;
    struct error e = ERROR_INIT;
    char name[64];

    if (host == NULL)
        host = fixture_host("test-drivers");
    snprintf(name, sizeof(name), "%s-%d-%u%s", regions[region], (int)getpid(), w->number,
             prefix);
    *instance = fixture_instance(host, w->driver, (const char *[]){name, NULL});
    return target_open(*instance, flags, &e);
}

/* The tops, below which vaults are made. */
static void make_stores(const struct world *w)
{
    for (int i = 0; i < WORLD_REGIONS && strcmp(w->driver, "tgt_fault") == 0; i++) {
        struct instance *instance;
        target_close(open_store(w, (enum world_region)i, "", LAGAN_OPEN_INITIALISE, &instance));
        instance_free(instance);
    }
}

void world_make(struct world *w, const char *driver)
{
    static unsigned number;
    char path[512];

    *w = (struct world){.driver = driver, .number = ++number * 10000};
    w->scratch = fixture_scratch();
    for (int i = 0; i < WORLD_REGIONS; i++) {
        snprintf(path, sizeof(path), "%s/%s", w->scratch, regions[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    world_set(&w->mirror, "history-delay = 0s delete-delay = 0s delete-limit = 10");
    world_set(&w->limits, "retry-budget = 2h");
    make_stores(w);
    world_open(w);
}

void world_drop(struct world *w)
{
    world_close(w);
    fixture_scratch_remove(w->scratch);
    free(w->mirror);
    free(w->limits);
}

/* Copies */

struct copying {
    struct target *from, *to;
};

static int copy_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct copying *c = context;
    uint8_t *data = malloc((size_t)bytes + 1);

    assert_non_null(data);
    int result = target_get(c->from, key, 0, data, (size_t)bytes, e);
    if (result == 0)
        result = target_put(c->to, key, data, (size_t)bytes, e);
    free(data);
    return result;
}

static void copy_store(const struct world *copy, const struct world *from,
                       enum world_region region, const char *prefix)
{
    struct error e = ERROR_INIT;
    struct instance *instances[2];
    struct copying c = {
        .from = open_store(from, region, prefix, 0, &instances[0]),
        .to = open_store(copy, region, prefix, LAGAN_OPEN_INITIALISE, &instances[1])};

    assert_non_null(c.from);
    assert_success(target_list(c.from, "", copy_object, &c, &e), e);
    target_close(c.from);
    target_close(c.to);
    instance_free(instances[0]);
    instance_free(instances[1]);
}

void world_copy(struct world *copy, const struct world *from, unsigned number)
{
    char command[1200];

    assert_null(from->setup);
    *copy = *from;
    copy->mirror = strdup(from->mirror);
    copy->limits = strdup(from->limits);
    copy->number = from->number + number;
    snprintf(command, sizeof(command), "cp -r %s/state-%u %s/state-%u", from->scratch,
             from->number, from->scratch, copy->number);
    assert_int_equal(system(command), 0); // NOLINT: fixed words
    copy_store(copy, from, EAST, "/main");
    copy_store(copy, from, WEST, "/copy-main");
}

/* Vaults and backups */

void world_vault(struct world *w, const char *name)
{
    struct create_request request = {.name = name, .region = "east", .recovery = true};
    struct catalog_vault *row = NULL;
    struct error e = ERROR_INIT;

    assert_success(create_vault(w->setup, &request, &row, &e), e);
    memcpy(w->recovery, request.recovery_key, sizeof(w->recovery));
    catalog_vault_free(row);
}

static void open_vault(struct world *w, const char *name, struct open_vault *vault)
{
    struct error e = ERROR_INIT;

    assert_success(setup_vault_open(w->setup, "east", name, NULL, false, vault, &e), e);
}

void world_backup(struct world *w, const char *vault, char id[CATALOG_SEAL_ID_SIZE])
{
    static unsigned number;
    struct open_vault open = {0};
    struct protect_result result;
    struct job_reporter reporter = {NULL, NULL, NULL};
    struct error e = ERROR_INIT;
    char tree[512], text[3000], path[600];

    snprintf(tree, sizeof(tree), "%s/tree", w->scratch);
    mkdir(tree, 0700);
    number++;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + (number * 2654435761U >> (i % 23)) % 26);
    text[sizeof(text) - 1] = '\0';
    snprintf(path, sizeof(path), "%s/file-%u", tree, number % 4);
    fixture_write_text(path, text, 0600);
    open_vault(w, vault, &open);
    const struct protect_request request = {
        .vault = &open, .source = tree, .reporter = &reporter};
    assert_success(protect_run(w->setup, &request, &result, &e), e);
    assert_int_equal(result.unrecorded.error_class, LAGAN_OK);
    if (id != NULL)
        memcpy(id, result.row.id, CATALOG_SEAL_ID_SIZE);
    seal_free(result.seal);
    open_vault_close(&open);
}

/* As seal_write does, which lists all seals each time to find the last one. */
static void store_seal(struct vault *v, struct seal *s, const struct vault_writer *writer,
                       const uint8_t last[32])
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct error e = ERROR_INIT;
    uint8_t id[8], salt[SEAL_SALT_SIZE];
    char name[NAME_SIZE];

    crypto_random(id, sizeof(id));
    crypto_random(salt, sizeof(salt));
    memcpy(s->writer, writer->id, sizeof(s->writer));
    s->created_ns = world_now_ns();
    s->key_epoch = vault_settings(v)->key_epoch;
    s->previous = calloc(1, 32);
    assert_non_null(s->previous);
    memcpy(s->previous[s->previous_count++], last, 32);
    text_hex(id, sizeof(id), s->id);
    seal_name(id, s->created_ns, s->name);
    const uint8_t *key = vault_wrapping_key(v, VAULT_WRAP_META, s->key_epoch, &e);
    assert_non_null(key);
    assert_success(seal_encode(s, vault_settings(v)->uuid, key, salt, writer, &object, &e), e);
    snprintf(name, sizeof(name), "seals/%s", s->name);
    assert_success(target_put(vault_target(v), name, object.data, object.size, &e), e);
    hash_sha256(object.data, object.size, s->hash);
}

/* A seal like `model`, under an id of its own, behind the one with the hash `last`, which
 * becomes its own. */
static void seal_like(struct world *w, const struct open_vault *open, const struct seal *model,
                      const struct vault_writer *writer, uint8_t last[32])
{
    struct error e = ERROR_INIT;
    struct catalog_backup row = {.bytes = 0};
    struct seal *s = seal_new(&e);

    assert_non_null(s);
    memcpy(s->source_id, model->source_id, sizeof(s->source_id));
    s->root = model->root;
    assert_int_equal(seal_set_text(&s->source_driver, "src_files", &e), 0);
    assert_int_equal(seal_set_text(&s->source_name, "tree", &e), 0);
    s->packs = calloc(model->pack_count + 1, sizeof(*s->packs));
    assert_non_null(s->packs);
    memcpy(s->packs, model->packs, model->pack_count * sizeof(*s->packs));
    s->pack_count = model->pack_count;
    store_seal(open->vault, s, writer, last);
    memcpy(last, s->hash, sizeof(s->hash));
    backup_row_fill(&row, open->row->uuid, s, NULL);
    assert_success(catalog_backup_insert(setup_catalog(w->setup), &row, &e), e);
    seal_free(s);
}

void world_backups(struct world *w, const char *vault, unsigned count)
{
    struct catalog *c = setup_catalog(w->setup);
    struct open_vault open = {0};
    struct seal_list list = {0};
    struct vault_writer writer;
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE], last[32];

    open_vault(w, vault, &open);
    assert_success(vault_backups(open.vault, &list, NULL, NULL, &e), e);
    assert_true(list.count > 0);
    catalog_writer_id(c, id);
    assert_success(vault_writer(open.vault, id, &writer, &e), e);
    memcpy(last, list.seals[list.count - 1]->hash, sizeof(last));
    assert_success(catalog_begin(c, &e), e);
    for (unsigned i = 0; i < count; i++)
        seal_like(w, &open, list.seals[list.count - 1], &writer, last);
    assert_success(catalog_commit(c, &e), e);
    vault_writer_wipe(&writer);
    seal_list_free(&list);
    open_vault_close(&open);
}

void world_delete(struct world *w, const char *vault, const char *id)
{
    struct open_vault open = {0};
    struct seal_list list = {0};
    const struct seal *seal = NULL;
    struct error e = ERROR_INIT;
    uint8_t writer[CATALOG_ID_SIZE];

    open_vault(w, vault, &open);
    assert_success(vault_backups(open.vault, &list, NULL, NULL, &e), e);
    assert_success(seal_list_find(&list, id, NULL, &seal, &e), e);
    catalog_writer_id(setup_catalog(w->setup), writer);
    assert_success(vault_backup_delete(open.vault, seal, writer, "test", &e), e);
    assert_success(catalog_backup_bury(setup_catalog(w->setup), open.row->uuid, seal->id, &e),
                   e);
    seal_list_free(&list);
    open_vault_close(&open);
}

void world_slot(struct world *w, const char *vault, char id[CATALOG_SLOT_ID_SIZE])
{
    uint8_t key[32];
    const struct vault_slot_request request = {
        .kind = VAULT_SLOT_RECOVERY, .label = "another", .recovery_key = key};
    struct open_vault open = {0};
    struct error e = ERROR_INIT;

    open_vault(w, vault, &open);
    const struct slots slots = {setup_catalog(w->setup), open.row->uuid, open.vault};
    assert_success(slots_add(&slots, &request, id, &e), e);
    open_vault_close(&open);
}

struct catalog_mirror world_mirror(struct world *w, const char *vault, const char *region)
{
    const struct mirror_request request = {
        .vault = vault, .source_region = "east", .region = region};
    struct mirror_made made = {.source = NULL};
    struct error e = ERROR_INIT;

    assert_success(mirror_create(w->setup, &request, &made, &e), e);
    struct catalog_mirror mirror = made.mirror;
    mirror_made_free(&made);
    return mirror;
}

struct catalog_mirror world_mirror_of(struct world *w, const char *vault)
{
    struct catalog *c = setup_catalog(w->setup);
    struct error e = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_find(c, "east", vault, &e);
    struct catalog_mirror mirror = {.state = CATALOG_MIRROR_STATE_COUNT};

    assert_success(row != NULL ? 0 : -1, e);
    assert_success(catalog_mirror_of(c, row->uuid, &mirror, &e) == 1 ? 0 : -1, e);
    catalog_vault_free(row);
    return mirror;
}
