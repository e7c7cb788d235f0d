# SPDX-License-Identifier: Apache-2.0
# plugins/tgt_mem: a target in memory.  Only tests load it.
check_LTLIBRARIES += plugins/tgt_mem/tgt_mem.la
EXTRA_DIST += plugins/tgt_mem/tgt_mem.deviations
plugins_tgt_mem_tgt_mem_la_SOURCES = plugins/tgt_mem/more.c plugins/tgt_mem/store.c \
	plugins/tgt_mem/tgt_mem.c plugins/tgt_mem/tgt_mem.h
plugins_tgt_mem_tgt_mem_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
plugins_tgt_mem_tgt_mem_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_mem_tgt_mem_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
# The same store, with calls that fail on demand; one module per thread model.
fault_sources = plugins/tgt_mem/store.c plugins/tgt_mem/tgt_fault.c plugins/tgt_mem/tgt_mem.h
check_LTLIBRARIES += plugins/tgt_mem/tgt_fault.la plugins/tgt_mem/tgt_fault_serial.la
plugins_tgt_mem_tgt_fault_la_SOURCES = $(fault_sources)
plugins_tgt_mem_tgt_fault_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=tgt_fault \
	-DTHREADS=LAGAN_THREADS_PARALLEL
plugins_tgt_mem_tgt_fault_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_mem_tgt_fault_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
plugins_tgt_mem_tgt_fault_serial_la_SOURCES = $(fault_sources)
plugins_tgt_mem_tgt_fault_serial_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -DMODULE=tgt_fault_serial \
	-DTHREADS=LAGAN_THREADS_SERIAL_DRIVER
plugins_tgt_mem_tgt_fault_serial_la_CFLAGS = $(DRIVER_CFLAGS)
plugins_tgt_mem_tgt_fault_serial_la_LDFLAGS = $(TEST_DRIVER_LINK_FLAGS)
