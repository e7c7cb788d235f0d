/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - the commands: what each is called, takes and does. */
#ifndef CORE_CLI_COMMAND_H
#define CORE_CLI_COMMAND_H

#include "base/error.h"
#include "cli/option.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* What an operand names, for completion. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_FREE,
    OPERAND_BACKUP,
    OPERAND_SOURCE,
    OPERAND_VAULT,
    OPERAND_MIRROR,
    OPERAND_REGION,
    OPERAND_DRIVER,
    OPERAND_TASK,
    OPERAND_POLICY,        /* and the settings of policies behind it */
    OPERAND_POLICIES,      /* nothing but policies */
    OPERAND_POLICY_NEW,    /* a free name, kinds and settings behind it */
    OPERAND_POLICY_VAULT,  /* a policy, then vaults */
    OPERAND_MIGRATION,     /* and files behind it */
    OPERAND_MIGRATION_NEW, /* a free name, two sources, settings behind them */
    OPERAND_RULE,          /* a rule of objects, and keys behind it */
    OPERAND_RULE_EDIT,     /* a rule of objects, and settings behind it */
    OPERAND_RULE_NEW,      /* a free name, two sources, settings behind them */
    OPERAND_INVENTORY,     /* and nothing behind it */
    OPERAND_INVENTORY_NEW, /* a free name, a source, settings behind them */
    OPERAND_BATCH,         /* a job, and what is free behind it */
    OPERAND_BATCH_NEW,     /* two sources, settings behind them */
    OPERAND_SOURCE_SET     /* a source, then settings of sources */
};

enum { OPERANDS_ANY = 1 << 20 };

struct command {
    const char *words;    /* "vault key add" */
    const char *operands; /* "NAME", as help shows them */
    enum operand_kind kind;
    size_t least; /* operands */
    size_t most;
    option_set options; /* besides the global ones */
    /* Does the work.  0, and session->status tells the rest; or -1 and `e`. */
    int (*run)(struct session *s, struct error *e);
    const char *summary; /* one line, lower case */
    const char *details; /* lines for --help, or NULL */
};

extern const struct command command_rows[];
extern const size_t command_count;

/* The command whose words are exactly `words`, or NULL. */
const struct command *command_find(const char *words);
/* Whether some command's words start with `words` and go on. */
bool command_is_group(const char *words);
/* The option of this name or letter among `allowed` and the global ones, or -1. */
int command_option(option_set allowed, const char *name, size_t length);
int command_letter(option_set allowed, char letter);
/* The global options. */
option_set command_global_options(void);

