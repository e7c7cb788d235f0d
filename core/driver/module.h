/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.h - from a driver's name to its exported function: the checks of file and folders, and
 * the dynamic linker.  Private to this room.
 */
#ifndef CORE_DRIVER_MODULE_H
#define CORE_DRIVER_MODULE_H

#include "base/error.h"

#include <stdbool.h>

/* A module in memory, one per file for the whole process; never freed. */
struct module {
    lagan_describe_function *describe;
    bool load_done; /* the driver's `load` has run */
};

/* Prepares libltdl and the environment; once per process, later calls do nothing. */
int module_prepare(struct error *e);

/* True when `name` is [a-z][a-z0-9_]*, at most DRIVER_NAME_LIMIT bytes. */
bool module_name_is_valid(const char *name);

/*
 * Opens `directory` (absolute, without links on the way) as O_PATH, with every folder on the
 * way checked for owner and mode.  A folder that others can write to is accepted when it is
 * sticky and not the last: there nobody can exchange what is ours, and what is below is checked
 * as well. Returns the descriptor, or -1 with one sentence that names the folder.
 */
int module_open_directory(const char *directory, struct error *e);

/* The module `name` in `directory` (as above), loaded if it was not.  `path` is its full name,
 * for messages.  Callers hold one lock around all calls. */
struct module *module_load(const char *directory, const char *name, const char *path,
                           struct error *e);

#endif
