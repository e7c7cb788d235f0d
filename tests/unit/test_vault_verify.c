/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_verify.c - checks of a vault at three depths, over backups made through sessions
 * and trees: nothing is found in a sound one, and whatever is damaged, lost or forged is, by
 * name and with the backups that it hurts.
 */
#include "driver/operation.h"
#include "unit.h"
#include "vault/stored.h"
#include "vault/vault_private.h"
#include "vault/verify.h"
#include "vault_place.h"

#include "vault/store.h"
#include <lagan/source.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_COUNT = 300, CHUNK_BYTES = 3000, MAP_CHUNKS = 200 };

/* What a check has found. */
struct findings {
    size_t count;
    struct finding {
        char object[128];
        bool fatal;
        char text[ERROR_TEXT_SIZE];
        char backups[8][SEAL_ID_TEXT];
        size_t backup_count;
    } all[64];
    struct verify_result result;
    struct verify_progress progress;
};

static void keep_finding(void *context, const struct verify_finding *f)
{
    struct findings *found = context;
    struct finding *kept = &found->all[found->count];

    assert_true(found->count < 64);
    assert_int_not_equal(f->why.error_class, LAGAN_OK);
    found->count++;
    snprintf(kept->object, sizeof(kept->object), "%s", f->object);
    snprintf(kept->text, sizeof(kept->text), "%s", f->why.text);
    kept->fatal = f->fatal;
    kept->backup_count = f->backup_count;
    for (size_t i = 0; i < f->backup_count && i < 8; i++)
        snprintf(kept->backups[i], SEAL_ID_TEXT, "%s", f->backups[i]);
}

static void keep_progress(void *context, const struct verify_progress *progress)
{
    struct findings *found = context;

    assert_true(progress->objects_done <= progress->objects_total);
    assert_true(progress->bytes_done <= progress->bytes_total);
    found->progress = *progress;
}

static int try_check(struct vault_place *p, enum verify_depth depth, const char *backup,
                     struct findings *found, struct error *e)
{
    const struct verify_request request = {.depth = depth,
                                           .threads = 2,
                                           .backup = backup,
                                           .context = found,
                                           .found = keep_finding,
                                           .progress = keep_progress};

    *found = (struct findings){0};
    return vault_verify(p->vault, &request, &found->result, e);
}

static void check_one(struct vault_place *p, enum verify_depth depth, const char *backup,
                      struct findings *found)
{
    struct error e = ERROR_INIT;
    size_t fatal = 0;

    assert_success(try_check(p, depth, backup, found, &e), e);
    for (size_t i = 0; i < found->count; i++)
        fatal += found->all[i].fatal;
    assert_int_equal(found->result.damaged, fatal);
    assert_int_equal(found->result.warnings, found->count - fatal);
}

static void check(struct vault_place *p, enum verify_depth depth, struct findings *found)
{
    check_one(p, depth, NULL, found);
}

/* The finding on an object; the test fails when there is none. */
static const struct finding *finding_on(const struct findings *found, const char *object)
{
    for (size_t i = 0; i < found->count; i++)
        if (strncmp(found->all[i].object, object, strlen(object)) == 0)
            return &found->all[i];
    for (size_t i = 0; i < found->count; i++)
        print_error("found: %s: %s\n", found->all[i].object, found->all[i].text);
    fail_msg("nothing was found on %s", object);
    return NULL;
}

static bool names_backup(const struct finding *f, const struct seal *s)
{
    for (size_t i = 0; i < f->backup_count; i++)
        if (strcmp(f->backups[i], s->id) == 0)
            return true;
    return false;
}

/* Bytes of chunk `number` of file `file`. */
static void fill(uint8_t *data, size_t size, uint32_t file, uint32_t number)
{
    uint32_t x = file * 2654435761U + number * 40503U + 1;

    for (size_t i = 0; i < size; i++) {
        x = x * 1664525U + 1013904223U;
        data[i] = (uint8_t)(x >> 24);
    }
}

/* One backup in the making. */
struct making {
    struct vault_place *place;
    struct session *session;
    struct chunk_access access;
    struct content_builder *content;
    struct tree_builder *tree;
};

