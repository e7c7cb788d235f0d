# SPDX-License-Identifier: Apache-2.0
# Manual pages and other documents.
dist_man_MANS += doc/man/lagan.1 doc/man/lagan.conf.5
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = doc/completion/lagan
EXTRA_DIST += doc/architecture.md doc/driver-guide.md doc/format.md doc/operations.md doc/recipes.md doc/performance.md \
	doc/decisions
# The protocol of drivers that are programs.
dist_man_MANS += doc/man/lagan-exec.7
