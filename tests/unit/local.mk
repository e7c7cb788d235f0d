# SPDX-License-Identifier: Apache-2.0
# A unit test is one line here and one file tests/unit/test_AREA.c; it is linked with all rooms and
# with cmocka.  Further files of it: tests_unit_test_AREA_SOURCES = tests/unit/test_AREA.c ...
unit_tests =
unit_tests += tests/unit/test_base_error
unit_tests += tests/unit/test_base_buffer
unit_tests += tests/unit/test_base_spare
unit_tests += tests/unit/test_base_text
unit_tests += tests/unit/test_base_json
unit_tests += tests/unit/test_base_clock
unit_tests += tests/unit/test_base_timezone
tests_unit_test_base_timezone_SOURCES = tests/unit/test_base_timezone.c \
	tests/unit/zone_file.c tests/unit/zone_file.h
unit_tests += tests/unit/test_base_trust
unit_tests += tests/unit/test_base_log
unit_tests += tests/unit/test_base_file
unit_tests += tests/unit/test_base_queue
unit_tests += tests/unit/test_base_share
unit_tests += tests/unit/test_base_pool
unit_tests += tests/unit/test_crypto_hash
unit_tests += tests/unit/test_crypto_lanes
unit_tests += tests/unit/test_crypto_derive
unit_tests += tests/unit/test_crypto_aead
unit_tests += tests/unit/test_crypto_signature
unit_tests += tests/unit/test_crypto_recovery
unit_tests += tests/unit/test_crypto_secret
unit_tests += tests/unit/test_vault_chunker
unit_tests += tests/unit/test_vault_chunker_scan
unit_tests += tests/unit/test_vault_content
tests_unit_test_vault_content_SOURCES = tests/unit/test_vault_content.c \
	tests/unit/chunk_map.c tests/unit/chunk_map.h
unit_tests += tests/unit/test_vault_golden
unit_tests += tests/unit/test_vault_tree
tests_unit_test_vault_tree_SOURCES = tests/unit/test_vault_tree.c \
	tests/unit/tree_model.c tests/unit/tree_model.h tests/unit/chunk_map.c tests/unit/chunk_map.h
unit_tests += tests/unit/test_vault_tree_read
tests_unit_test_vault_tree_read_SOURCES = tests/unit/test_vault_tree_read.c \
	tests/unit/tree_model.c tests/unit/tree_model.h tests/unit/chunk_map.c tests/unit/chunk_map.h
unit_tests += tests/unit/test_migrate_rules
tests_unit_test_migrate_rules_SOURCES = tests/unit/test_migrate_rules.c \
	tests/unit/scratch.c tests/unit/scratch.h
unit_tests += tests/unit/test_object_copy
tests_unit_test_object_copy_SOURCES = tests/unit/test_object_copy.c \
	tests/unit/catalog_fixture.c tests/unit/catalog_fixture.h \
	tests/unit/scratch.c tests/unit/scratch.h
# Tests of drivers share a fixture.
driver_fixture = tests/unit/driver_fixture.c tests/unit/driver_fixture.h
unit_tests += tests/unit/test_driver_host
tests_unit_test_driver_host_SOURCES = tests/unit/test_driver_host.c $(driver_fixture)
unit_tests += tests/unit/test_driver_instance
tests_unit_test_driver_instance_SOURCES = tests/unit/test_driver_instance.c $(driver_fixture)
unit_tests += tests/unit/test_driver_call
tests_unit_test_driver_call_SOURCES = tests/unit/test_driver_call.c $(driver_fixture)
unit_tests += tests/unit/test_driver_target
target_aspects = tests/unit/target_aspects.c tests/unit/target_aspects.h
tests_unit_test_driver_target_SOURCES = tests/unit/test_driver_target.c $(target_aspects) \
	$(driver_fixture)