static void add_file(struct making *m, uint32_t file, uint32_t chunks)
{
    struct tree_entry entry = {.type = LAGAN_ENTRY_FILE, .present = LAGAN_HAS_BYTES};
    struct error e = ERROR_INIT;
    uint8_t data[CHUNK_BYTES];
    struct chunk_id id;
    char key[16];

    content_builder_reset(m->content);
    for (uint32_t i = 0; i < chunks; i++) {
        fill(data, sizeof(data), file, i);
        vault_chunk_identify(m->place->vault, CHUNK_DATA, data, sizeof(data), &id);
        assert_success(session_put(m->session, CHUNK_DATA, &id, data, sizeof(data), &e), e);
        assert_success(content_builder_add(m->content, &id, sizeof(data), &e), e);
    }
    assert_success(content_builder_finish(m->content, &entry.content, &entry.bytes, &e), e);
    entry.key_size = (size_t)snprintf(key, sizeof(key), "dir%cf%06u", 0, file);
    entry.key = (const uint8_t *)key;
    assert_success(tree_builder_add(m->tree, &entry, &e), e);
}

static void begin(struct making *m, struct vault_place *p, const struct seal *parent)
{
    const struct session_request request = {.writer_id = vault_place_writer,
                                            .source_id = vault_place_source,
                                            .host = "host",
                                            .parent = parent,
                                            .threads = 1};
    struct error e = ERROR_INIT;

    m->place = p;
    assert_success(session_begin(p->vault, &request, &m->session, &e), e);
    m->access = session_access(m->session);
    m->content = content_builder_new(&m->access, &e);
    m->tree = tree_builder_new(&m->access, vault_node_key(p->vault), &e);
    assert_true(m->content != NULL && m->tree != NULL);
}

static struct seal *end(struct making *m, void (*spoil)(struct seal *))
{
    struct error e = ERROR_INIT;
    struct seal *s = seal_new(&e);

    assert_success(tree_builder_finish(m->tree, &s->root, &e), e);
    memcpy(s->source_id, vault_place_source, 16);
    if (spoil != NULL)
        spoil(s);
    assert_success(session_seal(m->session, s, &e), e);
    content_builder_free(m->content);
    tree_builder_free(m->tree);
    session_free(m->session);
    return s;
}

/* A backup of files `first` .. `first` + FILE_COUNT - 1; the last is large enough for a content
 * map. */
static struct seal *make_backup(struct vault_place *p, uint32_t first,
                                const struct seal *parent, void (*spoil)(struct seal *))
{
    struct making m;

    begin(&m, p, parent);
    for (uint32_t i = 0; i < FILE_COUNT; i++)
        add_file(&m, first + i, i == FILE_COUNT - 1 ? MAP_CHUNKS : (first + i) % 3);
    return end(&m, spoil);
}

/* Three backups: the second shares most of the first, the third nothing. */
struct three {
    struct vault_place p;
    struct seal *s[3];
};

static void make_three(struct three *t, bool cached)
{
    vault_place_open(&t->p, "tgt_dir", cached);
    t->s[0] = make_backup(&t->p, 0, NULL, NULL);
    t->s[1] = make_backup(&t->p, 10, t->s[0], NULL);
    t->s[2] = make_backup(&t->p, 5000, NULL, NULL);
}

static void drop_three(struct three *t)
{
    for (int i = 0; i < 3; i++)
        seal_free(t->s[i]);
    vault_place_close(&t->p);
}

static void pack_name(const struct seal_pack *pack, char name[128])
{
    int size = snprintf(name, 128, "packs/%02x/", pack->hash[0]);

    for (int i = 0; i < 32; i++)
        size += snprintf(name + size, 128 - (size_t)size, "%02x", pack->hash[i]);
}

/* A pack that the first two backups need and the third does not; the largest, which has data.
 */
static void shared_pack(const struct three *t, char name[128], struct seal_pack *pack)
{
    const struct seal *s = t->s[0];
    size_t largest = 0;

    for (size_t i = 1; i < s->pack_count; i++)
        if (s->packs[i].bytes > s->packs[largest].bytes)
            largest = i;
    *pack = s->packs[largest];
    pack_name(pack, name);
}

