/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzzers share.  Each is one file that decodes any bytes; fuzz_main.c makes
 * a program of it that replays tests/fuzz/corpus/NAME and what fuzz_seeds gives, then alters
 * these for a second, keeping what leads somewhere new.
 *
 *     LAGAN_FUZZ_SECONDS=60 LAGAN_FUZZ_SEED=7 tests/fuzz/fuzz_NAME      longer, other numbers
 *     tests/fuzz/fuzz_NAME FILE...                                      replays these alone
 *     tests/fuzz/fuzz_NAME --dump FOLDER                                writes all seeds there
 *
 * The input at work stands in tests/fuzz/NAME.last of the build folder, and stays there when
 * the program dies.  With clang and -DLAGAN_LIBFUZZER the same files make libFuzzer programs.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Decodes the input; aborts when a promise is broken.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Given by each fuzzer: its name, words that its inputs are made of (ends with NULL), and
 * inputs beside those in its corpus. */
extern const char fuzz_name[];
extern const char *const fuzz_words[];
typedef void fuzz_add_function(void *context, const void *data, size_t size);
void fuzz_seeds(fuzz_add_function *add, void *context);

/* Says what became of the input: refused with `e`, or accepted when NULL.  An input with a new
 * outcome (text apart from numbers) is kept and altered further. */
void fuzz_outcome(const struct error *e);

#endif
