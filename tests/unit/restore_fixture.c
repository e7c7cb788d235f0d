/* SPDX-License-Identifier: Apache-2.0 */
/* restore_fixture.c - see restore_fixture.h. */
#include "restore_fixture.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void restore_open(struct files *f, const char *path)
{
    files_open_path(f, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, files_path(path));
}

struct lagan_entry restore_entry(uint32_t type, const void *key, size_t key_size)
{
    return (struct lagan_entry){
        .size = sizeof(struct lagan_entry),
        .type = type,
        .key = key,
        .key_size = key_size,
        .present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME,
        .mode = type == LAGAN_ENTRY_DIRECTORY ? 0755 : 0644,
        .user = geteuid(),
        .group = getegid(),
        .mtime_s = 1234567890,
        .mtime_ns = 123456789,
    };
}

int restore_file_with(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                      const char *text, const struct lagan_metadata *pieces, size_t count,
                      char *lost, struct error *e)
{
    struct lagan_entry whole = *entry;
    struct lagan_metadata_collector collector = metadata_collector(lost);
    whole.present |= LAGAN_HAS_BYTES;
    whole.bytes = strlen(text);
    struct entry_writer *w = source_entry_create(f->source, &whole, flags, e);
    if (!w)
        return -1;
    if (entry_writer_write(w, 0, text, strlen(text), e) < 0) {
        entry_writer_abort(w);
        return -1;
    }
    return entry_writer_commit(w, pieces, count, &collector, e);
}

int restore_file(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                 const char *text, struct error *e)
{
    char lost[METADATA_TEXT_SIZE];
    int result = restore_file_with(f, entry, flags, text, NULL, 0, lost, e);
    assert_string_equal(lost, "");
    return result;
}

int restore_node(struct files *f, const struct lagan_entry *entry, uint64_t flags,
                 struct error *e)
{
    char lost[METADATA_TEXT_SIZE];
    struct lagan_metadata_collector collector = metadata_collector(lost);
    int result = source_node_create(f->source, entry, flags, NULL, 0, &collector, e);
    assert_string_equal(lost, "");
    return result;
}

void restore_text(struct files *f, const void *key, size_t key_size, uint64_t flags,
                  const char *text)
{
    struct error e = ERROR_INIT;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, key, key_size);
    assert_success(restore_file(f, &entry, flags, text, &e), e);
}

void restore_text_refused(struct files *f, const void *key, size_t key_size, uint64_t flags,
                          uint32_t error_class)
{
    struct error e = ERROR_INIT;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, key, key_size);
    assert_int_equal(restore_file(f, &entry, flags, "not wanted", &e), -1);
    assert_error(e, error_class, "");
}

void restore_directory(struct files *f, const void *key, size_t key_size)
{
    struct error e = ERROR_INIT;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_DIRECTORY, key, key_size);
    assert_success(restore_node(f, &entry, 0, &e), e);
}

void assert_text(const char *path, const char *text)
{
    char *found = fixture_read_text(path);
    assert_string_equal(found, text);
    free(found);
}

unsigned mode_of(const char *path)
{
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    return found.st_mode & 07777;
}