static void verify_sound(void **state)
{
    struct target_statistics before, after;
    struct findings found;
    struct three t;

    (void)state;
    make_three(&t, true);
    target_statistics(t.p.target, &before);
    for (enum verify_depth d = VERIFY_STRUCTURE; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(found.count, 0);
        assert_int_equal(found.result.backups, 3);
        assert_int_equal(found.progress.objects_done, found.progress.objects_total);
        assert_int_equal(found.progress.bytes_done, found.progress.bytes_total);
    }
    assert_true(found.result.objects == vault_place_count(&t.p, ""));
    assert_true(found.result.chunks >= 3 * MAP_CHUNKS);
    assert_true(found.result.entries > 2 * FILE_COUNT);
    target_statistics(t.p.target, &after);
    assert_int_equal(after.puts, before.puts);
    assert_int_equal(after.removes, before.removes);
    drop_three(&t);
}

static void verify_locked(void **state)
{
    struct findings found;
    struct three t;
    struct error e = ERROR_INIT;

    (void)state;
    make_three(&t, false);
    vault_place_again(&t.p, false, false);
    check(&t.p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, 3);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, NULL, &found, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    drop_three(&t);
}

static void verify_missing_pack(void **state)
{
    const struct finding *f;
    struct findings found;
    struct seal_pack pack;
    char name[128], seal[64];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_lose(&t.p, name);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    f = finding_on(&found, name);
    assert_true(f->fatal);
    assert_int_equal(f->backup_count, 2);
    assert_true(names_backup(f, t.s[0]) && names_backup(f, t.s[1]));
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 3);
    for (int i = 0; i < 2; i++) {
        snprintf(seal, sizeof(seal), "seals/%s", t.s[i]->name);
        f = finding_on(&found, seal);
        assert_true(f->fatal && names_backup(f, t.s[i]));
        assert_non_null(strstr(f->text, "entries cannot be restored"));
        assert_non_null(strstr(f->text, "\"dir/f0"));
    }
    drop_three(&t);
}

static void verify_cut_pack(void **state)
{
    struct findings found;
    struct seal_pack pack;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_cut(&t.p, name, (long)pack.bytes - 4096);
    for (enum verify_depth d = VERIFY_STRUCTURE; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
    }
    vault_place_cut(&t.p, name, 0);
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 2);
    drop_three(&t);
}

/* One bit anywhere in a pack: found by reading it; who needs it is named; others are not. */
static void verify_altered_pack(void **state)
{
    struct findings found;
    struct seal_pack pack;
    char name[128], other[64];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    snprintf(other, sizeof(other), "seals/%s", t.s[2]->name);
    for (int i = 0; i < 9; i++) {
        const long at = i < 4   ? (const long[]){8, 40, 130, 300}[i]
                        : i < 8 ? -(const long[]){1, 12, 31, 5000}[i - 4]
                                : (long)pack.bytes / 2;

        vault_place_flip(&t.p, name, at);
        check(&t.p, VERIFY_STRUCTURE, &found);
        assert_int_equal(found.count, 0);
        check(&t.p, VERIFY_OBJECTS, &found);
        assert_int_equal(found.count, 1);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
        check(&t.p, VERIFY_DATA, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
        for (size_t n = 0; n < found.count; n++)
            assert_string_not_equal(found.all[n].object, other);
        vault_place_flip(&t.p, name, at);
    }
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 0);
    drop_three(&t);
}

/* Every object of every kind, at its start, middle and end. */
static void verify_altered_objects(void **state)
{
    struct error e = ERROR_INIT;
    struct findings found;
    char name[256];
    struct three t;
    size_t count;

    (void)state;
    make_three(&t, false);
    assert_success(vault_backup_delete(t.p.vault, t.s[2], vault_place_writer, "x", &e), e);
    count = vault_place_count(&t.p, "");
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes;

        snprintf(name, sizeof(name), "%s", vault_place_name(&t.p, "", i));
        assert_success(target_stat(t.p.target, name, &bytes, &e), e);
        for (long part = 0; part < 3; part++) {
            long at = part == 0 ? 3 : part == 1 ? (long)bytes / 2 : -1;

            vault_place_flip(&t.p, name, at);
            check(&t.p, VERIFY_OBJECTS, &found);
            assert_int_equal(finding_on(&found, name)->fatal,
                             strncmp(name, "sessions/", 9) != 0);
            vault_place_flip(&t.p, name, at);
        }
    }
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 0);
    drop_three(&t);
}

