/* SPDX-License-Identifier: Apache-2.0 */
/* vault_options.h - what the options of several commands say of a vault. */
#ifndef CORE_CLI_VAULT_OPTIONS_H
#define CORE_CLI_VAULT_OPTIONS_H

#include "cli/session.h"
#include "engine/create.h"

/* What a create_request points to.  `{0}` is empty. */
struct vault_words {
    enum catalog_encryption encryption;
    struct catalog_pairs tags;
};
/* Fills the request from the options of this command (the name excepted): --region, --project,
 * --type, --plan, --role, --quota, ... USAGE and PARAMETER.  `words` must last as long as the
 * request and be cleared in any case. */
int vault_words_read(struct session *s, struct vault_words *words,
                     struct create_request *request, struct error *e);
void vault_words_clear(struct vault_words *words);
/* The tags of --tag, added to `tags`. */
int vault_words_tags(const struct session *s, struct catalog_pairs *tags, struct error *e);
/* Numbers of --quota and --quota-warning; as they are when the option is not given. */
int vault_words_quota(const struct session *s, uint64_t *quota_bytes, uint32_t *percent,
                      struct error *e);

/* Makes the vault and gives its recovery key to whom it belongs; the setup is open. */
int vault_create_with(struct session *s, struct create_request *request,
                      struct catalog_vault **row, struct error *e);

/* The vault that the first operand names, in --region when that is given. */
int vault_operand(struct session *s, struct catalog_vault **row, struct error *e);
/* NOT_CONFIRMED, with what to type, unless --yes is given or --confirm has the vault's name or
 * id; `what` says what would happen ("deleting the vault"). */
int vault_confirm(struct session *s, const struct catalog_vault *row, const char *what,
                  struct error *e);

#endif
