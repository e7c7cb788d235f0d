# SPDX-License-Identifier: Apache-2.0
# What all tests share.  `make check` runs TESTS: programs as they are, .sh with bash, .py with python3.
# Exit status 77 skips (say why), 99 is a broken test.
TEST_EXTENSIONS = .sh .py
SH_LOG_COMPILER = bash
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	CC='$(CC)'; export CC; \
	MALLOC_PERTURB_=$${MALLOC_PERTURB_-$$(( $$(od -An -N1 -tu1 /dev/urandom) | 1 ))}; \
	export MALLOC_PERTURB_; \
	ASAN_OPTIONS=$${ASAN_OPTIONS-abort_on_error=0:allocator_may_return_null=1}; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=$${UBSAN_OPTIONS-print_stacktrace=1}; export UBSAN_OPTIONS;
EXTRA_DIST += tests/functions.sh tests/demo.sh
