/* SPDX-License-Identifier: Apache-2.0 */
/* life_process.c - cases for every kind: a driver is a guest in its process. */
#include "conformance/tables.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK "driver.h, Process"

static void one_life(struct trial *t, unsigned round)
{
    struct opened *o = trial_open(t, t->kind->open_flags);
    t->kind->exercise(t, o, round);
    trial_close(t, o);
}

/* Without those of real time. */
enum { SIGNALS = 32 };

/* What belongs to the process. */
struct process {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
    mode_t umask;
    char directory[4096];
    char locale[256];
    uint64_t environment; /* a hash */
};

static uint64_t hash_environment(void)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (char **entry = environ; entry && *entry; entry++)
        for (const char *byte = *entry; *byte; byte++)
            hash = (hash ^ (uint8_t)*byte) * UINT64_C(0x100000001b3);
    return hash;
}

static void look_at_process(struct process *p)
{
    memset(p, 0, sizeof *p);
    for (int number = 1; number < SIGNALS; number++)
        sigaction(number, NULL, &p->actions[number]);
    sigprocmask(SIG_BLOCK, NULL, &p->mask);
    p->umask = umask(0);
    umask(p->umask);
    if (!getcwd(p->directory, sizeof p->directory))
        p->directory[0] = '\0';
    snprintf(p->locale, sizeof p->locale, "%s", setlocale(LC_ALL, NULL));
    p->environment = hash_environment();
}

static void expect_same_process(struct trial *t, const struct process *before)
{
    struct process after;
    look_at_process(&after);
    for (int number = 1; number < SIGNALS; number++)
        EXPECT(t, after.actions[number].sa_handler == before->actions[number].sa_handler, LOOK,
               "the handler of signal %d (%s) has changed", number, strsignal(number));
    EXPECT(t, memcmp(&after.mask, &before->mask, sizeof after.mask) == 0, LOOK,
           "the signal mask has changed");
    EXPECT(t, after.umask == before->umask, LOOK, "the umask has changed from %03o to %03o",
           before->umask, after.umask);
    EXPECT(t, strcmp(after.directory, before->directory) == 0, LOOK,
           "the working directory has changed to %s", after.directory);
    EXPECT(t, strcmp(after.locale, before->locale) == 0, LOOK,
           "the locale has changed from %s to %s", before->locale, after.locale);
    EXPECT(t, after.environment == before->environment, LOOK, "the environment has changed");
}

static void load_alone(struct trial *t)
{
    struct process before;
    struct trial_holdings held;
    struct trial_holdings holds;
    look_at_process(&before);
    trial_count_holdings(&held);
    trial_load(t);
    trial_count_holdings(&holds);
    expect_same_process(t, &before);
    EXPECT(t, holds.threads == held.threads, "driver.h, load", "%u threads were made",
           holds.threads - held.threads);
    /* One is the host's: the file of the module stays open. */
    EXPECT(t, holds.descriptors <= held.descriptors + 1, "driver.h, load",
           "%u descriptors were opened", holds.descriptors - held.descriptors - 1);
}

static void untouched(struct trial *t)
{
    struct process before;
    look_at_process(&before);
    one_life(t, 1);
    trial_asked("a whole life");
    expect_same_process(t, &before);
}

static uint64_t written(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* Both lead to one file in memory, whose text the frame shows. */
static void silent(struct trial *t)
{
    uint64_t before = written(STDOUT_FILENO);
    one_life(t, 1);
    fflush(NULL);
    trial_asked("a whole life");
    EXPECT(t, written(STDOUT_FILENO) == before, LOOK,
           "%llu bytes were written to standard output or standard error",
           (unsigned long long)(written(STDOUT_FILENO) - before));
}

static void close_on_exec(struct trial *t)
{
    enum { DESCRIPTORS = 1024 };
    static bool before[DESCRIPTORS];
    struct opened *o;
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    o = trial_open(t, t->kind->open_flags);
    t->kind->exercise(t, o, 1);
    trial_asked("open, and some work");
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char path[64];
        char name[256];
        ssize_t size;
        if (before[fd] || flags < 0 || (flags & FD_CLOEXEC))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        size = readlink(path, name, sizeof name);
        trial_fail(t, LOOK, "descriptor %d (%.*s) is not close-on-exec", fd,
                   size > 0 ? (int)size : 0, name);
    }
    trial_close(t, o);
}