unit_tests += tests/unit/test_driver_zones
tests_unit_test_driver_zones_SOURCES = tests/unit/test_driver_zones.c $(target_aspects) \
	$(driver_fixture)
unit_tests += tests/unit/test_engine_zones
tests_unit_test_engine_zones_SOURCES = tests/unit/test_engine_zones.c $(target_aspects) \
	$(driver_fixture)
unit_tests += tests/unit/test_isolate
tests_unit_test_isolate_SOURCES = tests/unit/test_isolate.c $(target_aspects) $(driver_fixture)
unit_tests += tests/unit/test_isolate_source
tests_unit_test_isolate_source_SOURCES = tests/unit/test_isolate_source.c $(driver_fixture)
unit_tests += tests/unit/test_conformance_shrink
unit_tests += tests/unit/test_conformance_parts
tests_unit_test_conformance_parts_SOURCES = tests/unit/test_conformance_parts.c $(driver_fixture)
unit_tests += tests/unit/test_driver_direct
tests_unit_test_driver_direct_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_driver_direct_LDADD = plugins/common/libcommon.la $(LDADD)
unit_tests += tests/unit/test_program
tests_unit_test_program_SOURCES = tests/unit/test_program.c $(target_aspects) $(driver_fixture)
tests_unit_test_program_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_program_LDADD = plugins/common/libprogram.la $(LDADD)
unit_tests += tests/unit/test_driver_tgt_dir
tests_unit_test_driver_tgt_dir_SOURCES = tests/unit/test_driver_tgt_dir.c $(driver_fixture)
unit_tests += tests/unit/test_driver_source
tests_unit_test_driver_source_SOURCES = tests/unit/test_driver_source.c $(driver_fixture)
unit_tests += tests/unit/test_layer_settings
unit_tests += tests/unit/test_layer_stack
unit_tests += tests/unit/test_layer_retry
tests_unit_test_layer_retry_SOURCES = tests/unit/test_layer_retry.c $(driver_fixture)
unit_tests += tests/unit/test_driver_key
tests_unit_test_driver_key_SOURCES = tests/unit/test_driver_key.c $(driver_fixture)
key_fixture = tests/unit/key_fixture.c tests/unit/key_fixture.h $(driver_fixture)
unit_tests += tests/unit/test_engine_keys
tests_unit_test_engine_keys_SOURCES = tests/unit/test_engine_keys.c $(driver_fixture)
unit_tests += tests/unit/test_key_exec
tests_unit_test_key_exec_SOURCES = tests/unit/test_key_exec.c $(key_fixture)
if P11
unit_tests += tests/unit/test_key_pkcs11
tests_unit_test_key_pkcs11_SOURCES = tests/unit/test_key_pkcs11.c $(key_fixture)
tests_unit_test_key_pkcs11_CPPFLAGS = $(AM_CPPFLAGS) $(P11_CFLAGS)
else
EXTRA_DIST += tests/unit/test_key_pkcs11.c
endif
# Layers in front of drivers share a fixture.
layer_fixture = $(driver_fixture) tests/unit/layer_fixture.c tests/unit/layer_fixture.h
unit_tests += tests/unit/test_layer_fault
tests_unit_test_layer_fault_SOURCES = tests/unit/test_layer_fault.c $(layer_fixture) \
	$(target_aspects)
unit_tests += tests/unit/test_layer_pace
tests_unit_test_layer_pace_SOURCES = tests/unit/test_layer_pace.c $(layer_fixture)
unit_tests += tests/unit/test_layer_kinds
tests_unit_test_layer_kinds_SOURCES = tests/unit/test_layer_kinds.c $(layer_fixture) \
	$(target_aspects)
unit_tests += tests/unit/test_layer_emulate
tests_unit_test_layer_emulate_SOURCES = tests/unit/test_layer_emulate.c $(layer_fixture) \
	$(target_aspects)
unit_tests += tests/unit/test_target_parts
tests_unit_test_target_parts_SOURCES = tests/unit/test_target_parts.c $(layer_fixture) \
	$(target_aspects)
