/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failure.h - how what the system refuses becomes an error of the host.
 */
#ifndef SRC_FILES_FAILURE_H
#define SRC_FILES_FAILURE_H

#include <lagan/driver.h>

/* The class of a system error; LAGAN_IO for those without a better one. */
uint32_t failure_class(int error_number);
/* The system's words for an error, in `text` (`size` bytes) or static. */
const char *failure_words(int error_number, char *text, size_t size);
/* Reports "WHAT: the system's words" and returns the class. */
uint32_t failure_report(struct lagan_op *op, int error_number, const char *what);
/* Reports that memory ran out. */
uint32_t failure_memory(struct lagan_op *op);
/* Refuses bits of the low half of `flags` that are not among `known`; LAGAN_OK otherwise. */
uint32_t failure_of_flags(struct lagan_op *op, uint64_t flags, uint64_t known);

#endif
