# SPDX-License-Identifier: Apache-2.0
# Kills, damage, full stores.  A quick part of them is in tests/scenario/fault-*.sh and bad-*.sh;
# `make check-fault` runs all of them, for some minutes.
check_PROGRAMS += tests/fault/at_call
tests_fault_at_call_SOURCES = tests/fault/at_call.c
tests_fault_at_call_CPPFLAGS = -D_GNU_SOURCE
tests_fault_at_call_LDADD =
EXTRA_DIST += tests/fault/faults.py tests/fault/kill_sweep.py

fault_lagan = --lagan "$(abs_builddir)/run lagan"
.PHONY: check-fault check-fault-kill
check-fault: check-fault-kill
check-fault-kill: all tests/fault/at_call
	python3 $(srcdir)/tests/fault/kill_sweep.py $(fault_lagan) --at-call tests/fault/at_call
	python3 $(srcdir)/tests/fault/kill_sweep.py $(fault_lagan) --at-call tests/fault/at_call \
		--strace --work next