unit_tests += tests/unit/test_driver_abi
unit_tests += tests/unit/test_driver_manual
tests_unit_test_driver_manual_SOURCES = tests/unit/test_driver_manual.c $(driver_fixture)
vault_fixture = tests/unit/vault_fixture.c tests/unit/vault_fixture.h $(driver_fixture)
unit_tests += tests/unit/test_mirror_state
unit_tests += tests/unit/test_mirror_rules
unit_tests += tests/unit/test_mirror_retry
mirror_fixture = tests/unit/mirror_fixture.c tests/unit/mirror_fixture_look.c \
	tests/unit/mirror_fixture.h $(driver_fixture)
unit_tests += tests/unit/test_mirror_worker
tests_unit_test_mirror_worker_SOURCES = tests/unit/test_mirror_worker.c $(mirror_fixture)
unit_tests += tests/unit/test_engine_policy
tests_unit_test_engine_policy_SOURCES = tests/unit/test_engine_policy.c $(mirror_fixture)
unit_tests += tests/unit/test_runner
tests_unit_test_runner_SOURCES = tests/unit/test_runner.c $(mirror_fixture)
unit_tests += tests/unit/test_mirror_share
tests_unit_test_mirror_share_SOURCES = tests/unit/test_mirror_share.c $(mirror_fixture)
unit_tests += tests/unit/test_mirror_long
tests_unit_test_mirror_long_SOURCES = tests/unit/test_mirror_long.c $(mirror_fixture)
unit_tests += tests/unit/test_mirror_fault
tests_unit_test_mirror_fault_SOURCES = tests/unit/test_mirror_fault.c $(mirror_fixture)
unit_tests += tests/unit/test_vault_filter
unit_tests += tests/unit/test_vault_pack
tests_unit_test_vault_pack_SOURCES = tests/unit/test_vault_pack.c $(vault_fixture)
unit_tests += tests/unit/test_vault_run
tests_unit_test_vault_run_SOURCES = tests/unit/test_vault_run.c $(vault_fixture)
unit_tests += tests/unit/test_vault_session
tests_unit_test_vault_session_SOURCES = tests/unit/test_vault_session.c $(vault_fixture)
unit_tests += tests/unit/test_vault_golden_pack
tests_unit_test_vault_golden_pack_SOURCES = tests/unit/test_vault_golden_pack.c $(vault_fixture)
EXTRA_DIST += tests/format/golden_pack.hex tests/format/golden_run.hex
unit_tests += tests/unit/test_vault_store
tests_unit_test_vault_store_SOURCES = tests/unit/test_vault_store.c $(vault_fixture)
unit_tests += tests/unit/test_vault_records
tests_unit_test_vault_records_SOURCES = tests/unit/test_vault_records.c \
	tests/unit/vault_records.c tests/unit/vault_records_prune.c \
	tests/unit/vault_records.h tests/unit/vault_records_private.h
