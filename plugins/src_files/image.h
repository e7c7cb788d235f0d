/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - long files that are changed in place: images of disks, and databases. */
#ifndef SRC_FILES_IMAGE_H
#define SRC_FILES_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* True when the file of so many bytes is long, and begins as an image of a disk or a file
 * system, or as a database, does.  A file that cannot be read is none. */
bool image_recognise(int fd, uint64_t bytes);

#endif
