# SPDX-License-Identifier: Apache-2.0
# Generators of input.  Programs: check_PROGRAMS += tests/corpus/NAME, with an LDADD of their own.
