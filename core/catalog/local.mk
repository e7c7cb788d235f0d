# SPDX-License-Identifier: Apache-2.0
# core/catalog: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/catalog/libcatalog.la
core_catalog_libcatalog_la_SOURCES = \
	core/catalog/approval.c core/catalog/approval.h \
	core/catalog/audit.c core/catalog/audit.h \
	core/catalog/backup.c \
	core/catalog/batch.c core/catalog/batch.h \
	core/catalog/batch_claim.c \
	core/catalog/catalog.c core/catalog/catalog.h \
	core/catalog/catalog_private.h \
	core/catalog/connection.c \
	core/catalog/deletion.c \
	core/catalog/discard.c \
	core/catalog/dump.c \
	core/catalog/figures.c core/catalog/figures.h \
	core/catalog/finder.c \
	core/catalog/follow.c \
	core/catalog/health.c \
	core/catalog/inspect.c \
	core/catalog/inventory.c core/catalog/inventory.h \
	core/catalog/keep.h \
	core/catalog/lane.c \
	core/catalog/job.c \
	core/catalog/ledger.c core/catalog/ledger.h \
	core/catalog/made_name.c \
	core/catalog/migrate.c core/catalog/migrate.h \
	core/catalog/migrate_work.c \
	core/catalog/mirror.c core/catalog/mirror.h \
	core/catalog/name.c core/catalog/name.h \
	core/catalog/notice.c \
	core/catalog/object_queue.c \
	core/catalog/object_rule.c core/catalog/object_rule.h \
	core/catalog/object_status.c \
	core/catalog/pairs.c \
	core/catalog/pin.c \
	core/catalog/policy.c core/catalog/policy.h \
	core/catalog/policy_vault.c \
	core/catalog/query.c \
	core/catalog/queue.c core/catalog/queue.h \
	core/catalog/queue_look.c core/catalog/queue_private.h \
	core/catalog/region.c \
	core/catalog/run.c core/catalog/run.h core/catalog/run_private.h \
	core/catalog/run_look.c \
	core/catalog/schema.c core/catalog/schema_objects.c \
	core/catalog/source.c \
	core/catalog/task.c \
	core/catalog/usage.c core/catalog/usage.h \
	core/catalog/vault.c \
	core/catalog/vault_row.c \
	core/catalog/witness.c
