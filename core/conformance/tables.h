/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - the tables of cases, in the order in which they run within their group. */
#ifndef CORE_CONFORMANCE_TABLES_H
#define CORE_CONFORMANCE_TABLES_H

#include "conformance/case.h"

/* X(name): check_cases_NAME, in the file NAME.c.  Common to all kinds first. */
#define CHECK_TABLES(X)                                                                        \
    X(life)                                                                                    \
    X(life_process)                                                                            \
    X(parameters)                                                                              \
    X(target_put)                                                                              \
    X(target_get)                                                                              \
    X(target_list)                                                                             \
    X(target_remove)                                                                           \
    X(target_stage)                                                                            \
    X(target_multipart)                                                                        \
    X(target_cancel)                                                                           \
    X(target_model)                                                                            \
    X(target_race)                                                                             \
    X(target_crash)                                                                            \
    X(target_soak)                                                                             \
    X(source_walk)                                                                             \
    X(source_select)                                                                           \
    X(source_read)                                                                             \
    X(source_extents)                                                                          \
    X(source_metadata)                                                                         \
    X(source_write)                                                                            \
    X(source_node)                                                                             \
    X(source_attack)                                                                           \
    X(source_model)                                                                            \
    X(source_cancel)                                                                           \
    X(source_race)                                                                             \
    X(source_crash)                                                                            \
    X(source_place)                                                                            \
    X(key_wrap)                                                                                \
    X(key_life)

#define X(name) extern const struct check_case check_cases_##name[];
CHECK_TABLES(X)
#undef X

/* X(kind): check_kind_KIND (case.h), in KIND_kind.c. */
#define CHECK_KINDS(X) X(target) X(source) X(key)

/* The hooks of a kind; NULL when the suite knows none. */
const struct check_kind *check_kind_find(uint32_t kind);
/* Every case of every table, by index. */
size_t check_case_count(void);
const struct check_case *check_case_at(size_t index);

#endif
