# SPDX-License-Identifier: Apache-2.0
# core/policy: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/policy/libpolicy.la
core_policy_libpolicy_la_SOURCES = \
	core/policy/bandwidth.c core/policy/bandwidth.h \
	core/policy/glob.c core/policy/glob.h \
	core/policy/place.c core/policy/place.h \
	core/policy/select.c core/policy/select.h \
	core/policy/vault_rules.c core/policy/vault_rules.h
