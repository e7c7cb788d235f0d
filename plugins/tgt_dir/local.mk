# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_dir: take the marks off once there is a descriptor.
#driver_LTLIBRARIES += plugins/tgt_dir/tgt_dir.la
#plugins_tgt_dir_tgt_dir_la_SOURCES = plugins/tgt_dir/tgt_dir.c
#plugins_tgt_dir_tgt_dir_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#plugins_tgt_dir_tgt_dir_la_CFLAGS = $(DRIVER_CFLAGS)
#plugins_tgt_dir_tgt_dir_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
#plugins_tgt_dir_tgt_dir_la_LIBADD = plugins/common/libcommon.la
