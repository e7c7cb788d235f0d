/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - drivers that are programs: the line protocol of lagan-exec(7), spoken to one
 * process or to several.
 *
 * A program gets requests on its standard input and answers on its standard output, which are
 * one end of a socket pair.  Requests and answers are lines of words, with bytes behind lines
 * that announce them.  Everything a program says is untrusted: lines, words and counts are
 * bounded, and what is no answer ends the program.
 *
 * A call is
 *
 *     program_begin .. program_ask .. (program_send_...) .. program_hear .. program_end
 *
 * and has one process for itself until program_end.  What a process keeps between calls (a
 * stage, a walk) is named by a pin, and later calls go to the process of that pin.  A process
 * that ended is started anew by the next call without a pin.
 */
#ifndef PLUGINS_COMMON_PROGRAM_H
#define PLUGINS_COMMON_PROGRAM_H

#include "common/exec.h"

#include <lagan/driver.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    PROGRAM_PROTOCOL = 1,
    PROGRAM_LINE_LIMIT = 256 << 10,  /* bytes of a line, without its newline */
    PROGRAM_WORD_LIMIT = 40,         /* words of a line behind its verb */
    PROGRAM_ID_LIMIT = 64,           /* bytes of the name of a stage, a walk, ... */
    PROGRAM_PIECE_BYTES = 256 << 10, /* bytes behind one line that are sent */
    PROGRAM_PROCESS_LIMIT = 64,
    /* How long a program may take to come to an end, once its answer is not wanted any more. */
    PROGRAM_GRACE_MS = 1000
};

/*
 * program_words.c: lines.  No input or output, and no host.
 */

struct program_word {
    const char *name;
    const char *value; /* decoded; zero-terminated as well; NULL = there was no "=" */
    size_t size;
};

/* A line, taken apart; points into its text. */
struct program_line {
    const char *verb;
    struct program_word words[PROGRAM_WORD_LIMIT];
    size_t count;
    const char *wrong; /* name of the first word whose value was not what was asked for */
};

/* Takes `text` apart, in place: `size` bytes, and room for a zero behind them.  False when it
 * is no line of words. */
bool program_line_parse(struct program_line *line, char *text, size_t size);
/* The word, or NULL. */
const struct program_word *program_find(const struct program_line *line, const char *name);
/* Each of the following is true when the word is there and its value fits; a value that does
 * not sets line->wrong.  At most `limit` bytes, any of them. */
bool program_take_bytes(struct program_line *line, const char *name, size_t limit,
                        const char **data, size_t *size);
/* The same without zero bytes: a string. */
bool program_take_text(struct program_line *line, const char *name, size_t limit,
                       const char **text);
/* Decimal, at most `maximum`. */
bool program_take_number(struct program_line *line, const char *name, uint64_t maximum,
                         uint64_t *number);
/* Octal, at most `maximum`. */
bool program_take_octal(struct program_line *line, const char *name, uint32_t maximum,
                        uint32_t *number);
/* Seconds since 1970, with at most nine digits behind a point: rounded down, and the rest. */
bool program_take_time(struct program_line *line, const char *name, int64_t *seconds,
                       uint32_t *ns);
/* The index of the value in `choices` (ends with NULL); a bare word is the last of them. */
bool program_take_choice(struct program_line *line, const char *name,
                         const char *const *choices, uint32_t *index);

/* An error line. */
struct program_error {
    uint32_t error_class;
    uint32_t scope;
    uint32_t outcome;
    uint32_t retry_after_ms;
    int32_t native;
    const char *text; /* one line of UTF-8 */
};
/* Takes apart what stands behind "error ", in place. */
bool program_error_parse(struct program_error *error, char *text, size_t size);
/* The class of that name, or LAGAN_CLASS_COUNT. */
uint32_t program_class_of(const char *name, size_t size);
const char *program_class_name(uint32_t error_class);
/* Makes one line of UTF-8 without control characters of any bytes, in place. */
void program_clean(char *text);

/* A line to be sent, and what else goes with it.  `{0}` is empty. */
struct program_text {
    char *data;
    size_t size;
    size_t room;
    bool failed; /* out of memory, or over PROGRAM_LINE_LIMIT */
};
/* Begins a line; what stood there stays in front of it. */
void program_add_verb(struct program_text *text, const char *verb);
void program_add_flag(struct program_text *text, const char *name, bool set);
void program_add_bytes(struct program_text *text, const char *name, const void *data,
                       size_t size);
void program_add_string(struct program_text *text, const char *name, const char *value);
void program_add_number(struct program_text *text, const char *name, uint64_t number);
void program_add_octal(struct program_text *text, const char *name, uint32_t number);
void program_add_time(struct program_text *text, const char *name, int64_t seconds,
                      uint32_t ns);
void program_add_newline(struct program_text *text);
void program_text_free(struct program_text *text);

/*
 * program.c, program_call.c: processes.
 */

