# SPDX-License-Identifier: Apache-2.0
# The examples of doc/driver-guide.md, built as their reader would: headers alone, nothing undefined.
EXAMPLE_CFLAGS = -std=c11 -Wall -Wextra -Wno-unused-parameter -fPIC -shared -Wl,-z,defs
example_names = src_first src_example src_folder tgt_example tgt_parallel key_example
example_modules = $(example_names:%=example-drivers/%.so)
check_DATA += $(example_modules)
CLEANFILES += $(example_modules)
example_sources = doc/examples/src_first/src_first.c doc/examples/src_example/src_example.c \
	doc/examples/src_folder/src_folder.c doc/examples/tgt_example/tgt_example.c \
	doc/examples/tgt_parallel/tgt_parallel.c doc/examples/key_example/key_example.c
EXTRA_DIST += $(example_sources) $(example_sources:.c=.7)

example-drivers/%.so: $(example_sources) include/lagan/driver.h include/lagan/source.h \
		include/lagan/target.h include/lagan/key.h
	$(AM_V_CC)$(MKDIR_P) example-drivers && chmod 755 example-drivers && \
	$(CC) $(EXAMPLE_CFLAGS) -I$(top_srcdir)/include $(LIBCRYPTO_CFLAGS) \
		-o $@ $(top_srcdir)/doc/examples/$*/$*.c -Wl,--as-needed $(LIBCRYPTO_LIBS) && chmod 755 $@

# Hooks that make snapshots; to be copied and adapted.
hookexamplesdir = $(docdir)/examples/hooks
dist_hookexamples_SCRIPTS = doc/examples/hooks/btrfs.sh doc/examples/hooks/fsfreeze.sh \
	doc/examples/hooks/lvm.sh doc/examples/hooks/zfs.sh

# Alarms on the metrics; to be copied and adapted.
tellingexamplesdir = $(docdir)/examples/telling
dist_tellingexamples_DATA = doc/examples/telling/lagan.rules.yml

# Drivers that are programs; to be used, or copied and adapted.
execexamplesdir = $(docdir)/examples/exec
dist_execexamples_SCRIPTS = doc/examples/exec/src_folder.sh doc/examples/exec/src_tree.py \
	doc/examples/exec/tgt_directory.py doc/examples/exec/tgt_directory.sh
dist_execexamples_DATA = doc/examples/exec/lagan_exec.py
