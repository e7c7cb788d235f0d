# SPDX-License-Identifier: Apache-2.0
# Fuzzers: each is a libFuzzer entry and, by itself, replays its seeds and alters them for a second.
fuzz_harness = tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c
fuzz_records = tests/fuzz/fuzz_records.h tests/unit/vault_records.c tests/unit/vault_records_prune.c \
	tests/unit/vault_records.h tests/unit/vault_records_private.h
fuzz_tests =
fuzz_tests += tests/fuzz/fuzz_tree_node
tests_fuzz_fuzz_tree_node_SOURCES = tests/fuzz/fuzz_tree_node.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_content_node
tests_fuzz_fuzz_content_node_SOURCES = tests/fuzz/fuzz_content_node.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_pack_directory
tests_fuzz_fuzz_pack_directory_SOURCES = tests/fuzz/fuzz_pack_directory.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz_envelope.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(fuzz_harness) $(fuzz_records)
fuzz_tests += tests/fuzz/fuzz_about
tests_fuzz_fuzz_about_SOURCES = tests/fuzz/fuzz_about.c $(fuzz_harness) $(fuzz_records)
fuzz_tests += tests/fuzz/fuzz_lock
tests_fuzz_fuzz_lock_SOURCES = tests/fuzz/fuzz_lock.c $(fuzz_harness) $(fuzz_records)
fuzz_tests += tests/fuzz/fuzz_slot
tests_fuzz_fuzz_slot_SOURCES = tests/fuzz/fuzz_slot.c $(fuzz_harness) $(fuzz_records)
fuzz_tests += tests/fuzz/fuzz_seal
tests_fuzz_fuzz_seal_SOURCES = tests/fuzz/fuzz_seal.c $(fuzz_harness) $(fuzz_records)
fuzz_tests += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_select
tests_fuzz_fuzz_select_SOURCES = tests/fuzz/fuzz_select.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_timezone
tests_fuzz_fuzz_timezone_SOURCES = tests/fuzz/fuzz_timezone.c $(fuzz_harness) \
	tests/unit/zone_file.c tests/unit/zone_file.h
fuzz_tests += tests/fuzz/fuzz_schedule
tests_fuzz_fuzz_schedule_SOURCES = tests/fuzz/fuzz_schedule.c $(fuzz_harness)
fuzz_tests += tests/fuzz/fuzz_program
tests_fuzz_fuzz_program_SOURCES = tests/fuzz/fuzz_program.c $(fuzz_harness) \
	plugins/common/program_words.c plugins/src_exec/spoken_entry.c
tests_fuzz_fuzz_program_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
if S3
fuzz_tests += tests/fuzz/fuzz_s3_answer
tests_fuzz_fuzz_s3_answer_SOURCES = tests/fuzz/fuzz_s3_answer.c $(fuzz_harness)
tests_fuzz_fuzz_s3_answer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_fuzz_fuzz_s3_answer_LDADD = plugins/common/s3/libs3.la $(LDADD)
fuzz_tests += tests/fuzz/fuzz_s3_xml
tests_fuzz_fuzz_s3_xml_SOURCES = tests/fuzz/fuzz_s3_xml.c $(fuzz_harness)
tests_fuzz_fuzz_s3_xml_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_fuzz_fuzz_s3_xml_LDADD = plugins/common/s3/libs3.la $(LDADD)
endif
check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)
EXTRA_DIST += tests/fuzz/corpus
CLEANFILES += tests/fuzz/*.last
