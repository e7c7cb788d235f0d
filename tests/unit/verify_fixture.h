/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_fixture.h - what tests of verify share: backups made through sessions and trees, and a
 * check whose findings are kept.
 */
#ifndef TESTS_UNIT_VERIFY_FIXTURE_H
#define TESTS_UNIT_VERIFY_FIXTURE_H

#include "vault/store.h"
#include "vault/verify.h"
#include "vault_place.h"

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

/* Checks; progress is asserted never to go beyond its total.  check_one and check assert
 * success, and that findings are counted right. */
int try_check(struct vault_place *p, enum verify_depth depth, const char *backup,
              struct findings *found, struct error *e);
void check_one(struct vault_place *p, enum verify_depth depth, const char *backup,
               struct findings *found);
void check(struct vault_place *p, enum verify_depth depth, struct findings *found);
/* The finding on an object whose name starts so; the test fails when there is none. */
const struct finding *finding_on(const struct findings *found, const char *object);
bool names_backup(const struct finding *f, const struct seal *s);

/* One backup in the making. */
struct making {
    struct vault_place *place;
    struct session *session;
    struct chunk_access access;
    struct content_builder *content;
    struct tree_builder *tree;
};

void begin(struct making *m, struct vault_place *p, const struct seal *parent);
/* Adds a file named after its number, with `chunks` chunks of its own. */
void add_file(struct making *m, uint32_t file, uint32_t chunks);
/* Seals; `spoil` (NULL = nothing) changes the seal before it is signed.  The caller frees the
 * seal. */
struct seal *end(struct making *m, void (*spoil)(struct seal *));
/* A backup of files `first` .. `first` + FILE_COUNT - 1; the last is large enough for a content
 * map. */
struct seal *make_backup(struct vault_place *p, uint32_t first, const struct seal *parent,
                         void (*spoil)(struct seal *));

/* Three backups: the second shares most of the first, the third nothing. */
struct three {
    struct vault_place p;
    struct seal *s[3];
};

void make_three(struct three *t, bool cached);
void drop_three(struct three *t);
void pack_name(const struct seal_pack *pack, char name[128]);
/* A pack that the first two backups need and the third does not; the largest, which has data.
 */
void shared_pack(const struct three *t, char name[128], struct seal_pack *pack);

#endif
