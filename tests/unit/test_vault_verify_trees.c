/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_verify_trees.c - checks of trees: damage that backups share, and seals that lie.
 */
#include "unit.h"
#include "vault/pack.h"
#include "vault/run.h"
#include "vault/vault_private.h"
#include "verify_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A backup of many empty files: nothing but nodes. */
static struct seal *make_nodes(struct vault_place *p, uint32_t first, const struct seal *parent)
{
    struct making m;

    begin(&m, p, parent);
    for (uint32_t i = 0; i < 3000; i++)
        add_file(&m, first + i, 0);
    return end(&m, NULL);
}

/* Nodes below which something is damaged are looked at in each backup that they stand in. */
static void verify_damage_shared_by_trees(void **state)
{
    struct findings found;
    struct vault_place p;
    struct seal *s[3];
    char name[128], seal[64];

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s[0] = make_nodes(&p, 0, NULL);
    s[1] = make_nodes(&p, 10, s[0]);
    s[2] = make_nodes(&p, 10, s[1]); /* the same tree again */
    assert_memory_equal(s[1]->root.id.bytes, s[2]->root.id.bytes, 32);
    for (size_t i = 0; i < s[0]->pack_count; i++) {
        pack_name(&s[0]->packs[i], name);
        vault_place_lose(&p, name);
    }
    check(&p, VERIFY_DATA, &found);
    for (int i = 0; i < 3; i++) {
        snprintf(seal, sizeof(seal), "seals/%s", s[i]->name);
        assert_true(finding_on(&found, seal)->fatal);
        seal_free(s[i]);
    }
    vault_place_close(&p);
}

/* The same for content maps: one large file in two trees that share nothing else. */
static void verify_damage_shared_by_files(void **state)
{
    struct findings found;
    struct vault_place p;
    struct seal *s[2];
    char name[128], seal[64];

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    for (uint32_t i = 0; i < 2; i++) {
        struct making m;

        begin(&m, &p, NULL);
        add_file(&m, i, 1);
        add_file(&m, 100, MAP_CHUNKS);
        s[i] = end(&m, NULL);
    }
    for (size_t i = 0; i < s[0]->pack_count; i++)
        if (s[0]->packs[i].bytes > (128 << 10)) { /* that of data */
            pack_name(&s[0]->packs[i], name);
            vault_place_lose(&p, name);
        }
    check(&p, VERIFY_DATA, &found);
    for (int i = 0; i < 2; i++) {
        snprintf(seal, sizeof(seal), "seals/%s", s[i]->name);
        assert_non_null(strstr(finding_on(&found, seal)->text, "entries cannot be restored"));
        seal_free(s[i]);
    }
    vault_place_close(&p);
}

/* Seals that a writer with the right keys made, and that are wrong. */
static void more_entries(struct seal *s)
{
    s->root.entries++;
}

static void more_bytes(struct seal *s)
{
    s->root.bytes--;
}

static void too_high(struct seal *s)
{
    s->root.height++;
}

static void absurd_height(struct seal *s)
{
    s->root.height = 255;
}

static void no_such_root(struct seal *s)
{
    s->root.id.bytes[20] ^= 1;
}

static void verify_lying_seals(void **state)
{
    static void (*const spoils[])(struct seal *) = {more_entries, more_bytes, too_high,
                                                    absurd_height, no_such_root};

    (void)state;
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct findings found;
        struct vault_place p;
        struct seal *s, *sound;

        vault_place_open(&p, "tgt_mem", false);
        s = make_backup(&p, 0, NULL, spoils[i]);
        check(&p, VERIFY_OBJECTS, &found);
        assert_int_equal(found.count, 0);
        check(&p, VERIFY_DATA, &found);
        assert_int_equal(found.count, 1);
        assert_true(names_backup(finding_on(&found, "seals/"), s));
        /* The same tree under a sound seal is sound. */
        sound = make_backup(&p, 0, s, NULL);
        check(&p, VERIFY_DATA, &found);
        assert_int_equal(found.count, 1);
        assert_false(names_backup(&found.all[0], sound));
        seal_free(s);
        seal_free(sound);
        vault_place_close(&p);
    }
}

