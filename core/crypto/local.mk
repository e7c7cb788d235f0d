# SPDX-License-Identifier: Apache-2.0
# core/crypto: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/crypto/liblagan_crypto.la
core_crypto_liblagan_crypto_la_SOURCES = \
	core/crypto/aead.c \
	core/crypto/aead.h \
	core/crypto/crc32c.c \
	core/crypto/crc32c.h \
	core/crypto/derive.c \
	core/crypto/derive.h \
	core/crypto/hash.c \
	core/crypto/hash.h \
	core/crypto/hash_lanes.c \
	core/crypto/hash_lanes.h \
	core/crypto/hash_lanes_kernel.h \
	core/crypto/hash_lanes_x86.c \
	core/crypto/md5.c \
	core/crypto/md5.h \
	core/crypto/recovery.c \
	core/crypto/recovery.h \
	core/crypto/secret.c \
	core/crypto/secret.h \
	core/crypto/signature.c \
	core/crypto/signature.h
core_crypto_liblagan_crypto_la_CFLAGS = $(AM_CFLAGS) $(WIPE_CFLAGS)
