# SPDX-License-Identifier: Apache-2.0
# core/mirror: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/mirror/libmirror.la
core_mirror_libmirror_la_SOURCES = \
	core/mirror/claim.c \
	core/mirror/create.c core/mirror/create.h \
	core/mirror/end.c \
	core/mirror/item.c \
	core/mirror/lane.c \
	core/mirror/look.c \
	core/mirror/replica.c core/mirror/replica.h core/mirror/replica_private.h \
	core/mirror/replica_choose.c \
	core/mirror/replica_end.c \
	core/mirror/replica_look.c \
	core/mirror/replica_rules.c core/mirror/replica_rules.h \
	core/mirror/replicate.c core/mirror/replicate.h \
	core/mirror/retry.c core/mirror/retry.h \
	core/mirror/rules.c core/mirror/rules.h \
	core/mirror/state.c core/mirror/state.h \
	core/mirror/tell.c core/mirror/tell.h \
	core/mirror/worker.c core/mirror/worker.h core/mirror/worker_private.h
