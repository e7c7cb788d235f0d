# SPDX-License-Identifier: Apache-2.0
# The independent decoder and the golden vectors: add to EXTRA_DIST, and what runs also to TESTS.
decoder = tests/format/lagan_decode.py tests/format/format_chunker.py \
	tests/format/format_objects.py tests/format/format_trees.py tests/format/format_wire.py
EXTRA_DIST += $(decoder) tests/format/golden_tree.txt
TESTS += tests/format/check_golden.py
EXTRA_DIST += tests/format/check_golden.py
TESTS += tests/format/check_golden_pack.py
EXTRA_DIST += tests/format/check_golden_pack.py
TESTS += tests/format/check_golden_records.py
EXTRA_DIST += tests/format/check_golden_records.py
