/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h - gives what was made its name, in one step and never through a link.
 */
#ifndef SRC_FILES_PUBLISH_H
#define SRC_FILES_PUBLISH_H

#include <lagan/driver.h>
#include <stdbool.h>

enum { TEMPORARY_NAME_BYTES = 32 };

/* A name for the time before, which nobody can guess. */
void publish_temporary_name(char name[TEMPORARY_NAME_BYTES]);
/* Renames `temporary` to `name` in the same directory.  What has the name already is replaced
 * when `replace` says so, a directory only when it is empty.  0, or a system error and
 * `temporary` is still there: EEXIST, ENOTEMPTY for a directory that is not empty, ... */
int publish_rename(int directory, const char *temporary, const char *name, bool replace);
/* Gives the nameless file `fd` (O_TMPFILE) its name; errors as above, nothing is left behind.
 */
int publish_nameless(int fd, int directory, const char *name, bool replace);
/* Makes `name` a further name of `old_name`, which is not followed; errors as above. */
int publish_link(int old_directory, const char *old_name, int directory, const char *name,
                 bool replace);
/* Reports why something could not get its name. */
uint32_t publish_report(struct lagan_op *op, int error);
/* Makes the names in a directory durable.  0 or a system error. */
int publish_sync(int directory);

#endif
