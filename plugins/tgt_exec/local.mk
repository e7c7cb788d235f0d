# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_exec: a program as a target.
driver_LTLIBRARIES += plugins/tgt_exec/tgt_exec.la
plugins_tgt_exec_tgt_exec_la_SOURCES = plugins/tgt_exec/read.c plugins/tgt_exec/tgt_exec.c \
	plugins/tgt_exec/tgt_exec.h plugins/tgt_exec/write.c
plugins_tgt_exec_tgt_exec_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_tgt_exec_tgt_exec_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_exec_tgt_exec_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_tgt_exec_tgt_exec_la_LIBADD = plugins/common/libprogram.la plugins/common/libexec.la \
	$(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/tgt_exec/tgt_exec.7
