# SPDX-License-Identifier: Apache-2.0
# plugins/src_files: directory trees of Linux.
driver_LTLIBRARIES += plugins/src_files/src_files.la
plugins_src_files_src_files_la_SOURCES = \
	plugins/src_files/ahead.c plugins/src_files/ahead.h \
	plugins/src_files/apply.c plugins/src_files/apply.h \
	plugins/src_files/attributes.c plugins/src_files/attributes.h \
	plugins/src_files/beneath.c plugins/src_files/beneath.h \
	plugins/src_files/failure.c plugins/src_files/failure.h \
	plugins/src_files/handle.h \
	plugins/src_files/image.c plugins/src_files/image.h \
	plugins/src_files/listing.c plugins/src_files/listing.h \
	plugins/src_files/metadata.c plugins/src_files/metadata.h \
	plugins/src_files/node.c \
	plugins/src_files/owners.c plugins/src_files/owners.h \
	plugins/src_files/publish.c plugins/src_files/publish.h \
	plugins/src_files/read.c plugins/src_files/restore.h \
	plugins/src_files/scan.c plugins/src_files/scan.h \
	plugins/src_files/src_files.c \
	plugins/src_files/walk.c \
	plugins/src_files/write.c
plugins_src_files_src_files_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_src_files_src_files_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_files_src_files_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_src_files_src_files_la_LIBADD = plugins/common/libcommon.la
dist_man_MANS += plugins/src_files/src_files.7
