/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tree_node.c - any bytes as a node of a tree and of a content map.
 *
 * With clang: -fsanitize=fuzzer,address,undefined -DLAGAN_LIBFUZZER.  By itself the program
 * replays the files, or the files in the folders, that it is given.
 */
#include "base/object.h"
#include "vault/content.h"
#include "vault/tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at all that a decoded node points to. */
static size_t touch(struct tree_node *n)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < tree_node_count(n); i++) {
        const uint8_t *key;
        size_t key_size;
        struct chunk_id id;
        uint64_t entries, bytes;
        if (tree_node_level(n) > 0) {
            tree_node_child(n, i, &key, &key_size, &id, &entries, &bytes);
            sum += key_size > 0 ? key[key_size - 1] : id.bytes[0];
            continue;
        }
        struct error e = ERROR_INIT;
        struct tree_entry *copy = tree_entry_copy(tree_node_entry(n, i), &e);
        ASSERT(copy != NULL);
        sum += copy->key_size;
        tree_entry_free(copy);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e = ERROR_INIT;
    struct tree_node *n;
    struct chunk_record *records;
    uint32_t level, count;

    if (tree_node_decode(data, size, &n, &e) == 0) {
        touch(n);
        tree_node_free(n);
    }
    if (content_node_decode(data, size, &level, &records, &count, &e) == 0)
        free(records);
    return 0;
}

#ifndef LAGAN_LIBFUZZER
enum { FILE_LIMIT = 1 << 20, PATH_ROOM = 4096 };

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(FILE_LIMIT);

    if (f == NULL || data == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(data, 1, FILE_LIMIT, f);
    fclose(f);
    uint8_t *exact = malloc(size > 0 ? size : 1); /* a sanitizer sees reads behind it */
    ASSERT(exact != NULL);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    free(data);
    return 1;
}

/* How many files were replayed, -1 on failure. */
static int replay(const char *path)
{
    struct stat status;
    char name[PATH_ROOM];
    int count = 0;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return replay_file(path);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    for (struct dirent *file = readdir(folder); file != NULL; file = readdir(folder)) {
        if (file->d_name[0] == '.')
            continue;
        int length = snprintf(name, sizeof(name), "%s/%s", path, file->d_name);
        ASSERT(length > 0 && (size_t)length < sizeof(name));
        int replayed = replay_file(name);
        if (replayed < 0) {
            count = -1;
            break;
        }
        count += replayed;
    }
    closedir(folder);
    return count;
}

int main(int count, char **arguments)
{
    const char *top = getenv("abs_top_srcdir");
    char corpus[PATH_ROOM];
    int total = 0;

    snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/tree_node", top != NULL ? top : ".");
    for (int i = 1; i < count || i == 1; i++) {
        int replayed = replay(count > 1 ? arguments[i] : corpus);
        if (replayed < 0)
            return 1;
        total += replayed;
    }
    printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
#endif
