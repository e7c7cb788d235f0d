# SPDX-License-Identifier: Apache-2.0
# plugins/common/s3: a client of object stores, for the drivers that link libs3.la.  It brings
# libexec with it.
if S3
noinst_LTLIBRARIES += plugins/common/s3/libs3.la
plugins_common_s3_libs3_la_SOURCES = \
	plugins/common/s3/acl.c \
	plugins/common/s3/answer.c \
	plugins/common/s3/answer_error.c \
	plugins/common/s3/ask.c \
	plugins/common/s3/bucket.c \
	plugins/common/s3/client.c \
	plugins/common/s3/client.h \
	plugins/common/s3/connect.c \
	plugins/common/s3/copy.c \
	plugins/common/s3/credentials.c \
	plugins/common/s3/credentials_command.c \
	plugins/common/s3/credentials_profile.c \
	plugins/common/s3/credentials_text.c \
	plugins/common/s3/date.c \
	plugins/common/s3/dialect.c \
	plugins/common/s3/dialect.h \
	plugins/common/s3/execute.c \
	plugins/common/s3/get.c \
	plugins/common/s3/list.c \
	plugins/common/s3/listing.c \
	plugins/common/s3/listing.h \
	plugins/common/s3/lock.c \
	plugins/common/s3/object.c \
	plugins/common/s3/operation.h \
	plugins/common/s3/payload.c \
	plugins/common/s3/probe.c \
	plugins/common/s3/remove_many.c \
	plugins/common/s3/request.c \
	plugins/common/s3/s3.h \
	plugins/common/s3/s3_private.h \
	plugins/common/s3/settings.c \
	plugins/common/s3/sign.c \
	plugins/common/s3/sums.c \
	plugins/common/s3/tags.c \
	plugins/common/s3/text.c \
	plugins/common/s3/transfer.c \
	plugins/common/s3/upload.c \
	plugins/common/s3/upload.h \
	plugins/common/s3/upload_end.c \
	plugins/common/s3/upload_list.c \
	plugins/common/s3/xml.c \
	plugins/common/s3/xml.h
plugins_common_s3_libs3_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(CURL_CFLAGS) $(EXPAT_CFLAGS) \
	$(LIBCRYPTO_CFLAGS)
plugins_common_s3_libs3_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
plugins_common_s3_libs3_la_LIBADD = plugins/common/libexec.la $(CURL_LIBS) $(EXPAT_LIBS) \
	$(LIBCRYPTO_LIBS)
endif
