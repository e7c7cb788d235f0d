/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - see terminal.h. */
#include "cli/terminal.h"

#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_WIDTH = 80, LEAST_WIDTH = 20, MOST_WIDTH = 400 };

static struct {
    pthread_mutex_t lock;
    bool bars;
    bool colours;
    bool drawn;
    char text[4 * MOST_WIDTH]; /* the bar as drawn */
} terminal = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void log_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    terminal_line(line);
}

/* A terminal that can take back what it shows. */
static bool is_capable(int fd)
{
    const char *kind = secure_getenv("TERM");
    return isatty(fd) && kind && kind[0] && strcmp(kind, "dumb") != 0;
}

void terminal_init(bool bars)
{
    const char *plain = secure_getenv("NO_COLOR");
    terminal.bars = bars && is_capable(STDERR_FILENO);
    terminal.colours = !(plain && plain[0]) && is_capable(STDOUT_FILENO);
    log_set_sink(log_line, NULL);
}

bool terminal_has_bars(void)
{
    return terminal.bars;
}

bool terminal_has_colours(void)
{
    return terminal.colours;
}

size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return DEFAULT_WIDTH;
    if (size.ws_col < LEAST_WIDTH)
        return LEAST_WIDTH;
    return size.ws_col < MOST_WIDTH ? size.ws_col : MOST_WIDTH;
}

static void erase(void)
{
    if (terminal.drawn)
        fputs("\r\033[K", stderr);
    terminal.drawn = false;
}

static void draw(void)
{
    fputs(terminal.text, stderr);
    fflush(stderr);
    terminal.drawn = true;
}

void terminal_line(const char *text)
{
    pthread_mutex_lock(&terminal.lock);
    bool again = terminal.drawn;
    erase();
    fprintf(stderr, "%s\n", text);
    if (again)
        draw();
    pthread_mutex_unlock(&terminal.lock);
}

/* The bytes of the first `width` characters of `text`. */
static size_t bytes_of_width(const char *text, size_t width)
{
    size_t bytes = 0, left = strlen(text);
    while (width-- > 0 && left > 0) {
        uint32_t code = 0;
        size_t used = text_decode_utf8(text + bytes, left, &code);
        used = used ? used : 1;
        bytes += used;
        left -= used;
    }
    return bytes;
}

void terminal_bar(const char *text)
{
    if (!terminal.bars)
        return;
    /* The last column stays free: some terminals go to the next line there. */
    size_t bytes = bytes_of_width(text, terminal_width() - 1);
    pthread_mutex_lock(&terminal.lock);
    if (bytes < sizeof(terminal.text)) {
        erase();
        memcpy(terminal.text, text, bytes);
        terminal.text[bytes] = '\0';
        draw();
    }
    pthread_mutex_unlock(&terminal.lock);
}

void terminal_bar_end(void)
{
    pthread_mutex_lock(&terminal.lock);
    if (terminal.drawn) {
        erase();
        fflush(stderr);
    }
    pthread_mutex_unlock(&terminal.lock);
}
