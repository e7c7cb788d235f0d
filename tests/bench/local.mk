# SPDX-License-Identifier: Apache-2.0
# `make bench` measures against other programs; it is no part of `make check`.
.PHONY: bench
