# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_mem: take the marks off once there is a descriptor. Only tests load it.
#check_LTLIBRARIES += plugins/tgt_mem/tgt_mem.la
#plugins_tgt_mem_tgt_mem_la_SOURCES = plugins/tgt_mem/tgt_mem.c
#plugins_tgt_mem_tgt_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#plugins_tgt_mem_tgt_mem_la_CFLAGS = $(DRIVER_CFLAGS)
#plugins_tgt_mem_tgt_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
#plugins_tgt_mem_tgt_mem_la_LIBADD = plugins/common/libcommon.la
