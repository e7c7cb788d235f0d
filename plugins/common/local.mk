# SPDX-License-Identifier: Apache-2.0
# plugins/common: code that drivers share.  Linked into each driver that lists it in LIBADD.
noinst_LTLIBRARIES += plugins/common/libcommon.la
plugins_common_libcommon_la_SOURCES = plugins/common/direct.c plugins/common/direct.h
plugins_common_libcommon_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_common_libcommon_la_CFLAGS = $(DRIVER_CFLAGS)
# The same for key providers: what needs libcrypto.
noinst_LTLIBRARIES += plugins/common/libenvelope.la
plugins_common_libenvelope_la_SOURCES = plugins/common/envelope.c plugins/common/envelope.h
plugins_common_libenvelope_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_common_libenvelope_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
# The same for drivers that start programs.
noinst_LTLIBRARIES += plugins/common/libexec.la
plugins_common_libexec_la_SOURCES = plugins/common/exec.h plugins/common/exec_process.c \
	plugins/common/exec_words.c
plugins_common_libexec_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_common_libexec_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
# The same for drivers that are programs; needs libexec.
noinst_LTLIBRARIES += plugins/common/libprogram.la
plugins_common_libprogram_la_SOURCES = plugins/common/program.c plugins/common/program.h \
	plugins/common/program_call.c plugins/common/program_private.h plugins/common/program_words.c
plugins_common_libprogram_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_common_libprogram_la_CFLAGS = $(DRIVER_CFLAGS)
