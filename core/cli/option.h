/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option.h - every option of every command, once.  Parsing, help, completion and the check of
 * the manual page all read this table and the one of commands (command_table.c).
 */
#ifndef CORE_CLI_OPTION_H
#define CORE_CLI_OPTION_H

#include <stdint.h>

enum {
    OPTION_GLOBAL = 1,  /* every command takes it, also in front of its words */
    OPTION_REPEATED = 2 /* may be given again and again; the order counts */
};

/* X(symbol, name, letter or 0, placeholder of the value or NULL for a flag, marks, help).  Two
 * rows may have one name as long as no command takes both. */
#define CLI_OPTIONS(X)                                                                         \
    X(CONFIG, "config", 0, "FILE", OPTION_GLOBAL, "read this configuration")                   \
    X(DRIVER_DIR, "driver-dir", 0, "DIR", OPTION_GLOBAL, "look for drivers here")              \
    X(JSON, "json", 0, NULL, OPTION_GLOBAL, "one JSON object per line")                        \
    X(QUIET, "quiet", 'q', NULL, OPTION_GLOBAL, "say only what was asked for and what failed") \
    X(VERBOSE, "verbose", 'v', NULL, OPTION_GLOBAL | OPTION_REPEATED,                          \
      "tell more; twice: everything")                                                          \
    X(HELP, "help", 'h', NULL, OPTION_GLOBAL, "show help and end")                             \
    X(VERSION, "version", 0, NULL, OPTION_GLOBAL, "show the version and end")                  \
    X(FAULT, "fault", 0, "RULE", OPTION_GLOBAL | OPTION_REPEATED,                              \
      "make calls of drivers fail, as put:transient:after:3; for tests")                       \
    X(REGION, "region", 0, "NAME", 0, "the region; needed when there are several")             \
    X(VAULT, "vault", 0, "NAME", 0, "the vault, by name or id; needed when there are several") \
    X(SOURCE, "source", 0, "NAME", 0, "only backups of this source")                           \
    X(PASSPHRASE, "passphrase", 0, "SECRET", 0, "open the vault with this passphrase")         \
    X(RECOVERY_KEY, "recovery-key", 0, "SECRET", 0, "open the vault with its recovery key")    \
    X(KEY, "key", 0, "DRIVER:KEY=VALUE", 0, "open the vault with this key provider")           \
    X(LOCKED, "locked", 0, NULL, 0, "use no key")                                              \
    X(PLACE, "path", 0, "DIR", 0, "where the region's vaults lie")                             \
    X(STATE_DIR, "state", 0, "DIR", 0, "where the catalog and the cache lie")                  \
    X(RECOVERY_FILE, "recovery-file", 0, "FILE", 0,                                            \
      "write the recovery key there instead of showing it")                                    \
    X(NO_RECOVERY, "no-recovery", 0, NULL, 0, "make no recovery key; needs --force")           \
    X(PACK_SIZE, "pack-size", 0, "SIZE", 0, "how large packs become, 64K to 4G; 64M")          \
    X(FORCE, "force", 0, NULL, 0, "yes, really")                                               \
    X(NAME, "name", 0, "NAME", 0, "the name of the backup")                                    \
    X(DESCRIPTION, "description", 0, "TEXT", 0, "what it is, for people")                      \
    X(LABEL, "label", 0, "TEXT", 0, "what the slot is, for people")                            \
    X(NEW_PASSPHRASE, "new-passphrase", 0, "SECRET", 0, "add a slot for this passphrase")      \
    X(NEW_KEY, "new-key", 0, "DRIVER:KEY=VALUE", 0, "add a slot for this key provider")        \
    X(NEW_RECOVERY, "new-recovery", 0, NULL, 0, "add a slot with a fresh recovery key")        \
    X(FULL, "full", 0, NULL, 0, "read everything anew")                                        \
    X(EXCLUDE, "exclude", 0, "PATTERN", OPTION_REPEATED, "leave out what matches")             \
    X(INCLUDE, "include", 0, "PATTERN", OPTION_REPEATED, "take what matches")                  \
    X(EXCLUDE_FROM, "exclude-from", 0, "FILE", OPTION_REPEATED,                                \
      "leave out what matches a line of this file")                                            \
    X(INCLUDE_FROM, "include-from", 0, "FILE", OPTION_REPEATED,                                \
      "take what matches a line of this file")                                                 \
    X(ONE_FILE_SYSTEM, "one-file-system", 0, NULL, 0, "leave out other file systems")          \
    X(EXCLUDE_CACHES, "exclude-caches", 0, NULL, 0,                                            \
      "leave out what a CACHEDIR.TAG marks as a cache")                                        \
    X(EXCLUDE_IF_PRESENT, "exclude-if-present", 0, "NAME", OPTION_REPEATED,                    \
      "leave out the content of folders that hold such a file")                                \
    X(TO, "to", 0, "PLACE", 0, "where to restore to; made when absent")                        \
    X(IN_PLACE, "in-place", 0, NULL, 0, "restore to where the backup was taken")               \
    X(ENTRY, "path", 0, "ENTRY", 0, "only this entry and what is below it")                    \
    X(ON_CONFLICT, "on-conflict", 0, "RULE", 0,                                                \
      "what is there and differs: fail, skip, overwrite or newer")                             \
    X(DRY_RUN, "dry-run", 0, NULL, 0, "tell what would be done, write nothing")                \
    X(NO_OWNERS, "no-owners", 0, NULL, 0, "leave owners alone")                                \
    X(NUMERIC_OWNERS, "numeric-owners", 0, NULL, 0, "numbers of owners count, not names")      \
    X(UNPRIVILEGED, "unprivileged", 0, NULL, 0,                                                \
      "leave out devices, setuid and setgid bits, file capabilities")                          \
    X(REASON, "reason", 0, "TEXT", 0, "why, kept in the vault")                                \
    X(LONG, "long", 'l', NULL, 0, "with mode, owner, size and time")                           \
    X(RECURSIVE, "recursive", 'R', NULL, 0, "with everything below")                           \
    X(DEPTH, "depth", 0, "DEPTH", 0, "structure, objects or data")                             \
    X(BACKUP, "backup", 0, "BACKUP", 0, "only what this backup needs")                         \
    X(TARGET, "target", 0, "DRIVER:KEY=VALUE", 0, "a vault that only this target tells of")    \
    X(LIMIT, "limit", 0, "NUMBER", 0, "at most so many; 0 = all")                              \
    X(STATE, "state", 0, "STATE", 0, "only those in this state")                               \
    X(PROJECT, "project", 0, "NAME", 0, "the project in the region; its default one")          \
    X(ENCRYPTION, "encryption", 0, "METHOD", 0, "managed or kms")                              \
    X(CONFIRM, "confirm", 0, "NAME", 0, "the name or id again, to confirm")                    \
    X(YES, "yes", 0, NULL, 0, "do not ask for a confirmation")                                 \
    X(MIRROR_REGION, "region", 0, "NAME", 0, "where the mirror is to be")                      \
    X(MIRROR_KEY, "key", 0, "DRIVER:KEY=VALUE", 0,                                             \
      "what opens the mirror; the region's provider, or a key file")                           \
    X(MADE_NAME, "name", 0, "NAME", 0, "what it is called; a made name")                       \
    X(INTERVAL, "interval", 0, "TIME", 0, "refused: a mirror follows its vault at once")       \
    X(REPAIR, "repair", 0, NULL, 0,                                                            \
      "mend what one side has and the other lacks or has damaged")                             \
    X(ITEMS, "items", 0, NULL, 0, "with every item that waits")                                \
    X(ONCE, "once", 0, NULL, 0, "do what is due, then end")                                    \
    X(ROUTE, "route", 0, "ROUTE", 0, "how it travels: local, private or internet; local")      \
    X(MONTH, "month", 0, "MONTH", 0, "only this month, as 2026-11")                            \
    X(TYPE, "type", 0, "TYPE", 0, "general, table, archive, database or container; general")   \
    X(PLAN, "plan", 0, "PLAN", 0, "full, or trial for 30 days; full")                          \
    X(ROLE, "role", 0, "ROLE", 0, "normal, or replication to take replicas; normal")           \
    X(QUOTA, "quota", 0, "SIZE", 0, "how much it may hold; 0 = no limit")                      \
    X(QUOTA_WARNING, "quota-warning", 0, "PERCENT", 0, "warn when so much of it is used; 80")  \
    X(AUTO_EXPAND, "auto-expand", 0, NULL, 0,                                                  \
      "the quota grows to 1.25 times when it is used up")                                      \
    X(NO_AUTO_EXPAND, "no-auto-expand", 0, NULL, 0, "the quota stays as it is")                \
    X(REDUNDANCY, "redundancy", 0, "CLASS", 0,                                                 \
      "refused: it follows from the zones of the region")                                      \
    X(TAG, "tag", 0, "NAME=VALUE", OPTION_REPEATED, "set a tag")                               \
    X(UNTAG, "untag", 0, "NAME", OPTION_REPEATED, "take a tag away")                           \
    X(POLICY, "policy", 0, "NAME", 0, "what this replication policy picks, to where it says")  \
    X(NEW_VAULT, "new-vault", 0, NULL, 0,                                                      \
      "make the vault of --vault, or one with a made name, for it")                            \
    X(UNTIL, "until", 0, "TIME", 0, "how long, such as 30d; without end")                      \
    X(WHY, "reason", 0, "TEXT", 0, "why, for those who meet it")                               \
    X(DUE, "due", 0, NULL, 0, "all whose time has come")                                       \
    X(ALL, "all", 0, NULL, 0, "every one there is")                                            \
    X(REPLICA_TO, "to", 0, "REGION", 0, "where the replica goes to")                           \
    X(INTO, "into", 0, "VAULT", 0,                                                             \
      "the replication vault there; needed when there are several")                            \
    X(REPLICA_NAME, "name", 0, "NAME", 0, "what the replica is called; a made name")           \
    X(AGAIN, "again", 0, NULL, 0, "also what was replicated there and deleted since")          \
    X(WAIT, "wait", 0, NULL, 0, "do the work now, and wait until it is done")                  \
    X(JOB, "job", 0, "NUMBER", 0, "work on this job, then end")                                \
    X(QUEUE, "queue", 0, NULL, 0, "work for other regions until nothing is due, then end")     \
    X(NOTICES, "notices", 0, NULL, 0, "tell people what they are to be told, then end")        \
    X(TASK_TYPE, "type", 0, "TYPE", 0, "only tasks of this type, such as backup or prune")     \
    X(SINCE, "since", 0, "TIME", 0, "only what is not older: 7d, or from 2026-11-21 on")       \
    X(MODE, "mode", 0, "MODE", 0, "governance or compliance")                                  \
    X(LEAST, "least", 0, "DAYS", 0, "how long each backup stays at least")                     \
    X(MOST, "most", 0, "DAYS", 0, "how long a backup may be kept at most; any time")           \
    X(SAMPLE, "sample", 0, "PERCENT", 0, "of the entries, 1 to 100; 100")                      \
    X(CLOCK, "clock", 0, NULL, 0, "the clock is right as it is now")                           \
    X(FROM, "from", 0, "DATE", 0, "from when on, as 2026-11-21; now")                          \
    X(TO_TIME, "to", 0, "DATE", 0, "until when, or how much later; 1y")                        \
    X(KEEP_UNTIL, "until", 0, "TIME", 0, "how long from now, as 90d or 2y; 0 = as by rules")   \
    X(NOW, "now", 0, NULL, 0, "for good, at once")                                             \
    X(NEED, "need", 0, "NUMBER", 0, "so many of them have to approve")                         \
    X(GROUP, "group", 0, "GROUP", OPTION_REPEATED, "only cases of this group")                 \
    X(SAFE, "safe", 0, NULL, 0, "a store in use: only what harms nobody")                      \
    X(SEED, "seed", 0, "NUMBER", 0, "what is random follows from it; a made one")              \
    X(ROUNDS, "rounds", 0, "NUMBER", 0, "how often long cases do their work; a few times")     \
    X(PATIENCE, "patience", 0, "TIME", 0, "how long one call may take; 20s")

enum option {
#define X(symbol, name, letter, value, marks, help) OPTION_##symbol,
    CLI_OPTIONS(X)
#undef X
        OPTION_COUNT
};

struct option_row {
    const char *name;
    char letter;
    const char *value;
    unsigned marks;
    const char *help;
};

/* By enum option. */
extern const struct option_row option_rows[OPTION_COUNT];

/* Sets of options: a bit for each, so that the tables can join them with `|`.  No integer of
 * ISO C has that many; GCC and Clang have one on every 64-bit machine. */
__extension__ typedef unsigned __int128 option_set;
#define OPTION_BIT(option) ((option_set)1 << (option))
_Static_assert(OPTION_COUNT <= 128, "a set of options is 128 bits");

#endif
