/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - finds, checks, loads and describes drivers.
 *
 * A driver NAME is the file NAME.so directly in the driver directory.  Before anything of it
 * runs, the file and each folder above it are checked: owned by root or by the user we run as,
 * and not writable by others (a sticky folder such as /tmp is accepted above a folder that
 * passes).  The file must be regular, have one name only and be opened without following a
 * link; what is loaded is the descriptor that was checked, where the system allows that.
 *
 * A module that does not fit is refused with one sentence that names the file and the reason,
 * code DRIVER_REFUSED; a missing one is NO_DRIVER.  Modules are never unloaded.
 */
#ifndef CORE_DRIVER_HOST_H
#define CORE_DRIVER_HOST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct driver_host;
struct driver;

enum { DRIVER_NAME_LIMIT = 32 }; /* bytes of a driver's name, without its terminator */

/*
 * A host for the drivers in `directory` (absolute path; copied).  Removes LTDL_LIBRARY_PATH and
 * LD_LIBRARY_PATH from the environment and prepares libltdl with an empty search path.  Errors:
 * CONFIG when the path is not absolute, cannot be opened or is not safe.  Call before threads
 * exist.
 */
struct driver_host *driver_host_new(const char *directory, struct error *e);
/* Frees the host and the descriptions of its drivers; nothing of them may be in use.  Modules
 * stay in memory.  NULL is fine. */
void driver_host_free(struct driver_host *host);
/* Valid as long as the host. */
const char *driver_host_directory(const struct driver_host *host);

/*
 * The driver `name`, loaded at the first call and kept; the host owns it.  Thread-safe. Errors:
 * NO_DRIVER when there is no such file or the name is not [a-z][a-z0-9_]*, DRIVER_REFUSED when
 * it does not fit, the driver's own error when its `load` failed.
 */
const struct driver *driver_load(struct driver_host *host, const char *name, struct error *e);
/* As driver_load, and refuses a driver of another kind (code NO_DRIVER). */
const struct driver *driver_load_kind(struct driver_host *host, const char *name,
                                      enum lagan_kind kind, struct error *e);

/* As driver_load_kind when `isolated` is false.  Else the driver is described and run by helper
 * processes only (isolate.h), one for each instance; nothing of the module comes into this one.
 * Both forms of one driver may be in use at a time. */
const struct driver *driver_load_isolated(struct driver_host *host, const char *name,
                                          enum lagan_kind kind, bool isolated, struct error *e);
bool driver_is_isolated(const struct driver *d);

/* What a loaded driver says of itself.  Texts live as long as the host and are never NULL,
 * except that of driver_home. */
const char *driver_name(const struct driver *d);
const char *driver_version(const struct driver *d);
const char *driver_licence(const struct driver *d);
const char *driver_summary(const struct driver *d);
const char *driver_home(const struct driver *d);
const char *driver_path(const struct driver *d);
enum lagan_kind driver_kind(const struct driver *d);
enum lagan_threads driver_threads(const struct driver *d);
uint32_t driver_max_parallel(const struct driver *d);
uint16_t driver_abi_major(const struct driver *d);
uint16_t driver_abi_minor(const struct driver *d);
/* LAGAN_TRAIT_... */
uint64_t driver_traits(const struct driver *d);

/* The parameter table: row `index` below driver_parameter_count. */
size_t driver_parameter_count(const struct driver *d);
const struct lagan_parameter *driver_parameter(const struct driver *d, size_t index);
/* The row called `name`, or NULL. */
const struct lagan_parameter *driver_parameter_find(const struct driver *d, const char *name);
/* The first row that has all of `flags` (LAGAN_PARAMETER_BARE, _PLACE, ...), or NULL. */
const struct lagan_parameter *driver_parameter_marked(const struct driver *d, uint32_t flags);

/* One slot of a driver's table of functions. */
struct driver_slot {
    const char *name; /* "stage_begin" */
    bool mandatory;
    bool present;
};
size_t driver_slot_count(const struct driver *d);
struct driver_slot driver_slot(const struct driver *d, size_t index);

/* "source", "target", "key"; "unknown" otherwise. */
const char *driver_kind_name(uint32_t kind);
/* "serial-driver", "serial-handle", "parallel"; "unknown" otherwise. */
const char *driver_threads_name(uint32_t threads);
/* "text", "path", "bool", ...; "unknown" otherwise. */
const char *driver_parameter_type_name(uint32_t type);

#endif
