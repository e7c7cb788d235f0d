# SPDX-License-Identifier: Apache-2.0
# Fuzzers: each is a libFuzzer entry and, by itself, replays its folder of corpus/.
fuzz_tests =
fuzz_tests += tests/fuzz/fuzz_tree_node
check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)
EXTRA_DIST += tests/fuzz/corpus
