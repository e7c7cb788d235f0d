# SPDX-License-Identifier: Apache-2.0
# core/runner: list every .c and .h of the room here, one per line, paths from the top.
noinst_LTLIBRARIES += core/runner/librunner.la
core_runner_librunner_la_SOURCES = \
	core/runner/children.c core/runner/children.h \
	core/runner/dispatch.c core/runner/dispatch.h \
	core/runner/job.c core/runner/job.h core/runner/job_private.h \
	core/runner/job_backup.c \
	core/runner/job_guard.c \
	core/runner/job_notice.c \
	core/runner/job_tidy.c \
	core/runner/job_upkeep.c \
	core/runner/notify_systemd.c core/runner/notify_systemd.h \
	core/runner/plan.c core/runner/plan.h \
	core/runner/policy_work.c core/runner/policy_work.h \
	core/runner/runner.c core/runner/runner.h core/runner/runner_private.h \
	core/runner/runner_jobs.c \
	core/runner/runner_objects.c \
	core/runner/runner_rules.c \
	core/runner/runner_say.c \
	core/runner/signals.c core/runner/signals.h \
	core/runner/upkeep.c

# What systemd needs to know: units and the user that they work as.
runner_units = core/runner/units/lagan.service core/runner/units/lagan-once.service
EXTRA_DIST += $(runner_units:%=%.in) core/runner/units/lagan-once.timer \
	core/runner/units/lagan.sysusers
CLEANFILES += $(runner_units) core/runner/units/lagan.conf
if SYSTEMD
systemdsystemunit_DATA = $(runner_units) core/runner/units/lagan-once.timer
sysusers_DATA = core/runner/units/lagan.conf
endif

$(runner_units): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) core/runner/units && \
	$(SED) -e 's#@bindir[@]#$(bindir)#g' -e 's#@sysconfdir[@]#$(sysconfdir)#g' \
		$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
core/runner/units/lagan.conf: core/runner/units/lagan.sysusers
	$(AM_V_GEN)$(MKDIR_P) core/runner/units && cp $(srcdir)/core/runner/units/lagan.sysusers $@

# The endpoint of metrics.
core_runner_librunner_la_SOURCES += core/runner/metrics_endpoint.h
if MICROHTTPD
core_runner_librunner_la_SOURCES += core/runner/metrics_endpoint.c
else
core_runner_librunner_la_SOURCES += core/runner/metrics_endpoint_absent.c
endif
