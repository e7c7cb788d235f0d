# SPDX-License-Identifier: Apache-2.0
# core/engine: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/engine/libengine.la
core_engine_libengine_la_SOURCES =

# Backup and restore.
core_engine_libengine_la_SOURCES += \
	core/engine/backup.c core/engine/backup.h \
	core/engine/backup_collect.c \
	core/engine/backup_join.c \
	core/engine/backup_private.h \
	core/engine/backup_read.c \
	core/engine/backup_stream.c \
	core/engine/entry_copy.c core/engine/entry_copy.h \
	core/engine/flat.c core/engine/flat.h \
	core/engine/job.c core/engine/job.h \
	core/engine/key_text.c core/engine/key_text.h \
	core/engine/link_slots.c core/engine/link_slots.h \
	core/engine/replicate.c core/engine/replicate.h core/engine/replicate_private.h \
	core/engine/replicate_collect.c \
	core/engine/replicate_walk.c \
	core/engine/restore.c core/engine/restore.h \
	core/engine/restore_compare.c \
	core/engine/restore_convert.c core/engine/restore_convert.h \
	core/engine/restore_directories.c \
	core/engine/restore_finish.c \
	core/engine/restore_folders.c \
	core/engine/restore_keys.c core/engine/restore_keys.h \
	core/engine/restore_links.c core/engine/restore_links.h \
	core/engine/restore_make.c \
	core/engine/restore_metadata.c \
	core/engine/restore_note.c core/engine/restore_note.h \
	core/engine/restore_private.h \
	core/engine/restore_select.c \
	core/engine/restore_walk.c \
	core/engine/restore_write.c

# Configuration.
core_engine_libengine_la_SOURCES += \
	core/engine/config.c core/engine/config.h \
	core/engine/config_file.c core/engine/config_file.h \
	core/engine/config_free.c \
	core/engine/config_layers.c \
	core/engine/config_notify.c \
	core/engine/config_parse.c core/engine/config_parse.h \
	core/engine/config_private.h \
	core/engine/config_region.c \
	core/engine/config_scan.c core/engine/config_scan.h \
	core/engine/config_setting.c core/engine/config_setting.h \
	core/engine/config_text.c core/engine/config_text.h

# Telling people: notices and metrics.
core_engine_libengine_la_SOURCES += \
	core/engine/tell.c core/engine/tell.h core/engine/tell_private.h \
	core/engine/tell_deliver.c \
	core/engine/tell_mail.c \
	core/engine/tell_metrics.c \
	core/engine/tell_summary.c \
	core/engine/web.h
if CURL
core_engine_libengine_la_SOURCES += core/engine/web.c
else
core_engine_libengine_la_SOURCES += core/engine/web_absent.c
endif

# From configuration and catalog to open things, and the jobs around backup and restore.
core_engine_libengine_la_SOURCES += \
	core/engine/about.c core/engine/about.h \
	core/engine/backup_row.c core/engine/backup_row.h \
	core/engine/binding.c core/engine/binding.h \
	core/engine/create.c core/engine/create.h \
	core/engine/drill.c core/engine/drill.h core/engine/drill_private.h \
	core/engine/drill_compare.c \
	core/engine/drill_scratch.c \
	core/engine/guardian.c core/engine/guardian.h \
	core/engine/hold.c core/engine/hold.h \
	core/engine/hooks.c core/engine/hooks.h \
	core/engine/approval.c core/engine/approval.h \
	core/engine/deletion.c core/engine/deletion.h \
	core/engine/discard.c core/engine/discard.h \
	core/engine/expire.c core/engine/expire.h core/engine/expire_private.h \
	core/engine/expire_brake.c \
	core/engine/expire_gather.c \
	core/engine/expire_window.c \
	core/engine/extend.c core/engine/extend.h \
	core/engine/keep.c core/engine/keep.h \
	core/engine/key_check.c core/engine/key_check.h \
	core/engine/listing.c core/engine/listing.h \
	core/engine/locking.c core/engine/locking.h \
	core/engine/locate.c core/engine/locate.h \
	core/engine/lost.c core/engine/lost.h \
	core/engine/manage.c core/engine/manage.h \
	core/engine/notes.c core/engine/notes.h core/engine/notes_private.h \
	core/engine/notes_policy.c \
	core/engine/pace.c core/engine/pace.h \
	core/engine/parameters.c core/engine/parameters.h \
	core/engine/policy_draft.c \
	core/engine/policy_manage.c core/engine/policy_manage.h \
	core/engine/policy_row.c core/engine/policy_row.h \
	core/engine/protect.c core/engine/protect.h \
	core/engine/purge.c core/engine/purge.h \
	core/engine/rebuild.c core/engine/rebuild.h \
	core/engine/rebuild_check.c \
	core/engine/rebuild_mirrors.c \
	core/engine/rebuild_orphans.c \
	core/engine/rebuild_places.c \
	core/engine/reconcile.c core/engine/reconcile.h \
	core/engine/rules.c core/engine/rules.h \
	core/engine/setup.c core/engine/setup.h \
	core/engine/setup_source.c \
	core/engine/setup_target.c \
	core/engine/zone_mend.c core/engine/zone_mend.h \
	core/engine/zone_repair.c core/engine/zone_repair.h \
	core/engine/setup_vault.c \
	core/engine/slot_provider.c core/engine/slot_provider.h \
	core/engine/slots.c core/engine/slots.h \
	core/engine/stamp.c core/engine/stamp.h \
	core/engine/source_settings.c core/engine/source_settings.h \
	core/engine/task.c core/engine/task.h \
	core/engine/trusted_time.c core/engine/trusted_time.h \
	core/engine/rotation_objects.c core/engine/rotation_objects.h \
	core/engine/prune.c core/engine/prune.h \
	core/engine/verify_rotation.c core/engine/verify_rotation.h \
	core/engine/vault_facts.c core/engine/vault_facts.h

