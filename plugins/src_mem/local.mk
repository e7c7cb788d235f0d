# SPDX-License-Identifier: Apache-2.0
# plugins/src_mem: a source in memory.  Only tests load it.
check_LTLIBRARIES += plugins/src_mem/src_mem.la
plugins_src_mem_src_mem_la_SOURCES = plugins/src_mem/generate.c plugins/src_mem/mem.h \
	plugins/src_mem/read.c plugins/src_mem/src_mem.c plugins/src_mem/store.c
plugins_src_mem_src_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_src_mem_src_mem_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_mem_src_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
