/* SPDX-License-Identifier: Apache-2.0 */
/* command_init.c - from nothing to a vault that can be used. */
#include "cli/session.h"

#include "base/file.h"
#include "crypto/secret.h"
#include "engine/create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_REGION "local"
#define DEFAULT_VAULT "main"
#define TARGET_DRIVER "tgt_dir"

/* Where everything goes; allocated texts. */
struct initial {
    const char *region;
    const char *vault;
    char *config;
    char *state;
    char *path;
    bool found; /* the configuration was there, from an attempt that broke off */
};

static char *absolute(const char *path, struct error *e)
{
    char *made = NULL;
    char *here CLEANUP_TEXT = path[0] == '/' ? NULL : getcwd(NULL, 0);
    if (path[0] != '/' && !here) {
        error_errno(e, errno, "cannot tell the current folder");
        return NULL;
    }
    if (asprintf(&made, "%s%s%s", here ? here : "", here ? "/" : "", path) < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return made;
}

/* A target as other commands take it, or an address, would become a folder of that name. */
static int check_place(const char *path, struct error *e)
{
    bool target = strncmp(path, "tgt_", strlen("tgt_")) == 0 && strchr(path, ':');
    if (!target && !strstr(path, "://"))
        return 0;
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_USAGE,
                     "--path %s: `lagan init` makes a region in a folder of this machine only; "
                     "write a region with another target into a configuration, as "
                     "lagan.conf(5) says, then run `lagan vault create`",
                     path);
}

static int choose(struct session *s, struct initial *i, struct error *e)
{
    const char *config = session_value(s, OPTION_CONFIG);
    const char *state = session_value(s, OPTION_STATE_DIR);
    const char *path = session_value(s, OPTION_PLACE);
    const char *region = session_value(s, OPTION_REGION);
    const char *vault = session_value(s, OPTION_VAULT);
    i->region = region ? region : DEFAULT_REGION;
    i->vault = vault ? vault : DEFAULT_VAULT;
    if (name_check(NAME_REGION, i->region, e) != 0 ||
        name_check(NAME_VAULT, i->vault, e) != 0 || (path && check_place(path, e) != 0))
        return -1;
    i->config = config ? absolute(config, e) : config_default_path(e);
    if (!i->config)
        return -1;
    i->state = state ? absolute(state, e) : config_default_state(e);
    if (!i->state)
        return -1;
    if (path) {
        i->path = absolute(path, e);
    } else if (asprintf(&i->path, "%s/regions/%s", i->state, i->region) < 0) {
        i->path = NULL;
        return error_no_memory(e, "a path");
    }
    return i->path ? 0 : -1;
}

static int already_there(const struct initial *i, struct error *e)
{
    return error_set(
        e, LAGAN_EXISTS, ERROR_CONFLICT,
        "%s is there already and stays as it is; `lagan vault create` makes vaults in its "
        "regions, `lagan vault key add --new-recovery` a new recovery key",
        i->config);
}

static int write_config(struct initial *i, struct error *e)
{
    static const char *const drivers[] = {SETUP_PATH_DRIVER, TARGET_DRIVER, SETUP_KEY_DRIVER,
                                          NULL};
    const char *parameters[] = {"path", i->path, NULL};
    const struct config_initial initial = {.state = i->state,
                                           .drivers = drivers,
                                           .region = i->region,
                                           .target_driver = TARGET_DRIVER,
                                           .parameters = parameters};
    int written = config_write_initial(i->config, &initial, e);
    i->found = written > 0;
    if (written >= 0)
        return 0;
    return e->error_class == LAGAN_EXISTS ? already_there(i, e) : -1;
}

static void print_done(struct session *s, const struct initial *i,
                       const struct catalog_vault *row)
{
    struct output *o = &s->output;
    if (o->use_json) {
        record_begin(o, "init");
        record_text(o, "configuration", i->config);
        record_text(o, "state", i->state);
        record_text(o, "region", i->region);
        record_text(o, "path", i->path);
        record_text(o, "vault", row->name);
        record_id(o, "vault_id", row->uuid);
        record_text(o, "encryption", catalog_encryption_name(row->encryption));
        record_end(o);
        return;
    }
    const char *key = catalog_pairs_find(&row->key_parameters, "path");
    output_note(o, "configuration   %s", i->config);
    output_note(o, "catalog         %s", i->state);
    output_note(o, "vault           %s, in region %s, below %s", row->name, i->region, i->path);
    output_note(o, "key             %s", key ? key : "the passphrase, to be given each time");
}

static void print_next(struct session *s)
{
    struct output *o = &s->output;
    output_note(o, "%s", "");
    output_note(o, "next:  lagan backup create PATH     back a folder up");
    output_note(o, "       lagan backup list");
    output_note(o, "       lagan restore latest --to PLACE");
    output_note(o, "       lagan verify");
}

/* Where the recovery key goes; a file that is in the way counts only when a vault is made. */
struct recovery {
    int fd;
    struct error in_the_way;
};

static int prepare_recovery(struct session *s, struct recovery *r, struct error *e)
{
    *r = (struct recovery){.fd = -1, .in_the_way = ERROR_INIT};
    if (recovery_prepare(s, &r->fd, e) == 0)
        return 0;
    if (e->code != ERROR_CONFLICT)
        return -1;
    r->in_the_way = *e;
    *e = ERROR_INIT;
    return 0;
}

static int make_vault(struct session *s, const struct initial *i, const struct recovery *r,
                      struct create_request *request, struct catalog_vault **row,
                      struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    request->name = i->vault;
    request->region = i->region;
    request->passphrase_source = session_value(s, OPTION_PASSPHRASE);
    request->recovery = true;
    if (create_check(s->setup, request, e) != 0)
        return -1;
    if (r->in_the_way.error_class != LAGAN_OK) {
        *e = r->in_the_way;
        return -1;
    }
    return create_vault(s->setup, request, row, e);
}

static int initialise(struct session *s, struct initial *i, struct recovery *r, struct error *e)
{
    struct create_request request = {0};
    struct catalog_vault *row = NULL;
    if (write_config(i, e) != 0)
        return -1;
    if (make_vault(s, i, r, &request, &row, e) != 0) {
        if (i->found)
            return e->code == ERROR_NAME_TAKEN ? already_there(i, e) : -1;
        /* The next attempt must not find a configuration without a vault. */
        unlink(i->config);
        return -1;
    }
    print_done(s, i, row);
    int result = recovery_give(s, &r->fd, request.recovery_key, row->name, e);
    if (result == 0)
        print_next(s);
    secret_wipe(&request, sizeof(request));
    catalog_vault_free(row);
    return result;
}

int command_init(struct session *s, struct error *e)
{
    struct initial i = {0};
    struct recovery r;
    int result = choose(s, &i, e);
    if (result == 0)
        result = prepare_recovery(s, &r, e);
    if (result == 0) {
        result = initialise(s, &i, &r, e);
        if (result != 0)
            recovery_cancel(s, &r.fd);
    }
    free(i.config);
    free(i.state);
    free(i.path);
    return result;
}
