/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - what goes to standard output: records as tables, as sheets of one record, or as
 * JSON; and lines.  A command gives each record once; how it looks is decided here.
 *
 * JSON: every record is one line, an object with "type" first.  Tables: the members that the
 * table has columns for.  Sheets: every member on a line of its own.  Names are escaped
 * everywhere.
 *
 * A write that fails is remembered; output_check tells.
 */
#ifndef CORE_CLI_OUTPUT_H
#define CORE_CLI_OUTPUT_H

#include "base/json.h"
#include "catalog/catalog.h"

struct column {
    const char *member; /* of the records */
    const char *title;
    bool right; /* numbers */
};

struct output {
    bool use_json;
    bool quiet;
    int failure; /* errno of the first write that failed; 0 = none */
    /* The record at work. */
    struct buffer line;
    struct json json;
    /* The table at work; none: records are sheets. */
    const struct column *columns;
    size_t column_count;
    char **cells; /* allocated texts, row by row; NULL = empty */
    size_t cell_count, cell_room;
};

void output_init(struct output *o, bool use_json, bool quiet);
void output_free(struct output *o);

/* Raw bytes. */
void output_write(struct output *o, const void *data, size_t size);
/* A line for people, made safe to show: nothing with JSON. */
void output_line(struct output *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* As output_line, and nothing when quiet. */
void output_note(struct output *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes out what is buffered.  -1 when anything could not be written. */
int output_check(struct output *o, struct error *e);

/* Records from here to output_table_end are rows.  `columns` must last. */
void output_table(struct output *o, const struct column *columns, size_t count);
/* Prints the rows; `empty` (may be NULL) is said when there are none. */
void output_table_end(struct output *o, const char *empty);

void record_begin(struct output *o, const char *type);
void record_text(struct output *o, const char *member, const char *value);
/* Any bytes. */
void record_bytes(struct output *o, const char *member, const void *data, size_t size);
/* 16 bytes of an id, in hexadecimal. */
void record_id(struct output *o, const char *member, const uint8_t id[CATALOG_ID_SIZE]);
void record_number(struct output *o, const char *member, uint64_t value);
/* A number of bytes. */
void record_size(struct output *o, const char *member, uint64_t bytes);
/* 0 = unknown. */
void record_time(struct output *o, const char *member, int64_t wall_ns);
/* Seconds in JSON. */
void record_duration(struct output *o, const char *member, int64_t ns);
void record_flag(struct output *o, const char *member, bool value);
/* Names and values: an object in JSON, where a name that repeats has an array. */
void record_pairs(struct output *o, const char *member, const struct catalog_pairs *pairs);
void record_end(struct output *o);

#endif
