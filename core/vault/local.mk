# SPDX-License-Identifier: Apache-2.0
# core/vault: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/vault/libvault.la
core_vault_libvault_la_SOURCES =