# Two copies of a vault side by side.
core_engine_libengine_la_SOURCES += \
	core/engine/compare.c core/engine/compare.h core/engine/compare_private.h \
	core/engine/compare_mend.c \
	core/engine/compare_needs.c \
	core/engine/compare_notes.c \
	core/engine/compare_read.c \
	core/engine/compare_seals.c

# Copying single objects.
core_engine_libengine_la_SOURCES += \
	core/engine/object_copy.c core/engine/object_copy.h \
	core/engine/object_ends.c \
	core/engine/object_key.c \
	core/engine/object_pieces.c \
	core/engine/object_private.h \
	core/engine/object_stream.c \
	core/engine/object_verify.c

# Inventories and batch jobs.
core_engine_libengine_la_SOURCES += \
	core/engine/batch.c core/engine/batch.h core/engine/batch_private.h \
	core/engine/batch_copy.c \
	core/engine/batch_finish.c \
	core/engine/batch_manage.c \
	core/engine/batch_prepare.c \
	core/engine/batch_report.c core/engine/batch_report.h \
	core/engine/batch_row.c \
	core/engine/batch_rows.c core/engine/batch_rows.h core/engine/batch_rows_private.h \
	core/engine/batch_rows_mend.c \
	core/engine/batch_rows_write.c \
	core/engine/gzip.c core/engine/gzip.h \
	core/engine/inventory.c core/engine/inventory.h core/engine/inventory_private.h \
	core/engine/inventory_run.c \
	core/engine/inventory_write.c \
	core/engine/manifest.c core/engine/manifest.h core/engine/manifest_private.h \
	core/engine/manifest_inventory.c \
	core/engine/place_file.c core/engine/place_file.h core/engine/place_file_private.h \
	core/engine/place_write.c

# Migrations.
core_engine_libengine_la_SOURCES += \
	core/engine/migrate.c core/engine/migrate.h core/engine/migrate_private.h \
	core/engine/migrate_attest.c \
	core/engine/migrate_listing.c core/engine/migrate_listing.h \
	core/engine/migrate_manage.c \
	core/engine/migrate_plan.c \
	core/engine/migrate_retry.c \
	core/engine/migrate_sort.c \
	core/engine/migrate_unit.c \
	core/engine/migrate_work.c

# Rules that replicate objects.
core_engine_libengine_la_SOURCES += \
	core/engine/object_origin.c core/engine/object_origin.h \
	core/engine/rule.c core/engine/rule.h core/engine/rule_private.h \
	core/engine/rule_backfill.c \
	core/engine/rule_compare.c \
	core/engine/rule_manage.c core/engine/rule_manage.h \
	core/engine/rule_object.c \
	core/engine/rule_scan.c \
	core/engine/rule_set.c \
	core/engine/rule_there.c \
	core/engine/rule_work.c
