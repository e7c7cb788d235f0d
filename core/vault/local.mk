# SPDX-License-Identifier: Apache-2.0
# core/vault: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/vault/libvault.la
core_vault_libvault_la_SOURCES =

# Configuration, keys, seals.
core_vault_libvault_la_SOURCES += \
	core/vault/about.c core/vault/about.h \
	core/vault/about_codec.c core/vault/about_codec.h \
	core/vault/cache.c core/vault/cache.h \
	core/vault/capsule.c core/vault/capsule.h \
	core/vault/chain.c core/vault/chain.h \
	core/vault/conf.c core/vault/conf.h \
	core/vault/field.c core/vault/field.h \
	core/vault/keys.c core/vault/keys.h \
	core/vault/lock.c core/vault/lock.h core/vault/lock_private.h \
	core/vault/lock_codec.c core/vault/lock_codec.h \
	core/vault/lock_judge.c \
	core/vault/lock_write.c \
	core/vault/name.c core/vault/name.h \
	core/vault/moves.c core/vault/moves.h \
	core/vault/prune_epochs.c core/vault/prune_epochs.h \
	core/vault/prune_record.c core/vault/prune_record.h \
	core/vault/roll.c core/vault/roll.h \
	core/vault/seal.c core/vault/seal.h \
	core/vault/seal_codec.c core/vault/seal_codec.h \
	core/vault/seal_inner.c core/vault/seal_inner.h \
	core/vault/seal_list.c \
	core/vault/seal_memo.c core/vault/seal_memo.h \
	core/vault/seal_scan.c core/vault/seal_scan.h \
	core/vault/seal_write.c \
	core/vault/slot.c core/vault/slot.h \
	core/vault/slot_kek.c \
	core/vault/slot_list.c \
	core/vault/stored.c core/vault/stored.h \
	core/vault/tombstone.c \
	core/vault/vault.c core/vault/vault.h core/vault/vault_private.h \
	core/vault/vault_copy.c \
	core/vault/vault_create.c \
	core/vault/vault_settings.c \
	core/vault/vault_slots.c

# Copies of a vault.
core_vault_libvault_la_SOURCES += \
	core/vault/carry.c core/vault/carry.h \
	core/vault/pack_set.c core/vault/pack_set.h \
	core/vault/transfer.c core/vault/transfer.h core/vault/transfer_private.h \
	core/vault/transfer_backup.c \
	core/vault/transfer_notes.c \
	core/vault/transfer_objects.c \
	core/vault/transfer_prune.c \
	core/vault/transfer_runs.c \
	core/vault/transfer_seals.c

# Verify.
core_vault_libvault_la_SOURCES += \
	core/vault/id_set.c core/vault/id_set.h \
	core/vault/verify.c core/vault/verify.h core/vault/verify_private.h \
	core/vault/verify_chunks.c \
	core/vault/verify_content.c \
	core/vault/verify_needs.c \
	core/vault/verify_objects.c \
	core/vault/verify_runs.c \
	core/vault/verify_seals.c \
	core/vault/verify_small.c \
	core/vault/verify_survey.c \
	core/vault/verify_trees.c \
	core/vault/verify_walk.c

# Prune.
core_vault_libvault_la_SOURCES += \
	core/vault/prune.c core/vault/prune.h core/vault/prune_private.h \
	core/vault/prune_condemn.c \
	core/vault/prune_delete.c \
	core/vault/prune_mark.c \
	core/vault/prune_moves.c \
	core/vault/prune_plan.c \
	core/vault/prune_repack.c \
	core/vault/prune_sessions.c \
	core/vault/prune_tidy.c \
	core/vault/prune_walk.c

# Chunker.
core_vault_libvault_la_SOURCES += \
	core/vault/chunker.c core/vault/chunker.h \
	core/vault/chunker_arm.c \
	core/vault/chunker_portable.c \
	core/vault/chunker_scan.h \
	core/vault/chunker_x86.c

# Trees and content maps.
core_vault_libvault_la_SOURCES += \
	core/vault/chunk.c core/vault/chunk.h \
	core/vault/content.h \
	core/vault/content_builder.c core/vault/content_cursor.c \
	core/vault/content_node.c core/vault/content_node.h \
	core/vault/tree.h \
	core/vault/tree_boundary.c core/vault/tree_builder.c \
	core/vault/tree_cursor.c core/vault/tree_cursor.h \
	core/vault/tree_diff.c core/vault/tree_entry.c \
	core/vault/tree_leaf_decode.c \
	core/vault/tree_node.c core/vault/tree_node.h \
	core/vault/tree_writer.c core/vault/tree_writer.h

# Packs, index, sessions, stores.
core_vault_libvault_la_SOURCES += \
	core/vault/audit_head.c core/vault/audit_head.h \
	core/vault/block_cache.c core/vault/block_cache.h \
	core/vault/block_fetch.c core/vault/block_fetch.h \
	core/vault/codec.c core/vault/codec.h \
	core/vault/distrust.c core/vault/distrust.h \
	core/vault/entry.c core/vault/entry.h \
	core/vault/envelope.c core/vault/envelope.h \
	core/vault/envelope_directory.c \
	core/vault/envelope_writer.c \
	core/vault/filter.c core/vault/filter.h \
	core/vault/index.c core/vault/index.h core/vault/index_private.h \
	core/vault/index_gone.c \
	core/vault/index_load.c \
	core/vault/index_packs.c \
	core/vault/index_places.c \
	core/vault/index_recent.c \
	core/vault/index_runs.c \
	core/vault/index_segments.c \
	core/vault/journal.c core/vault/journal.h \
	core/vault/local.c core/vault/local.h \
	core/vault/note.c core/vault/note.h \
	core/vault/note_codec.c core/vault/note_codec.h \
	core/vault/pack.c core/vault/pack.h \
	core/vault/pack_check.c \
	core/vault/pack_writer.c \
	core/vault/packer.c core/vault/packer.h core/vault/packer_private.h \
	core/vault/run.c core/vault/run.h core/vault/run_layout.h \
	core/vault/run_set.c core/vault/run_set.h \
	core/vault/run_write.c \
	core/vault/segment.c core/vault/segment.h core/vault/segment_layout.h \
	core/vault/segment_write.c \
	core/vault/session.c core/vault/session_private.h \
	core/vault/session_list.c \
	core/vault/session_needs.c \
	core/vault/session_object.c core/vault/session_object.h \
	core/vault/session_prune.c \
	core/vault/session_resume.c \
	core/vault/store.c core/vault/store.h core/vault/store_private.h \
	core/vault/table.c core/vault/table.h
