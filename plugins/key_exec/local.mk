# SPDX-License-Identifier: Apache-2.0
# plugins/key_exec: any command as a key service.
driver_LTLIBRARIES += plugins/key_exec/key_exec.la
plugins_key_exec_key_exec_la_SOURCES = plugins/key_exec/key_exec.c plugins/key_exec/key_exec.h \
	plugins/key_exec/run.c plugins/key_exec/talk.c
plugins_key_exec_key_exec_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_key_exec_key_exec_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
plugins_key_exec_key_exec_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_key_exec_key_exec_la_LIBADD = plugins/common/libenvelope.la plugins/common/libexec.la $(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/key_exec/key_exec.7
