/* SPDX-License-Identifier: Apache-2.0 */
/* zone_file.c - makes compiled time zones. */
#include "zone_file.h"

#include <string.h>

static void put(struct buffer *out, uint64_t value, size_t bytes)
{
    while (bytes-- > 0)
        buffer_append_u8(out, (uint8_t)(value >> 8 * bytes));
}

static void put_header(const struct zone_file *file, struct buffer *out)
{
    const uint64_t counts[] = {
        0, 0, file->leaps, file->step_count, file->offset_count, 4,
    };

    buffer_append(out, "TZif", 4);
    buffer_append_u8(out, (uint8_t)file->version);
    buffer_append_zeroes(out, 15);
    for (size_t i = 0; i < 6; i++)
        put(out, counts[i], 4);
}

static void put_block(const struct zone_file *file, size_t width, struct buffer *out)
{
    put_header(file, out);
    for (size_t i = 0; i < file->step_count; i++)
        put(out, (uint64_t)file->steps[i].at, width);
    for (size_t i = 0; i < file->step_count; i++)
        put(out, file->steps[i].type, 1);
    for (size_t i = 0; i < file->offset_count; i++) {
        put(out, (uint64_t)file->offsets[i], 4);
        put(out, 0, 2);
    }
    buffer_append(out, "ABC", 4);
    buffer_append_zeroes(out, file->leaps * (width + 4));
}

void zone_file_write(const struct zone_file *file, struct buffer *out)
{
    put_block(file, 4, out);
    if (file->version != 0)
        put_block(file, 8, out);
    if (file->footer != NULL)
        buffer_append_format(out, "\n%s\n", file->footer);
}
