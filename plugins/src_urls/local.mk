# SPDX-License-Identifier: Apache-2.0
# plugins/src_urls: a list of URLs.
if S3
driver_LTLIBRARIES += plugins/src_urls/src_urls.la
plugins_src_urls_src_urls_la_SOURCES = \
	plugins/src_urls/fetch.c \
	plugins/src_urls/list.c \
	plugins/src_urls/read.c \
	plugins/src_urls/src_urls.c plugins/src_urls/src_urls.h \
	plugins/src_urls/walk.c
plugins_src_urls_src_urls_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(CURL_CFLAGS)
plugins_src_urls_src_urls_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_urls_src_urls_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_src_urls_src_urls_la_LIBADD = $(CURL_LIBS)
dist_man_MANS += plugins/src_urls/src_urls.7
EXTRA_DIST += plugins/src_urls/src_urls.deviations
endif