/* A seal that lists fewer packs than its tree reaches: nothing is lost as long as another one
 * lists them, but prune could lose it. */
static void verify_unlisted_packs(void **state)
{
    struct findings found;
    struct vault_place p;
    struct vault_writer w;
    struct error e = ERROR_INIT;
    struct seal *s, *holder, *poor;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s = make_backup(&p, 0, NULL, NULL);
    holder = make_backup(&p, 7000, s, NULL);
    poor = vault_place_draft("x", NULL, 0);
    poor->root = s->root;
    assert_success(vault_writer(p.vault, vault_place_writer, &w, &e), e);
    assert_success(vault_backup_delete(p.vault, s, vault_place_writer, NULL, &e), e);
    assert_success(seal_write(p.vault, poor, &w, &e), e);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 0);
    check(&p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 1);
    assert_false(found.all[0].fatal);
    assert_non_null(strstr(found.all[0].text, "packs that the seal does not list"));
    assert_success(vault_backup_delete(p.vault, holder, vault_place_writer, NULL, &e), e);
    check(&p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 1);
    assert_true(found.all[0].fatal && names_backup(&found.all[0], poor));
    seal_free(s);
    seal_free(holder);
    seal_free(poor);
    vault_place_close(&p);
}

static int compare_entries(const void *a, const void *b)
{
    return entry_compare(a, b);
}

/* Writes an index run over the packs of `s`; `spoil` changes its first entry. */
static void plant_run(struct vault_place *p, const struct seal *s,
                      void (*spoil)(struct entry *))
{
    struct run_pack packs[16] = {{.chunks = 0}};
    struct entry *entries = calloc(65536, sizeof(*entries));
    struct run_request request = {.packs = packs, .pack_count = s->pack_count, .sequence = 1};
    struct error e = ERROR_INIT;
    struct envelope env;
    struct run_name name;
    size_t count = 0;

    assert_true(entries != NULL && s->pack_count <= 16);
    for (uint32_t i = 0; i < s->pack_count; i++) {
        struct pack *pack;

        assert_success(pack_open_tail(p->vault, &s->packs[i], &pack, &e), e);
        packs[i] = (struct run_pack){s->packs[i], (uint8_t)pack->kind, pack->table.chunk_count};
        for (uint32_t n = 0; n < pack->table.chunk_count; n++, count++) {
            memcpy(entries[count].id, pack->table.ids[n].bytes, sizeof(entries->id));
            entries[count].pack = i;
            entries[count].chunk = n;
        }
        pack_close(pack);
    }
    if (spoil != NULL)
        spoil(&entries[0]);
    qsort(entries, count, sizeof(*entries), compare_entries);
    request.entries = entry_array_stream(entries, count, &e);
    assert_success(envelope_make_fresh(&env, p->vault, ENVELOPE_RUN, s->session, &e), e);
    assert_success(run_write(p->target, &env, &request, &name, &e), e);
    entry_stream_free(request.entries);
    free(entries);
}

static void other_id(struct entry *entry)
{
    entry->id[15] ^= 1;
}

static void other_chunk(struct entry *entry)
{
    entry->chunk++;
}

/* A run hides chunks by what it says of a pack. */
static void verify_lying_runs(void **state)
{
    static void (*const spoils[])(struct entry *) = {NULL, other_id, other_chunk};

    (void)state;
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct findings found;
        struct vault_place p;
        struct seal *s;

        vault_place_open(&p, "tgt_mem", false);
        s = make_backup(&p, 0, NULL, NULL);
        plant_run(&p, s, spoils[i]);
        check(&p, VERIFY_OBJECTS, &found);
        assert_int_equal(found.count, 0);
        check(&p, VERIFY_DATA, &found);
        if (spoils[i] == NULL)
            assert_int_equal(found.count, 0);
        else
            assert_true(names_backup(finding_on(&found, "runs/"), s));
        seal_free(s);
        vault_place_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_damage_shared_by_trees),
        cmocka_unit_test(verify_damage_shared_by_files),
        cmocka_unit_test(verify_lying_seals),
        cmocka_unit_test(verify_unlisted_packs),
        cmocka_unit_test(verify_lying_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
