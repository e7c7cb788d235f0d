/* SPDX-License-Identifier: Apache-2.0 */
/* copy_fixture.h - what tests of copies of a vault share: a source and a mirror, on folders
 * whose files a test can damage, or on stores that fail on demand. */
#ifndef TESTS_UNIT_COPY_FIXTURE_H
#define TESTS_UNIT_COPY_FIXTURE_H

#include "vault/transfer.h"
#include "verify_fixture.h"

enum { FAKE_BYTES = 20000, FAKE_BACKUPS = 3 };

/* A source with three backups on tgt_dir, and a mirror that is a vault with nothing in it.  The
 * mirror is locked. */
struct copies {
    struct three t;
    struct vault_place mirror;
};
void copies_make(struct copies *c);
void copies_drop(struct copies *c);
/* A transfer between them. */
struct transfer *copies_open(struct copies *c, unsigned parallel);
/* Copies backup `index` of the three, or all of them. */
void copies_copy(struct copies *c, int index);
void copies_copy_all(struct copies *c);
/* Deletes a backup at the source. */
void copies_delete(struct copies *c, int index);
/* Fails unless the place has everything that its backups need, sound, and `backups` of them. */
void copies_expect_sound(struct vault_place *p, uint64_t backups);
/* What every failure must leave behind: no seal before all that it needs is there.  Backups
 * come in any order, so that one may miss the one before it. */
void expect_honest(struct vault_place *p);
bool place_has(struct vault_place *p, const char *name);
/* seals/NAME */
const char *seal_object(const struct seal *s);

/* One side on a store of tgt_fault. */
struct side {
    char store[32];
    const char
        *driver; /* tgt_fault, or tgt_fault_serial: one call at a time on all its stores */
    struct vault_place p;
};
/* What fails; `at` 0 = nothing. */
struct fault_plan {
    const char *verb;
    unsigned at;
    uint32_t error_class;
    bool after, always;
    bool checksum; /* the store compares checksums */
};
/* Opens the store as `plan` says (NULL = nothing fails), and the vault when `vault`. */
void side_open(struct side *s, const struct fault_plan *plan, bool vault);
/* What the plan did since it was opened: calls of its verb, and how many of them failed. */
void side_count(struct side *s, uint64_t *calls, uint64_t *failed);
void side_close(struct side *s);
/* A source with FAKE_BACKUPS backups that share packs, one of them by way of a roll; their ids.
 */
void side_make_source(struct side *s, char ids[FAKE_BACKUPS][SEAL_ID_TEXT]);
void side_make_source_on(struct side *s, const char *driver,
                         char ids[FAKE_BACKUPS][SEAL_ID_TEXT]);
/* An empty mirror of `source`, which is open, on the same driver; left closed. */
void side_make_mirror(struct side *s, struct side *source);

#endif
