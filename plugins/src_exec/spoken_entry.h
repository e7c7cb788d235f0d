/* SPDX-License-Identifier: Apache-2.0 */
/* spoken_entry.h - entries of a source as lines of the protocol.  No input or output. */
#ifndef PLUGINS_SRC_EXEC_SPOKEN_ENTRY_H
#define PLUGINS_SRC_EXEC_SPOKEN_ENTRY_H

#include "common/program.h"

#include <lagan/source.h>

/* Fills `entry` from a line, whose text it points to.  False when something that must be there
 * is not, or is wrong (line->wrong). */
bool spoken_entry_take(struct program_line *line, struct lagan_entry *entry);
/* Adds the words of an entry that is to be written. */
void spoken_entry_add(struct program_text *text, const struct lagan_entry *entry);
/* "file", ...; "file" for what has no name. */
const char *spoken_type_name(uint32_t type);

/* Fills `piece` from a line.  False as above. */
bool spoken_piece_take(struct program_line *line, struct lagan_metadata *piece);
/* Adds a line of its own, with its newline in front. */
void spoken_piece_add(struct program_text *text, const struct lagan_metadata *piece);

#endif
