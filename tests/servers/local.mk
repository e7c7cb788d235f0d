# SPDX-License-Identifier: Apache-2.0
# Tests against real servers, which they start on ports of 127.0.0.1; `make check-servers` runs them.
# They are no part of `make check`: they need minutes, and packages that are a few hundred megabytes.
# A scenario is one line here and one file tests/servers/servers-ASPECT.sh, which starts with
#     . "${abs_top_srcdir:?run me through make check-servers}/tests/functions.sh"
#     . "$abs_top_srcdir/tests/servers/functions.sh"
# and is skipped with the reason where its server cannot run.
server_tests =
server_tests += tests/servers/servers-self.sh
server_tests += tests/servers/servers-vault.sh
server_tests += tests/servers/servers-conformance-tgt.sh
server_tests += tests/servers/servers-wire.sh
server_tests += tests/servers/servers-wire-source.sh
server_tests += tests/servers/servers-listing.sh
server_tests += tests/servers/servers-independent.sh
server_tests += tests/servers/servers-client.sh
server_tests += tests/servers/servers-bucket-backup.sh
server_tests += tests/servers/servers-migrate.sh
server_tests += tests/servers/servers-rule.sh
server_tests += tests/servers/servers-batch.sh
EXTRA_DIST += $(server_tests)
EXTRA_DIST += tests/servers/urls.py
EXTRA_DIST += tests/servers/functions.sh tests/servers/servers.sh tests/servers/rgw.sh \
	tests/servers/swift.sh tests/servers/relay.py tests/servers/relay_faults.py \
	tests/servers/relay_http.py tests/servers/bucket.py

check_PROGRAMS += tests/servers/listing
tests_servers_listing_SOURCES = tests/servers/listing.c
tests_servers_listing_CPPFLAGS = -D_GNU_SOURCE
tests_servers_listing_LDADD = $(LIBCRYPTO_LIBS)

check_PROGRAMS += tests/servers/walk
tests_servers_walk_SOURCES = tests/servers/walk.c
tests_servers_walk_LDADD = $(CORE_LIBS)

# The results of `make check` stay: these have a log of their own.
if S3
server_clients = tests/unit/test_s3_live tests/unit/test_s3_live_many tests/unit/test_s3_live_copy
endif
.PHONY: check-servers
check-servers: all tests/servers/listing tests/servers/walk tests/drivers/clock_shift.so test-drivers/.stamp $(server_clients)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(server_tests)' TEST_SUITE_LOG=servers-suite.log
