/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - journals of sessions in the cache directory. */
#include "vault/journal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/crc32c.h"
#include "vault/local.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define FOLDER "journals"
enum { CHECKSUM_TEXT = 8, LINE_SIZE = 256, JOURNAL_LIMIT = 64 << 20 };

struct journal {
    struct vault *vault;
    int fd;
    char name[33]; /* of the file: the session */
};

/* Appends one line.  A failure shows at the next reading: the line is not there. */
static void append(struct journal *j, const char *text)
{
    char line[LINE_SIZE];
    struct error ignored;
    int size = snprintf(line, sizeof(line), "%08x %s\n", crc32c(text, strlen(text)), text);

    file_write_all(j->fd, line, (size_t)size, "journal", &ignored);
}

static void append_owner(struct journal *j, const struct journal_owner *owner)
{
    char text[LINE_SIZE / 2], writer[33], source[33];

    text_hex(owner->writer, sizeof(owner->writer), writer);
    text_hex(owner->source, sizeof(owner->source), source);
    snprintf(text, sizeof(text), "session %s %s %s %" PRIu32, j->name, writer, source,
             owner->epoch);
    append(j, text);
}

struct journal *journal_create(struct vault *v, const struct journal_owner *owner)
{
    struct journal *j = calloc(1, sizeof(*j));
    struct local_file f = {.fd = -1};
    struct error e = ERROR_INIT;

    if (j == NULL || vault_cache_directory(v) == NULL) {
        free(j);
        return NULL;
    }
    j->vault = v;
    text_hex(owner->session, sizeof(owner->session), j->name);
    /* Locked before it has a name, so that nobody takes it for a dead one. */
    if (local_create(v, FOLDER, j->name, &f, &e) == 0 && flock(f.fd, LOCK_EX | LOCK_NB) == 0) {
        j->fd = f.fd;
        append_owner(j, owner);
        if (local_publish(&f, &e) == 0) {
            local_discard(&f);
            return j;
        }
    }
    local_discard(&f);
    free(j);
    log_write(LOG_WARNING, "vault", "an interruption will lose what was sent: %s", e.text);
    return NULL;
}

void journal_pack(struct journal *j, const struct seal_pack *pack)
{
    char text[LINE_SIZE / 2], hash[65];

    if (j == NULL)
        return;
    text_hex(pack->hash, sizeof(pack->hash), hash);
    snprintf(text, sizeof(text), "pack %s %" PRIu64, hash, pack->bytes);
    append(j, text);
}

void journal_sealed(struct journal *j, const char *name)
{
    char text[LINE_SIZE / 2];

    if (j == NULL)
        return;
    snprintf(text, sizeof(text), "sealed %.*s", SEAL_NAME_SIZE - 1, name);
    append(j, text);
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    file_close(&j->fd);
    free(j);
}

void journal_finish(struct journal *j)
{
    if (j == NULL)
        return;
    local_remove(j->vault, FOLDER, j->name);
    journal_close(j);
}

static bool take_owner(const char *text, struct journal_owner *owner)
{
    char session[33], writer[33], source[33];

    return sscanf(text, "session %32s %32s %32s %" SCNu32, session, writer, source,
                  &owner->epoch) == 4 &&
           text_unhex(session, owner->session, 16) == 0 &&
           text_unhex(writer, owner->writer, 16) == 0 &&
           text_unhex(source, owner->source, 16) == 0;
}

static bool take_pack(const char *text, struct journal_content *content)
{
    struct seal_pack pack;
    char hash[65];

    if (sscanf(text, "pack %64s %" SCNu64, hash, &pack.bytes) != 2 ||
        text_unhex(hash, pack.hash, 32) != 0)
        return false;
    struct seal_pack *grown =
        reallocarray(content->packs, content->pack_count + 1, sizeof(*grown));
    if (grown == NULL)
        return false;
    content->packs = grown;
    content->packs[content->pack_count++] = pack;
    return true;
}

/* One line without its end; false when it is torn. */
static bool take_line(char *line, bool first, struct journal_content *content)
{
    uint8_t checksum[CHECKSUM_TEXT / 2];
    char *text = line + CHECKSUM_TEXT + 1;

    if (strlen(line) <= CHECKSUM_TEXT || line[CHECKSUM_TEXT] != ' ')
        return false;
    line[CHECKSUM_TEXT] = '\0';
    if (text_unhex(line, checksum, sizeof(checksum)) != 0)
        return false;
    uint32_t wanted = (uint32_t)checksum[0] << 24 | (uint32_t)checksum[1] << 16 |
                      (uint32_t)checksum[2] << 8 | checksum[3];
    if (wanted != crc32c(text, strlen(text)))
        return false;
    if (first)
        return take_owner(text, &content->owner);
    if (sscanf(text, "sealed %39s", content->sealed) == 1)
        return true;
    return take_pack(text, content);
}

/* What stands behind the first torn line is lost. */
static bool take_all(struct buffer *b, struct journal_content *content)
{
    char *next = (char *)b->data;
    char *end;
    bool first = true;

    buffer_append_u8(b, 0);
    if (b->failed)
        return false;
    for (next = (char *)b->data; (end = strchr(next, '\n')) != NULL; next = end + 1) {
        *end = '\0';
        if (!take_line(next, first, content))
            break;
        first = false;
    }
    return !first;
}

/* Takes the lock of journal `name` when its session is dead. */
static int lock_dead(struct vault *v, const char *name)
{
    char *path CLEANUP_TEXT = local_path(v, FOLDER, name);
    int fd = path != NULL ? open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : -1;
    struct stat found;

    /* Its session may have finished between the open and the lock. */
    if (fd >= 0 &&
        (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &found) != 0 || found.st_nlink == 0))
        file_close(&fd);
    return fd;
}

struct search {
    struct vault *vault;
    const uint8_t *writer;
    const uint8_t *source;
    struct journal *found;
    struct journal_content *content;
};

/* Whether the journal is one that the search is for; one that says nothing is removed. */
static bool fits(const struct search *s, const char *name, struct journal_content *content)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;

    *content = (struct journal_content){0};
    if (!local_load(s->vault, FOLDER, name, JOURNAL_LIMIT, &b))
        return false;
    if (!take_all(&b, content)) {
        log_write(LOG_INFO, "vault", "a damaged journal of a session is removed");
        local_remove(s->vault, FOLDER, name);
        return false;
    }
    return memcmp(content->owner.writer, s->writer, 16) == 0 &&
           memcmp(content->owner.source, s->source, 16) == 0;
}

static void look_at(void *context, const char *name)
{
    struct search *s = context;
    struct journal_content content;

    if (s->found != NULL || strlen(name) != sizeof(s->found->name) - 1)
        return;
    int fd = lock_dead(s->vault, name);
    if (fd < 0)
        return;
    bool mine = fits(s, name, &content);
    struct journal *j = mine ? calloc(1, sizeof(*j)) : NULL;
    if (j == NULL) {
        free(content.packs);
        file_close(&fd);
        return;
    }
    j->vault = s->vault;
    j->fd = fd;
    memcpy(j->name, name, sizeof(j->name));
    s->found = j;
    *s->content = content;
}

struct journal *journal_take_over(struct vault *v, const uint8_t writer[16],
                                  const uint8_t source[16], struct journal_content *content)
{
    struct search s = {.vault = v, .writer = writer, .source = source, .content = content};

    local_list(v, FOLDER, look_at, &s);
    return s.found;
}
