# SPDX-License-Identifier: Apache-2.0
# tests/bench: `make bench` measures lagan beside restic and borg.  BENCH="--sets tree,small,random"
# passes words on.
EXTRA_DIST += tests/bench/bench.py
.PHONY: bench
bench: all
	python3 $(srcdir)/tests/bench/bench.py --lagan "$(abs_builddir)/run lagan" $(BENCH)
