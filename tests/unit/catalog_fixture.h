/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_fixture.h - catalogs with something in them, for tests. */
#ifndef TESTS_UNIT_CATALOG_FIXTURE_H
#define TESTS_UNIT_CATALOG_FIXTURE_H

#include "catalog/catalog.h"

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
/* Something of each kind. */
void fill_catalog(struct catalog *c);
/* catalog_dump as an allocated text. */
char *dump_text(struct catalog *c);

#endif
