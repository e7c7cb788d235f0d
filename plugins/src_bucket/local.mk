# SPDX-License-Identifier: Apache-2.0
# plugins/src_bucket: buckets of object stores.
if S3
driver_LTLIBRARIES += plugins/src_bucket/src_bucket.la
plugins_src_bucket_src_bucket_la_SOURCES = \
	plugins/src_bucket/entry.c \
	plugins/src_bucket/give.c \
	plugins/src_bucket/names.c \
	plugins/src_bucket/node.c \
	plugins/src_bucket/page.c plugins/src_bucket/page.h \
	plugins/src_bucket/pages.c \
	plugins/src_bucket/parts.c \
	plugins/src_bucket/pieces.c \
	plugins/src_bucket/ranges.c \
	plugins/src_bucket/read.c plugins/src_bucket/reader.h \
	plugins/src_bucket/src_bucket.c plugins/src_bucket/src_bucket.h \
	plugins/src_bucket/walk.c \
	plugins/src_bucket/write.c plugins/src_bucket/writer.h
plugins_src_bucket_src_bucket_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_src_bucket_src_bucket_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_bucket_src_bucket_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_src_bucket_src_bucket_la_LIBADD = plugins/common/s3/libs3.la
dist_man_MANS += plugins/src_bucket/src_bucket.7
endif
EXTRA_DIST += plugins/src_bucket/src_bucket.deviations
