/* SPDX-License-Identifier: Apache-2.0 */
/* config_private.h - between the parts of the configuration. */
#ifndef CORE_ENGINE_CONFIG_PRIVATE_H
#define CORE_ENGINE_CONFIG_PRIVATE_H

#include "engine/config.h"

enum { CONFIG_SETTING_LIMIT = 48 };

/* What has been said so far, besides what stands in the configuration itself. */
struct config_said {
    struct config_place state;
    struct config_place settings[CONFIG_SETTING_LIMIT]; /* of all sections of single values */
    struct config_place distinct;
};

/* What holds when nothing is said; `c` is all zeroes. */
int config_set_defaults(struct config *c, struct error *e);
/* INVALID when a region has a destination that is no region; once all files are read. */
int config_check_destinations(const struct config *c, struct error *e);

/* Reads one file and adds what it says to `c`. */
int config_parse_file(struct config *c, struct config_said *said, const char *path,
                      struct error *e);

#endif