EXTRA_DIST += tests/format/golden_conf.hex tests/format/golden_slot.hex tests/format/golden_seal.hex
EXTRA_DIST += tests/format/golden_seal_rules.hex tests/format/golden_about.hex tests/format/golden_prune.hex
EXTRA_DIST += tests/format/golden_lock.hex
# Tests of src_files
files_fixture = $(driver_fixture) tests/unit/files_fixture.c tests/unit/files_fixture.h
unit_tests += tests/unit/test_driver_example
tests_unit_test_driver_example_SOURCES = tests/unit/test_driver_example.c $(files_fixture)
unit_tests += tests/unit/test_files_walk
tests_unit_test_files_walk_SOURCES = tests/unit/test_files_walk.c $(files_fixture)
unit_tests += tests/unit/test_files_read
tests_unit_test_files_read_SOURCES = tests/unit/test_files_read.c $(files_fixture)
restore_fixture = $(files_fixture) tests/unit/restore_fixture.c tests/unit/restore_fixture.h
unit_tests += tests/unit/test_files_restore
tests_unit_test_files_restore_SOURCES = tests/unit/test_files_restore.c $(restore_fixture)
unit_tests += tests/unit/test_files_escape
tests_unit_test_files_escape_SOURCES = tests/unit/test_files_escape.c $(restore_fixture)
unit_tests += tests/unit/test_mem_source
tests_unit_test_mem_source_SOURCES = tests/unit/test_mem_source.c $(files_fixture)
unit_tests += tests/unit/test_vault_parts
tests_unit_test_vault_parts_SOURCES = tests/unit/test_vault_parts.c $(driver_fixture)
# Tests with a folder of their own share its making.
scratch = tests/unit/scratch.c tests/unit/scratch.h
unit_tests += tests/unit/test_policy_place tests/unit/test_policy_bandwidth
unit_tests += tests/unit/test_policy_schedule tests/unit/test_policy_schedule_slots
unit_tests += tests/unit/test_policy_settings tests/unit/test_policy_dispatch
unit_tests += tests/unit/test_policy_simulate
unit_tests += tests/unit/test_select
tests_unit_test_select_SOURCES = tests/unit/test_select.c $(scratch)
unit_tests += tests/unit/test_config
config_fixture = tests/unit/config_fixture.c tests/unit/config_fixture.h $(scratch)
tests_unit_test_config_SOURCES = tests/unit/test_config.c $(config_fixture)
unit_tests += tests/unit/test_config_tell
tests_unit_test_config_tell_SOURCES = tests/unit/test_config_tell.c $(config_fixture)
unit_tests += tests/unit/test_config_regions
tests_unit_test_config_regions_SOURCES = tests/unit/test_config_regions.c $(config_fixture)
unit_tests += tests/unit/test_config_layers
tests_unit_test_config_layers_SOURCES = tests/unit/test_config_layers.c $(config_fixture)
unit_tests += tests/unit/test_catalog_name
unit_tests += tests/unit/test_vault_rules
unit_tests += tests/unit/test_policy_retention
unit_tests += tests/unit/test_policy_retention_random
unit_tests += tests/unit/test_engine_discard
tests_unit_test_engine_discard_SOURCES = tests/unit/test_engine_discard.c $(mirror_fixture)
unit_tests += tests/unit/test_engine_expire
tests_unit_test_engine_expire_SOURCES = tests/unit/test_engine_expire.c $(mirror_fixture)
unit_tests += tests/unit/test_catalog
catalog_fixture = tests/unit/catalog_fixture.c tests/unit/catalog_fixture.h $(scratch)
tests_unit_test_catalog_SOURCES = tests/unit/test_catalog.c $(catalog_fixture)
tell_fixture = tests/unit/tell_fixture.c tests/unit/tell_fixture.h $(catalog_fixture)
unit_tests += tests/unit/test_engine_tell
tests_unit_test_engine_tell_SOURCES = tests/unit/test_engine_tell.c $(tell_fixture)
unit_tests += tests/unit/test_engine_metrics
tests_unit_test_engine_metrics_SOURCES = tests/unit/test_engine_metrics.c $(tell_fixture)
unit_tests += tests/unit/test_engine_web
tests_unit_test_engine_web_SOURCES = tests/unit/test_engine_web.c $(tell_fixture)
unit_tests += tests/unit/test_mirror_tell
tests_unit_test_mirror_tell_SOURCES = tests/unit/test_mirror_tell.c $(tell_fixture)
unit_tests += tests/unit/test_runner_metrics
tests_unit_test_runner_metrics_SOURCES = tests/unit/test_runner_metrics.c $(tell_fixture)
unit_tests += tests/unit/test_catalog_backup
tests_unit_test_catalog_backup_SOURCES = tests/unit/test_catalog_backup.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_witness
tests_unit_test_catalog_witness_SOURCES = tests/unit/test_catalog_witness.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_damage
tests_unit_test_catalog_damage_SOURCES = tests/unit/test_catalog_damage.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_crash
tests_unit_test_catalog_crash_SOURCES = tests/unit/test_catalog_crash.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_fault
tests_unit_test_catalog_fault_SOURCES = tests/unit/test_catalog_fault.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_keep
tests_unit_test_catalog_keep_SOURCES = tests/unit/test_catalog_keep.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_columns
tests_unit_test_catalog_columns_SOURCES = tests/unit/test_catalog_columns.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_migrate
run_fixture = tests/unit/run_fixture.c tests/unit/run_fixture.h $(catalog_fixture)
nightly_fixture = tests/unit/nightly_fixture.c tests/unit/nightly_fixture.h $(run_fixture)
tests_unit_test_catalog_migrate_SOURCES = tests/unit/test_catalog_migrate.c $(run_fixture)
unit_tests += tests/unit/test_policy_rules
unit_tests += tests/unit/test_object_rules
unit_tests += tests/unit/test_catalog_object_rule
tests_unit_test_catalog_object_rule_SOURCES = tests/unit/test_catalog_object_rule.c \
	$(catalog_fixture)
