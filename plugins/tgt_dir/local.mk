# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_dir: a target that is a directory.
driver_LTLIBRARIES += plugins/tgt_dir/tgt_dir.la
plugins_tgt_dir_tgt_dir_la_SOURCES = \
	plugins/tgt_dir/durable.c \
	plugins/tgt_dir/failure.c \
	plugins/tgt_dir/list.c \
	plugins/tgt_dir/names.c \
	plugins/tgt_dir/parts.c \
	plugins/tgt_dir/path.c \
	plugins/tgt_dir/place.c \
	plugins/tgt_dir/read.c \
	plugins/tgt_dir/sweep.c \
	plugins/tgt_dir/temporary.c \
	plugins/tgt_dir/tgt_dir.c \
	plugins/tgt_dir/tgt_dir.h \
	plugins/tgt_dir/write.c
plugins_tgt_dir_tgt_dir_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_tgt_dir_tgt_dir_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_dir_tgt_dir_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_tgt_dir_tgt_dir_la_LIBADD = plugins/common/libcommon.la $(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/tgt_dir/tgt_dir.7
