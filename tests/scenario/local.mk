# SPDX-License-Identifier: Apache-2.0
# A scenario is one line here and one file tests/scenario/AREA-ASPECT.sh that sources
# "${abs_top_srcdir:?run me through make check}/tests/functions.sh".
scenario_tests =
scenario_tests += tests/scenario/driver-durability.sh
scenario_tests += tests/scenario/driver-guide.sh
scenario_tests += tests/scenario/conformance-sources.sh
scenario_tests += tests/scenario/conformance-keys.sh
scenario_tests += tests/scenario/conformance-targets.sh
scenario_tests += tests/scenario/format-decoder.sh
scenario_tests += tests/scenario/files-fidelity.sh
scenario_tests += tests/scenario/files-roundtrip.sh
scenario_tests += tests/scenario/restore-conflicts.sh
scenario_tests += tests/scenario/backup-concurrent.sh
scenario_tests += tests/scenario/backup-images.sh
scenario_tests += tests/scenario/bad-catalog.sh
scenario_tests += tests/scenario/bad-drivers.sh
scenario_tests += tests/scenario/bad-sources.sh
scenario_tests += tests/scenario/cli-first-session.sh
scenario_tests += tests/scenario/cli-interrupt.sh
scenario_tests += tests/scenario/cli-json.sh
scenario_tests += tests/scenario/cli-manual.sh
scenario_tests += tests/scenario/cli-names.sh
scenario_tests += tests/scenario/cli-progress.sh
scenario_tests += tests/scenario/cli-secrets.sh
scenario_tests += tests/scenario/cli-usage.sh
scenario_tests += tests/scenario/cli-vaults.sh
scenario_tests += tests/scenario/vault-life.sh
scenario_tests += tests/scenario/vault-lock.sh
scenario_tests += tests/scenario/disaster.sh
scenario_tests += tests/scenario/notify-life.sh
scenario_tests += tests/scenario/layers-life.sh
scenario_tests += tests/scenario/isolate-life.sh
scenario_tests += tests/scenario/layers-switch.sh
EXTRA_DIST += tests/scenario/web_server.py
scenario_tests += tests/scenario/region-zones.sh
scenario_tests += tests/scenario/policy-keep.sh
scenario_tests += tests/scenario/policy-keep-kill.sh
scenario_tests += tests/scenario/policy-life.sh
scenario_tests += tests/scenario/rule-life.sh tests/scenario/rule-kill.sh
EXTRA_DIST += tests/scenario/rule-functions.sh
scenario_tests += tests/scenario/replica-life.sh
scenario_tests += tests/scenario/hooks-life.sh
scenario_tests += tests/scenario/drill-life.sh
scenario_tests += tests/scenario/recipe-sqlite.sh
scenario_tests += tests/scenario/runner-life.sh
scenario_tests += tests/scenario/migrate-local.sh
EXTRA_DIST += tests/scenario/migrate-functions.sh

# These start the program a hundred times and more, or look at what was built, not at what it
# does: under sanitizers they take most of the time, and show nothing that the tests of the rooms
# do not.
scenario_plain_tests =
scenario_plain_tests += tests/scenario/backup-undelete.sh
scenario_plain_tests += tests/scenario/house-arrows.sh
scenario_plain_tests += tests/scenario/conformance-broken.sh
scenario_plain_tests += tests/scenario/driver-broken-runner.sh
scenario_plain_tests += tests/scenario/house-install.sh
scenario_plain_tests += tests/scenario/house-modules.sh
scenario_plain_tests += tests/scenario/driver-examples.sh
scenario_plain_tests += tests/scenario/driver-kit.sh
scenario_plain_tests += tests/scenario/driver-newcomer.sh
scenario_plain_tests += tests/scenario/driver-skew.sh
EXTRA_DIST += tests/scenario/kit-functions.sh
scenario_plain_tests += tests/scenario/bad-mirrors.sh
scenario_plain_tests += tests/scenario/bad-targets.sh
scenario_plain_tests += tests/scenario/key-exec.sh
scenario_plain_tests += tests/scenario/exec-protocol.sh
scenario_plain_tests += tests/scenario/conformance-exec.sh
scenario_plain_tests += tests/scenario/key-pkcs11.sh
scenario_plain_tests += tests/scenario/vault-purge-kill.sh
scenario_plain_tests += tests/scenario/mirror-keys.sh
scenario_plain_tests += tests/scenario/mirror-rows.sh
scenario_plain_tests += tests/scenario/region-zones-kill.sh
scenario_plain_tests += tests/scenario/replica-kill.sh
scenario_plain_tests += tests/scenario/policy-simulate.sh
scenario_plain_tests += tests/scenario/hooks-examples.sh
scenario_plain_tests += tests/scenario/recipe-postgresql.sh
scenario_plain_tests += tests/scenario/fault-corrupt.sh
scenario_plain_tests += tests/scenario/fault-kill.sh
scenario_plain_tests += tests/scenario/fault-prune.sh
scenario_plain_tests += tests/scenario/house-units.sh
scenario_plain_tests += tests/scenario/runner-bandwidth.sh
scenario_plain_tests += tests/scenario/runner-works.sh
scenario_tests += tests/scenario/batch-life.sh
scenario_tests += tests/scenario/inventory-versions.sh
TESTS += $(scenario_tests)
if !SANITIZERS
TESTS += $(scenario_plain_tests)
endif
EXTRA_DIST += tests/scenario/cli-functions.sh tests/scenario/conformance-functions.sh
EXTRA_DIST += $(scenario_tests) $(scenario_plain_tests)
