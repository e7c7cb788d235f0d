/* SPDX-License-Identifier: Apache-2.0 */
/* config_fixture.h - what tests of configuration files share. */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include "engine/config.h"

/* A text, and what the message about it must contain ("" = it is accepted). */
struct config_row {
    const char *text;
    const char *part;
};

/* The scratch folder's lagan.conf with this text; NULL and the error when it is refused. */
struct config *config_text(const char *text, size_t size, struct error *e);
/* The same file as it is. */
struct config *config_again(struct error *e);
/* Fails the test unless each text is taken or refused as its row says, with code CONFIG. */
void config_try(const struct config_row *table, size_t count);

#endif
