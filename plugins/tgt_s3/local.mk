# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_s3: a target in a bucket of an object store.
EXTRA_DIST += plugins/tgt_s3/tgt_s3.deviations
if S3
driver_LTLIBRARIES += plugins/tgt_s3/tgt_s3.la
plugins_tgt_s3_tgt_s3_la_SOURCES = \
	plugins/tgt_s3/body.c \
	plugins/tgt_s3/claim.c \
	plugins/tgt_s3/give.c \
	plugins/tgt_s3/list.c \
	plugins/tgt_s3/names.c \
	plugins/tgt_s3/parts.c \
	plugins/tgt_s3/put.c \
	plugins/tgt_s3/read.c \
	plugins/tgt_s3/remove.c \
	plugins/tgt_s3/stage.c \
	plugins/tgt_s3/sweep.c \
	plugins/tgt_s3/tgt_s3.c \
	plugins/tgt_s3/tgt_s3.h
plugins_tgt_s3_tgt_s3_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS)
plugins_tgt_s3_tgt_s3_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_s3_tgt_s3_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_tgt_s3_tgt_s3_la_LIBADD = plugins/common/s3/libs3.la $(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/tgt_s3/tgt_s3.7
endif
