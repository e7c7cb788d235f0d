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
/* What a vault that is made is like. */
#define MAKE_VAULT                                                                             \
    (O(REGION) | O(PROJECT) | O(TYPE) | O(PLAN) | O(ROLE) | O(ENCRYPTION) | O(PASSPHRASE) |    \
     O(KEY) | O(RECOVERY_FILE) | O(NO_RECOVERY) | O(FORCE) | O(DESCRIPTION) | O(PACK_SIZE) |   \
     O(QUOTA) | O(QUOTA_WARNING) | O(AUTO_EXPAND) | O(TAG) | O(REDUNDANCY))

const struct command command_rows[] = {
    {"init", "", OPERAND_NONE, 0, 0,
     O(REGION) | O(VAULT) | O(PLACE) | O(STATE_DIR) | O(PASSPHRASE) | O(RECOVERY_FILE),
     command_init, "write a configuration and make a first vault, ready to use",
     "Makes a region \"local\", the vault \"main\" in it, a key file beside the\n"
     "configuration (or a slot for --passphrase), and a recovery key, which is shown\n"
     "once.  An existing configuration is never replaced."},
    {"driver list", "", OPERAND_NONE, 0, 0, 0, command_driver_list,
     "list the drivers that are installed", NULL},
    {"driver check", "[MODULE [KEY=VALUE...]]", OPERAND_DRIVER, 0, OPERANDS_ANY,
     O(GROUP) | O(INCLUDE) | O(EXCLUDE) | O(SAFE) | O(SEED) | O(ROUNDS) | O(PATIENCE) |
         O(DRY_RUN),
     command_driver_check, "try whether a driver keeps its contract",
     "Runs the conformance suite and tells the result of each case in TAP.  The place\n"
     "that the parameters name must be empty; with --safe it may be a store in use: then\n"
     "only cases run that harm nobody, on names of their own, which are removed again.\n"
     "--include and --exclude take patterns of cases' names, --dry-run lists the cases.\n"
     "A file MODULE.deviations beside the module names cases that may fail, and why."},
    {"driver new", "KIND NAME [FOLDER]", OPERAND_FREE, 2, 3, 0, command_driver_new,
     "write a new driver: a small project that builds and works",
     "KIND is source, target or key; its prefix is put in front of NAME where it lacks it.\n"
     "FOLDER is NAME unless given, and must not exist.  The project builds with Autotools,\n"
     "meson or make alone, and its test runs the conformance suite."},
    {"driver show", "NAME", OPERAND_DRIVER, 1, 1, 0, command_driver_show,
     "show a driver: its parameters and what it can do", NULL},
    {"region list", "", OPERAND_NONE, 0, 0, 0, command_region_list, "list the regions", NULL},
    {"region show", "NAME", OPERAND_REGION, 1, 1, 0, command_region_show,
     "show a region: its zones, projects, destinations and vaults", NULL},
    {"region check", "NAME", OPERAND_REGION, 1, 1, 0, command_region_check,
     "try a region's zones and tell what they can do",
     "Puts an object there, finds it, reads it and removes it.  Warns of zones on one\n"
     "device."},
    {"region repair", "NAME", OPERAND_REGION, 1, 1, O(VAULT) | O(DEPTH), command_region_repair,
     "bring every object to its full number of zones again",
     "After a zone was lost, away or replaced by an empty one.  --depth objects reads and\n"
     "compares what is where it should be, too."},
    {"source add", "NAME DRIVER [KEY=VALUE...]", OPERAND_FREE, 2, OPERANDS_ANY,
     O(EXCLUDE) | O(INCLUDE) | O(VAULT) | O(NEW_VAULT) | MAKE_VAULT, command_source_add,
     "register something to be protected",
     "Rules given here hold for every backup of the source.  --vault binds it to a vault;\n"
     "with --new-vault that vault is made too, as the other options say: both or neither."},
    {"source bind", "NAME", OPERAND_SOURCE, 1, 1, O(REGION) | O(VAULT), command_source_bind,
     "bind a source to the vault that its backups go to",
     "A source has one vault; backups in another one stay there."},
    {"source unbind", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_unbind,
     "bind a source to no vault; its backups stay", NULL},
    {"source list", "", OPERAND_NONE, 0, 0, 0, command_source_list, "list the sources", NULL},
    {"source show", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_show, "show a source",
     NULL},
    {"source set", "NAME NAME=VALUE...", OPERAND_SOURCE_SET, 2, OPERANDS_ANY, 0,
     command_source_set, "change settings of a source: its hooks, its consistency",
     "NAME= unsets one.  They stand within those of a policy."},
    {"source check", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_check,
     "open a source and tell whether it can be backed up", NULL},
    {"source remove", "NAME", OPERAND_SOURCE, 1, 1, 0, command_source_remove,
     "forget a source; its backups stay", NULL},
    {"inventory create", "NAME SOURCE [NAME=VALUE...]", OPERAND_INVENTORY_NEW, 2, OPERANDS_ANY,
     0, command_inventory_create, "ask for an inventory: a list of all that a source holds",
     "NAME has up to 64 letters, digits, '-', '_' or '.'; a source has at most 1,000\n"
     "inventories.  lagan-inventory(5) tells what is written.  With a schedule `lagan run`\n"
     "makes it."},
    {"inventory list", "", OPERAND_NONE, 0, 0, 0, command_inventory_list,
     "list the inventories", NULL},
    {"inventory show", "INVENTORY", OPERAND_INVENTORY, 1, 1, 0, command_inventory_show,
     "show an inventory, its settings, and where the last one is", NULL},
    {"inventory run", "INVENTORY", OPERAND_INVENTORY, 1, 1, 0, command_inventory_run,
     "make an inventory now", "Exit status 3 when some entries could not be looked at."},
    {"inventory delete", "INVENTORY", OPERAND_INVENTORY, 1, 1, 0, command_inventory_delete,
     "forget an inventory; what was written stays", NULL},
    {"batch create", "FROM TO [NAME=VALUE...]", OPERAND_BATCH_NEW, 2, OPERANDS_ANY, 0,
     command_batch_create, "make a batch job: objects of a manifest, from source to source",
     "FROM and TO are registered sources, such as buckets.  The manifest is that of an\n"
     "inventory, or a CSV with the columns Bucket, Key (as in an address, %XX) and VersionId;\n"
     "it has to stay as it is.  All objects together have at most 5 GiB unless max-total\n"
     "says more."},
    {"batch list", "", OPERAND_NONE, 0, 0, O(STATE), command_batch_list,
     "list the batch jobs of the last 90 days", NULL},
    {"batch show", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_show,
     "show a batch job: its state, its settings, how far it is", NULL},
    {"batch confirm", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_confirm,
     "let a job run that was made with confirm-required=yes", NULL},
    {"batch run", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_run,
     "work on a batch job, here and now",
     "One job copies at a time; one of higher priority pauses it.  Exit status 3 when some\n"
     "objects failed."},
    {"batch pause", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_pause,
     "let a batch job rest, behind the objects that are being copied", NULL},
    {"batch resume", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_resume,
     "let a paused job go on, or run again what failed in one that is over",
     "Of a job that is over, what failed or was not tried becomes a new one."},
    {"batch cancel", "JOB", OPERAND_BATCH, 1, 1, 0, command_batch_cancel,
     "end a batch job; what was copied stays", NULL},
    {"batch priority", "JOB NUMBER", OPERAND_BATCH, 2, 2, 0, command_batch_priority,
     "change the priority of a batch job, also while it runs", NULL},
    {"batch report", "JOB [FILE]", OPERAND_BATCH, 1, 2, O(STATE), command_batch_report,
     "print the report of a batch job, or write it to FILE",
     "A CSV with a line for each operation, as far as the job is.  With --state failed only\n"
     "those that failed.  FILE may be source:NAME/KEY."},
    {"vault create", "[NAME]", OPERAND_FREE, 0, 1, MAKE_VAULT, command_vault_create,
     "make a vault",
     "Without --passphrase and --key the region's key provider is used, or a key file is\n"
     "made beside the configuration.  The recovery key is shown once."},
    {"vault list", "", OPERAND_NONE, 0, 0, O(REGION), command_vault_list, "list the vaults",
     NULL},
    {"vault show", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_show, "show a vault",
     NULL},
    {"vault update", "NAME", OPERAND_VAULT, 1, 1,
     O(REGION) | O(DESCRIPTION) | O(QUOTA) | O(QUOTA_WARNING) | O(AUTO_EXPAND) |
         O(NO_AUTO_EXPAND) | O(TAG) | O(UNTAG),
     command_vault_update, "change description, quota or tags of a vault",
     "A quota cannot be below what the vault holds."},
    {"vault convert", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_convert,
     "make a trial a full vault, for good", NULL},
    {"vault freeze", "NAME", OPERAND_VAULT, 1, 1, O(REGION) | O(WHY) | O(UNTIL),
     command_vault_freeze, "let a vault take no backups and lose none",
     "It can be read all the while.  When the time of --until runs out, `vault purge --due`\n"
     "deletes it, so that it can be brought back for a while as others can."},
    {"vault unfreeze", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_unfreeze,
     "make a frozen vault available, or one in error after a look at it", NULL},
    {"vault delete", "NAME", OPERAND_VAULT, 1, 1, O(REGION) | O(CONFIRM) | O(YES) | O(FORCE),
     command_vault_delete, "delete a vault with all its backups",
     "It is kept for a while (`undelete` in the limits section of the configuration, 14\n"
     "days) and can be brought back until then."},
    {"vault undelete", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_undelete,
     "bring a deleted vault back", NULL},
    {"vault purge", "[NAME]", OPERAND_VAULT, 0, 1,
     O(REGION) | O(DUE) | O(CONFIRM) | O(YES) | O(FORCE), command_vault_purge,
     "destroy a deleted vault whose time has come, and all in it",
     "--due does so with every such vault.  --force does not wait for the time.  Nothing\n"
     "brings back what was purged."},
    {"vault lock show", "NAME", OPERAND_VAULT, 1, 1, O(REGION), command_vault_lock_show,
     "show what holds the backups of a vault, and by which time", NULL},
    {"vault lock set", "NAME", OPERAND_VAULT, 1, 1,
     O(REGION) | UNLOCK | O(MODE) | O(LEAST) | O(MOST) | O(CONFIRM) | O(YES),
     command_vault_lock_set, "let no backup be deleted before its time, or extend that",
     "governance  only the recovery key lifts it; give it with --recovery-key when the lock\n"
     "            is first set\n"
     "compliance  for 72 hours whoever opens the vault may lift it; then nobody does, ever\n"
     "A lock is only ever extended.  It is in the vault itself, and holds mirrors too."},
    {"vault lock lift", "NAME", OPERAND_VAULT, 1, 1, O(REGION) | UNLOCK | O(CONFIRM) | O(YES),
     command_vault_lock_lift, "take a lock back, where that may still be done", NULL},
    {"vault approvers", "NAME [APPROVER=KEY...]", OPERAND_VAULT, 1, OPERANDS_ANY,
     O(REGION) | O(NEED) | O(CONFIRM) | O(YES) | UNLOCK, command_vault_approvers,
     "show who approves of what destroys something in a vault, or say who does",
     "With --need the approvers are those that are named, each with the public key that\n"
     "`lagan approval key` has shown; --need 0 and none: nobody has to approve.  When there\n"
     "are approvers they have to approve of that, too."},
    {"vault key list", "[NAME]", OPERAND_VAULT, 0, 1, O(REGION), command_vault_key_list,
     "list the key slots of a vault", NULL},
    {"vault key add", "[NAME]", OPERAND_VAULT, 0, 1,
     O(REGION) | UNLOCK | O(NEW_PASSPHRASE) | O(NEW_KEY) | O(NEW_RECOVERY) | O(RECOVERY_FILE) |
         O(LABEL),
     command_vault_key_add, "add a key slot", "Exactly one of the --new- options says which."},
    {"vault key remove", "NAME SLOT", OPERAND_VAULT, 2, 2, O(REGION) | UNLOCK,
     command_vault_key_remove, "remove a key slot, by its id (may be abbreviated)", NULL},
    {"vault key check", "[NAME]", OPERAND_VAULT, 0, 1, O(REGION) | UNLOCK | O(ALL),
     command_vault_key_check, "tell whether vaults can be opened with their keys",
     "Unwraps each slot of a key provider and compares.  With --all: for every vault,\n"
     "meant for each day."},
    {"mirror create", "VAULT", OPERAND_VAULT, 1, 1,
     O(MIRROR_REGION) | O(PROJECT) | O(MADE_NAME) | O(DESCRIPTION) | O(MIRROR_KEY) |
         O(ENCRYPTION) | O(PASSPHRASE) | O(RECOVERY_KEY) | O(INTERVAL),
     command_mirror_create, "let a vault of another region follow a vault",
     "New backups follow at once, older ones after the history delay of the\n"
     "configuration.  `lagan run` does the copying."},
    {"mirror list", "", OPERAND_NONE, 0, 0, O(REGION), command_mirror_list, "list the mirrors",
     NULL},
    {"mirror show", "NAME", OPERAND_MIRROR, 1, 1, O(REGION) | O(ITEMS), command_mirror_show,
     "show a mirror: its state, its progress, how far it lags", NULL},
    {"mirror verify", "NAME", OPERAND_MIRROR, 1, 1, O(REGION) | O(DEPTH) | O(REPAIR),
     command_mirror_verify, "compare a mirror with its vault, and mend either",
     "structure  names, lengths, signatures\n"
     "objects    and every object of both sides is read and compared with its name\n"
     "No key is needed."},
    {"mirror stop", "NAME", OPERAND_MIRROR, 1, 1, O(REGION) | UNLOCK | O(CONFIRM) | O(YES),
     command_mirror_stop, "end a mirror: it becomes a vault of its own", NULL},
    {"mirror delete", "NAME", OPERAND_MIRROR, 1, 1, O(REGION) | O(CONFIRM) | O(YES),
     command_mirror_delete, "end a mirror and delete it; needs --region",
     "It can be brought back with `lagan vault undelete`, as a vault of its own."},
    {"mirror release", "NAME", OPERAND_MIRROR, 1, 1, O(REGION), command_mirror_release,
     "let the deletions go that the brake has stopped", NULL},
    {"rule create", "NAME FROM TO [NAME=VALUE...]", OPERAND_RULE_NEW, 3, OPERANDS_ANY, 0,
     command_rule_create, "make a rule: what is new in one bucket is copied to another",
     "FROM and TO are registered sources that keep versions.  Copies are objects that can be\n"
     "read there as they are.  What is there already is not copied; see `lagan rule "
     "backfill`."},
    {"rule list", "[SOURCE]", OPERAND_SOURCE, 0, 1, 0, command_rule_list,
     "list the rules, or those from one source, and how far they are behind", NULL},
    {"rule show", "RULE", OPERAND_RULE, 1, 1, 0, command_rule_show,
     "show a rule: its lag, its gaps, what it leaves out",
     "Exit status 8 when it is behind by more than its setting rpo."},
    {"rule edit", "RULE NAME=VALUE...", OPERAND_RULE_EDIT, 2, OPERANDS_ANY, 0,
     command_rule_edit, "change settings of a rule; NAME= unsets one",
     "`tag` replaces all tags.  A wider prefix covers what was made since the rule began."},
    {"rule enable", "RULE", OPERAND_RULE, 1, 1, 0, command_rule_enable,
     "switch a rule on: it copies what is new from now on",
     "What was made while it was off is a gap; `lagan rule backfill` fills it.  A rule that\n"
     "became invalid goes on where it was."},
    {"rule disable", "RULE", OPERAND_RULE, 1, 1, 0, command_rule_disable,
     "switch a rule off: what runs is ended, what waits is dropped", "Copies stay."},
    {"rule delete", "RULE", OPERAND_RULE, 1, 1, 0, command_rule_delete,
     "delete a rule; its copies stay", NULL},
    {"rule replace", "SOURCE FILE", OPERAND_SOURCE, 2, 2, 0, command_rule_replace,
     "let the rules of a source be those of a file, all at once",
     "FILE is as `lagan rule list SOURCE --json` writes it.  A rule that has the same name "
     "and\n"
     "destination goes on with other settings."},
    {"rule run", "[RULE]", OPERAND_RULE, 0, 1, O(ALL) | O(DUE), command_rule_run,
     "look for what is new and copy it now; --all rules, or those that are --due",
     "`lagan run` does so by itself, as often as the setting `every` says.  Exit status 3 "
     "when\n"
     "objects could not be copied, 8 when the rule is behind by more than its setting rpo."},
    {"rule status", "RULE [KEY...]", OPERAND_RULE, 1, OPERANDS_ANY, O(STATE) | O(LIMIT),
     command_rule_status, "tell what became of objects: pending, completed, failed, skipped",
     NULL},
    {"rule retry", "RULE [KEY]", OPERAND_RULE, 1, 2, 0, command_rule_retry,
     "let what has failed be tried again", "`lagan run` or `lagan rule run` does the work."},
    {"rule backfill", "RULE", OPERAND_RULE, 1, 1, O(SINCE), command_rule_backfill,
     "copy what was missed: in gaps, before the rule, or lost at the destination",
     "With --since all versions made from then on that were not copied; else the present\n"
     "objects that the destination lacks or has otherwise, by the listings of both."},
    {"migrate create", "NAME FROM TO [NAME=VALUE...]", OPERAND_MIGRATION_NEW, 3, OPERANDS_ANY,
     0, command_migrate_create, "make a migration: all of one source copied into another",
     "FROM and TO are registered sources: buckets, trees of files, lists of URLs; TO can be\n"
     "restored to.  NAME has up to 60 letters, digits, '_' or '-'.  Nothing is copied before\n"
     "`lagan migrate run`."},
    {"migrate list", "", OPERAND_NONE, 0, 0, 0, command_migrate_list, "list the migrations",
     NULL},
    {"migrate show", "MIGRATION", OPERAND_MIGRATION, 1, 1, 0, command_migrate_show,
     "show a migration and its settings", NULL},
    {"migrate run", "MIGRATION", OPERAND_MIGRATION, 1, 1, 0, command_migrate_run,
     "run a migration, or run it on where it ended",
     "In passes, until nothing differs any more.  Exit status 3 when some objects failed.\n"
     "After its end it can be run again: what changed since is copied."},
    {"migrate status", "MIGRATION", OPERAND_MIGRATION, 1, 1, 0, command_migrate_status,
     "tell how far a migration is, how fast, and how long it may take", NULL},
    {"migrate report", "MIGRATION [FILE]", OPERAND_MIGRATION, 1, 2, 0, command_migrate_report,
     "tell what each pass did, and what failed",
     "With FILE what failed is written there, too, as a CSV."},
    {"migrate retry", "MIGRATION", OPERAND_MIGRATION, 1, 1, 0, command_migrate_retry,
     "try what failed once more, and nothing else", NULL},
    {"migrate cancel", "MIGRATION", OPERAND_MIGRATION, 1, 1, 0, command_migrate_cancel,
     "end a migration; what was copied stays", NULL},
    {"migrate attest", "MIGRATION [FILE]", OPERAND_MIGRATION, 1, 2, 0, command_migrate_attest,
     "state, signed, whether all of the source is at the destination",
     "Lists both ends: numbers, bytes, and a hash over all names and lengths.  FILE gets the\n"
     "statement with its signature.  Exit status 4 when anything is missing or differs."},
    {"migrate delete", "MIGRATION", OPERAND_MIGRATION, 1, 1, O(CONFIRM) | O(YES),
     command_migrate_delete, "forget a migration; what it copied stays", NULL},
    {"replica create", "[BACKUP]", OPERAND_BACKUP, 0, 1,
     O(REPLICA_TO) | O(INTO) | O(PROJECT) | O(REGION) | O(VAULT) | O(REPLICA_NAME) |
         O(DESCRIPTION) | O(DRY_RUN) | O(AGAIN) | O(WAIT) | O(POLICY),
     command_replica_create, "copy a backup, or all of a vault, into another region",
     "--region and --vault say where the backup is, --to and --into where it goes.\n"
     "Without BACKUP all of --vault goes that was not replicated there before.  `lagan run`\n"
     "does the work, or --wait."},
    {"replica list", "", OPERAND_NONE, 0, 0, O(REGION) | O(VAULT), command_replica_list,
     "list the replicas of a region, and what became of others", NULL},
    {"replica show", "REPLICA", OPERAND_FREE, 1, 1, O(REGION) | O(VAULT), command_replica_show,
     "show a replica, by its id or that of its line in the ledger", NULL},
    {"replica delete", "REPLICA", OPERAND_FREE, 1, 1,
     O(REGION) | O(VAULT) | UNLOCK | O(CONFIRM) | O(YES) | O(REASON), command_replica_delete,
     "delete a replica; its source stays", "Needs --region, which is where the replica is."},
    {"backup create", "SOURCE|PATH...", OPERAND_SOURCE, 1, OPERANDS_ANY,
     OPEN | O(FULL) | O(NAME) | O(DESCRIPTION) | RULES | O(INCLUDE_FROM) | O(ONE_FILE_SYSTEM) |
         O(EXCLUDE_CACHES) | O(EXCLUDE_IF_PRESENT),
     command_backup_create, "back up sources or paths",
     "Each source or path becomes one backup.  A path is registered as a source the first\n"
     "time.  Rules are those of gitignore(5); the last one that matches decides."},
    {"backup list", "", OPERAND_NONE, 0, 0,
     O(REGION) | O(VAULT) | O(SOURCE) | O(ALL) | O(STATE), command_backup_list,
     "list the backups, oldest first",
     "Those that were deleted and can be brought back with --all or --state deleted."},
    {"backup show", "BACKUP", OPERAND_BACKUP, 1, 1, CHOOSE, command_backup_show,
     "show a backup: its counters and what it lacks", NULL},
    {"backup delete", "BACKUP...", OPERAND_BACKUP, 1, OPERANDS_ANY,
     CHOOSE | O(REASON) | O(FORCE) | O(NOW) | O(CONFIRM) | O(YES), command_backup_delete,
     "delete backups",
     "They are kept for a while (`undelete` in the limits section of the configuration, 14\n"
     "days) and can be brought back until then; with --now they are gone for good, which is\n"
     "confirmed with the vault's name.  The newest of a source needs --force; what is held,\n"
     "in use, extended or locked stays."},
    {"backup undelete", "BACKUP...", OPERAND_BACKUP, 1, OPERANDS_ANY,
     O(REGION) | O(VAULT) | O(SOURCE) | UNLOCK, command_backup_undelete,
     "bring deleted backups back", NULL},
    {"backup extend", "BACKUP", OPERAND_BACKUP, 1, 1,
     O(REGION) | O(VAULT) | O(SOURCE) | UNLOCK | O(KEEP_UNTIL) | O(WHY), command_backup_extend,
     "keep a backup for longer than its rules say",
     "Nobody deletes it before --until has passed from now, neither a policy nor by hand.\n"
     "In a vault with a lock that is only ever extended; else --until with less, or 0 to take\n"
     "it back, needs --reason."},
    {"backup hold", "BACKUP", OPERAND_BACKUP, 1, 1, O(REGION) | O(VAULT) | O(SOURCE) | O(WHY),
     command_backup_hold, "let nobody delete a backup until it is released",
     "Neither a policy nor `backup delete` deletes it, and it counts for no rule."},
    {"backup release", "BACKUP", OPERAND_BACKUP, 1, 1, O(REGION) | O(VAULT) | O(SOURCE),
     command_backup_release, "end the hold of a backup", NULL},
    {"policy create", "NAME [KIND] [NAME=VALUE...]", OPERAND_POLICY_NEW, 1, OPERANDS_ANY,
     O(VAULT) | O(NEW_VAULT) | MAKE_VAULT, command_policy_create,
     "make a policy: when to back up or replicate, and how long to keep what is made",
     "KIND is backup or replication; backup.  --vault lets it hold for a vault; with\n"
     "--new-vault that vault is made too, as the other options say: both or neither.\n"
     "lagan(1) explains the settings."},
    {"policy list", "", OPERAND_NONE, 0, 0, 0, command_policy_list, "list the policies", NULL},
    {"policy import", "FILE", OPERAND_FREE, 1, 1, 0, command_policy_import,
     "make the policies that `policy list --json` has written",
     "They hold for the vaults of the same names, as far as there are such."},
    {"policy show", "POLICY", OPERAND_POLICY, 1, 1, 0, command_policy_show,
     "show a policy: its settings, vaults, next and last runs", NULL},
    {"policy edit", "POLICY NAME=VALUE...", OPERAND_POLICY, 2, OPERANDS_ANY,
     O(CONFIRM) | O(YES), command_policy_edit, "change settings of a policy; NAME= unsets one",
     "When other rules would let backups go, they are shown, and nothing changes without\n"
     "--confirm or --yes."},
    {"policy enable", "POLICY", OPERAND_POLICY, 1, 1, 0, command_policy_enable,
     "let a policy run by its schedule", NULL},
    {"policy disable", "POLICY", OPERAND_POLICY, 1, 1, 0, command_policy_disable,
     "let a policy begin no runs by itself", "What runs goes on."},
    {"policy run", "POLICY", OPERAND_POLICY, 1, 1, O(WAIT), command_policy_run,
     "run a policy now, enabled or not", "`lagan run` does the work, or --wait."},
    {"policy cancel", "POLICY", OPERAND_POLICY, 1, 1, 0, command_policy_cancel,
     "end the run of a policy that is not over",
     "What waits is dropped, what is at work is asked to end."},
    {"policy runs", "[POLICY]", OPERAND_POLICY, 0, 1, O(LIMIT) | O(STATE), command_policy_runs,
     "list the runs, newest first; those of one policy with their jobs", NULL},
    {"policy simulate", "[POLICY...]", OPERAND_POLICIES, 0, OPERANDS_ANY, O(FROM) | O(TO_TIME),
     command_policy_simulate, "tell what policies would do: runs, what goes, what is stored",
     "No data is touched.  With --verbose each run, skip and drop; with --json, too.\n"
     "Policies that are named count as enabled."},
    {"policy apply", "POLICY VAULT...", OPERAND_POLICY_VAULT, 2, OPERANDS_ANY, O(REGION),
     command_policy_apply, "let a policy hold for vaults",
     "A vault has one backup policy and one replication policy."},
    {"policy withdraw", "POLICY VAULT...", OPERAND_POLICY_VAULT, 2, OPERANDS_ANY, O(REGION),
     command_policy_withdraw, "let a policy not hold for vaults any more; backups stay", NULL},
    {"policy delete", "POLICY", OPERAND_POLICY, 1, 1, O(CONFIRM) | O(YES),
     command_policy_delete, "delete a policy; its backups stay", NULL},
    {"policy explain", "BACKUP", OPERAND_BACKUP, 1, 1, O(REGION) | O(VAULT) | O(SOURCE),
     command_policy_explain, "tell which rule keeps a backup, or lets it go",
     "Of a backup that is gone: which rule it was, or who deleted it."},
    {"policy expire", "[VAULT]", OPERAND_VAULT, 0, 1, O(REGION) | UNLOCK | O(DRY_RUN) | O(ALL),
     command_policy_expire, "let go now what the rules of policies let go",
     "`lagan run` does so by itself.  Shows what goes; with --all what stays, too."},
    {"policy release", "[VAULT]", OPERAND_VAULT, 0, 1, O(REGION) | O(CLOCK),
     command_policy_release, "say that the deletions which a brake has stopped are meant",
     "--clock says that the clock, which was set or stood still, is right now."},
    {"approval key", "FILE", OPERAND_FREE, 1, 1, 0, command_approval_key,
     "make the key of an approver, and show its public half",
     "The file is for the approver alone; the public key is what `vault approvers` takes."},
    {"approval list", "", OPERAND_NONE, 0, 0, O(REGION) | O(VAULT) | O(ALL),
     command_approval_list, "list the requests that wait for approvals",
     "With --all also those that are over."},
    {"approval grant", "REQUEST KEYFILE", OPERAND_FREE, 2, 2, 0, command_approval_grant,
     "approve of a request with the key of an approver",
     "When enough have, whoever asked gives the command again, and it is carried out once."},
    {"approval cancel", "REQUEST", OPERAND_FREE, 1, 1, 0, command_approval_cancel,
     "drop a request", NULL},
    {"restore", "BACKUP[:PATH]", OPERAND_BACKUP, 1, 1,
     CHOOSE | RULES | O(INCLUDE_FROM) | O(TO) | O(IN_PLACE) | O(ENTRY) | O(ON_CONFLICT) |
         O(DRY_RUN) | O(NO_OWNERS) | O(NUMERIC_OWNERS) | O(UNPRIVILEGED) | O(ROUTE),
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
    {"prune", "", OPERAND_NONE, 0, 0, O(REGION) | O(VAULT) | UNLOCK | O(DRY_RUN), command_prune,
     "give the space of deleted backups back",
     "Never stops a backup or a restore.  What backups that are being made may still need\n"
     "goes with a later run."},
    {"drill run", "[BACKUP]", OPERAND_BACKUP, 0, 1, OPEN | O(SAMPLE) | O(TO), command_drill_run,
     "restore a backup into a scratch folder, compare, and keep the evidence",
     "The newest backup of the vault, unless one is named.  Nothing stays of what was\n"
     "restored.  Exit status 4 when something is not as in the backup."},
    {"drill list", "", OPERAND_NONE, 0, 0, O(REGION) | O(VAULT) | O(LIMIT), command_drill_list,
     "list the drills that were made, newest first", NULL},
    {"catalog check", "", OPERAND_NONE, 0, 0, O(REGION) | UNLOCK, command_catalog_check,
     "tell where catalog and vaults differ", NULL},
    {"catalog rebuild", "", OPERAND_NONE, 0, 0, O(REGION) | UNLOCK, command_catalog_rebuild,
     "read vaults, backups and sources back from storage", NULL},
    {"catalog export", "", OPERAND_NONE, 0, 0, 0, command_catalog_export,
     "write what the catalog knows as text", NULL},
    {"task list", "", OPERAND_NONE, 0, 0,
     O(LIMIT) | O(STATE) | O(TASK_TYPE) | O(REGION) | O(VAULT) | O(SOURCE) | O(SINCE),
     command_task_list, "list what was done, newest first", NULL},
    {"task show", "TASK", OPERAND_TASK, 1, 1, 0, command_task_show, "show a task", NULL},
    {"task cancel", "TASK", OPERAND_TASK, 1, 1, 0, command_task_cancel, "ask a task to end",
     NULL},
    {"task dead", "", OPERAND_NONE, 0, 0, 0, command_task_dead,
     "show what was given up, and every attempt", NULL},
    {"task retry", "[TASK]", OPERAND_TASK, 0, 1, 0, command_task_retry,
     "try again what was given up: what a task worked on, or all", NULL},
    {"task clear", "[TASK]", OPERAND_TASK, 0, 1, O(STATE), command_task_clear,
     "forget tasks that are over: one, or all in a state", NULL},
    {"usage", "", OPERAND_NONE, 0, 0, O(MONTH) | O(REGION) | O(VAULT), command_usage,
     "tell what was stored, sent and restored, by month", NULL},
    {"metrics", "", OPERAND_NONE, 0, 0, 0, command_metrics,
     "print the figures that monitors collect",
     "In the text format of Prometheus.  `metrics { }` in lagan.conf(5) has them written\n"
     "to a file, or served."},
    {"notify list", "", OPERAND_NONE, 0, 0, 0, command_notify_list,
     "list who is told, by which way and of what", NULL},
    {"notify test", "[NAME]", OPERAND_FREE, 0, 1, 0, command_notify_test,
     "tell a test by one way, or by all", NULL},
    {"audit list", "", OPERAND_NONE, 0, 0, O(LIMIT), command_audit_list,
     "list what was changed, and by whom", NULL},
    {"audit verify", "", OPERAND_NONE, 0, 0, 0, command_audit_verify,
     "check that the audit log is what it was", NULL},
    {"run", "", OPERAND_NONE, 0, 0, O(ONCE) | O(JOB) | O(QUEUE) | O(NOTICES) | O(WHY),
     command_runner, "do what is due: policies, work for other regions, upkeep",
     "Without --once it goes on until it is told to end.  --job, --queue and --notices are\n"
     "parts of it, which it starts as processes of their own; --reason is what has failed."},
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
