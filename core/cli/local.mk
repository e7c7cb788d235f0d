# SPDX-License-Identifier: Apache-2.0
# core/cli: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/cli/libcli.la
core_cli_libcli_la_SOURCES =

bin_PROGRAMS += lagan
lagan_SOURCES = core/cli/main.c
lagan_LDADD = $(CORE_LIBS)
