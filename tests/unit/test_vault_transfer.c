/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_transfer.c - backups on their way from one copy of a vault to another: all that is
 * needed arrives and the seal last (MIR-10), nothing damaged travels (INT-01), and whatever
 * fails on the way leaves a destination that is right as far as it goes.
 */
#include "base/clock.h"
#include "copy_fixture.h"
#include "unit.h"
#include "vault/roll.h"
#include "vault/slot.h"
#include "vault/vault_private.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void mir_10_all_arrives(void **state)
{
    struct transfer_result r = {.objects = 0};
    struct target_statistics before, after;
    struct findings found;
    struct transfer *t;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    copies_make(&c);
    t = copies_open(&c, 0);
    assert_success(transfer_backup(t, c.t.s[0]->id, &r, &e), e);
    assert_int_equal(r.objects, c.t.s[0]->pack_count + 1);
    assert_int_equal(r.objects_present, 0);
    assert_true(r.bytes > CHUNK_BYTES * MAP_CHUNKS);
    assert_success(transfer_backup(t, c.t.s[1]->id, &r, &e), e);
    assert_true(r.objects_present > 0 && r.objects > 1);
    assert_success(transfer_backup(t, c.t.s[2]->id, &r, &e), e);
    copies_expect_sound(&c.mirror, 3);
    /* Nothing is sent again, by the same transfer or by another. */
    target_statistics(c.mirror.target, &before);
    assert_success(transfer_backup(t, c.t.s[1]->id, &r, &e), e);
    assert_int_equal(r.objects, 0);
    assert_int_equal(r.bytes, 0);
    transfer_close(t);
    copies_copy_all(&c);
    target_statistics(c.mirror.target, &after);
    assert_int_equal(after.put_bytes, before.put_bytes);
    /* The mirror opens by its own key alone, and its data is whole. */
    vault_place_again(&c.mirror, false, true);
    check(&c.mirror, VERIFY_DATA, &found);
    assert_int_equal(found.count, 0);
    copies_drop(&c);
}

static void transfer_lineage(void **state)
{
    struct vault_place other;
    struct transfer_request request = {.from = NULL};
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    copies_make(&c);
    vault_place_open(&other, "tgt_dir", false);
    request.from = c.t.p.vault;
    request.to = other.vault;
    assert_null(transfer_open(&request, &e));
    assert_int_equal(e.code, ERROR_CONFLICT);
    request.to = c.t.p.vault;
    assert_null(transfer_open(&request, &e));
    assert_int_equal(e.code, ERROR_CONFLICT);
    transfer_close(NULL);
    vault_place_close(&other);
    copies_drop(&c);
}

static void expect_failure(struct transfer *t, const char *id, enum error_code code,
                           const char *part)
{
    struct error e = ERROR_INIT;

    assert_int_equal(transfer_backup(t, id, NULL, &e), -1);
    if (e.code != code || strstr(e.text, part) == NULL)
        print_error("%s: %s\n", error_code_name(e.code), e.text);
    assert_int_equal(e.code, code);
    assert_non_null(strstr(e.text, part));
}

