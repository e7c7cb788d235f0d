/* SPDX-License-Identifier: Apache-2.0 */
/* zone_file.h - makes compiled time zones (RFC 9636), right and wrong ones. */
#ifndef TESTS_UNIT_ZONE_FILE_H
#define TESTS_UNIT_ZONE_FILE_H

#include "base/buffer.h"

struct zone_file {
    char version; /* 0, '2', '3', '4' */
    struct {
        int64_t at;
        uint8_t type;
    } steps[8];
    size_t step_count;
    int32_t offsets[8]; /* of the types */
    size_t offset_count;
    uint32_t leaps;     /* so many leap seconds, all zero */
    const char *footer; /* without its line ends; NULL = none at all */
};

/* Appends the file. */
void zone_file_write(const struct zone_file *file, struct buffer *out);

#endif