static void no_directory(struct trial *t)
{
    char folder[] = "/tmp/lagan-check-XXXXXX";
    struct opened *o = trial_open(t, t->kind->open_flags);
    if (!mkdtemp(folder) || chdir(folder) < 0 || rmdir(folder) < 0)
        trial_skip(t, "no folder can be made in /tmp");
    t->kind->exercise(t, o, 1);
    trial_close(t, o);
}

static void umask_077(struct trial *t)
{
    umask(077);
    one_life(t, 1);
    one_life(t, 2);
}

static void umask_0(struct trial *t)
{
    umask(0);
    one_life(t, 1);
    one_life(t, 2);
}

/* In Turkish, "I" and "i" are no pair; elsewhere numbers have commas. */
static void locales(struct trial *t)
{
    static const char *const names[] = {"tr_TR.UTF-8", "tr_TR.utf8",  "de_DE.UTF-8",
                                        "de_DE.utf8",  "en_US.UTF-8", "C.UTF-8",
                                        "C.utf8"};
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!setlocale(LC_ALL, names[i]))
            continue;
        one_life(t, ++tried);
    }
    if (tried == 0)
        trial_skip(t, "this machine has no locale but C");
    setlocale(LC_ALL, "C");
    one_life(t, 100);
}

/* Descriptors 0, 1 and 2 may be closed in a daemon: what is opened then gets these numbers. */
static void few_descriptors(struct trial *t)
{
    close(STDIN_FILENO);
    one_life(t, 1);
    one_life(t, 2);
}

/* A small stack is what threads of hosts may have. */
static void life_on_thread(void *context, unsigned index)
{
    one_life(context, index);
}

static void other_threads(struct trial *t)
{
    for (unsigned i = 0; i < 3; i++)
        trial_threads(t, 1, life_on_thread, t);
}

/* The module's file: what it exports. */

struct image {
    const uint8_t *data;
    size_t size;
};

/* `count` things of `size` bytes at `offset`, or NULL when they are not all there. */
static const void *image_at(const struct image *i, uint64_t offset, uint64_t count,
                            uint64_t size)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || offset > i->size ||
        bytes > i->size - offset)
        return NULL;
    return i->data + offset;
}

