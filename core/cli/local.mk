# SPDX-License-Identifier: Apache-2.0
# core/cli: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/cli/libcli.la
core_cli_libcli_la_SOURCES = \
	core/cli/arguments.c core/cli/arguments.h \
	core/cli/batch_record.h \
	core/cli/command.h \
	core/cli/command_batch.c \
	core/cli/command_batch_change.c \
	core/cli/command_inventory.c \
	core/cli/command_approval.c \
	core/cli/command_audit.c \
	core/cli/command_backup.c \
	core/cli/command_backup_delete.c \
	core/cli/command_backup_list.c \
	core/cli/command_catalog.c \
	core/cli/command_drill.c \
	core/cli/command_driver.c \
	core/cli/command_driver_new.c \
	core/cli/command_driver_check.c \
	core/cli/command_init.c \
	core/cli/command_look.c \
	core/cli/command_migrate.c \
	core/cli/command_migrate_report.c \
	core/cli/migrate_record.c core/cli/migrate_record.h \
	core/cli/command_mirror.c \
	core/cli/command_mirror_verify.c \
	core/cli/command_notify.c \
	core/cli/command_policy.c \
	core/cli/command_policy_change.c \
	core/cli/command_policy_import.c \
	core/cli/command_policy_run.c \
	core/cli/command_policy_keep.c \
	core/cli/command_policy_simulate.c \
	core/cli/command_prune.c \
	core/cli/command_region.c \
	core/cli/command_region_zones.c \
	core/cli/command_replica.c \
	core/cli/command_replica_list.c \
	core/cli/command_restore.c \
	core/cli/command_rule.c \
	core/cli/command_rule_change.c \
	core/cli/command_rule_run.c \
	core/cli/command_run.c \
	core/cli/command_source.c \
	core/cli/command_table.c \
	core/cli/command_task.c \
	core/cli/command_task_change.c \
	core/cli/command_usage.c \
	core/cli/command_vault.c \
	core/cli/command_vault_key.c \
	core/cli/command_vault_lock.c \
	core/cli/command_vault_manage.c \
	core/cli/command_verify.c \
	core/cli/complete.c \
	core/cli/help.c \
	core/cli/option.h \
	core/cli/output.c core/cli/output.h \
	core/cli/policy_record.c core/cli/policy_record.h \
	core/cli/process.c core/cli/process.h \
	core/cli/progress.c core/cli/progress.h \
	core/cli/record.c core/cli/record.h \
	core/cli/report.c \
	core/cli/rule_record.h \
	core/cli/session.c core/cli/session.h \
	core/cli/session_backup.c \
	core/cli/template.c core/cli/template.h \
	core/cli/terminal.c core/cli/terminal.h \
	core/cli/vault_options.c core/cli/vault_options.h

# The texts of `lagan driver new`.
driver_templates = doc/templates/Makefile.am doc/templates/Makefile.plain \
	doc/templates/README.md doc/templates/check.sh doc/templates/configure.ac \
	doc/templates/gitignore doc/templates/lagan.m4 doc/templates/meson.build \
	doc/examples/src_folder/src_folder.7 doc/examples/src_folder/src_folder.c \
	doc/examples/tgt_example/tgt_example.7 doc/examples/tgt_example/tgt_example.c \
	doc/examples/key_example/key_example.7 doc/examples/key_example/key_example.c
nodist_core_cli_libcli_la_SOURCES = core/cli/template_texts.c
EXTRA_DIST += core/cli/embed.sh $(driver_templates)
CLEANFILES += core/cli/template_texts.c
core/cli/template_texts.c: core/cli/embed.sh $(driver_templates)
	$(AM_V_GEN)$(MKDIR_P) core/cli && here=`pwd` && cd $(top_srcdir) && \
	$(SHELL) core/cli/embed.sh $(driver_templates) >"$$here/$@.tmp" && \
	cd "$$here" && mv $@.tmp $@

bin_PROGRAMS += lagan
lagan_SOURCES = core/cli/main.c
lagan_LDADD = $(CORE_LIBS)
