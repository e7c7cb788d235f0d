/* SPDX-License-Identifier: Apache-2.0 */
/* config_text.h - single texts of the configuration: what holds when nothing is said, and the
 * forms that several sections know.  Private to the configuration. */
#ifndef CORE_ENGINE_CONFIG_TEXT_H
#define CORE_ENGINE_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What holds for the key when nothing is said; NULL = nothing. */
const char *config_text_default(const char *key);

/* Whether it is an http or https URL with a host, without credentials, blanks or controls. */
bool config_text_is_url(const char *text);
/* Whether it is one address of mail: "root", "ops@example.org". */
bool config_text_is_address(const char *text, size_t size);
/* Whether it is a list of these with commas between. */
bool config_text_is_addresses(const char *text);
/* Whether it is one of the words of `choices`, with "|" between them. */
bool config_text_is_one_of(const char *choices, const char *text);

#endif