static bool is_of_the_linker(const char *name)
{
    static const char *const names[] = {"_init",   "_fini",      "__bss_start",
                                        "_edata",  "_end",       "_start",
                                        "__end__", "_bss_end__", "__bss_end__"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    /* Counters of instrumented builds. */
    return strncmp(name, "__asan", 6) == 0 || strncmp(name, "__odr_asan", 10) == 0 ||
           strncmp(name, "__gcov", 6) == 0 || strncmp(name, "__llvm", 6) == 0;
}

static void judge_symbols(struct trial *t, const Elf64_Sym *symbols, size_t count,
                          const char *texts, size_t texts_size)
{
    char entry[96];
    unsigned entries = 0;
    snprintf(entry, sizeof entry, "%s_LTX_lagan_driver", t->request->module);
    for (size_t i = 0; i < count; i++) {
        unsigned binding = ELF64_ST_BIND(symbols[i].st_info);
        const char *name = symbols[i].st_name < texts_size ? texts + symbols[i].st_name : "";
        if (symbols[i].st_shndx == SHN_UNDEF || binding == STB_LOCAL || !name[0] ||
            ELF64_ST_VISIBILITY(symbols[i].st_other) == STV_HIDDEN)
            continue;
        if (strcmp(name, entry) == 0)
            entries++;
        else
            EXPECT(t, is_of_the_linker(name), "driver.h, LAGAN_DRIVER",
                   "the module exports %s; it may export %s alone", name, entry);
    }
    EXPECT(t, entries == 1, "driver.h, LAGAN_DRIVER", "the module does not export %s", entry);
}

static void read_symbols(struct trial *t, const struct image *i)
{
    const Elf64_Ehdr *head = image_at(i, 0, 1, sizeof *head);
    const Elf64_Shdr *sections;
    if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof *sections)
        trial_skip(t, "the module is no ELF file of 64 bits");
    sections = image_at(i, head->e_shoff, head->e_shnum, sizeof *sections);
    for (size_t n = 0; sections && n < head->e_shnum; n++) {
        const Elf64_Shdr *table = &sections[n];
        const Elf64_Shdr *strings;
        const Elf64_Sym *symbols;
        const char *texts;
        if (table->sh_type != SHT_DYNSYM || table->sh_link >= head->e_shnum)
            continue;
        strings = &sections[table->sh_link];
        symbols =
            image_at(i, table->sh_offset, table->sh_size / sizeof *symbols, sizeof *symbols);
        texts = image_at(i, strings->sh_offset, strings->sh_size, 1);
        if (!symbols || !texts || strings->sh_size == 0 || texts[strings->sh_size - 1] != '\0')
            break;
        judge_symbols(t, symbols, table->sh_size / sizeof *symbols, texts, strings->sh_size);
        return;
    }
    trial_skip(t, "the module's table of symbols cannot be read");
}

static void one_symbol(struct trial *t)
{
    struct image image = {0};
    struct stat status;
    char path[4300];
    int fd;
    snprintf(path, sizeof path, "%s/%s.so", driver_host_directory(t->request->host),
             t->request->module);
    trial_asked("the symbols of %s", path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        trial_skip(t, "%s cannot be read: %s", path, strerror(errno));
    image.size = (size_t)status.st_size;
    image.data = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image.data == MAP_FAILED)
        trial_skip(t, "%s cannot be read", path);
    read_symbols(t, &image);
}

#define ALL 0

const struct check_case check_cases_life_process[] = {
    {"life-load-has-no-side-effect", ALL, CHECK_CORE, CASE_SAFE | CASE_UNLOADED, NULL,
     load_alone, "loading makes no thread, opens nothing and changes nothing of the process"},
    {"life-process-untouched", ALL, CHECK_CORE, CASE_SAFE, NULL, untouched,
     "signals, umask, working directory, locale and environment stay as they are"},
    {"life-silent", ALL, CHECK_CORE, CASE_SAFE, NULL, silent,
     "nothing is written to standard output and standard error"},
    {"life-close-on-exec", ALL, CHECK_CORE, CASE_SAFE, NULL, close_on_exec,
     "all descriptors are close-on-exec"},
    {"life-no-working-directory", ALL, CHECK_CORE, CASE_SAFE, NULL, no_directory,
     "the working directory may be gone"},
    {"life-umask-077", ALL, CHECK_CORE, CASE_SAFE, NULL, umask_077, "a strict umask"},
    {"life-umask-0", ALL, CHECK_CORE, CASE_SAFE, NULL, umask_0, "no umask at all"},
    {"life-locales", ALL, CHECK_CORE, CASE_SAFE, NULL, locales,
     "Turkish, German and other locales, as far as there are some"},
    {"life-closed-stdin", ALL, CHECK_CORE, CASE_SAFE, NULL, few_descriptors,
     "descriptor 0 is a descriptor as any other"},
    {"life-on-other-threads", ALL, CHECK_CORE, CASE_SAFE, NULL, other_threads,
     "each life on a thread that is gone before the next"},
    {"life-one-symbol", ALL, CHECK_CORE, CASE_SAFE | CASE_UNLOADED, NULL, one_symbol,
     "the module exports its entry and nothing else"},
    {.name = NULL}};