/* The commands' functions, in files command_*.c. */
#define CLI_FUNCTIONS(X)                                                                       \
    X(approval_cancel)                                                                         \
    X(approval_grant)                                                                          \
    X(approval_key)                                                                            \
    X(approval_list)                                                                           \
    X(audit_list)                                                                              \
    X(audit_verify)                                                                            \
    X(backup_create)                                                                           \
    X(backup_delete)                                                                           \
    X(backup_extend)                                                                           \
    X(backup_hold)                                                                             \
    X(backup_list)                                                                             \
    X(backup_release)                                                                          \
    X(backup_show)                                                                             \
    X(backup_undelete)                                                                         \
    X(batch_cancel)                                                                            \
    X(batch_confirm)                                                                           \
    X(batch_create)                                                                            \
    X(batch_list)                                                                              \
    X(batch_pause)                                                                             \
    X(batch_priority)                                                                          \
    X(batch_report)                                                                            \
    X(batch_resume)                                                                            \
    X(batch_run)                                                                               \
    X(batch_show)                                                                              \
    X(cat)                                                                                     \
    X(catalog_check)                                                                           \
    X(catalog_export)                                                                          \
    X(catalog_rebuild)                                                                         \
    X(diff)                                                                                    \
    X(drill_list)                                                                              \
    X(drill_run)                                                                               \
    X(driver_check)                                                                            \
    X(driver_list)                                                                             \
    X(driver_new)                                                                              \
    X(driver_show)                                                                             \
    X(help)                                                                                    \
    X(init)                                                                                    \
    X(inventory_create)                                                                        \
    X(inventory_delete)                                                                        \
    X(inventory_list)                                                                          \
    X(inventory_run)                                                                           \
    X(inventory_show)                                                                          \
    X(ls)                                                                                      \
    X(metrics)                                                                                 \
    X(migrate_attest)                                                                          \
    X(migrate_cancel)                                                                          \
    X(migrate_create)                                                                          \
    X(migrate_delete)                                                                          \
    X(migrate_list)                                                                            \
    X(migrate_report)                                                                          \
    X(migrate_retry)                                                                           \
    X(migrate_run)                                                                             \
    X(migrate_show)                                                                            \
    X(migrate_status)                                                                          \
    X(mirror_create)                                                                           \
    X(mirror_delete)                                                                           \
    X(mirror_list)                                                                             \
    X(mirror_release)                                                                          \
    X(mirror_show)                                                                             \
    X(mirror_stop)                                                                             \
    X(mirror_verify)                                                                           \
    X(notify_list)                                                                             \
    X(notify_test)                                                                             \
    X(policy_apply)                                                                            \
    X(policy_cancel)                                                                           \
    X(policy_create)                                                                           \
    X(policy_delete)                                                                           \
    X(policy_disable)                                                                          \
    X(policy_edit)                                                                             \
    X(policy_enable)                                                                           \
    X(policy_expire)                                                                           \
    X(policy_explain)                                                                          \
    X(policy_import)                                                                           \
    X(policy_list)                                                                             \
    X(policy_release)                                                                          \
    X(policy_run)                                                                              \
    X(policy_runs)                                                                             \
    X(policy_show)                                                                             \
    X(policy_simulate)                                                                         \
    X(policy_withdraw)                                                                         \
    X(prune)                                                                                   \
    X(region_check)                                                                            \
    X(region_list)                                                                             \
    X(region_repair)                                                                           \
    X(region_show)                                                                             \
    X(replica_create)                                                                          \
    X(replica_delete)                                                                          \
    X(replica_list)                                                                            \
    X(replica_show)                                                                            \
    X(restore)                                                                                 \
    X(rule_backfill)                                                                           \
    X(rule_create)                                                                             \
    X(rule_delete)                                                                             \
    X(rule_disable)                                                                            \
    X(rule_edit)                                                                               \
    X(rule_enable)                                                                             \
    X(rule_list)                                                                               \
    X(rule_replace)                                                                            \
    X(rule_retry)                                                                              \
    X(rule_run)                                                                                \
    X(rule_show)                                                                               \
    X(rule_status)                                                                             \
    X(runner)                                                                                  \
    X(source_add)                                                                              \
    X(source_bind)                                                                             \
    X(source_check)                                                                            \
    X(source_list)                                                                             \
    X(source_remove)                                                                           \
    X(source_set)                                                                              \
    X(source_show)                                                                             \
    X(source_unbind)                                                                           \
    X(task_cancel)                                                                             \
    X(task_clear)                                                                              \
    X(task_dead)                                                                               \
    X(task_list)                                                                               \
    X(task_retry)                                                                              \
    X(task_show)                                                                               \
    X(usage)                                                                                   \
    X(vault_approvers)                                                                         \
    X(vault_convert)                                                                           \
    X(vault_create)                                                                            \
    X(vault_delete)                                                                            \
    X(vault_freeze)                                                                            \
    X(vault_key_add)                                                                           \
    X(vault_key_check)                                                                         \
    X(vault_key_list)                                                                          \
    X(vault_key_remove)                                                                        \
    X(vault_list)                                                                              \
    X(vault_lock_lift)                                                                         \
    X(vault_lock_set)                                                                          \
    X(vault_lock_show)                                                                         \
    X(vault_purge)                                                                             \
    X(vault_show)                                                                              \
    X(vault_undelete)                                                                          \
    X(vault_unfreeze)                                                                          \
    X(vault_update)                                                                            \
    X(verify)
#define X(name) int command_##name(struct session *s, struct error *e);
CLI_FUNCTIONS(X)
#undef X

#endif
