/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_file.h - reading a configuration file that nobody else could have written.  Private to
 * the configuration.
 */
#ifndef CORE_ENGINE_CONFIG_FILE_H
#define CORE_ENGINE_CONFIG_FILE_H

#include "base/buffer.h"

enum { CONFIG_FILE_LIMIT = 1 << 20 };

/* Appends the content of `path` to `out`.  Refused (class DENIED, code CONFIG) unless root or
 * the user owns it and its folder, and nobody else can write there; a folder like /tmp, in
 * which others cannot touch our files, is fine. */
int config_file_read(const char *path, struct buffer *out, struct error *e);

/* The files named *.conf in conf.d beside `path`, sorted by bytes; none when there is no such
 * folder. */
struct config_file_list {
    char **paths;
    size_t count;
};
int config_file_beside(const char *path, struct config_file_list *list, struct error *e);
void config_file_list_clear(struct config_file_list *list);

#endif
