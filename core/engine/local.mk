# SPDX-License-Identifier: Apache-2.0
# core/engine: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/engine/libengine.la
core_engine_libengine_la_SOURCES =
