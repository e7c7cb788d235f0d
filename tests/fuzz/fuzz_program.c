/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_program.c - any bytes as what a program says: lines of the protocol of lagan-exec(7),
 * as errors, as words, as entries and as metadata.
 */
#include "base/object.h"
#include "fuzz.h"
#include "src_exec/spoken_entry.h"

#include <stdlib.h>
#include <string.h>

/* Lines are all that is used here of the code for drivers. */
const struct lagan_host *lagan_host_table;

const char fuzz_name[] = "program";
const char *const fuzz_words[] = {
    "ok",    "error ", "entry ", "piece ",  "data ",    "extent ", " key=",  " bytes=",
    "type=", "file",   "%00",    "%",       "mtime=-",  " mode=",  "\n",     " link=",
    "text=", "native", "stamp=", "outcome", "symlink ", "id=",     "kind=",  "xattr",
    "name=", "value=", "error=", "user=0 ", "group=0 ", "major=",  "minor=", NULL};

#define SEED(text) add(context, text, sizeof(text) - 1)

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    SEED("ok protocol=1 put-if-absent list-sorted=native durable=always max-object=1");
    SEED("object key=packs/0a/0a1b bytes=17 modified=1700000000.5\nok more");
    SEED("error busy native=503 retry-after=1500 scope=handle outcome=unknown too many");
    SEED("entry type=file key=a%00b bytes=5 mode=4755 user=1 group=2 user-name=me mtime=-1.5 "
         "links=2 id=x stamp=y sparse\nok reader=7");
    SEED("entry type=symlink key=l link=..%2Fx\nentry type=block-device key=d major=8 minor=1");
    SEED("entry type=error key=e error=denied text=no%20way\nend");
    SEED("entry type=directory key= error=io text=half\nentry type=volume key=v blocks stream");
    SEED("piece kind=xattr name=user.x value=%00%FF\nlost name=user.y text=gone\nok");
    SEED("data 65536\nextent offset=0 length=4096 type=hole\nunsupported");
}

/* Bytes of the line: whatever is given lies in it. */
static const char *line_begin;
static const char *line_end;

static void check_bytes(const void *data, size_t size)
{
    const char *at = data;
    ASSERT(!data || (at >= line_begin && size <= (size_t)(line_end - at)));
}

static void check_entry(struct program_line *line)
{
    struct lagan_entry entry;
    struct program_text text = {0};
    if (!spoken_entry_take(line, &entry))
        return;
    ASSERT(!line->wrong);
    check_bytes(entry.key, entry.key_size);
    check_bytes(entry.id, entry.id_size);
    check_bytes(entry.stamp, entry.stamp_size);
    check_bytes(entry.link, entry.link_size);
    ASSERT(entry.id_size <= LAGAN_ID_SIZE && entry.stamp_size <= LAGAN_STAMP_SIZE);
    ASSERT(entry.mtime_ns < 1000000000 && entry.mode <= 07777);
    ASSERT(entry.type != LAGAN_ENTRY_ERROR || (entry.error_class && entry.error_text));
    /* What is written of it is read as the same. */
    if (entry.type == LAGAN_ENTRY_ERROR || entry.error_class)
        return;
    program_add_verb(&text, "entry");
    spoken_entry_add(&text, &entry);
    if (!text.failed && text.size <= PROGRAM_LINE_LIMIT) {
        struct program_line again;
        struct lagan_entry same;
        program_add_newline(&text);
        ASSERT(program_line_parse(&again, text.data, text.size - 1));
        ASSERT(spoken_entry_take(&again, &same));
        ASSERT(same.type == entry.type && same.key_size == entry.key_size);
        ASSERT(entry.key_size == 0 || memcmp(same.key, entry.key, entry.key_size) == 0);
        ASSERT(same.present == entry.present && same.flags == entry.flags);
        ASSERT(!(same.present & LAGAN_HAS_MTIME) ||
               (same.mtime_s == entry.mtime_s && same.mtime_ns == entry.mtime_ns));
    }
    program_text_free(&text);
}

static void check_words(struct program_line *line)
{
    static const char *const choices[] = {"none", "native", NULL};
    struct lagan_metadata piece;
    uint64_t number;
    uint32_t choice = 0;
    ASSERT(line->count <= PROGRAM_WORD_LIMIT);
    for (size_t i = 0; i < line->count; i++) {
        const struct program_word *word = &line->words[i];
        if (word->value) {
            check_bytes(word->value, word->size);
            ASSERT(word->value[word->size] == '\0');
        }
        program_take_number(line, word->name, UINT64_MAX, &number);
        if (program_take_choice(line, word->name, choices, &choice))
            ASSERT(choice < 2);
    }
    line->wrong = NULL;
    if (spoken_piece_take(line, &piece)) {
        check_bytes(piece.name, piece.name_size);
        check_bytes(piece.value, piece.value_size);
    }
    line->wrong = NULL;
}

/* `text` may be written to, a byte behind its end too. */
static void check_line(char *text, size_t size)
{
    struct program_line line;
    struct program_error error;
    struct error why = ERROR_INIT;
    line_begin = text;
    line_end = text + size + 1;
    if (size > 6 && memcmp(text, "error ", 6) == 0) {
        if (program_error_parse(&error, text + 6, size - 6)) {
            check_bytes(error.text, strlen(error.text));
            ASSERT(error.error_class > LAGAN_END && error.error_class < LAGAN_CLASS_COUNT);
            ASSERT(error.scope <= LAGAN_SCOPE_INSTANCE);
            ASSERT(error.outcome <= LAGAN_OUTCOME_UNKNOWN);
        }
        return;
    }
    if (!program_line_parse(&line, text, size)) {
        error_set(&why, LAGAN_INVALID, ERROR_FAILED, "no line");
        fuzz_outcome(&why);
        return;
    }
    check_words(&line);
    check_entry(&line);
    if (line.wrong) {
        error_set(&why, LAGAN_INVALID, ERROR_FAILED, "%s is wrong", line.wrong);
        fuzz_outcome(&why);
    } else {
        fuzz_outcome(NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    char *at = copy;
    ASSERT(copy);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\n';
    while (at <= copy + size) {
        char *end = memchr(at, '\n', (size_t)(copy + size + 1 - at));
        check_line(at, (size_t)(end - at));
        at = end + 1;
    }
    free(copy);
    return 0;
}
