# SPDX-License-Identifier: Apache-2.0
# Modules that only tests load.  Those that work land in test-drivers/.
check_LTLIBRARIES += tests/drivers/tgt_liar.la tests/drivers/tgt_probe.la \
	tests/drivers/tgt_probe_handle.la tests/drivers/tgt_probe_parallel.la

tests_drivers_tgt_liar_la_SOURCES = tests/drivers/tgt_liar.c
tests_drivers_tgt_liar_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_drivers_tgt_liar_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_tgt_liar_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)

# One source, one module per thread model.
tests_drivers_tgt_probe_la_SOURCES = tests/drivers/probe.c
tests_drivers_tgt_probe_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=tgt_probe \
	-DTHREADS=LAGAN_THREADS_SERIAL_DRIVER
tests_drivers_tgt_probe_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_tgt_probe_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
tests_drivers_tgt_probe_handle_la_SOURCES = tests/drivers/probe.c
tests_drivers_tgt_probe_handle_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=tgt_probe_handle \
	-DTHREADS=LAGAN_THREADS_SERIAL_HANDLE
tests_drivers_tgt_probe_handle_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_tgt_probe_handle_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
tests_drivers_tgt_probe_parallel_la_SOURCES = tests/drivers/probe.c
tests_drivers_tgt_probe_parallel_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=tgt_probe_parallel \
	-DTHREADS=LAGAN_THREADS_PARALLEL
tests_drivers_tgt_probe_parallel_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_tgt_probe_parallel_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)

# They harm the process they are in; loaded by a helper process only.
check_LTLIBRARIES += tests/drivers/tgt_ill.la tests/drivers/src_ill.la
tests_drivers_tgt_ill_la_SOURCES = tests/drivers/tgt_ill.c tests/drivers/ill.h
tests_drivers_tgt_ill_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_drivers_tgt_ill_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_tgt_ill_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
tests_drivers_src_ill_la_SOURCES = tests/drivers/src_ill.c tests/drivers/ill.h
tests_drivers_src_ill_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_drivers_src_ill_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_src_ill_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)

# A bucket with versions that needs no server.
check_LTLIBRARIES += tests/drivers/src_versions.la
tests_drivers_src_versions_la_SOURCES = tests/drivers/src_versions.c \
	tests/drivers/src_versions.h tests/drivers/src_versions_write.c
tests_drivers_src_versions_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_drivers_src_versions_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_src_versions_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)

# Preloaded by with_clock of tests/functions.sh.
check_DATA += tests/drivers/clock_shift.so
CLEANFILES += tests/drivers/clock_shift.so
EXTRA_DIST += tests/drivers/clock_shift.c
tests/drivers/clock_shift.so: tests/drivers/clock_shift.c
	$(AM_V_CC)$(MKDIR_P) tests/drivers && $(CC) -D_GNU_SOURCE -O2 -fPIC -shared -o $@ \
		$(srcdir)/tests/drivers/clock_shift.c

# Those that must be refused land in broken-drivers/: broken.c, built once per fault.  Bound lazily
# and with undefined symbols allowed, as a careless author would.
broken_drivers = tgt_sound tgt_minor tgt_old tgt_first tgt_magic tgt_short tgt_stub tgt_major tgt_slot tgt_stages \
	tgt_symbol tgt_name tgt_feature tgt_pointer tgt_offset tgt_kind tgt_threads tgt_version \
	tgt_table tgt_null tgt_export tgt_default tgt_type tgt_bare tgt_configure tgt_load tgt_crash \
	tgt_exit
broken_modules = $(broken_drivers:%=broken-drivers/%.so)
check_DATA += $(broken_modules)
CLEANFILES += $(broken_modules)
EXTRA_DIST += tests/drivers/broken.c

broken-drivers/%.so: tests/drivers/broken.c include/lagan/driver.h include/lagan/target.h
	$(AM_V_CC)$(MKDIR_P) broken-drivers && chmod 755 broken-drivers && \
	$(CC) $(DRIVER_CPPFLAGS) $(CPPFLAGS) $(DRIVER_CFLAGS) $(CFLAGS) -fPIC -shared -Wl,-z,lazy \
		-DMODULE=$* -DFAULT_$$(echo $* | sed s/tgt_// | tr a-z A-Z) -o $@ \
		$(top_srcdir)/tests/drivers/broken.c && chmod 755 $@

# Small drivers with something wrong in each, and the sound ones that they are made of: tgt_shelf.c
# and src_shelf.c, built once per fault.
shelf_targets = tgt_shelf tgt_leaks tgt_sorts tgt_deaf tgt_tears tgt_repeats tgt_forgets \
	tgt_shortens tgt_crashes tgt_blocks tgt_corrupts \
	tgt_faulty tgt_slow tgt_eventual tgt_short tgt_lying
shelf_sources = src_shelf src_leaks src_sorts src_deaf src_shortens src_crashes src_blocks \
	src_corrupts
shelf_modules = $(shelf_targets:%=shelf-drivers/%.so) $(shelf_sources:%=shelf-drivers/%.so)
check_DATA += $(shelf_modules)
CLEANFILES += $(shelf_modules)
EXTRA_DIST += tests/drivers/tgt_shelf.c tests/drivers/src_shelf.c
shelf_compile = $(MKDIR_P) shelf-drivers && chmod 755 shelf-drivers && \
	$(CC) $(DRIVER_CPPFLAGS) $(CPPFLAGS) $(LIBCRYPTO_CFLAGS) $(DRIVER_CFLAGS) $(CFLAGS) -fPIC \
		-shared -DMODULE=$$module -DFAULT=$$(echo $* | sed s/shelf/none/ | tr a-z A-Z) \
		-o $@ $< $(LIBCRYPTO_LIBS) && chmod 755 $@

shelf-drivers/tgt_%.so: tests/drivers/tgt_shelf.c include/lagan/driver.h include/lagan/target.h
	$(AM_V_CC)module=tgt_$*; $(shelf_compile)
shelf-drivers/src_%.so: tests/drivers/src_shelf.c include/lagan/driver.h include/lagan/source.h
	$(AM_V_CC)module=src_$*; $(shelf_compile)

# The headers of older minors, and drivers that are built with them (tests/scenario/driver-skew.sh).
EXTRA_DIST += tests/drivers/abi/1.0 tests/drivers/abi/1.1 tests/drivers/abi/1.2 tests/drivers/abi/1.3 \
	tests/drivers/abi/src_aged.c tests/drivers/abi/tgt_aged.c tests/drivers/abi/key_aged.c
