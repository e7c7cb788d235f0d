# SPDX-License-Identifier: Apache-2.0
# Manual pages and other documents.
dist_man_MANS += doc/man/lagan.1 doc/man/lagan.conf.5 doc/man/lagan-driver.7 \
	doc/man/lagan-source.3 doc/man/lagan-target.3 doc/man/lagan-key.3
EXTRA_DIST += doc/man/from_headers.py
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = doc/completion/lagan
EXTRA_DIST += doc/architecture.md doc/driver-guide.md doc/format.md doc/operations.md doc/recipes.md doc/performance.md \
	doc/decisions
# The cases of the conformance suite.
dist_man_MANS += doc/man/lagan-driver-check.7
# The protocol of drivers that are programs.
dist_man_MANS += doc/man/lagan-exec.7
# What drivers of object stores have in common.
dist_man_MANS += doc/man/lagan-s3.7

# For drivers out of tree: pkg-config's description, autoconf's macro; what `lagan driver new`
# writes is built into the program (core/cli/template.h).
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = lagan-driver.pc
CLEANFILES += lagan-driver.pc
lagan-driver.pc: lagan-driver.pc.places include/lagan/driver.h
	$(AM_V_GEN)for part in MAJOR MINOR; do \
		sed -n "s/^#define LAGAN_ABI_$$part \([0-9]*\)$$/s,@LAGAN_ABI_$$part@,\1,/p" \
			$(top_srcdir)/include/lagan/driver.h || exit 1; \
	done >$@.sed && sed -f $@.sed lagan-driver.pc.places >$@.tmp && rm $@.sed && \
	! grep '@' $@.tmp && mv $@.tmp $@
aclocaldir = $(datadir)/aclocal
dist_aclocal_DATA = doc/templates/lagan.m4
# Inventories.
dist_man_MANS += doc/man/lagan-inventory.5