static void verify_lost_seal(void **state)
{
    struct findings found;
    char name[128], next[64];
    struct three t;

    (void)state;
    for (int cached = 0; cached < 2; cached++) {
        make_three(&t, cached);
        snprintf(name, sizeof(name), "seals/%s", t.s[1]->name);
        snprintf(next, sizeof(next), "seals/%s", t.s[2]->name);
        vault_place_lose(&t.p, name);
        check(&t.p, VERIFY_STRUCTURE, &found);
        assert_int_equal(found.count, 1 + cached);
        assert_non_null(strstr(found.all[cached].text, "a seal is missing"));
        assert_non_null(strstr(found.all[cached].text, next));
        assert_true(found.all[cached].fatal);
        if (cached) /* the copy of an earlier listing tells its name */
            assert_true(finding_on(&found, name)->fatal);
        drop_three(&t);
    }
}

/* The newest seal has none behind it: only who saw it before can tell. */
static void verify_rolled_back(void **state)
{
    struct findings found;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, true);
    snprintf(name, sizeof(name), "seals/%s", t.s[2]->name);
    vault_place_lose(&t.p, name);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.all[0].object, name);
    drop_three(&t);
}

/* Deleted is deleted, also when the seal could not be removed, and whatever it needed. */
static void verify_deleted_backup(void **state)
{
    CLEANUP_BUFFER struct buffer seal = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;
    char name[64];

    (void)state;
    make_three(&t, true);
    snprintf(name, sizeof(name), "seals/%s", t.s[1]->name);
    assert_success(stored_read(t.p.target, name, 1 << 20, &seal, &e), e);
    assert_success(vault_backup_delete(t.p.vault, t.s[1], vault_place_writer, "x", &e), e);
    for (int i = 0; i < 2; i++) {
        check(&t.p, VERIFY_DATA, &found);
        assert_int_equal(found.count, 0);
        assert_int_equal(found.result.backups, 2);
        if (i == 0)
            vault_place_plant(&t.p, name, seal.data, seal.size);
    }
    drop_three(&t);
}

static void verify_misplaced_session(void **state)
{
    static const char other[] = "sessions/00000000/00000000000000000000000000000000";
    CLEANUP_BUFFER struct buffer session = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, false);
    assert_success(
        stored_read(t.p.target, vault_place_name(&t.p, "sessions/", 0), 1 << 16, &session, &e),
        e);
    vault_place_plant(&t.p, other, session.data, session.size);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_false(finding_on(&found, other)->fatal);
    drop_three(&t);
}

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

static void verify_foreign_names(void **state)
{
    struct findings found;
    struct three t;

    (void)state;
    make_three(&t, false);
    vault_place_plant(&t.p, "readme.txt", "x", 1);
    vault_place_plant(&t.p, "packs/00/x", "x", 1);
    check(&t.p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.result.damaged, 0);
    assert_int_equal(found.result.warnings, 2);
    assert_false(finding_on(&found, "readme.txt")->fatal);
    assert_false(finding_on(&found, "packs/00/x")->fatal);
    vault_place_lose(&t.p, "readme.txt");
    vault_place_lose(&t.p, "packs/00/x");
    drop_three(&t);
}

/* What a creation leaves that was broken off and tried again. */
static void verify_slots_of_no_vault(void **state)
{
    struct findings found;
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_lose(&p, "conf/00000001");
    assert_success(vault_place_create(&p, &e), e);
    vault_place_again(&p, false, true);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.result.damaged, 0);
    assert_int_equal(found.result.warnings, 2);
    assert_non_null(strstr(finding_on(&found, "keys/")->text, "slot of no vault"));
    vault_place_close(&p);
}