/* What is run.  Lasts as long as what is opened with it. */
struct program_settings {
    const struct exec_command *command;
    unsigned processes; /* 1..PROGRAM_PROCESS_LIMIT */
    int64_t timeout_ns; /* that a program may be silent during a call; 0 = any */
    /* Adds what each process is told when it is opened; `first`: the first one. */
    void (*greet)(void *context, struct program_text *request, bool first);
    /* Takes what a process says of itself then; each says the same.  NULL, or what is wrong
     * with it. */
    const char *(*take_hello)(void *context, struct program_line *line);
    void *context;
};

struct program;

/* Starts the first process.  What open of a driver returns. */
uint32_t program_open(struct lagan_op *op, const struct program_settings *settings,
                      struct program **program);
/* Closes their input, gives them PROGRAM_GRACE_MS to end, and kills them.  NULL is fine. */
void program_close(struct program *program);

/* Something that a process keeps. */
struct program_pin {
    unsigned index;
    uint64_t life; /* of the process */
    char id[PROGRAM_ID_LIMIT + 1];
};

/* Marks of calls. */
enum {
    PROGRAM_MUTATES = 1, /* the outcome is unknown when no answer comes */
    PROGRAM_INSISTS = 2  /* goes on when all is cancelled, for PROGRAM_GRACE_MS: a clean-up */
};

struct program_process;

struct program_call {
    struct program *program;
    struct lagan_op *op;
    struct program_process *process;
    unsigned marks;
    bool asked;        /* the request was sent, or some of it */
    bool broken;       /* the process is of no use any more */
    bool answered;     /* it said itself what became of it */
    bool unknown;      /* it answered `unsupported`: it does not know the verb */
    bool opening;      /* the process is being opened */
    uint32_t refused;  /* what the host's side said: the rest of the answer is passed over */
    int64_t active_ns; /* when something was sent or came */
    int64_t end_ns;    /* when patience ends; 0 = no end */
};

/* Waits for a process, and starts it when it does not run.  `pin` NULL = any process.
 * CANCELLED, TRANSIENT (the process of the pin is gone), or why none could be started. */
uint32_t program_begin(struct program_call *c, struct program *program, struct lagan_op *op,
                       const struct program_pin *pin, unsigned marks);
/* Sends the request, and empties it in any case.  With a line that was too long: LIMIT. */
uint32_t program_ask(struct program_call *c, struct program_text *request);
/* Sends bytes behind a line that announces them; `size` 0 = nothing. */
uint32_t program_send(struct program_call *c, const void *data, size_t size);
/* Ends what was sent behind a request: it counts, or is to be forgotten. */
uint32_t program_send_end(struct program_call *c, bool counts);
/* Hears one line; `*last` when it is `ok`.  END for `end`, the class of an `error`.  The line
 * is valid until the next one is heard. */
uint32_t program_hear(struct program_call *c, struct program_line *line, bool *last);
/* Hears a line that must be the last one. */
uint32_t program_hear_ok(struct program_call *c, struct program_line *line);
/* program_begin, program_ask and program_hear_ok; program_end follows. */
uint32_t program_exchange(struct program_call *c, struct program *program, struct lagan_op *op,
                          const struct program_pin *pin, unsigned marks,
                          struct program_text *request, struct program_line *line);
/* Receives bytes that a line announced, `data` NULL = throws them away. */
uint32_t program_receive(struct program_call *c, void *data, size_t size);
/* A part of it: at least one byte; how many in `*got`. */
uint32_t program_receive_some(struct program_call *c, void *data, size_t size, size_t *got);
/* The host's side does not want more: the answer is heard to its end and thrown away, unless
 * that takes long, and `result` is what program_end returns. */
void program_refuse(struct program_call *c, uint32_t result);
/* The answer is none: INTERNAL, and the process ends. */
uint32_t program_protest(struct program_call *c, const char *what);
/* The same when a word of the line is wrong or one that must be there is not. */
uint32_t program_protest_word(struct program_call *c, const struct program_line *line);
/* Takes the word `name` of the line as the name of what the process keeps. */
uint32_t program_pin_take(struct program_call *c, struct program_line *line, const char *name,
                          struct program_pin *pin);
/* Gives the process back.  The result of the call: `result`, or what program_refuse was told.
 * After program_begin in any case. */
uint32_t program_end(struct program_call *c, uint32_t result);

/* What a process holds and has not made durable: for flush. */

/* The process of this call holds something. */
void program_mark(struct program_call *c);
/* It does not any more. */
void program_unmark(struct program_call *c);
/* A pin, with an empty id, on the first process from `from` on that is marked. */
bool program_find_marked(struct program *program, unsigned from, struct program_pin *pin);
/* Whether one has ended that was marked. */
bool program_lost_marks(struct program *program);

/* An op for calls that have none. */
struct lagan_op program_quiet_op(void);

#endif
