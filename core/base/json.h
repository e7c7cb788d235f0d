/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - writes JSON objects, one per line.  Calls nest as the document does; commas and
 * escapes are the writer's.  Bytes that are not UTF-8 are written as U+FFFD in the named
 * member, and the caller adds a second member `<name>_hex` through json_bytes.
 */
#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include "base/buffer.h"

/* Starts empty; `out` receives the text and belongs to the caller. */
struct json {
    struct buffer *out;
    bool comma; /* the next member needs a comma in front */
};

struct json json_to(struct buffer *out);
/* `name` is NULL inside arrays and at the top. */
void json_object(struct json *j, const char *name);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *name);
void json_array_end(struct json *j);
void json_text(struct json *j, const char *name, const char *value);
/* Any bytes: as text, and when they are not clean UTF-8 also as hexadecimal in `<name>_hex`. */
void json_bytes(struct json *j, const char *name, const void *data, size_t size);
void json_unsigned(struct json *j, const char *name, uint64_t value);
void json_signed(struct json *j, const char *name, int64_t value);
void json_real(struct json *j, const char *name, double value);
void json_bool(struct json *j, const char *name, bool value);
/* RFC 3339 in UTC. */
void json_time(struct json *j, const char *name, int64_t wall_ns);
void json_null(struct json *j, const char *name);
/* Ends the line. */
void json_end_line(struct json *j);

#endif
