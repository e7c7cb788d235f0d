# SPDX-License-Identifier: Apache-2.0
# The independent decoder and the golden vectors: add to EXTRA_DIST, and what runs also to TESTS.
