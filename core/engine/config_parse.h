/* SPDX-License-Identifier: Apache-2.0 */
/* config_parse.h - one configuration file at work, between the files that take it apart.
 * Private to the configuration. */
#ifndef CORE_ENGINE_CONFIG_PARSE_H
#define CORE_ENGINE_CONFIG_PARSE_H

#include "engine/config_private.h"
#include "engine/config_scan.h"

#include <confuse.h>

struct parse {
    struct config *config;
    struct config_said *said;
    const char *file; /* belongs to the configuration */
    struct scan scan;
    struct error *e;
};

enum { CONFIG_WORD_LIMIT = 64 }; /* bytes of an account, a label's value, a currency */

struct config_place parse_place(const struct parse *p, unsigned line);
/* "FILE:LINE: KEY = 'VALUE': WHY".  Returns -1. */
int parse_bad_value(const struct parse *p, unsigned line, const char *key, const char *value,
                    const char *why);
/* "... is set already, at FILE:LINE".  Returns -1. */
int parse_said_already(const struct parse *p, unsigned line, const char *what,
                       const struct config_place *first);
/* Replaces `*member` by a copy of `value`. */
int parse_set_text(struct parse *p, char **member, const char *value);
/* Appends a copy of `value` to a list. */
int parse_add_text(struct parse *p, char ***list, size_t *count, const char *value);
/* Whether `value` is among those from `first` up to `end`. */
bool parse_is_listed(char *const *list, size_t first, size_t end, const char *value);
/* Whether it may be a driver's name; if not, the error says so. */
int parse_check_driver_name(const struct parse *p, unsigned line, const char *name);
/* From 1 to CONFIG_WORD_LIMIT bytes of plain text. */
bool parse_is_word(const char *value);

/* A `target NAME { ... }` or `driver NAME { ... }` section into `d` (zeroes). */
int parse_driver(struct parse *p, struct config_driver *d, cfg_t *tree, int section);
/* The `layers { ... }` section in it. */
int parse_layers(struct parse *p, struct config_driver *d, cfg_t *tree, int section);
/* Appends a parameter. */
int parse_add_parameter(struct parse *p, struct config_parameter **list, size_t *count,
                        const char *name, const char *value, unsigned line);
/* A `region NAME { ... }` section into one more region of the configuration. */
int parse_region(struct parse *p, cfg_t *tree);
/* The sections that are one value for each key (config_setting.h). */
int parse_settings(struct parse *p, cfg_t *tree);
/* A `notify NAME { ... }` section into one more way of the configuration. */
int parse_notify(struct parse *p, cfg_t *tree);
/* Whether `value` is what the key `key` of single texts wants; if not, the error says so. */
int parse_check_text(struct parse *p, unsigned line, const char *key, const char *value);

/* What libconfuse is told of them. */
extern cfg_opt_t parse_region_options[];
extern cfg_opt_t parse_limits_options[];
extern cfg_opt_t parse_mirror_options[];
extern cfg_opt_t parse_prices_options[];
extern cfg_opt_t parse_runner_options[];
extern cfg_opt_t parse_metrics_options[];
extern cfg_opt_t parse_notify_options[];
extern cfg_opt_t parse_free_options[];
/* Of sections that parse_driver reads. */
extern cfg_opt_t parse_driver_options[];

#define PARSE_SECTIONS (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

#endif
