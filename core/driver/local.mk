# SPDX-License-Identifier: Apache-2.0
# core/driver: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/driver/libdriver.la
core_driver_libdriver_la_SOURCES =
