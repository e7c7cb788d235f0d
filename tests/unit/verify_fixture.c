/* SPDX-License-Identifier: Apache-2.0 */
/* verify_fixture.c - see verify_fixture.h. */
#include "verify_fixture.h"

#include "unit.h"

#include <lagan/source.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int try_check(struct vault_place *p, enum verify_depth depth, const char *backup,
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

void check_one(struct vault_place *p, enum verify_depth depth, const char *backup,
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

void check(struct vault_place *p, enum verify_depth depth, struct findings *found)
{
    check_one(p, depth, NULL, found);
}

const struct finding *finding_on(const struct findings *found, const char *object)
{
    for (size_t i = 0; i < found->count; i++)
        if (strncmp(found->all[i].object, object, strlen(object)) == 0)
            return &found->all[i];
    for (size_t i = 0; i < found->count; i++)
        print_error("found: %s: %s\n", found->all[i].object, found->all[i].text);
    fail_msg("nothing was found on %s", object);
    return NULL;
}

bool names_backup(const struct finding *f, const struct seal *s)
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

void add_file(struct making *m, uint32_t file, uint32_t chunks)
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

void begin(struct making *m, struct vault_place *p, const struct seal *parent)
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

struct seal *end(struct making *m, void (*spoil)(struct seal *))
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

struct seal *make_backup(struct vault_place *p, uint32_t first, const struct seal *parent,
                         void (*spoil)(struct seal *))
{
    struct making m;

    begin(&m, p, parent);
    for (uint32_t i = 0; i < FILE_COUNT; i++)
        add_file(&m, first + i, i == FILE_COUNT - 1 ? MAP_CHUNKS : (first + i) % 3);
    return end(&m, spoil);
}

void make_three(struct three *t, bool cached)
{
    vault_place_open(&t->p, "tgt_dir", cached);
    t->s[0] = make_backup(&t->p, 0, NULL, NULL);
    t->s[1] = make_backup(&t->p, 10, t->s[0], NULL);
    t->s[2] = make_backup(&t->p, 5000, NULL, NULL);
}

void drop_three(struct three *t)
{
    for (int i = 0; i < 3; i++)
        seal_free(t->s[i]);
    vault_place_close(&t->p);
}

void pack_name(const struct seal_pack *pack, char name[128])
{
    int size = snprintf(name, 128, "packs/%02x/", pack->hash[0]);

    for (int i = 0; i < 32; i++)
        size += snprintf(name + size, 128 - (size_t)size, "%02x", pack->hash[i]);
}

/* A pack that the first two backups need and the third does not; the largest, which has data.
 */
void shared_pack(const struct three *t, char name[128], struct seal_pack *pack)
{
    const struct seal *s = t->s[0];
    size_t largest = 0;

    for (size_t i = 1; i < s->pack_count; i++)
        if (s->packs[i].bytes > s->packs[largest].bytes)
            largest = i;
    *pack = s->packs[largest];
    pack_name(pack, name);
}
