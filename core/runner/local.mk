# SPDX-License-Identifier: Apache-2.0
# core/runner: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/runner/librunner.la
core_runner_librunner_la_SOURCES = \
	core/runner/runner.c core/runner/runner.h