unit_tests += tests/unit/test_catalog_policy
tests_unit_test_catalog_policy_SOURCES = tests/unit/test_catalog_policy.c $(run_fixture)
unit_tests += tests/unit/test_catalog_batch
tests_unit_test_catalog_batch_SOURCES = tests/unit/test_catalog_batch.c $(catalog_fixture)
unit_tests += tests/unit/test_batch_rules tests/unit/test_batch_rows tests/unit/test_manifest
tests_unit_test_batch_rules_SOURCES = tests/unit/test_batch_rules.c $(catalog_fixture)
tests_unit_test_batch_rows_SOURCES = tests/unit/test_batch_rows.c $(catalog_fixture)
tests_unit_test_manifest_SOURCES = tests/unit/test_manifest.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_run
tests_unit_test_catalog_run_SOURCES = tests/unit/test_catalog_run.c $(nightly_fixture)
unit_tests += tests/unit/test_catalog_job
tests_unit_test_catalog_job_SOURCES = tests/unit/test_catalog_job.c $(nightly_fixture)
unit_tests += tests/unit/test_catalog_queue
tests_unit_test_catalog_queue_SOURCES = tests/unit/test_catalog_queue.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_mirror
tests_unit_test_catalog_mirror_SOURCES = tests/unit/test_catalog_mirror.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_ledger
tests_unit_test_catalog_ledger_SOURCES = tests/unit/test_catalog_ledger.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_audit
tests_unit_test_catalog_audit_SOURCES = tests/unit/test_catalog_audit.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_usage
tests_unit_test_catalog_usage_SOURCES = tests/unit/test_catalog_usage.c $(catalog_fixture)
unit_tests += tests/unit/test_catalog_kill
kill_fixture = tests/unit/kill_fixture.c tests/unit/kill_fixture.h
tests_unit_test_catalog_kill_SOURCES = tests/unit/test_catalog_kill.c $(kill_fixture) \
	$(catalog_fixture)
unit_tests += tests/unit/test_catalog_run_kill
tests_unit_test_catalog_run_kill_SOURCES = tests/unit/test_catalog_run_kill.c $(kill_fixture) \
	$(run_fixture)
