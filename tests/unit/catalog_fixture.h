/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_fixture.h - catalogs with something in them, for tests. */
#ifndef TESTS_UNIT_CATALOG_FIXTURE_H
#define TESTS_UNIT_CATALOG_FIXTURE_H

#include "catalog/mirror.h"
#include "catalog/queue.h"

/* Fails the test with the text of `e` unless `result` is 0. */
void must(int result, const struct error *e);
/* Fails unless `result` is not 0, `e` has this code and its text holds `part`.  Clears `e`. */
void must_fail(int result, enum error_code code, const char *part, struct error *e);

/* The catalog in the scratch folder's `name`. */
struct catalog *open_catalog(const char *name);
/* Ids made of one number. */
void make_id(uint8_t number, uint8_t id[CATALOG_ID_SIZE]);
/* A source, a vault (in region "east", which is made known), a backup in that vault. */
void add_source(struct catalog *c, uint8_t number, const char *name);
void add_vault(struct catalog *c, uint8_t number, const char *name);
struct catalog_backup make_backup(uint8_t vault, uint8_t source, unsigned number);
void add_backup(struct catalog *c, uint8_t vault, uint8_t source, unsigned number);
/* The vault `number` in region "west" as mirror of the vault `source`, history due at 5000,
 * deletions after 700. */
void add_mirror(struct catalog *c, uint8_t number, uint8_t source);
/* A waiting item of class NEW in the lane of the vault, due at once. */
struct catalog_item add_item(struct catalog *c, uint8_t lane, const char *subject);
/* The items as text: "copy:subject@due " for each, in their order; "!" in front of one that
 * runs, "+" in front of one that was given up. */
const char *items_text(struct catalog *c, uint8_t lane, char *text, size_t room);
/* Fails the test when catalog_check finds anything. */
void must_be_sound(struct catalog *c);
/* Something of each kind. */
void fill_catalog(struct catalog *c);
/* catalog_dump as an allocated text. */
char *dump_text(struct catalog *c);

#endif
