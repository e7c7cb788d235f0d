/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_main.c - replays inputs, then alters them; see fuzz.h. */
#include "fuzz.h"

#ifdef LAGAN_LIBFUZZER
void fuzz_outcome(const struct error *e)
{
    (void)e;
}
#else
#include "base/object.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUT_LIMIT = 64 << 10, /* bytes; longer files are cut off */
    POOL_LIMIT = 4096,      /* inputs that are altered */
    OUTCOME_LIMIT = 8192,   /* power of two */
    CHANGES_LIMIT = 6,      /* to one input */
    PATH_ROOM = 4096
};

struct input {
    uint8_t *data;
    size_t size;
};

static struct input pool[POOL_LIMIT];
static size_t pool_count;
static uint64_t outcomes[OUTCOME_LIMIT]; /* hashes seen; 0 = free */
static size_t outcome_count;
static bool outcome_is_new;
static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(size_t limit)
{
    return limit > 0 ? (size_t)(next_random() % limit) : 0;
}

/* Hash of a text without its digits and without all between its first and last quotation mark,
 * where inputs are told. */
static uint64_t outcome_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *quoted = strpbrk(text, "'\"");
    const char *end = quoted;

    for (const char *next = quoted; next != NULL; next = strpbrk(next + 1, "'\""))
        end = next;
    for (; *text != 0; text++) {
        if (text == quoted)
            text = end;
        if (!isdigit((unsigned char)*text))
            hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

void fuzz_outcome(const struct error *e)
{
    uint64_t hash = e != NULL ? outcome_hash(e->text) : 1;
    size_t slot = hash & (OUTCOME_LIMIT - 1);

    while (outcomes[slot] != 0 && outcomes[slot] != hash)
        slot = (slot + 1) & (OUTCOME_LIMIT - 1);
    if (outcomes[slot] != 0 || outcome_count >= OUTCOME_LIMIT / 2)
        return;
    outcomes[slot] = hash;
    outcome_count++;
    outcome_is_new = true;
}

/* The file in which the input at work can be found afterwards. */

static uint8_t *last;
static char last_path[PATH_ROOM];

static void last_open(void)
{
    const char *top = getenv("abs_top_builddir");
    int length = snprintf(last_path, sizeof(last_path), "%s/tests/fuzz/%s.last",
                          top != NULL ? top : ".", fuzz_name);
    int fd = (size_t)length < sizeof(last_path)
                 ? open(last_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                 : -1;

    if (fd >= 0 && ftruncate(fd, INPUT_LIMIT + sizeof(uint64_t)) == 0)
        last = mmap(NULL, INPUT_LIMIT + sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
                    fd, 0);
    if (last == MAP_FAILED)
        last = NULL;
    if (fd >= 0)
        close(fd);
}

static void last_close(void)
{
    if (last != NULL)
        munmap(last, INPUT_LIMIT + sizeof(uint64_t));
    unlink(last_path);
}

/* Length, then bytes. */
static void last_note(const uint8_t *data, size_t size)
{
    uint64_t stored = size;

    if (last == NULL)
        return;
    memcpy(last, &stored, sizeof(stored));
    memcpy(last + sizeof(stored), data, size);
}

/* Runs one input out of memory that ends where it ends, so that a sanitizer sees reads behind
 * it. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    ASSERT(exact != NULL && size <= INPUT_LIMIT);
    if (size > 0)
        memcpy(exact, data, size);
    last_note(exact, size);
    outcome_is_new = false;
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void pool_add(void *context, const void *data, size_t size)
{
    struct input *input = &pool[pool_count];

    (void)context;
    if (pool_count == POOL_LIMIT)
        return;
    input->size = size < INPUT_LIMIT ? size : INPUT_LIMIT;
    input->data = malloc(input->size + 1);
    ASSERT(input->data != NULL);
    memcpy(input->data, data, input->size);
    pool_count++;
}

static int pool_add_file(const char *path)
{
    static uint8_t data[INPUT_LIMIT];
    FILE *f = fopen(path, "rb");

    if (f == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(data, 1, sizeof(data), f);
    fclose(f);
    pool_add(NULL, data, size);
    return 0;
}

static int pool_add_path(const char *path)
{
    struct stat status;
    char name[PATH_ROOM];
    DIR *folder;
    int result = 0;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return pool_add_file(path);
    folder = opendir(path);
    if (folder == NULL)
        return -1;
    for (struct dirent *file = readdir(folder); file != NULL; file = readdir(folder)) {
        int length = snprintf(name, sizeof(name), "%s/%s", path, file->d_name);
        ASSERT(length > 0 && (size_t)length < sizeof(name));
        if (file->d_name[0] != '.' && pool_add_file(name) != 0)
            result = -1;
    }
    closedir(folder);
    return result;
}

/* Changes to an input `in` of which `room` bytes may be used. */

static void change_byte(struct input *in)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, '/', '\n', '"'};

    if (in->size == 0)
        return;
    uint8_t *at = in->data + below(in->size);
    if (below(2) == 0)
        *at ^= (uint8_t)(1u << below(8));
    else
        *at = below(2) == 0 ? values[below(sizeof(values))] : (uint8_t)next_random();
}

