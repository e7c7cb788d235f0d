/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - how a command ends: the error with its next step, the last record, the recovery
 * key. */
#include "cli/session.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "crypto/recovery.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to do next, by code: X(symbol, words). */
#define HINTS(X)                                                                               \
    X(CONFIG, "lagan.conf(5) describes the configuration")                                     \
    X(INTEGRITY, "`lagan verify` tells what is hurt")                                          \
    X(TEMPORARY, "try again later")                                                            \
    X(NO_VAULT, "`lagan vault list` shows those there are")                                    \
    X(NO_SOURCE, "`lagan source list` shows those there are")                                  \
    X(NO_REGION, "`lagan region list` shows those there are")                                  \
    X(NO_BACKUP, "`lagan backup list` shows those there are")                                  \
    X(NO_ENTRY, "`lagan ls` shows what a backup has")                                          \
    X(NO_DRIVER, "`lagan driver list` shows those there are")                                  \
    X(DRIVER_REFUSED,                                                                          \
      "correct owner and mode, or install it again, from this version of lagan")               \
    X(NAME_TAKEN, "choose another name")                                                       \
    X(AMBIGUOUS, "give more of the id, or --vault or --source")                                \
    X(LOCKED, "`lagan vault key list` shows what opens it")                                    \
    X(WRONG_KEY, "`lagan vault key list` shows what opens it")                                 \
    X(KEY_UNAVAILABLE, "see to the key provider; a recovery key opens a vault without it")     \
    X(NEWER_FORMAT, "install a newer lagan")                                                   \
    X(ZONE_MISSING,                                                                            \
      "`lagan region check` shows which; bring them back, or mend with `lagan region repair`") \
    X(ACCOUNT_DIFFERS, "`lagan region show` tells what may be a destination")                  \
    X(NO_SPACE, "make room and try again: what is done already is not done again")             \
    X(BACKUP_PINNED, "`lagan policy explain` tells what keeps it")                             \
    X(BACKUP_STATE, "`lagan backup list` shows its state")                                     \
    X(BACKUP_LATEST, "--force deletes it all the same")                                        \
    X(NO_APPROVAL, "`lagan approval list` shows those there are")                              \
    X(BACKUP_LOCKED, "`lagan vault lock show` tells more of the lock")                         \
    X(CLOCK_DOUBTFUL, "set the clock right, or accept it with `lagan policy release --clock`") \
    X(NO_POLICY, "`lagan policy list` shows those there are")                                  \
    X(NO_INVENTORY, "`lagan inventory list` shows those there are")                            \
    X(INVENTORY_SETTING, "lagan(1) explains the settings of inventories")                      \
    X(NO_BATCH, "`lagan batch list` shows those there are")                                    \
    X(BATCH_SETTING, "lagan(1) explains the settings of batch jobs")                           \
    X(NO_MIGRATION, "`lagan migrate list` shows those there are")                              \
    X(MIGRATE_SETTING, "lagan(1) explains the settings of migrations")                         \
    X(POLICY_SETTING, "lagan(1) explains the settings of policies")                            \
    X(NO_RULE, "`lagan rule list` shows those there are")                                      \
    X(RULE_SETTING, "lagan(1) explains the settings of rules")                                 \
    X(SCHEDULE, "lagan(1) explains what a schedule looks like")                                \
    X(TIME_ZONE, "zones have names such as Europe/Berlin or UTC+01:00")                        \
    X(RETENTION, "lagan(1) explains which rules go together")                                  \
    X(HOOK_TIMEOUT, "mend the command, or give it more time with hook-timeout")                \
    X(DRILL_DIFFERS, "`lagan verify --depth data` tells whether the vault is damaged")         \
    X(INTERRUPTED, "the same command takes up where this one stopped")

static const char *hint_of(const struct session *s, const struct error *e, char *room,
                           size_t size)
{
    static const char *const hints[ERROR_CODE_COUNT] = {
#define X(symbol, words) [ERROR_##symbol] = words,
        HINTS(X)
#undef X
    };
    /* Whoever made the error may have known better. */
    if (strchr(e->text, '`') || strchr(e->text, ';') || e->code >= ERROR_CODE_COUNT)
        return NULL;
    if (e->code == ERROR_USAGE) {
        const char *words = s->arguments.words;
        snprintf(room, size, "`lagan %s%s--help` shows how", words, words[0] ? " " : "");
        return room;
    }
    if (strstr(e->text, "--"))
        return NULL;
    if (!hints[e->code] && e->error_class == LAGAN_IMMUTABLE)
        return "make it writable, then try again";
    return hints[e->code];
}

/* The line as one of a log of objects; what is said of failures is said at any level. */
static void log_line_as_object(const char *raw)
{
    char line[LOG_LINE_SIZE];
    const char *words = strncmp(raw, "lagan: ", 7) == 0 ? raw + 7 : raw;
    log_compose(LOG_ERROR, "lagan", words, line, sizeof(line));
    terminal_line(line);
}

