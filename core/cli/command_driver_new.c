/* SPDX-License-Identifier: Apache-2.0 */
/* command_driver_new.c - a new driver: a small project that builds, passes and installs. */
#include "cli/session.h"
#include "cli/template.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRIVER_NAME_BYTES = 32 };

/* Which example each kind starts from. */
static const struct kind_row {
    const char *kind;
    const char *prefix;
    const char *example;
} kinds[] = {
    {"source", "src_", "src_folder"},
    {"target", "tgt_", "tgt_example"},
    {"key", "key_", "key_example"},
};

/* The files of a project.  "NAME" and "EXAMPLE" stand for the driver's name and the example's.
 */
static const struct file_row {
    const char *path;
    const char *text;
    mode_t mode;
} files[] = {
    {"NAME.c", "EXAMPLE.c", 0644},        {"NAME.7", "EXAMPLE.7", 0644},
    {"check.sh", "check.sh", 0755},       {"configure.ac", "configure.ac", 0644},
    {"Makefile.am", "Makefile.am", 0644}, {"m4/lagan.m4", "lagan.m4", 0644},
    {"meson.build", "meson.build", 0644}, {"Makefile.plain", "Makefile.plain", 0644},
    {"README.md", "README.md", 0644},     {".gitignore", "gitignore", 0644},
};
enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

/* A project in the making. */
struct project {
    const struct kind_row *kind;
    char name[DRIVER_NAME_BYTES + 1];
    const char *folder;
};

static const struct kind_row *find_kind(const char *word, struct error *e)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].kind, word) == 0)
            return &kinds[i];
    error_set(e, LAGAN_INVALID, ERROR_USAGE,
              "there are no drivers of kind \"%s\"; kinds are source, target and key", word);
    return NULL;
}

static const struct kind_row *kind_of_prefix(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return &kinds[i];
    return NULL;
}

/* Checks the name, and puts the prefix of its kind in front where it lacks it. */
static int set_name(struct project *p, const char *word, struct error *e)
{
    const struct kind_row *told = kind_of_prefix(word);
    int size;
    if (told && told != p->kind)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "%s would be a %s driver: names of %s drivers start with %s", word,
                         told->kind, p->kind->kind, p->kind->prefix);
    if (word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
        word[told ? strlen(told->prefix) : 0] == '\0')
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "\"%s\" is no name for a driver: names are made of a-z, 0-9 and _",
                         word);
    size = snprintf(p->name, sizeof(p->name), "%s%s", told ? "" : p->kind->prefix, word);
    if (size > DRIVER_NAME_BYTES)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "\"%s\" is too long for a driver: names have at most %d bytes, %s "
                         "included",
                         word, DRIVER_NAME_BYTES, p->kind->prefix);
    return 0;
}

/* A path of the table with its words filled in; in memory of the caller. */
static void fill_in(const struct project *p, const char *row, char *out, size_t room)
{
    if (strncmp(row, "NAME", 4) == 0)
        snprintf(out, room, "%s%s", p->name, row + 4);
    else if (strncmp(row, "EXAMPLE", 7) == 0)
        snprintf(out, room, "%s%s", p->kind->example, row + 7);
    else
        snprintf(out, room, "%s", row);
}

static char *path_in(const struct project *p, const char *file)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", p->folder, file) < 0)
        return NULL;
    return path;
}

static int write_file(const struct project *p, const struct file_row *row, struct error *e)
{
    const struct template_words words = {p->kind->kind, p->kind->prefix, p->kind->example,
                                         p->name};
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    char file[DRIVER_NAME_BYTES + 16], source[DRIVER_NAME_BYTES + 16];
    char *path CLEANUP_TEXT = NULL;
    fill_in(p, row->path, file, sizeof(file));
    fill_in(p, row->text, source, sizeof(source));
    template_write(source, &words, &text);
    path = path_in(p, file);
    if (!path)
        return error_no_memory(e, "a path");
    if (buffer_check(&text, e) != 0)
        return -1;
    return file_write_new(path, text.data, text.size, row->mode, NULL, e);
}

/* Takes back what was made before something failed. */
static void take_back(const struct project *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char file[DRIVER_NAME_BYTES + 16];
        char *path CLEANUP_TEXT = NULL;
        fill_in(p, files[i].path, file, sizeof(file));
        path = path_in(p, file);
        if (path)
            unlink(path);
    }
    char *inner CLEANUP_TEXT = path_in(p, "m4");
    if (inner)
        rmdir(inner);
    rmdir(p->folder);
}

static int make_folders(const struct project *p, struct error *e)
{
    char *inner CLEANUP_TEXT = path_in(p, "m4");
    if (!inner)
        return error_no_memory(e, "a path");
    if (mkdir(p->folder, 0777) != 0) {
        if (errno == EEXIST)
            return error_set(e, LAGAN_EXISTS, ERROR_USAGE,
                             "%s is there already, and stays as it is; name another folder",
                             p->folder);
        return error_errno(e, errno, "cannot make the folder %s", p->folder);
    }
    if (mkdir(inner, 0777) != 0) {
        error_errno(e, errno, "cannot make the folder %s", inner);
        rmdir(p->folder);
        return -1;
    }
    return 0;
}

static int make_project(const struct project *p, struct error *e)
{
    if (make_folders(p, e) != 0)
        return -1;
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (write_file(p, &files[i], e) != 0) {
            take_back(p, i);
            return -1;
        }
    return 0;
}

static void tell(struct session *s, const struct project *p)
{
    struct output *o = &s->output;
    record_begin(o, "project");
    record_text(o, "name", p->name);
    record_text(o, "kind", p->kind->kind);
    record_text(o, "folder", p->folder);
    record_end(o);
    output_note(o, "%s", "");
    output_note(o, "Next: cd %s && autoreconf -fi && ./configure && make check", p->folder);
    output_note(o, "%s/README.md says what is what, and how to build without Autotools.",
                p->folder);
}

int command_driver_new(struct session *s, struct error *e)
{
    struct project p = {.kind = find_kind(session_operand(s, 0), e)};
    if (!p.kind || set_name(&p, session_operand(s, 1), e) != 0)
        return -1;
    p.folder = session_operand(s, 2) ? session_operand(s, 2) : p.name;
    if (make_project(&p, e) != 0)
        return -1;
    tell(s, &p);
    return 0;
}
