# SPDX-License-Identifier: Apache-2.0
# plugins/src_mem: a source in memory.  Only tests load it.
check_LTLIBRARIES += plugins/src_mem/src_mem.la
plugins_src_mem_src_mem_la_SOURCES = plugins/src_mem/generate.c plugins/src_mem/mem.h \
	plugins/src_mem/read.c plugins/src_mem/src_mem.c plugins/src_mem/store.c
plugins_src_mem_src_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_src_mem_src_mem_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_mem_src_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
# The same with traits: replicated through policies alone and never restored from a mirror; never
# mirrored.
mem_sources = $(plugins_src_mem_src_mem_la_SOURCES)
check_LTLIBRARIES += plugins/src_mem/src_mem_policy.la plugins/src_mem/src_mem_alone.la
plugins_src_mem_src_mem_policy_la_SOURCES = $(mem_sources)
plugins_src_mem_src_mem_policy_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=src_mem_policy \
	-DTRAITS='(LAGAN_TRAIT_BY_POLICY | LAGAN_TRAIT_NOT_FROM_MIRROR)'
plugins_src_mem_src_mem_policy_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_mem_src_mem_policy_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
plugins_src_mem_src_mem_alone_la_SOURCES = $(mem_sources)
plugins_src_mem_src_mem_alone_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=src_mem_alone \
	-DTRAITS=LAGAN_TRAIT_NOT_MIRRORED
plugins_src_mem_src_mem_alone_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_src_mem_src_mem_alone_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
EXTRA_DIST += plugins/src_mem/src_mem.deviations
