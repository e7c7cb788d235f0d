/* SPDX-License-Identifier: Apache-2.0 */
/* restore_fixture.h - what tests of writing back share: entries made short, and calls that must
 * succeed or must be refused. */
#ifndef TESTS_UNIT_RESTORE_FIXTURE_H
#define TESTS_UNIT_RESTORE_FIXTURE_H

#include "files_fixture.h"

/* Opens `path` (below the scratch folder) to restore into it. */
void restore_open(struct files *f, const char *path);
/* An entry of a type, with mode 0644 or 0755, our owner and a time. */
struct lagan_entry restore_entry(uint32_t type, const void *key, size_t key_size);
/* Writes a whole file: 0, or -1 and the error. */
int restore_file(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                 const char *text, struct error *e);
/* As above with metadata; what is lost goes to `lost` (METADATA_TEXT_SIZE). */
int restore_file_with(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                      const char *text, const struct lagan_metadata *pieces, size_t count,
                      char *lost, struct error *e);
/* Creates what has no content: 0, or -1 and the error. */
int restore_node(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                 struct error *e);
/* Shorthand: a file with `text` must be written, or refused with this class. */
void restore_text(struct files *f, const void *key, size_t key_size, uint64_t flags,
                  const char *text);
void restore_text_refused(struct files *f, const void *key, size_t key_size, uint64_t flags,
                          uint32_t error_class);
void restore_directory(struct files *f, const void *key, size_t key_size);
/* Fails the test unless the file at `path` holds exactly `text`. */
void assert_text(const char *path, const char *text);
/* Mode bits at `path`, links not followed. */
unsigned mode_of(const char *path);

#endif