# Tests that open, list and damage vaults.
vault_place = tests/unit/vault_place.c tests/unit/vault_place.h $(driver_fixture)
unit_tests += tests/unit/test_vault_open
tests_unit_test_vault_open_SOURCES = tests/unit/test_vault_open.c $(vault_place)
unit_tests += tests/unit/test_vault_backups
tests_unit_test_vault_backups_SOURCES = tests/unit/test_vault_backups.c $(vault_place)
unit_tests += tests/unit/test_vault_verify
verify_fixture = tests/unit/verify_fixture.c tests/unit/verify_fixture.h $(vault_place)
tests_unit_test_vault_verify_SOURCES = tests/unit/test_vault_verify.c $(verify_fixture)
unit_tests += tests/unit/test_vault_verify_trees
tests_unit_test_vault_verify_trees_SOURCES = tests/unit/test_vault_verify_trees.c $(verify_fixture)
unit_tests += tests/unit/test_vault_about
tests_unit_test_vault_about_SOURCES = tests/unit/test_vault_about.c $(verify_fixture)
unit_tests += tests/unit/test_vault_note
tests_unit_test_vault_note_SOURCES = tests/unit/test_vault_note.c $(verify_fixture)
unit_tests += tests/unit/test_vault_audit_head
tests_unit_test_vault_audit_head_SOURCES = tests/unit/test_vault_audit_head.c $(verify_fixture)
unit_tests += tests/unit/test_vault_transfer
copy_fixture = tests/unit/copy_fixture.c tests/unit/copy_fixture.h $(verify_fixture)
tests_unit_test_vault_transfer_SOURCES = tests/unit/test_vault_transfer.c $(copy_fixture)
unit_tests += tests/unit/test_vault_lock
lock_fixture = tests/unit/lock_fixture.c tests/unit/lock_fixture.h $(copy_fixture)
tests_unit_test_vault_lock_SOURCES = tests/unit/test_vault_lock.c $(lock_fixture)
unit_tests += tests/unit/test_vault_lock_more
tests_unit_test_vault_lock_more_SOURCES = tests/unit/test_vault_lock_more.c $(lock_fixture)
unit_tests += tests/unit/test_vault_transfer_fault
tests_unit_test_vault_transfer_fault_SOURCES = tests/unit/test_vault_transfer_fault.c $(copy_fixture)
unit_tests += tests/unit/test_vault_transfer_notes
tests_unit_test_vault_transfer_notes_SOURCES = tests/unit/test_vault_transfer_notes.c $(copy_fixture)
unit_tests += tests/unit/test_vault_prune
tests_unit_test_vault_prune_SOURCES = tests/unit/test_vault_prune.c $(copy_fixture)
unit_tests += tests/unit/test_engine_compare
tests_unit_test_engine_compare_SOURCES = tests/unit/test_engine_compare.c $(copy_fixture)
# Tests of backup and restore.
engine_fixture = $(vault_fixture) tests/unit/engine_fixture.c tests/unit/engine_fixture.h
unit_tests += tests/unit/test_engine_backup
tests_unit_test_engine_backup_SOURCES = tests/unit/test_engine_backup.c $(engine_fixture)
unit_tests += tests/unit/test_engine_change
tests_unit_test_engine_change_SOURCES = tests/unit/test_engine_change.c $(engine_fixture)
# Tests of the command line, and of its words.
unit_tests += tests/unit/test_cli_arguments
unit_tests += tests/unit/test_cli_output
unit_tests += tests/unit/test_cli_progress
unit_tests += tests/unit/test_engine_words
unit_tests += tests/unit/test_engine_flat
unit_tests += tests/unit/test_engine_restore
tests_unit_test_engine_restore_SOURCES = tests/unit/test_engine_restore.c $(engine_fixture)
unit_tests += tests/unit/test_engine_conflict
tests_unit_test_engine_conflict_SOURCES = tests/unit/test_engine_conflict.c $(engine_fixture)
unit_tests += tests/unit/test_engine_replicate
tests_unit_test_engine_replicate_SOURCES = tests/unit/test_engine_replicate.c $(engine_fixture)
unit_tests += tests/unit/test_mirror_replica_rules
unit_tests += tests/unit/test_engine_jobs
tests_unit_test_engine_jobs_SOURCES = tests/unit/test_engine_jobs.c $(engine_fixture)
unit_tests += tests/unit/test_engine_forged
tests_unit_test_engine_forged_SOURCES = tests/unit/test_engine_forged.c \
	tests/unit/engine_forge.c tests/unit/engine_forge.h tests/unit/forged_cases.h \
	$(engine_fixture)
