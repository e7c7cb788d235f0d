# SPDX-License-Identifier: Apache-2.0
# core/base: errors, bytes, text, time, files, logging, threads.  Knows no backup.
noinst_LTLIBRARIES += core/base/libbase.la
core_base_libbase_la_SOURCES = \
	core/base/buffer.c core/base/buffer.h \
	core/base/clock.c core/base/clock.h \
	core/base/command.c core/base/command.h \
	core/base/csv.c core/base/csv.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/json.c core/base/json.h \
	core/base/json_read.c core/base/json_read.h \
	core/base/library.c core/base/library.h \
	core/base/log.c core/base/log.h \
	core/base/object.c core/base/object.h \
	core/base/pool.c core/base/pool.h \
	core/base/process.c core/base/process.h \
	core/base/queue.c core/base/queue.h \
	core/base/share.c core/base/share.h \
	core/base/spare.c core/base/spare.h \
	core/base/text.c core/base/text.h \
	core/base/timezone.c core/base/timezone.h \
	core/base/timezone_decode.c core/base/timezone_private.h \
	core/base/trust.c core/base/trust.h
