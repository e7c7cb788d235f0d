# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_mem: a target in memory.  Only tests load it.
check_LTLIBRARIES += plugins/tgt_mem/tgt_mem.la
plugins_tgt_mem_tgt_mem_la_SOURCES = plugins/tgt_mem/store.c plugins/tgt_mem/tgt_mem.c \
	plugins/tgt_mem/tgt_mem.h
plugins_tgt_mem_tgt_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_tgt_mem_tgt_mem_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_mem_tgt_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
# The same store, with calls that fail on demand.
check_LTLIBRARIES += plugins/tgt_mem/tgt_fault.la
plugins_tgt_mem_tgt_fault_la_SOURCES = plugins/tgt_mem/store.c plugins/tgt_mem/tgt_fault.c \
	plugins/tgt_mem/tgt_mem.h
plugins_tgt_mem_tgt_fault_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_tgt_mem_tgt_fault_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_mem_tgt_fault_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
