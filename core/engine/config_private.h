/* SPDX-License-Identifier: Apache-2.0 */
/* config_private.h - between the parts of the configuration. */
#ifndef CORE_ENGINE_CONFIG_PRIVATE_H
#define CORE_ENGINE_CONFIG_PRIVATE_H

#include "engine/config.h"

/* What has been said so far, besides what stands in the configuration itself. */
struct config_said {
    struct config_place state;
    struct config_place limits_threads;
    struct config_place limits_memory;
};

/* Reads one file and adds what it says to `c`. */
int config_parse_file(struct config *c, struct config_said *said, const char *path,
                      struct error *e);

#endif
