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
