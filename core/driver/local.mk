# SPDX-License-Identifier: Apache-2.0
# core/driver: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/driver/libdriver.la
core_driver_libdriver_la_SOURCES = \
	core/driver/describe.c \
	core/driver/describe.h \
	core/driver/descriptor.c \
	core/driver/driver_private.h \
	core/driver/facts.c \
	core/driver/host.c \
	core/driver/host.h \
	core/driver/instance.c \
	core/driver/instance.h \
	core/driver/key.c \
	core/driver/key.h \
	core/driver/module.c \
	core/driver/module.h \
	core/driver/operation.c \
	core/driver/operation.h \
	core/driver/secret.c \
	core/driver/secret.h \
	core/driver/slots.c \
	core/driver/slots.h \
	core/driver/source.c \
	core/driver/source.h \
	core/driver/source_private.h \
	core/driver/source_read.c \
	core/driver/source_write.c \
	core/driver/stage.c \
	core/driver/target.c \
	core/driver/target.h \
	core/driver/target_get.c \
	core/driver/target_list.c \
	core/driver/target_private.h \
	core/driver/value.c \
	core/driver/value.h \
	core/driver/zones.c \
	core/driver/zones.h \
	core/driver/zones_copy.c \
	core/driver/zones_flush.c \
	core/driver/zones_list.c \
	core/driver/zones_private.h \
	core/driver/zones_put.c \
	core/driver/zones_read.c \
	core/driver/zones_stage.c
