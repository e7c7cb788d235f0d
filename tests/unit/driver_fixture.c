/* SPDX-License-Identifier: Apache-2.0 */
/* driver_fixture.c - see driver_fixture.h. */
#include "driver_fixture.h"

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *fixture_folder(const char *folder)
{
    static char path[4096];
    const char *build = getenv("abs_top_builddir");
    snprintf(path, sizeof path, "%s/%s", build ? build : ".", folder);
    return path;
}

struct driver_host *fixture_host(const char *folder)
{
    struct error e = ERROR_INIT;
    struct driver_host *host = driver_host_new(fixture_folder(folder), &e);
    fixture_assert_success(host ? 0 : -1, &e, __FILE__, __LINE__);
    return host;
}

char *fixture_scratch(void)
{
    const char *folder = getenv("TMPDIR");
    char *scratch = NULL;
    assert_true(asprintf(&scratch, "%s/lagan-test-XXXXXX", folder ? folder : "/tmp") > 0);
    assert_non_null(mkdtemp(scratch));
    return scratch;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void fixture_scratch_remove(char *scratch)
{
    nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(scratch);
}

static size_t entries;

static int count_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)path;
    (void)status;
    (void)type;
    entries += walk->level > 0;
    return 0;
}

size_t fixture_count_entries(const char *path)
{
    entries = 0;
    nftw(path, count_entry, 16, FTW_PHYS);
    return entries;
}

char *fixture_read_text(const char *path)
{
    char *text = calloc(1, 65537);
    FILE *file = fopen(path, "re");
    if (!file)
        print_error("%s cannot be read\n", path);
    assert_non_null(file);
    assert_non_null(text);
    text[fread(text, 1, 65536, file)] = '\0';
    fclose(file);
    return text;
}

void fixture_write_text(const char *path, const char *text, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

struct instance *fixture_instance(struct driver_host *host, const char *driver,
                                  const char *const *words)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, driver, &e);
    struct instance *i;
    assert_success(d ? 0 : -1, e);
    i = instance_new(d, &e);
    assert_success(i ? 0 : -1, e);
    for (; *words; words++)
        assert_success(instance_set_word(i, *words, &e), e);
    assert_success(instance_ready(i, &e), e);
    return i;
}

void fixture_assert_error(const struct error *e, uint32_t error_class, const char *part,
                          const char *file, int line)
{
    if (e->error_class == error_class && strstr(e->text, part))
        return;
    print_error("class %s, text \"%s\"; expected %s and \"%s\"\n",
                error_class_name(e->error_class), e->text, error_class_name(error_class), part);
    _fail(file, line);
}

void fixture_assert_success(int result, const struct error *e, const char *file, int line)
{
    if (result == 0)
        return;
    print_error("unexpected error, class %s: %s\n", error_class_name(e->error_class), e->text);
    _fail(file, line);
}
