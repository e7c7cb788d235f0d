/* SPDX-License-Identifier: Apache-2.0 */
/* layer_cache.h - for jobs that must see the store itself. */
#ifndef CORE_DRIVER_LAYER_CACHE_H
#define CORE_DRIVER_LAYER_CACHE_H

/* From now on, in this process, caches are filled but not read from: a job that looks for
 * damage in the store learns nothing from copies.  Thread-safe. */
void layer_cache_avoid(void);

#endif
