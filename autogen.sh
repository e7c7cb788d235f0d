#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prepares the build.
set -eu
cd "$(dirname "$0")"
autoreconf -fi
# Autoconf wants to remove a core dump at the end of configure; here `core` is a folder.
sed -i 's/rm -f core \*\.core core\.conftest/rm -f *.core core.conftest/' configure
