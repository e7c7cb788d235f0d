# SPDX-License-Identifier: Apache-2.0
# plugins/src_files: take the marks off once there is a descriptor.
#driver_LTLIBRARIES += plugins/src_files/src_files.la
#plugins_src_files_src_files_la_SOURCES = plugins/src_files/src_files.c
#plugins_src_files_src_files_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#plugins_src_files_src_files_la_CFLAGS = $(DRIVER_CFLAGS)
#plugins_src_files_src_files_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
#plugins_src_files_src_files_la_LIBADD = plugins/common/libcommon.la
