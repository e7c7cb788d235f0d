# SPDX-License-Identifier: Apache-2.0
# core/policy: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/policy/libpolicy.la
core_policy_libpolicy_la_SOURCES = \
	core/policy/bandwidth.c core/policy/bandwidth.h \
	core/policy/batch_rules.c core/policy/batch_rules.h \
	core/policy/batch_setting.c \
	core/policy/dispatch.c core/policy/dispatch.h \
	core/policy/glob.c core/policy/glob.h \
	core/policy/inventory_rules.c core/policy/inventory_rules.h \
	core/policy/migrate_rules.c core/policy/migrate_rules.h \
	core/policy/migrate_setting.c \
	core/policy/object_rules.c core/policy/object_rules.h \
	core/policy/object_rules_setting.c \
	core/policy/place.c core/policy/place.h \
	core/policy/policy.c core/policy/policy.h core/policy/policy_private.h \
	core/policy/policy_setting.c \
	core/policy/policy_rules.c core/policy/policy_rules.h \
	core/policy/retention.c core/policy/retention.h \
	core/policy/retention_check.c \
	core/policy/retention_words.c \
	core/policy/schedule.c core/policy/schedule.h core/policy/schedule_private.h \
	core/policy/schedule_calendar.c core/policy/schedule_field.c \
	core/policy/schedule_parse.c core/policy/schedule_rule.c \
	core/policy/select.c core/policy/select.h \
	core/policy/simulate.c core/policy/simulate.h \
	core/policy/vault_rules.c core/policy/vault_rules.h
