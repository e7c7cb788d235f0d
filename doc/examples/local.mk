# SPDX-License-Identifier: Apache-2.0
# The example of doc/driver-guide.md, built as its reader would: headers alone, nothing undefined.
EXAMPLE_CFLAGS = -std=c11 -Wall -Wextra -Wno-unused-parameter -fPIC -shared -Wl,-z,defs
example_modules = example-drivers/src_example.so
check_DATA += $(example_modules)
CLEANFILES += $(example_modules)
EXTRA_DIST += doc/examples/src_example/src_example.c

example-drivers/src_example.so: doc/examples/src_example/src_example.c include/lagan/driver.h \
		include/lagan/source.h
	$(AM_V_CC)$(MKDIR_P) example-drivers && chmod 755 example-drivers && \
	$(CC) $(EXAMPLE_CFLAGS) -I$(top_srcdir)/include \
		-o $@ $(top_srcdir)/doc/examples/src_example/src_example.c && chmod 755 $@

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
