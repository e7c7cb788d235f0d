/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.c - a folder of a test's own, and files in it. */
#include "scratch.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

int scratch_setup(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    /* What is synchronised to disk a thousand times is better in memory. */
    if (base == NULL)
        base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof(folder), "%s/lagan-unit.XXXXXX", base);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
    (void)found, (void)type, (void)walk;
    return remove(path);
}

int scratch_teardown(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s%s%s", folder, *name != 0 ? "/" : "", name);
    return path;
}

void scratch_write(const char *name, const void *data, size_t size, unsigned mode)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

char *scratch_read(const char *name, size_t *size)
{
    FILE *stream = fopen(scratch_path(name), "rb");
    char *data = NULL;
    size_t used = 0, got = 1;

    assert_non_null(stream);
    while (got > 0) {
        data = realloc(data, used + 65537);
        assert_non_null(data);
        got = fread(data + used, 1, 65536, stream);
        used += got;
    }
    fclose(stream);
    data[used] = '\0';
    if (size != NULL)
        *size = used;
    return data;
}

size_t scratch_count(const char *path, const char *start)
{
    DIR *stream = opendir(path);
    size_t count = 0;

    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += strncmp(entry->d_name, start, strlen(start)) == 0 && entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

uint64_t scratch_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
