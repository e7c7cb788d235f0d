# SPDX-License-Identifier: Apache-2.0
# Modules that only tests load (broken descriptors, faults): they land in test-drivers/.
#check_LTLIBRARIES += tests/drivers/tgt_example.la
#tests_drivers_tgt_example_la_SOURCES = tests/drivers/tgt_example.c
#tests_drivers_tgt_example_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
#tests_drivers_tgt_example_la_CFLAGS = $(DRIVER_CFLAGS)
#tests_drivers_tgt_example_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
