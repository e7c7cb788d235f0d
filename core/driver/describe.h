/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe.h - what `lagan driver list` and `lagan driver show` print, got without running a
 * module's code in this process: a child loads the module and sends the description back, so
 * that a module that crashes, hangs or ends the process harms nobody.
 */
#ifndef CORE_DRIVER_DESCRIBE_H
#define CORE_DRIVER_DESCRIBE_H

#include "driver/host.h"

/* A description on its own: all texts belong to it and are never NULL except where said. */
struct driver_description {
    char *name;
    char *path;
    char *version;
    char *licence;
    char *summary;
    char *home;       /* NULL = the lagan project */
    uint32_t kind;    /* enum lagan_kind */
    uint32_t threads; /* enum lagan_threads */
    uint32_t max_parallel;
    uint16_t abi_major;
    uint16_t abi_minor;
    size_t parameter_count;
    struct lagan_parameter *parameters; /* default_value and choices may be NULL */
    size_t slot_count;
    struct driver_slot *slots;
};

/* The description of a loaded driver.  The caller frees it. */
struct driver_description *driver_describe(const struct driver *d, struct error *e);
/* NULL is fine. */
void driver_description_free(struct driver_description *d);

/*
 * Loads and describes `name` in a child process of its own.  The caller frees the result.
 * Errors: as driver_load; DRIVER_REFUSED when the child crashed or did not answer within 10 s.
 * Forks: call while there is one thread only.
 */
struct driver_description *driver_describe_in_child(struct driver_host *host, const char *name,
                                                    struct error *e);

/*
 * Calls `each` for every NAME.so in the driver directory whose NAME could be a driver's, in
 * byte order: with its description, or with NULL and the reason why it was refused.  A result
 * of `each` other than 0 ends the listing and is returned.  -1 with `e` when the directory
 * cannot be read. Forks: call while there is one thread only.
 */
int driver_list_available(struct driver_host *host,
                          int (*each)(void *context, const char *name,
                                      const struct driver_description *description,
                                      const struct error *refused),
                          void *context, struct error *e);

#endif
