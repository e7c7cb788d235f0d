# SPDX-License-Identifier: Apache-2.0
# The public headers as a product.  They do not depend on how the program was built.
header_tests = tests/headers/headers-layout.sh tests/headers/headers-strict.sh \
	tests/headers/headers-text.sh
if !SANITIZERS
TESTS += $(header_tests)
endif
EXTRA_DIST += $(header_tests) tests/headers/abi.pins
