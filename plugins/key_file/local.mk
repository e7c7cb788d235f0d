# SPDX-License-Identifier: Apache-2.0
# plugins/key_file: take the marks off once there is a descriptor.
#driver_LTLIBRARIES += plugins/key_file/key_file.la
#plugins_key_file_key_file_la_SOURCES = plugins/key_file/key_file.c
#plugins_key_file_key_file_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#plugins_key_file_key_file_la_CFLAGS = $(DRIVER_CFLAGS)
#plugins_key_file_key_file_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
#plugins_key_file_key_file_la_LIBADD = plugins/common/libcommon.la
