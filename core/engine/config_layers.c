/* SPDX-License-Identifier: Apache-2.0 */
/* config_layers.c - `layers { ... }`: what stands between the core and a driver. */
#include "driver/layer_settings.h"
#include "engine/config_parse.h"

#define OPTION_COUNT(name) CFG_STR(name, 0, CFGF_NODEFAULT),
#define OPTION_DURATION(name) OPTION_COUNT(name)
#define OPTION_RATE(name) OPTION_COUNT(name)
#define OPTION_SIZE(name) OPTION_COUNT(name)
#define OPTION_FLAG(name) OPTION_COUNT(name)
#define OPTION_TEXT(name) OPTION_COUNT(name)
#define OPTION_LIST(name) CFG_STR_LIST(name, 0, CFGF_NODEFAULT),

static cfg_opt_t layer_options[] = {
#define X(member, name, type, fallback, minimum, maximum, help) OPTION_##type(name)
    LAYER_SETTINGS(X)
#undef X
        CFG_END(),
};

cfg_opt_t parse_driver_options[] = {
    CFG_SEC("layers", layer_options, CFGF_NONE),
    CFG_END(),
};

/* Takes one value over, once it is known to be right. */
static int take_value(struct parse *p, struct config_driver *d, struct layer_settings *checked,
                      const char *name, const char *value, unsigned line)
{
    struct config_place place = parse_place(p, line);

    if (layer_settings_set(checked, name, value, p->e) != 0) {
        error_context(p->e, "layers");
        return config_context(p->e, &place);
    }
    return parse_add_parameter(p, &d->layers, &d->layer_count, name, value, line);
}

static int take_all(struct parse *p, struct config_driver *d, struct layer_settings *checked,
                    cfg_t *tree, int section)
{
    for (cfg_opt_t *o = tree->opts; o != NULL && o->name != NULL; o++) {
        unsigned line = scan_key_line(&p->scan, section, o->name);
        for (unsigned i = 0; line != 0 && i < cfg_opt_size(o); i++)
            if (take_value(p, d, checked, o->name, cfg_opt_getnstr(o, i), line) != 0)
                return -1;
    }
    return 0;
}

int parse_layers(struct parse *p, struct config_driver *d, cfg_t *tree, int section)
{
    int layers = scan_section_find(&p->scan, section, "layers", "");
    struct layer_settings checked = {0};
    int result;

    if (layers == SCAN_NONE)
        return 0;
    result = layer_settings_init(&checked, p->e);
    if (result == 0)
        result = take_all(p, d, &checked, cfg_getsec(tree, "layers"), layers);
    layer_settings_free(&checked);
    return result;
}
