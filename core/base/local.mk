# SPDX-License-Identifier: Apache-2.0
# core/base: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/base/libbase.la
core_base_libbase_la_SOURCES =
