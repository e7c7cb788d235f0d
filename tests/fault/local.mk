# SPDX-License-Identifier: Apache-2.0
# Kills, damage, full stores.  A quick part of them is in tests/scenario/fault-*.sh; `make
# check-fault` runs all of them, for some minutes (-j2 for both at a time).
check_PROGRAMS += tests/fault/at_call
tests_fault_at_call_SOURCES = tests/fault/at_call.c
tests_fault_at_call_CPPFLAGS = -D_GNU_SOURCE
tests_fault_at_call_LDADD =
EXTRA_DIST += tests/fault/corrupt.py tests/fault/faults.py tests/fault/kill_sweep.py \
	tests/fault/mirror_works.py tests/fault/runner_works.py

fault_lagan = --lagan "$(abs_builddir)/run lagan"
.PHONY: check-fault check-fault-kill check-fault-corrupt
check-fault: check-fault-kill check-fault-corrupt
check-fault-kill: all tests/fault/at_call
	python3 $(srcdir)/tests/fault/kill_sweep.py $(fault_lagan) --at-call tests/fault/at_call
	python3 $(srcdir)/tests/fault/kill_sweep.py $(fault_lagan) --at-call tests/fault/at_call \
		--strace --work next
check-fault-corrupt: all
	python3 $(srcdir)/tests/fault/corrupt.py $(fault_lagan) --bytes
EXTRA_DIST += tests/fault/prune_works.py
check-fault-prune: all
	python3 $(srcdir)/tests/fault/prune_works.py $(fault_lagan) \
		--shift $(abs_builddir)/tests/drivers/clock_shift.so --rounds 1000
.PHONY: check-fault-prune