void report_line(const char *format, ...)
{
    va_list arguments;
    char *raw = NULL;
    va_start(arguments, format);
    int length = vasprintf(&raw, format, arguments);
    va_end(arguments);
    if (length < 0) {
        terminal_line("lagan: out of memory");
        return;
    }
    if (log_format() == LOG_JSON) {
        log_line_as_object(raw);
        free(raw);
        return;
    }
    size_t room = 4 * (size_t)length + 1;
    char *line = malloc(room);
    if (line)
        text_escape_line(line, room, raw, (size_t)length);
    terminal_line(line ? line : "lagan: out of memory");
    free(line);
    free(raw);
}

void report_error(const struct session *s, const struct error *e)
{
    char room[COMMAND_WORDS_SIZE + 32];
    const char *hint = hint_of(s, e, room, sizeof(room));
    if (hint)
        report_line("lagan: %s; %s", e->text, hint);
    else
        report_line("lagan: %s", e->text);
}

void report_end(struct session *s, const struct error *e, int status)
{
    struct output *o = &s->output;
    const char *code = status == STATUS_DONE ? "ok" : "failed";
    if (!o->use_json)
        return;
    if (e)
        code = error_code_name(e->code);
    else if (status == STATUS_PARTIAL)
        code = "partial";
    else if (status == STATUS_INTEGRITY)
        code = error_code_name(ERROR_INTEGRITY);
    else if (status == STATUS_BRAKED)
        code = error_code_name(ERROR_BRAKE);
    else if (status == STATUS_LAGGING)
        code = error_code_name(ERROR_LAG);
    else if (status == STATUS_KEY_GONE)
        code = error_code_name(ERROR_KEY_UNAVAILABLE);
    else if (status == STATUS_TEMPORARY)
        code = error_code_name(ERROR_TEMPORARY);
    record_begin(o, "end");
    record_number(o, "status", (uint64_t)status);
    record_text(o, "code", code);
    if (e) {
        record_text(o, "class", error_class_name(e->error_class));
        record_text(o, "message", e->text);
    }
    record_end(o);
}

/* Such a file is new, or left by an attempt that broke off; the lock tells whether it really
 * did.
 */
static bool is_ours_and_empty(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0 &&
           found.st_nlink == 1 && found.st_uid == geteuid() && (found.st_mode & 077) == 0 &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

int recovery_prepare(const struct session *s, int *fd, struct error *e)
{
    const char *path = session_value(s, OPTION_RECOVERY_FILE);
    *fd = -1;
    if (!path && s->output.use_json)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--json shows no secrets; give --recovery-file FILE for the recovery "
                         "key");
    if (!path)
        return 0;
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0 && errno == EEXIST)
        *fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return error_errno(e, errno, "cannot write the recovery key to %s", path);
    if (is_ours_and_empty(*fd))
        return 0;
    file_close(fd);
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                     "%s is there already and stays as it is; `lagan vault key check "
                     "--recovery-key file:%s` tells whether it is a key of the vault",
                     path, path);
}

void recovery_cancel(const struct session *s, int *fd)
{
    if (*fd >= 0)
        unlink(session_value(s, OPTION_RECOVERY_FILE));
    file_close(fd);
}

static int give_to_file(struct session *s, int *fd, const char *text, struct error *e)
{
    const char *path = session_value(s, OPTION_RECOVERY_FILE);
    int result = file_write_all(*fd, text, strlen(text), path, e);
    if (result == 0)
        result = file_write_all(*fd, "\n", 1, path, e);
    if (result == 0 && fsync(*fd) != 0)
        result = error_errno(e, errno, "cannot write %s", path);
    file_close(fd);
    if (result == 0)
        result = file_sync_parent(path, e);
    if (result == 0)
        output_note(&s->output, "recovery key written to %s: keep it apart from this machine",
                    path);
    return result;
}

static int give_to_screen(struct session *s, const char *text, const char *vault,
                          struct error *e)
{
    struct output *o = &s->output;
    output_line(o, "%s", "");
    output_line(
        o, "Recovery key of the vault %s, shown this once.  Print it or write it down:", vault);
    output_line(o, "whoever has it can read the vault; without it and without the key nobody "
                   "can.");
    output_line(o, "%s", "");
    output_line(o, "    %s", text);
    output_line(o, "%s", "");
    return output_check(o, e);
}

int recovery_give(struct session *s, int *fd, const uint8_t key[32], const char *vault,
                  struct error *e)
{
    char text[RECOVERY_TEXT_SIZE];
    recovery_format(key, text);
    int result = *fd >= 0 ? give_to_file(s, fd, text, e) : give_to_screen(s, text, vault, e);
    secret_wipe(text, sizeof(text));
    if (result == 0)
        return 0;
    return error_context(e,
                         "the vault was made, but its recovery key is lost; `lagan vault key "
                         "add --new-recovery` makes another");
}
