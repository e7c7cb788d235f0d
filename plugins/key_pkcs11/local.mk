# SPDX-License-Identifier: Apache-2.0
# plugins/key_pkcs11: a key in a PKCS#11 token.  Built where the headers of p11-kit are.
pkcs11_sources = plugins/key_pkcs11/failure.c plugins/key_pkcs11/key_pkcs11.c \
	plugins/key_pkcs11/key_pkcs11.h plugins/key_pkcs11/module.c plugins/key_pkcs11/object.c \
	plugins/key_pkcs11/token.c plugins/key_pkcs11/way.c
if P11
driver_LTLIBRARIES += plugins/key_pkcs11/key_pkcs11.la
plugins_key_pkcs11_key_pkcs11_la_SOURCES = $(pkcs11_sources)
plugins_key_pkcs11_key_pkcs11_la_CPPFLAGS = $(DRIVER_CPPFLAGS) $(LIBCRYPTO_CFLAGS) $(P11_CFLAGS) \
	-DLAGAN_P11_PROXY='"$(P11_PROXY)"'
plugins_key_pkcs11_key_pkcs11_la_CFLAGS = $(DRIVER_CFLAGS) $(WIPE_CFLAGS)
plugins_key_pkcs11_key_pkcs11_la_LDFLAGS = $(DRIVER_LINK_FLAGS)
plugins_key_pkcs11_key_pkcs11_la_LIBADD = plugins/common/libenvelope.la $(LIBCRYPTO_LIBS)
dist_man_MANS += plugins/key_pkcs11/key_pkcs11.7
else
EXTRA_DIST += $(pkcs11_sources) plugins/key_pkcs11/key_pkcs11.7
endif
