# SPDX-License-Identifier: Apache-2.0
# core/crypto: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/crypto/liblagan_crypto.la
core_crypto_liblagan_crypto_la_SOURCES =
core_crypto_liblagan_crypto_la_CFLAGS = $(AM_CFLAGS) $(WIPE_CFLAGS)
