# SPDX-License-Identifier: Apache-2.0
# plugins/src_exec: what a command prints, or a program serves.
driver_LTLIBRARIES += plugins/src_exec/src_exec.la
plugins_src_exec_src_exec_la_SOURCES = \
	plugins/src_exec/read.c \
	plugins/src_exec/spoken.c \
	plugins/src_exec/spoken.h \
	plugins/src_exec/spoken_entry.c \
	plugins/src_exec/spoken_entry.h \
	plugins/src_exec/spoken_read.c \
	plugins/src_exec/spoken_write.c \
	plugins/src_exec/src_exec.c \
	plugins/src_exec/src_exec.h \
	plugins/src_exec/way.c \
	plugins/src_exec/write.c
plugins_src_exec_src_exec_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_src_exec_src_exec_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_exec_src_exec_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_src_exec_src_exec_la_LIBADD = plugins/common/libprogram.la plugins/common/libexec.la
dist_man_MANS += plugins/src_exec/src_exec.7
EXTRA_DIST += plugins/src_exec/src_exec.deviations