unit_tests += tests/unit/test_engine_memory
tests_unit_test_engine_memory_SOURCES = tests/unit/test_engine_memory.c $(engine_fixture)
unit_tests += tests/unit/test_engine_parts
unit_tests += tests/unit/test_engine_slots
tests_unit_test_engine_slots_SOURCES = tests/unit/test_engine_slots.c $(vault_place) \
	$(catalog_fixture)
# Hooks, sources behind a command, drills.
unit_tests += tests/unit/test_base_command
tests_unit_test_base_command_SOURCES = tests/unit/test_base_command.c $(scratch)
unit_tests += tests/unit/test_engine_hooks
tests_unit_test_engine_hooks_SOURCES = tests/unit/test_engine_hooks.c $(scratch)
unit_tests += tests/unit/test_src_exec
tests_unit_test_src_exec_SOURCES = tests/unit/test_src_exec.c $(engine_fixture)
unit_tests += tests/unit/test_engine_drill
tests_unit_test_engine_drill_SOURCES = tests/unit/test_engine_drill.c $(mirror_fixture)
# Not a test: works on a target for scenarios that trace it.
check_PROGRAMS += tests/unit/target_tool
if S3
# The client of object stores, linked as a driver links it.
s3_fixture = tests/unit/s3_fixture.c tests/unit/s3_fixture.h
unit_tests += tests/unit/test_s3_sign
tests_unit_test_s3_sign_SOURCES = tests/unit/test_s3_sign.c $(s3_fixture)
tests_unit_test_s3_sign_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_sign_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_settings
tests_unit_test_s3_settings_SOURCES = tests/unit/test_s3_settings.c $(s3_fixture)
tests_unit_test_s3_settings_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_settings_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_credentials
tests_unit_test_s3_credentials_SOURCES = tests/unit/test_s3_credentials.c $(s3_fixture)
tests_unit_test_s3_credentials_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_credentials_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_answer
tests_unit_test_s3_answer_SOURCES = tests/unit/test_s3_answer.c $(s3_fixture)
tests_unit_test_s3_answer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_answer_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_live
tests_unit_test_s3_live_SOURCES = tests/unit/test_s3_live.c $(s3_fixture)
tests_unit_test_s3_live_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_live_LDADD = plugins/common/s3/libs3.la $(LDADD)
s3_live = tests/unit/s3_live.c tests/unit/s3_live.h $(s3_fixture)
unit_tests += tests/unit/test_s3_upload
tests_unit_test_s3_upload_SOURCES = tests/unit/test_s3_upload.c $(s3_fixture)
tests_unit_test_s3_upload_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_upload_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_live_many
tests_unit_test_s3_live_many_SOURCES = tests/unit/test_s3_live_many.c $(s3_live)
tests_unit_test_s3_live_many_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_live_many_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_live_copy
tests_unit_test_s3_live_copy_SOURCES = tests/unit/test_s3_live_copy.c $(s3_live)
tests_unit_test_s3_live_copy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_live_copy_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_xml
tests_unit_test_s3_xml_SOURCES = tests/unit/test_s3_xml.c $(s3_fixture)
tests_unit_test_s3_xml_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_xml_LDADD = plugins/common/s3/libs3.la $(LDADD)
unit_tests += tests/unit/test_s3_list
tests_unit_test_s3_list_SOURCES = tests/unit/test_s3_list.c $(s3_fixture)
tests_unit_test_s3_list_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_s3_list_LDADD = plugins/common/s3/libs3.la $(LDADD)
endif
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
EXTRA_DIST += tests/unit/unit.h
EXTRA_DIST += tests/format/golden_chunker.txt
