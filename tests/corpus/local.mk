# SPDX-License-Identifier: Apache-2.0
# The fidelity corpus: a generator, and a lister that knows nothing of lagan.
check_PROGRAMS += tests/corpus/make_tree
tests_corpus_make_tree_SOURCES = tests/corpus/corpus.h tests/corpus/extras.c \
	tests/corpus/kinds.c tests/corpus/make_tree.c tests/corpus/shapes.c
tests_corpus_make_tree_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_corpus_make_tree_LDADD =
EXTRA_DIST += tests/corpus/tree_digest.py
# Copies a tree through src_files alone.
check_PROGRAMS += tests/corpus/copy_tree
tests_corpus_copy_tree_SOURCES = tests/corpus/copy_tree.c
tests_corpus_copy_tree_LDADD = $(CORE_LIBS)
