# SPDX-License-Identifier: Apache-2.0
# A scenario is one line here and one file tests/scenario/AREA-ASPECT.sh that sources
# "${abs_top_srcdir:?run me through make check}/tests/functions.sh".
scenario_tests =
scenario_tests += tests/scenario/driver-durability.sh
scenario_tests += tests/scenario/house-arrows.sh
scenario_tests += tests/scenario/house-install.sh
scenario_tests += tests/scenario/house-modules.sh
scenario_tests += tests/scenario/format-decoder.sh
scenario_tests += tests/scenario/files-fidelity.sh
TESTS += $(scenario_tests)
EXTRA_DIST += $(scenario_tests)
