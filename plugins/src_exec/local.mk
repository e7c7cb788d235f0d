# SPDX-License-Identifier: Apache-2.0
# plugins/src_exec: what a command prints.
driver_LTLIBRARIES += plugins/src_exec/src_exec.la
plugins_src_exec_src_exec_la_SOURCES = plugins/src_exec/read.c plugins/src_exec/src_exec.c \
	plugins/src_exec/src_exec.h plugins/src_exec/write.c
plugins_src_exec_src_exec_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_src_exec_src_exec_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_exec_src_exec_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_src_exec_src_exec_la_LIBADD = plugins/common/libexec.la
dist_man_MANS += plugins/src_exec/src_exec.7
