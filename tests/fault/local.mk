# SPDX-License-Identifier: Apache-2.0
# Kill, corruption and full-store tests: add scripts to TESTS and EXTRA_DIST.
