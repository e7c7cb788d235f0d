# SPDX-License-Identifier: Apache-2.0
# Manual pages and other documents.
