/* SPDX-License-Identifier: Apache-2.0 */
/* command_table.c - the commands and the options of each. */
#include "cli/command.h"

#include <string.h>

const struct option_row option_rows[OPTION_COUNT] = {
#define X(symbol, name, letter, value, marks, help)                                            \
    [OPTION_##symbol] = {name, letter, value, marks, help},
    CLI_OPTIONS(X)
#undef X
};

#define O(symbol) OPTION_BIT(OPTION_##symbol)

/* How a vault is opened. */
#define UNLOCK (O(PASSPHRASE) | O(RECOVERY_KEY) | O(KEY))
/* Which vault, and how it is opened. */
#define OPEN (O(REGION) | O(VAULT) | UNLOCK)
/* Which backup. */
#define CHOOSE (OPEN | O(SOURCE))
#define RULES (O(EXCLUDE) | O(INCLUDE) | O(EXCLUDE_FROM))

const struct command command_rows[] = {
    {"init", "", OPERAND_NONE, 0, 0,
     O(REGION) | O(VAULT) | O(PLACE) | O(STATE_DIR) | O(PASSPHRASE) | O(RECOVERY_FILE),
     command_init, "write a configuration and make a first vault, ready to use",
     "Makes a region \"local\", the vault \"main\" in it, a key file beside the\n"
     "configuration (or a slot for --passphrase), and a recovery key, which is shown\n"
     "once.  An existing configuration is never replaced."},
    {"driver list", "", OPERAND_NONE, 0, 0, 0, command_driver_list,
     "list the drivers that are installed", NULL},
    {"driver show", "NAME", OPERAND_DRIVER, 1, 1, 0, command_driver_show,
     "show a driver: its parameters and what it can do", NULL},
    {"region list", "", OPERAND_NONE, 0, 0, 0, command_region_list, "list the regions", NULL},
    {"region show", "NAME", OPERAND_REGION, 1, 1, 0, command_region_show,
     "show a region: its target and its vaults", NULL},
    {"region check", "NAME", OPERAND_REGION, 1, 1, 0, command_region_check,
     "open a region's target and tell what it can do", NULL},
    {"source add", "NAME DRIVER [KEY=VALUE...]", OPERAND_FREE, 2, OPERANDS_ANY,
     O(EXCLUDE) | O(INCLUDE), command_source_add, "register something to be protected",
     "Rules given here hold for every backup of the source."},
    {"source list", "", OPERAND_NONE, 0, 0, 0, command_source_list, "list the sources", NULL},
    {"source show", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_show, "show a source",
     NULL},
    {"source check", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_check,
     "open a source and tell whether it can be backed up", NULL},
    {"source remove", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_remove,
     "forget a source; its backups stay", NULL},
    {"vault create", "NAME", OPERAND_FREE, 1, 1,
     O(REGION) | O(PASSPHRASE) | O(KEY) | O(RECOVERY_FILE) | O(NO_RECOVERY) | O(FORCE) |
         O(DESCRIPTION) | O(PACK_SIZE),
     command_vault_create, "make a vault",
     "Without --passphrase and --key a key file is made beside the configuration.  The\n"
     "recovery key is shown once."},
    {"vault list", "", OPERAND_NONE, 0, 0, O(REGION), command_vault_list, "list the vaults",
     NULL},
    {"vault show", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_show, "show a vault",
     NULL},
    {"vault key list", "[NAME]", OPERAND_VAULT, 0, 1, O(REGION), command_vault_key_list,
     "list the key slots of a vault", NULL},
    {"vault key add", "[NAME]", OPERAND_VAULT, 0, 1,
     O(REGION) | UNLOCK | O(NEW_PASSPHRASE) | O(NEW_KEY) | O(NEW_RECOVERY) | O(RECOVERY_FILE) |
         O(LABEL),
     command_vault_key_add, "add a key slot", "Exactly one of the --new- options says which."},
    {"vault key remove", "NAME SLOT", OPERAND_VAULT, 2, 2, O(REGION) | UNLOCK,
     command_vault_key_remove, "remove a key slot, by its id (may be abbreviated)", NULL},
    {"vault key check", "[NAME]", OPERAND_VAULT, 0, 1, O(REGION) | UNLOCK,
     command_vault_key_check, "tell whether the vault can be opened", NULL},
    {"backup create", "SOURCE|PATH...", OPERAND_SOURCE, 1, OPERANDS_ANY,
     OPEN | O(FULL) | O(NAME) | O(DESCRIPTION) | RULES | O(INCLUDE_FROM) | O(ONE_FILE_SYSTEM) |
         O(EXCLUDE_CACHES) | O(EXCLUDE_IF_PRESENT),
     command_backup_create, "back up sources or paths",
     "Each source or path becomes one backup.  A path is registered as a source the first\n"
     "time.  Rules are those of gitignore(5); the last one that matches decides."},
    {"backup list", "", OPERAND_NONE, 0, 0, O(REGION) | O(VAULT) | O(SOURCE),
     command_backup_list, "list the backups, oldest first", NULL},
    {"backup show", "BACKUP", OPERAND_BACKUP, 1, 1, CHOOSE, command_backup_show,
     "show a backup: its counters and what it lacks", NULL},
    {"backup delete", "BACKUP...", OPERAND_BACKUP, 1, OPERANDS_ANY, CHOOSE | O(REASON),
     command_backup_delete, "delete backups", NULL},
    {"restore", "BACKUP[:PATH]", OPERAND_BACKUP, 1, 1,
     CHOOSE | RULES | O(INCLUDE_FROM) | O(TO) | O(IN_PLACE) | O(ENTRY) | O(ON_CONFLICT) |
         O(DRY_RUN) | O(NO_OWNERS) | O(NUMERIC_OWNERS) | O(UNPRIVILEGED),
     command_restore, "write a backup, or part of it, back",
     "--path (or :PATH) puts one entry at the top of the place; --include and --exclude\n"
     "choose within it.  What is there already and equal is left alone, so that an\n"
     "interrupted restore is finished by the same command."},
    {"ls", "[BACKUP[:PATH]]", OPERAND_BACKUP, 0, 1, CHOOSE | O(LONG) | O(RECURSIVE), command_ls,
     "list what is in a backup", NULL},
    {"cat", "BACKUP:PATH", OPERAND_BACKUP, 1, 1, CHOOSE, command_cat,
     "write the content of a file to standard output", NULL},
    {"diff", "BACKUP BACKUP", OPERAND_BACKUP, 2, 2, CHOOSE, command_diff,
     "tell what differs between two backups of a vault",
     "+ added, - removed, M content changed, U only attributes changed."},
    {"verify", "", OPERAND_NONE, 0, 0, CHOOSE | O(LOCKED) | O(DEPTH) | O(BACKUP) | O(TARGET),
     command_verify, "check that everything is there and is what it was",
     "structure  names, sizes, signatures, the chain of seals, needed packs are there\n"
     "objects    and every object is read and compared with its name\n"
     "data       and everything is decrypted and every tree walked; needs a key"},
    {"catalog check", "", OPERAND_NONE, 0, 0, O(REGION) | UNLOCK, command_catalog_check,
     "tell where catalog and vaults differ", NULL},
    {"catalog rebuild", "", OPERAND_NONE, 0, 0, O(REGION) | UNLOCK, command_catalog_rebuild,
     "read vaults, backups and sources back from storage", NULL},
    {"catalog export", "", OPERAND_NONE, 0, 0, 0, command_catalog_export,
     "write what the catalog knows as text", NULL},
    {"task list", "", OPERAND_NONE, 0, 0, O(LIMIT) | O(STATE), command_task_list,
     "list what was done, newest first", NULL},
    {"task show", "TASK", OPERAND_TASK, 1, 1, 0, command_task_show, "show a task", NULL},
    {"help", "[COMMAND]", OPERAND_FREE, 0, OPERANDS_ANY, 0, command_help,
     "show help on a command", NULL},
};

const size_t command_count = sizeof(command_rows) / sizeof(command_rows[0]);

const struct command *command_find(const char *words)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(command_rows[i].words, words) == 0)
            return &command_rows[i];
    }
    return NULL;
}

bool command_is_group(const char *words)
{
    size_t length = strlen(words);
    for (size_t i = 0; i < command_count; i++) {
        if (length == 0 || (strncmp(command_rows[i].words, words, length) == 0 &&
                            command_rows[i].words[length] == ' '))
            return true;
    }
    return false;
}

static bool takes(option_set allowed, int option)
{
    return (allowed & OPTION_BIT(option)) || (option_rows[option].marks & OPTION_GLOBAL);
}

int command_option(option_set allowed, const char *name, size_t length)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (takes(allowed, i) && strlen(option_rows[i].name) == length &&
            memcmp(option_rows[i].name, name, length) == 0)
            return i;
    }
    return -1;
}

int command_letter(option_set allowed, char letter)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (takes(allowed, i) && option_rows[i].letter == letter)
            return i;
    }
    return -1;
}

option_set command_global_options(void)
{
    option_set all = 0;
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_rows[i].marks & OPTION_GLOBAL)
            all |= OPTION_BIT(i);
    }
    return all;
}