static void transfer_no_such_backup(void **state)
{
    CLEANUP_BUFFER struct buffer seal = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct transfer *t;
    struct copies c;

    (void)state;
    copies_make(&c);
    t = copies_open(&c, 0);
    expect_failure(t, "0123456789abcdef", ERROR_NO_BACKUP, "0123456789abcdef");
    expect_failure(t, "latest", ERROR_NO_BACKUP, "latest");
    expect_failure(t, "", ERROR_NO_BACKUP, "");
    assert_int_equal(transfer_backup(t, "0123456789abcdef", NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_success(target_get_all(c.t.p.target, seal_object(c.t.s[0]), 1 << 20, &seal, &e), e);
    copies_delete(&c, 0);
    expect_failure(t, c.t.s[0]->id, ERROR_NO_BACKUP, "deleted");
    assert_int_equal(transfer_backup(t, c.t.s[0]->id, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CHANGED);
    /* A deletion that was broken off before the seal went. */
    vault_place_plant(&c.t.p, seal_object(c.t.s[0]), seal.data, seal.size);
    expect_failure(t, c.t.s[0]->id, ERROR_NO_BACKUP, "deleted");
    transfer_close(t);
    assert_int_equal(vault_place_count(&c.mirror, "seals/"), 0);
    assert_int_equal(vault_place_count(&c.mirror, "packs/"), 0);
    copies_drop(&c);
}

/* Counts fatal findings and others. */
static void count_finding(void *context, const struct verify_finding *finding)
{
    unsigned *counts = context;

    counts[finding->fatal]++;
    assert_string_equal(finding->object, "seals/");
}

/* New backups come before old ones: that is worth a warning at a mirror, and damage elsewhere.
 */
static void transfer_out_of_order(void **state)
{
    unsigned counts[2] = {0, 0};
    struct verify_request request = {
        .threads = 1, .filling = true, .context = counts, .found = count_finding};
    struct verify_result r;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy(&c, 2);
    assert_success(vault_verify(c.mirror.vault, &request, &r, &e), e);
    assert_true(counts[false] == 1 && counts[true] == 0);
    request.filling = false;
    assert_success(vault_verify(c.mirror.vault, &request, &r, &e), e);
    assert_true(counts[false] == 1 && counts[true] == 1);
    copies_drop(&c);
}

static void flip_pack(struct vault_place *p, const char *name)
{
    vault_place_flip(p, name, 20000);
}

static void cut_pack(struct vault_place *p, const char *name)
{
    vault_place_cut(p, name, 20000);
}

static void lengthen_pack(struct vault_place *p, const char *name)
{
    struct error e = ERROR_INIT;
    uint64_t bytes;

    assert_success(target_stat(p->target, name, &bytes, &e), e);
    vault_place_cut(p, name, (long)bytes + 1);
}

/* Each way in which a pack at the source can be bad. */
static const struct {
    const char *what;
    void (*harm)(struct vault_place *p, const char *name);
} harms[] = {{"INT-01 an altered byte", flip_pack},
             {"INT-01 cut short", cut_pack},
             {"INT-01 longer", lengthen_pack},
             {"INT-01 missing", vault_place_lose}};

static void int_01_damaged_source_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
        struct seal_pack pack;
        struct transfer *t;
        char name[128];
        struct copies c;

        copies_make(&c);
        shared_pack(&c.t, name, &pack);
        harms[i].harm(&c.t.p, name);
        t = copies_open(&c, 0);
        expect_failure(t, c.t.s[0]->id, ERROR_INTEGRITY, name);
        expect_failure(t, c.t.s[1]->id, ERROR_INTEGRITY, name);
        if (place_has(&c.mirror, name) || vault_place_count(&c.mirror, "seals/") > 0)
            fail_msg("%s: it has travelled", harms[i].what);
        transfer_close(t);
        /* The third backup does not need it. */
        copies_copy(&c, 2);
        expect_honest(&c.mirror);
        copies_drop(&c);
    }
}

/* A second process alters the pack at the moment when its first half has been read. */
struct replacing {
    struct copies *c;
    char name[128];
    bool done;
};

static int replace_meanwhile(void *context, uint64_t bytes, struct error *e)
{
    struct replacing *r = context;

    (void)e;
    if (bytes == 1 << 20 && !r->done) {
        r->done = true;
        vault_place_flip(&r->c->t.p, r->name, -100);
    }
    return 0;
}

static void int_01_changed_while_read(void **state)
{
    struct replacing r = {.done = false};
    struct transfer_request request = {.parallel = 1, .context = &r, .pass = replace_meanwhile};
    struct seal_pack pack;
    struct transfer *t;
    struct error e = ERROR_INIT;
    struct seal *s;
    struct copies c;

    (void)state;
    copies_make(&c);
    r.c = &c;
    pack = vault_place_pack(&c.t.p, "three times", 3 << 20);
    s = vault_place_seal(&c.t.p, "large", &pack, 1);
    pack_name(&pack, r.name);
    request.from = c.t.p.vault;
    request.to = c.mirror.vault;
    t = transfer_open(&request, &e);
    assert_non_null(t);
    expect_failure(t, s->id, ERROR_INTEGRITY, r.name);
    assert_true(r.done);
    assert_false(place_has(&c.mirror, r.name));
    vault_place_flip(&c.t.p, r.name, -100);
    assert_success(transfer_backup(t, s->id, NULL, &e), e);
    transfer_close(t);
    seal_free(s);
    copies_drop(&c);
}

static void int_01_damaged_seal_stays(void **state)
{
    struct transfer *t;
    struct copies c;

    (void)state;
    copies_make(&c);
    vault_place_flip(&c.t.p, seal_object(c.t.s[0]), 60);
    t = copies_open(&c, 0);
    expect_failure(t, c.t.s[0]->id, ERROR_INTEGRITY, seal_object(c.t.s[0]));
    transfer_close(t);
    assert_int_equal(vault_place_count(&c.mirror, "seals/"), 0);
    copies_drop(&c);
}

/* A tombstone that is not genuine deletes nothing, here or there. */
static void int_01_damaged_tombstone_stays(void **state)
{
    struct transfer *t;
    struct error e = ERROR_INIT;
    char name[80];
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy_all(&c);
    copies_delete(&c, 0);
    snprintf(name, sizeof(name), "%s.gone", seal_object(c.t.s[0]));
    vault_place_flip(&c.t.p, name, 60);
    t = copies_open(&c, 0);
    assert_int_equal(transfer_remove(t, c.t.s[0]->id, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    transfer_close(t);
    copies_expect_sound(&c.mirror, 3);
    copies_drop(&c);
}

static void transfer_destination_untouched(void **state)
{
    struct seal_pack pack;
    struct transfer *t;
    struct error e = ERROR_INIT;
    char name[128];
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy(&c, 0);
    shared_pack(&c.t, name, &pack);
    /* The source has lost what the destination has: nothing is missing there. */
    vault_place_lose(&c.t.p, name);
    t = copies_open(&c, 0);
    assert_success(transfer_backup(t, c.t.s[1]->id, NULL, &e), e);
    transfer_close(t);
    copies_expect_sound(&c.mirror, 2);
    /* What is damaged there stays as it is, and keeps the seal back when its length tells. */
    vault_place_lose(&c.mirror, seal_object(c.t.s[1]));
    vault_place_cut(&c.mirror, name, 20000);
    t = copies_open(&c, 0);
    expect_failure(t, c.t.s[1]->id, ERROR_INTEGRITY, name);
    transfer_close(t);
    assert_false(place_has(&c.mirror, seal_object(c.t.s[1])));
    vault_place_flip(&c.mirror, seal_object(c.t.s[0]), 100);
    copies_drop(&c);
}

static void transfer_other_seal_at_destination(void **state)
{
    struct transfer *t;
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy(&c, 0);
    vault_place_flip(&c.mirror, seal_object(c.t.s[0]), 60);
    t = copies_open(&c, 0);
    expect_failure(t, c.t.s[0]->id, ERROR_INTEGRITY, "at the destination");
    transfer_close(t);
    copies_drop(&c);
}

static void transfer_deletions(void **state)
{
    struct transfer *t;
    struct error e = ERROR_INIT;
    size_t packs;
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy_all(&c);
    packs = vault_place_count(&c.mirror, "packs/");
    t = copies_open(&c, 0);
    /* A seal that is merely absent proves nothing. */
    assert_int_equal(transfer_remove(t, c.t.s[1]->id, &e), -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    copies_delete(&c, 1);
    for (int i = 0; i < 2; i++)
        assert_success(transfer_remove(t, c.t.s[1]->id, &e), e);
    assert_false(place_has(&c.mirror, seal_object(c.t.s[1])));
    assert_int_equal(vault_place_count(&c.mirror, "packs/"), packs);
    transfer_close(t);
    copies_expect_sound(&c.mirror, 2);
    /* Deleted there and not here: it does not come back by itself. */
    vault_place_again(&c.mirror, false, true);
    assert_success(
        vault_backup_delete(c.mirror.vault, c.t.s[0], vault_place_writer, "test", &e), e);
    t = copies_open(&c, 0);
    expect_failure(t, c.t.s[0]->id, ERROR_CONFLICT, "deleted at the destination");
    transfer_close(t);
    copies_drop(&c);
}

static void slot_id(struct vault_place *p, const char *label, char id[33])
{
    struct slot_entry *entries;
    struct error e = ERROR_INIT;
    size_t count;

    id[0] = '\0';
    assert_success(slot_list(p->target, &entries, &count, &e), e);
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].slot.label, label) == 0)
            snprintf(id, 33, "%.32s", entries[i].name + strlen("keys/"));
    slot_list_free(entries, count);
    assert_int_equal(strlen(id), 32);
}

static void transfer_slots(void **state)
{
    struct vault_slot_request request = {.kind = VAULT_SLOT_PASSPHRASE,
                                         .label = "new",
                                         .passphrase = "another",
                                         .passphrase_size = 7,
                                         .scrypt_log2_n = 10};
    struct transfer *t;
    struct error e = ERROR_INIT;
    char id[33], name[64];
    struct copies c;

    (void)state;
    copies_make(&c);
    t = copies_open(&c, 0);
    assert_success(vault_slot_add(c.t.p.vault, &request, id, &e), e);
    snprintf(name, sizeof(name), "keys/%s", id);
    for (int i = 0; i < 2; i++)
        assert_success(transfer_slot(t, id, &e), e);
    assert_true(place_has(&c.mirror, name));
    assert_success(vault_unlock_passphrase(c.mirror.vault, "another", 7, &e), e);
    for (int i = 0; i < 2; i++)
        assert_success(transfer_slot_remove(t, id, &e), e);
    assert_false(place_has(&c.mirror, name));
    /* A damaged slot does not travel; one that is not there, or no id, is no slot. */
    vault_place_flip(&c.t.p, name, 40);
    assert_int_equal(transfer_slot(t, id, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_int_equal(transfer_slot(t, "00000000000000000000000000000000", &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(transfer_slot(t, "../conf", &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_success(transfer_slot_remove(t, "../conf", &e), e);
    transfer_close(t);
    copies_drop(&c);
}

static void transfer_last_slot_stays(void **state)
{
    static const char *const labels[] = {"recovery key", "passphrase", "of the mirror"};
    struct transfer *t;
    struct error e = ERROR_INIT;
    char ids[3][33];
    struct copies c;

    (void)state;
    copies_make(&c);
    t = copies_open(&c, 0);
    for (int i = 0; i < 3; i++)
        slot_id(&c.mirror, labels[i], ids[i]);
    assert_success(transfer_slot_remove(t, ids[0], &e), e);
    assert_success(transfer_slot_remove(t, ids[1], &e), e);
    assert_int_equal(transfer_slot_remove(t, ids[2], &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_int_equal(vault_place_count(&c.mirror, "keys/"), 1);
    transfer_close(t);
    copies_drop(&c);
}

static void transfer_provider_slot_stays(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct slot slot = {
        .kind = VAULT_SLOT_PROVIDER, .label = "of the region", .driver = "key_x"};
    struct masters *m;
    struct transfer *t;
    uint8_t kek[32] = {1}, salt[32] = {2}, hash[32];
    char name[NAME_SIZE];
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    copies_make(&c);
    m = masters_new(&e);
    m->count = 1;
    slot.wrapped = reader_of("wrapped", 7);
    memcpy(slot.uuid, vault_settings(c.mirror.vault)->uuid, 16);
    assert_success(slot_encode(&slot, kek, salt, m, &object, &e), e);
    masters_free(m);
    hash_sha256(object.data, object.size, hash);
    name_of_key(hash, name);
    vault_place_plant(&c.mirror, name, object.data, object.size);
    t = copies_open(&c, 0);
    assert_int_equal(transfer_slot_remove(t, name + strlen("keys/"), &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_true(place_has(&c.mirror, name));
    transfer_close(t);
    copies_drop(&c);
}

/* Runs come once the destination has all packs, and never hold a backup up. */
static void transfer_index_runs(void **state)
{
    uint8_t data[300] = "any bytes", hash[32];
    char good[NAME_SIZE], bad[NAME_SIZE];
    struct copies c;

    (void)state;
    copies_make(&c);
    hash_sha256(data, sizeof(data), hash);
    name_of_run(0, 1, hash, good);
    vault_place_plant(&c.t.p, good, data, sizeof(data));
    hash[0] ^= 1;
    name_of_run(0, 2, hash, bad);
    vault_place_plant(&c.t.p, bad, data, sizeof(data));
    copies_copy(&c, 0);
    assert_int_equal(vault_place_count(&c.mirror, "runs/"), 0);
    copies_copy(&c, 1);
    copies_copy(&c, 2);
    assert_true(place_has(&c.mirror, good));
    assert_false(place_has(&c.mirror, bad));
    copies_drop(&c);
}

/* Ends the transfer at the piece with number `left`. */
static int end_at(void *context, uint64_t bytes, struct error *e)
{
    int *left = context;

    (void)bytes;
    return --*left == 0 ? error_set(e, LAGAN_CHANGED, ERROR_LEASE_LOST, "enough") : 0;
}

/* Broken off at every piece in turn and taken up again: what has arrived is not sent twice. */
static void transfer_resumes(void **state)
{
    int left = 0, passes = 0, stuck = 0;
    struct transfer_request request = {.parallel = 1, .context = &left, .pass = end_at};
    uint64_t objects = 0;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    copies_make(&c);
    request.from = c.t.p.vault;
    request.to = c.mirror.vault;
    for (bool done = false; !done; passes++) {
        struct transfer_result r = {.objects = 0};
        struct transfer *t = transfer_open(&request, &e);

        assert_non_null(t);
        left = 2 + stuck; /* one object is let through: as many pieces as it has */
        done = transfer_backup(t, c.t.s[0]->id, &r, &e) == 0;
        stuck = r.objects > 0 ? 0 : stuck + 1;
        if (!done)
            assert_int_equal(e.code, ERROR_LEASE_LOST);
        assert_true(done || !place_has(&c.mirror, seal_object(c.t.s[0])));
        objects += r.objects;
        transfer_close(t);
        assert_true(passes < 50);
    }
    assert_int_equal(objects, c.t.s[0]->pack_count + 1);
    assert_true(passes > (int)c.t.s[0]->pack_count);
    copies_expect_sound(&c.mirror, 1);
    copies_drop(&c);
}

/* Gives the others time to come to the same object. */
static int dawdle(void *context, uint64_t bytes, struct error *e)
{
    (void)e;
    atomic_fetch_add((atomic_ullong *)context, bytes);
    usleep(3000);
    return 0;
}

/* Three backups at once through one transfer: no object is sent twice. */
struct thread {
    struct transfer *t;
    const char *id;
    struct transfer_result r;
    struct error e;
    int result;
};

static void *copy_one(void *item)
{
    struct thread *x = item;

    x->result = transfer_backup(x->t, x->id, &x->r, &x->e);
    return NULL;
}

static void transfer_several_at_once(void **state)
{
    atomic_ullong passed = 0;
    struct transfer_request request = {.parallel = 2, .context = &passed, .pass = dawdle};
    struct error e = ERROR_INIT;
    uint64_t sent = 0;
    struct thread threads[3];
    pthread_t handles[3];
    uint64_t objects = 0;
    struct transfer *t;
    struct copies c;

    (void)state;
    copies_make(&c);
    request.from = c.t.p.vault;
    request.to = c.mirror.vault;
    t = transfer_open(&request, &e);
    assert_non_null(t);
    for (int i = 0; i < 3; i++) {
        threads[i] = (struct thread){.t = t, .id = c.t.s[i]->id};
        assert_int_equal(pthread_create(&handles[i], NULL, copy_one, &threads[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(handles[i], NULL);
        assert_success(threads[i].result, threads[i].e);
        objects += threads[i].r.objects;
        sent += threads[i].r.bytes;
    }
    transfer_close(t);
    assert_int_equal(atomic_load(&passed), sent);
    assert_int_equal(objects, vault_place_count(&c.mirror, "packs/") +
                                  vault_place_count(&c.mirror, "seals/"));
    copies_expect_sound(&c.mirror, 3);
    copies_drop(&c);
}

/* A file in both folders, as if it had been there for long. */
static void make_file(struct copies *c, const char *name, const void *data, size_t size)
{
    struct vault_place *places[] = {&c->t.p, &c->mirror};
    char path[4096];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%.5s", places[i]->folder, name);
        mkdir(path, 0700); /* packs */
        snprintf(path, sizeof(path), "%s/%.8s", places[i]->folder, name);
        mkdir(path, 0700); /* packs/ab */
        snprintf(path, sizeof(path), "%s/%s", places[i]->folder, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, size), (ssize_t)size);
        close(fd);
    }
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct seal_pack *)a)->hash, ((const struct seal_pack *)b)->hash, 32);
}

/* A backup of 10,000 packs, which both sides have. */
static struct seal *make_many(struct copies *c)
{
    enum { MANY = 10000 };
    struct seal_pack *packs = calloc(MANY, sizeof(*packs));
    struct seal *s = vault_place_draft("many", NULL, 0);
    struct vault_writer w;
    struct error e = ERROR_INIT;

    assert_non_null(packs);
    for (uint32_t i = 0; i < MANY; i++) {
        char name[NAME_SIZE];

        hash_sha256(&i, sizeof(i), packs[i].hash);
        packs[i].bytes = sizeof(i);
        name_of_pack(packs[i].hash, name);
        make_file(c, name, &i, sizeof(i));
    }
    qsort(packs, MANY, sizeof(*packs), by_hash);
    s->rolls = calloc(1, 32);
    s->roll_count = 1;
    assert_success(roll_write(c->t.p.vault, packs, MANY, s->rolls[0], &e), e);
    assert_success(vault_writer(c->t.p.vault, vault_place_writer, &w, &e), e);
    assert_success(seal_write(c->t.p.vault, s, &w, &e), e);
    free(packs);
    return s;
}

/* A pass with nothing to do over a mirror with 10,000 packs: well under a second, and no pack
 * is read. */
static void transfer_no_op_is_quick(void **state)
{
    struct transfer_result r;
    struct target_statistics before, after;
    struct error e = ERROR_INIT;
    struct transfer *t;
    struct seal *many;
    int64_t start;
    double seconds;
    struct copies c;

    (void)state;
    copies_make(&c);
    many = make_many(&c);
    t = copies_open(&c, 0);
    start = clock_boot_ns();
    assert_success(transfer_backup(t, many->id, &r, &e), e);
    print_message("first pass: %.3f s\n", (double)(clock_boot_ns() - start) / 1e9);
    assert_int_equal(r.objects, 2); /* the roll and the seal */
    assert_int_equal(r.objects_present, 10000);
    transfer_close(t);
    copies_copy_all(&c);
    target_statistics(c.t.p.target, &before);
    start = clock_boot_ns();
    t = copies_open(&c, 0);
    for (int i = 0; i < 3; i++)
        assert_success(transfer_backup(t, c.t.s[i]->id, &r, &e), e);
    assert_success(transfer_backup(t, many->id, &r, &e), e);
    transfer_close(t);
    seconds = (double)(clock_boot_ns() - start) / 1e9;
    target_statistics(c.t.p.target, &after);
    print_message("no-op pass: %.3f s\n", seconds);
    assert_int_equal(r.objects, 0);
    assert_int_equal(r.objects_present, 10002);
    assert_true(after.get_bytes - before.get_bytes < (1 << 20));
    assert_true(seconds < 1);
    seal_free(many);
    copies_drop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mir_10_all_arrives),
        cmocka_unit_test(transfer_lineage),
        cmocka_unit_test(transfer_no_such_backup),
        cmocka_unit_test(transfer_out_of_order),
        cmocka_unit_test(int_01_damaged_source_stays),
        cmocka_unit_test(int_01_changed_while_read),
        cmocka_unit_test(int_01_damaged_seal_stays),
        cmocka_unit_test(int_01_damaged_tombstone_stays),
        cmocka_unit_test(transfer_destination_untouched),
        cmocka_unit_test(transfer_other_seal_at_destination),
        cmocka_unit_test(transfer_deletions),
        cmocka_unit_test(transfer_slots),
        cmocka_unit_test(transfer_last_slot_stays),
        cmocka_unit_test(transfer_provider_slot_stays),
        cmocka_unit_test(transfer_index_runs),
        cmocka_unit_test(transfer_resumes),
        cmocka_unit_test(transfer_several_at_once),
        cmocka_unit_test(transfer_no_op_is_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
