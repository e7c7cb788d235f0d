/* SPDX-License-Identifier: Apache-2.0 */
/* layer_cache.h - for jobs that must see the store itself. */
#ifndef CORE_DRIVER_LAYER_CACHE_H
#define CORE_DRIVER_LAYER_CACHE_H

/* From here to the end of the same number of calls of layer_cache_allow, caches of this process
 * are filled but not read from: a job that looks for damage in the store learns nothing from
 * copies.  Thread-safe. */
void layer_cache_avoid(void);
void layer_cache_allow(void);

#endif
