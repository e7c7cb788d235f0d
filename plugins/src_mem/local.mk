# SPDX-License-Identifier: Apache-2.0
# plugins/src_mem: take the marks off once there is a descriptor. Only tests load it.
#check_LTLIBRARIES += plugins/src_mem/src_mem.la
#plugins_src_mem_src_mem_la_SOURCES = plugins/src_mem/src_mem.c
#plugins_src_mem_src_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#plugins_src_mem_src_mem_la_CFLAGS = $(DRIVER_CFLAGS)
#plugins_src_mem_src_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
#plugins_src_mem_src_mem_la_LIBADD = plugins/common/libcommon.la
