#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh FILE... - writes the texts of files as a C table: see template.h.
set -eu
echo '/* Made by embed.sh from doc/templates and doc/examples. */'
echo '#include "cli/template.h"'
echo '#include <stddef.h>'
echo 'const struct template_text template_texts[] = {'
for file; do
    printf '{"%s",\n' "$(basename "$file")"
    sed 's/[\\"]/\\&/g; s/?/\\?/g; s/^/"/; s/$/\\n"/' "$file"
    echo '},'
done
echo '{NULL, NULL}};'
