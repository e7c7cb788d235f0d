/* SPDX-License-Identifier: Apache-2.0 */
/* batch_record.h - batch jobs as records, for the commands that print them. */
#ifndef CORE_CLI_BATCH_RECORD_H
#define CORE_CLI_BATCH_RECORD_H

#include "cli/session.h"
#include "engine/batch.h"

/* The job that the first operand names; the setup is opened.  The caller frees. */
struct catalog_batch *batch_operand(struct session *s, struct error *e);
void record_batch(struct output *o, const struct catalog_batch *job);
/* What became of it, as a record or a line: "batch job ID WORDS". */
void tell_batch(struct session *s, const struct catalog_batch *job, const char *words);

#endif