static void change_number(struct input *in)
{
    static const uint64_t values[] = {0,          1,          0x7fffffff, 0x80000000,
                                      UINT32_MAX, UINT64_MAX, INT64_MAX,  0x10000};
    size_t width = (size_t)1 << below(4);

    if (in->size < width)
        return;
    uint8_t *at = in->data + below(in->size - width + 1);
    uint64_t value = 0;
    memcpy(&value, at, width);
    if (below(2) == 0)
        value = values[below(sizeof(values) / sizeof(values[0]))];
    else
        value += (uint64_t)below(33) - 16;
    memcpy(at, &value, width);
}

static void change_remove(struct input *in)
{
    size_t at = below(in->size);
    size_t size = below(below(4) == 0 ? in->size - at + 1 : 9);

    if (size > in->size - at)
        size = in->size - at;
    memmove(in->data + at, in->data + at + size, in->size - at - size);
    in->size -= size;
}

static void insert(struct input *in, const void *data, size_t size)
{
    size_t at = below(in->size + 1);

    if (size > INPUT_LIMIT - in->size)
        return;
    memmove(in->data + at + size, in->data + at, in->size - at);
    memmove(in->data + at, data, size);
    in->size += size;
}

static void change_insert(struct input *in)
{
    uint8_t bytes[16];
    size_t size = 1 + below(sizeof(bytes));
    size_t words = 0;

    while (fuzz_words[words] != NULL)
        words++;
    if (words > 0 && below(3) > 0) {
        const char *word = fuzz_words[below(words)];
        insert(in, word, strlen(word));
        return;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)next_random();
    insert(in, bytes, size);
}

/* A piece of this or of another input. */
static void change_copy(struct input *in)
{
    const struct input *from = &pool[below(pool_count)];
    uint8_t piece[256];
    size_t at = below(from->size);
    size_t size = below(from->size - at + 1);

    size = size < sizeof(piece) ? size : sizeof(piece);
    if (size == 0)
        return;
    memcpy(piece, from->data + at, size);
    if (below(2) == 0 || size > in->size)
        insert(in, piece, size);
    else
        memcpy(in->data + below(in->size - size + 1), piece, size);
}

static void alter(struct input *in)
{
    static void (*const changes[])(struct input *) = {
        change_byte, change_byte, change_number, change_remove, change_insert, change_copy};
    size_t count = 1 + below(CHANGES_LIMIT);

    for (size_t i = 0; i < count; i++)
        changes[below(sizeof(changes) / sizeof(changes[0]))](in);
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t alter_for(double seconds)
{
    double end = now_seconds() + seconds;
    struct input work = {.data = malloc(INPUT_LIMIT)};
    size_t count = 0;

    ASSERT(work.data != NULL);
    for (; now_seconds() < end; count++) {
        const struct input *from = &pool[below(pool_count)];
        work.size = from->size;
        memcpy(work.data, from->data, from->size);
        alter(&work);
        run(work.data, work.size);
        if (outcome_is_new)
            pool_add(NULL, work.data, work.size);
    }
    free(work.data);
    return count;
}

static int dump(const char *folder)
{
    for (size_t i = 0; i < pool_count; i++) {
        char path[PATH_ROOM];
        snprintf(path, sizeof(path), "%s/%03zu", folder, i);
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(pool[i].data, 1, pool[i].size, f) != pool[i].size) {
            perror(path);
            return 1;
        }
        fclose(f);
    }
    return 0;
}

static double number_of(const char *variable, double otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? strtod(text, NULL) : otherwise;
}

int main(int count, char **arguments)
{
    const char *top = getenv("abs_top_srcdir");
    char corpus[PATH_ROOM];
    bool only = count > 1 && strcmp(arguments[1], "--dump") != 0;
    size_t altered = 0;

    random_state = (uint64_t)number_of("LAGAN_FUZZ_SEED", 1);
    snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".",
             fuzz_name);
    for (int i = 1; only && i < count; i++)
        if (pool_add_path(arguments[i]) != 0)
            return 1;
    if (!only) {
        if (access(corpus, F_OK) == 0 && pool_add_path(corpus) != 0)
            return 1;
        fuzz_seeds(pool_add, NULL);
    }
    if (count > 2 && !only)
        return dump(arguments[2]);
    last_open();
    size_t seeds = pool_count;
    for (size_t i = 0; i < seeds; i++)
        run(pool[i].data, pool[i].size);
    if (seeds > 0 && !only)
        altered = alter_for(number_of("LAGAN_FUZZ_SECONDS", 1));
    last_close();
    printf("%zu inputs, %zu altered ones, %zu outcomes\n", seeds, altered, outcome_count);
    while (pool_count > 0)
        free(pool[--pool_count].data);
    return seeds > 0 ? 0 : 1;
}
#endif
