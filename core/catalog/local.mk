# SPDX-License-Identifier: Apache-2.0
# core/catalog: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/catalog/libcatalog.la
core_catalog_libcatalog_la_SOURCES =
