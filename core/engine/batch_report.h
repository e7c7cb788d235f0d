/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_report.h - the report of a batch job (BAT-21): CSV, a heading, then a line for each
 * operation:
 *
 *     Bucket,Key,VersionId,TaskStatus,ErrorCode,HTTPStatusCode,ResultMessage,NewKey,
 *     NewVersionId,Bytes,Row
 *
 * Key and NewKey are as in an address; TaskStatus is succeeded, skipped or failed; ErrorCode a
 * class of lagan(1); HTTPStatusCode what a store says in such a case; Row from 1.
 */
#ifndef CORE_ENGINE_BATCH_REPORT_H
#define CORE_ENGINE_BATCH_REPORT_H

#include "engine/batch_rows.h"

#define BATCH_REPORT_HEADING                                                                   \
    "Bucket,Key,VersionId,TaskStatus,ErrorCode,HTTPStatusCode,ResultMessage,NewKey,"           \
    "NewVersionId,Bytes,Row\n"
enum {
    BATCH_REPORT_CELLS = 11,
    BATCH_REPORT_STATUS = 3,
    BATCH_REPORT_BYTES = 9,
    BATCH_REPORT_ROW = 10
};

/* The status code of HTTP that stands for a class; 200 for OK. */
int batch_report_http(uint32_t error_class);

struct batch_result {
    const char *bucket;
    const void *key;
    size_t key_size;
    const char *version; /* that was copied; "" = none is known */
    enum batch_mark mark;
    const struct error *why; /* of FAILED; NULL = none */
    const char *message;     /* else; "" = none */
    const void *new_key;
    size_t new_key_size;
    const char *new_version;
    uint64_t bytes;
    uint64_t row; /* from 0 */
};
/* Appends a line. */
void batch_report_line(struct buffer *out, const struct batch_result *result);

/* Hands over the report in `folder`, whole lines alone, as it is now: all, or the heading and
 * those that failed. */
int batch_report_read(const char *folder, bool failed_only,
                      int (*each)(void *context, const void *data, size_t size,
                                  struct error *e),
                      void *context, struct error *e);

#endif
