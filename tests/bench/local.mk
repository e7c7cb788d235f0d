# SPDX-License-Identifier: Apache-2.0
# tests/bench: `make bench` measures lagan beside restic and borg; what stands in BENCH is passed
# on, such as BENCH="--sets tree,small --rounds 1" or BENCH=--growth.  See doc/performance.md.
EXTRA_DIST += tests/bench/bench.py tests/bench/chart.py tests/bench/compare.py \
	tests/bench/growth.py tests/bench/meter.py tests/bench/report.py tests/bench/sets.py \
	tests/bench/targets.py tests/bench/tools.py tests/bench/bucket.py
.PHONY: bench
bench: all
	python3 $(srcdir)/tests/bench/bench.py --lagan "$(abs_builddir)/run lagan" $(BENCH)
