# SPDX-License-Identifier: Apache-2.0
# plugins/key_file: a key in a file.
driver_LTLIBRARIES += plugins/key_file/key_file.la
plugins_key_file_key_file_la_SOURCES = plugins/key_file/key.c plugins/key_file/key_file.c \
	plugins/key_file/key_file.h plugins/key_file/wrap.c
plugins_key_file_key_file_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_key_file_key_file_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
plugins_key_file_key_file_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_key_file_key_file_la_LIBADD = $(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/key_file/key_file.7
