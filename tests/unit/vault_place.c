/* SPDX-License-Identifier: Apache-2.0 */
/* vault_place.c - see vault_place.h. */
#include "vault_place.h"

#include "base/file.h"
#include "crypto/hash.h"
#include "unit.h"
#include "vault/name.h"
#include "vault/vault_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char vault_place_passphrase[] = "correct horse battery staple";
const uint8_t vault_place_writer[16] = "the writer's id.";
const uint8_t vault_place_source[16] = "the source's id.";

struct driver_host *vault_place_host(void)
{
    static struct driver_host *host;

    if (host == NULL)
        host = fixture_host("test-drivers");
    return host;
}

void vault_place_empty(struct vault_place *f, const char *driver)
{
    struct error e = ERROR_INIT;
    static unsigned number;
    char place[4096];

    *f = (struct vault_place){.scratch = fixture_scratch()};
    assert_true(asprintf(&f->folder, "%s/vault", f->scratch) > 0);
    if (strcmp(driver, "tgt_dir") == 0)
        snprintf(place, sizeof(place), "path=%s", f->folder);
    else
        snprintf(place, sizeof(place), "name=store-%u", ++number);
    f->instance = fixture_instance(vault_place_host(), driver, (const char *[]){place, NULL});
    f->target = target_open(f->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f->target != NULL ? 0 : -1, e);
}

int vault_place_create(struct vault_place *f, struct error *e)
{
    const struct vault_slot_request slots[] = {
        {.kind = VAULT_SLOT_RECOVERY, .label = "recovery key", .recovery_key = f->recovery},
        {.kind = VAULT_SLOT_PASSPHRASE,
         .label = "passphrase",
         .passphrase = vault_place_passphrase,
         .passphrase_size = strlen(vault_place_passphrase),
         .scrypt_log2_n = 10}};
    struct vault_settings settings;

    vault_settings_default(&settings, "test");
    return vault_create(f->target, &settings, slots, 2, e);
}

void vault_place_again(struct vault_place *f, bool cached, bool unlocked)
{
    struct error e = ERROR_INIT;
    char cache[4096];

    vault_close(f->vault);
    snprintf(cache, sizeof(cache), "%s/cache", f->scratch);
    assert_success(vault_open(f->target, cached ? cache : NULL, &f->vault, &e), e);
    if (unlocked)
        assert_success(vault_unlock_recovery(f->vault, f->recovery, &e), e);
}

void vault_place_open(struct vault_place *f, const char *driver, bool cached)
{
    struct error e = ERROR_INIT;

    vault_place_empty(f, driver);
    assert_success(vault_place_create(f, &e), e);
    vault_place_again(f, cached, true);
}

void vault_place_close(struct vault_place *f)
{
    vault_close(f->vault);
    target_close(f->target);
    instance_free(f->instance);
    fixture_scratch_remove(f->scratch);
    free(f->folder);
}

/* Counts names, and keeps one of them. */
struct search {
    size_t count;
    size_t wanted;
    char name[256];
};

static int see(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct search *s = context;

    (void)bytes;
    (void)e;
    if (s->count++ == s->wanted)
        snprintf(s->name, sizeof(s->name), "%s", key);
    return 0;
}

size_t vault_place_count(struct vault_place *f, const char *prefix)
{
    struct search s = {.wanted = SIZE_MAX};
    struct error e = ERROR_INIT;

    assert_success(target_list(f->target, prefix, see, &s, &e), e);
    return s.count;
}

const char *vault_place_name(struct vault_place *f, const char *prefix, size_t index)
{
    static struct search s;
    struct error e = ERROR_INIT;

    s = (struct search){.wanted = index};
    assert_success(target_list(f->target, prefix, see, &s, &e), e);
    assert_true(index < s.count);
    return s.name;
}

static int open_object(struct vault_place *f, const char *name, struct stat *status)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(chmod(path, 0600), 0);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, status), 0);
    return fd;
}

void vault_place_flip(struct vault_place *f, const char *name, long offset)
{
    struct stat status;
    int fd = open_object(f, name, &status);
    uint8_t byte;

    if (offset < 0)
        offset += status.st_size;
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 0x20;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

void vault_place_cut(struct vault_place *f, const char *name, long bytes)
{
    struct stat status;
    int fd = open_object(f, name, &status);

    assert_int_equal(ftruncate(fd, bytes), 0);
    close(fd);
}

void vault_place_lose(struct vault_place *f, const char *name)
{
    struct error e = ERROR_INIT;

    assert_success(target_remove(f->target, name, &e), e);
}

void vault_place_plant(struct vault_place *f, const char *name, const void *data, size_t size)
{
    struct error e = ERROR_INIT;

    assert_success(target_put(f->target, name, data, size, &e), e);
}

struct seal *vault_place_draft(const char *name, const struct seal_pack *packs,
                               size_t pack_count)
{
    struct error e = ERROR_INIT;
    struct seal *s = seal_new(&e);

    assert_non_null(s);
    memcpy(s->source_id, vault_place_source, 16);
    assert_int_equal(seal_set_text(&s->backup_name, name, &e), 0);
    s->root.height = 1;
    s->packs = calloc(pack_count + 1, sizeof(*packs));
    assert_non_null(s->packs);
    if (pack_count > 0)
        memcpy(s->packs, packs, pack_count * sizeof(*packs));
    s->pack_count = pack_count;
    return s;
}

struct seal *vault_place_seal(struct vault_place *f, const char *name,
                              const struct seal_pack *packs, size_t pack_count)
{
    struct seal *s = vault_place_draft(name, packs, pack_count);
    struct vault_writer w;
    struct error e = ERROR_INIT;

    assert_success(vault_writer(f->vault, vault_place_writer, &w, &e), e);
    assert_success(seal_write(f->vault, s, &w, &e), e);
    vault_writer_wipe(&w);
    return s;
}

struct seal_pack vault_place_pack(struct vault_place *f, const char *text, size_t bytes)
{
    char *data = calloc(1, bytes), name[NAME_SIZE];
    struct seal_pack pack = {.bytes = bytes};

    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++)
        data[i] = text[i % strlen(text)];
    hash_sha256(data, bytes, pack.hash);
    name_of_pack(pack.hash, name);
    vault_place_plant(f, name, data, bytes);
    free(data);
    return pack;
}
