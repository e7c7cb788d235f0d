# SPDX-License-Identifier: Apache-2.0
# Protocols as models; spin looks through their states.
TESTS += tests/model/check.sh
EXTRA_DIST += tests/model/check.sh tests/model/prune.pml