/* A whole and authentic pack under the name of another. */
static void verify_exchanged_pack(void **state)
{
    CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct seal_pack pack;
    char name[128], other[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    for (size_t i = 0; i < t.s[2]->pack_count; i++)
        if (t.s[2]->packs[i].bytes > (64 << 10))
            pack_name(&t.s[2]->packs[i], other);
    assert_success(stored_read(t.p.target, other, 64 << 20, &bytes, &e), e);
    vault_place_lose(&t.p, name);
    vault_place_plant(&t.p, name, bytes.data, bytes.size);
    for (enum verify_depth d = VERIFY_OBJECTS; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
    }
    drop_three(&t);
}

static void verify_missing_roll(void **state)
{
    struct findings found;
    struct vault_place p;
    struct error e = ERROR_INIT;
    struct seal_pack packs[2];
    struct seal *s;
    struct vault_writer w;
    char name[128];

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    packs[0] = vault_place_pack(&p, "some text", 20000);
    packs[1] = vault_place_pack(&p, "other text", 20000);
    if (memcmp(packs[0].hash, packs[1].hash, 32) > 0) {
        struct seal_pack first = packs[1];

        packs[1] = packs[0];
        packs[0] = first;
    }
    s = vault_place_draft("x", packs, 1);
    s->rolls = calloc(1, 32);
    s->roll_count = 1;
    assert_success(roll_write(p.vault, packs, 2, s->rolls[0], &e), e);
    assert_success(vault_writer(p.vault, vault_place_writer, &w, &e), e);
    assert_success(seal_write(p.vault, s, &w, &e), e);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    pack_name(&packs[1], name); /* that only the roll names */
    vault_place_flip(&p, name, 100);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 1);
    vault_place_flip(&p, name, 100);
    snprintf(name, sizeof(name), "%s", vault_place_name(&p, "rolls/", 0));
    vault_place_flip(&p, name, 20);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_true(names_backup(finding_on(&found, name), s));
    vault_place_lose(&p, name);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_true(names_backup(finding_on(&found, name), s));
    seal_free(s);
    vault_place_close(&p);
}

static void verify_one_backup(void **state)
{
    struct findings found;
    struct error e = ERROR_INIT;
    struct seal_pack pack;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_flip(&t.p, name, 300);
    check_one(&t.p, VERIFY_DATA, t.s[2]->id, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, 1);
    check_one(&t.p, VERIFY_DATA, t.s[0]->id, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 1);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, "0000000000000000", &found, &e), -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, "", &found, &e), -1);
    assert_int_equal(e.code, ERROR_AMBIGUOUS);
    drop_three(&t);
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

/* Being stopped is no finding. */
static void verify_interrupted(void **state)
{
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, false);
    operation_cancel_all();
    assert_int_equal(try_check(&t.p, VERIFY_OBJECTS, NULL, &found, &e), -1);
    assert_int_equal(e.code, ERROR_INTERRUPTED);
    assert_int_equal(found.count, 0);
    operation_cancel_reset();
    drop_three(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_sound),
        cmocka_unit_test(verify_locked),
        cmocka_unit_test(verify_missing_pack),
        cmocka_unit_test(verify_cut_pack),
        cmocka_unit_test(verify_altered_pack),
        cmocka_unit_test(verify_altered_objects),
        cmocka_unit_test(verify_lost_seal),
        cmocka_unit_test(verify_rolled_back),
        cmocka_unit_test(verify_deleted_backup),
        cmocka_unit_test(verify_misplaced_session),
        cmocka_unit_test(verify_damage_shared_by_trees),
        cmocka_unit_test(verify_damage_shared_by_files),
        cmocka_unit_test(verify_foreign_names),
        cmocka_unit_test(verify_slots_of_no_vault),
        cmocka_unit_test(verify_exchanged_pack),
        cmocka_unit_test(verify_missing_roll),
        cmocka_unit_test(verify_one_backup),
        cmocka_unit_test(verify_lying_seals),
        cmocka_unit_test(verify_unlisted_packs),
        cmocka_unit_test(verify_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
