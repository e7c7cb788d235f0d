# SPDX-License-Identifier: Apache-2.0
# core/conformance: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/conformance/libconformance.la
core_conformance_libconformance_la_SOURCES = \
	core/conformance/call.c \
	core/conformance/case.h \
	core/conformance/conformance.c \
	core/conformance/conformance.h \
	core/conformance/deviations.c \
	core/conformance/deviations.h \
	core/conformance/life.c \
	core/conformance/life_process.c \
	core/conformance/opened.c \
	core/conformance/oracle.c \
	core/conformance/oracle.h \
	core/conformance/parameters.c \
	core/conformance/raw.c \
	core/conformance/raw.h \
	core/conformance/shrink.c \
	core/conformance/shrink.h \
	core/conformance/tables.c \
	core/conformance/tables.h \
	core/conformance/target_calls.c \
	core/conformance/target_cancel.c \
	core/conformance/target_case.c \
	core/conformance/target_case.h \
	core/conformance/target_crash.c \
	core/conformance/target_get.c \
	core/conformance/target_kind.c \
	core/conformance/target_list.c \
	core/conformance/target_model.c \
	core/conformance/target_multipart.c \
	core/conformance/target_put.c \
	core/conformance/target_race.c \
	core/conformance/target_remove.c \
	core/conformance/target_soak.c \
	core/conformance/target_stage.c \
	core/conformance/trial.c \
	core/conformance/trial_private.h \
	core/conformance/trial_run.c \
	core/conformance/watch.c \
	core/conformance/watch.h
