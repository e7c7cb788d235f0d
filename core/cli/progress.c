/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - see progress.h. */
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/terminal.h"
#include "engine/key_text.h"

#include <stdio.h>
#include <string.h>

enum { BAR_WIDTH = 20 };
static const int64_t REDRAW_NS = INT64_C(100000000);
/* Before this, a time left is guesswork. */
static const int64_t ESTIMATE_NS = INT64_C(2000000000);

void progress_begin(struct progress *p, const char *title, const char *unit)
{
    *p = (struct progress){.title = title, .unit = unit, .started_ns = clock_boot_ns()};
}

/* Between 0 and 1; negative = unknown. */
static double share_done(const struct job_progress *done)
{
    double share = -1;
    if (done->bytes_total > 0)
        share = (double)done->bytes_done / (double)done->bytes_total;
    else if (done->entries_total > 0)
        share = (double)done->entries_done / (double)done->entries_total;
    return share > 1 ? -1 : share;
}

static void append_share(struct buffer *line, double share)
{
    char bar[BAR_WIDTH + 1];
    if (share < 0)
        return;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    buffer_append_format(line, " [%s] %2d %%", bar, (int)(share * 100));
}

void progress_format(const struct progress *p, const struct job_progress *done,
                     int64_t elapsed_ns, char text[PROGRESS_LINE_SIZE])
{
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;
    char amount[TEXT_SIZE_SIZE], total[TEXT_SIZE_SIZE], rate[TEXT_SIZE_SIZE];
    double share = share_done(done);
    text_format_size(done->bytes_done, amount);
    text_format_size(done->bytes_total, total);
    text_format_size((uint64_t)p->rate, rate);
    buffer_append_format(&line, "%s", p->title);
    append_share(&line, share);
    buffer_append_format(&line, "  %s", amount);
    if (done->bytes_total > 0 && done->bytes_done <= done->bytes_total)
        buffer_append_format(&line, " of %s", total);
    buffer_append_format(&line, ", %llu %s, %s/s", (unsigned long long)done->entries_done,
                         p->unit, rate);
    if (share > 0 && elapsed_ns > ESTIMATE_NS) {
        char left[TEXT_SIZE_SIZE];
        text_format_duration((int64_t)((double)elapsed_ns * (1 - share) / share), left);
        buffer_append_format(&line, ", %s left", left);
    }
    if (done->problems > 0)
        buffer_append_format(&line, ", %llu problems", (unsigned long long)done->problems);
    if (done->key && done->key_size > 0) {
        buffer_append_format(&line, "  ");
        key_text(&line, done->key, done->key_size);
    }
    buffer_append_u8(&line, 0);
    snprintf(text, PROGRESS_LINE_SIZE, "%s", line.failed ? p->title : (char *)line.data);
}

void progress_update(struct progress *p, const struct job_progress *done)
{
    char line[PROGRESS_LINE_SIZE];
    int64_t now = clock_boot_ns();
    int64_t since = now - (p->drawn_ns ? p->drawn_ns : p->started_ns);
    if (!terminal_has_bars() || since < REDRAW_NS)
        return;
    uint64_t moved = done->bytes_done > p->drawn_bytes ? done->bytes_done - p->drawn_bytes : 0;
    double latest = (double)moved * 1e9 / (double)since;
    p->rate = p->drawn_ns ? 0.9 * p->rate + 0.1 * latest : latest;
    p->drawn_ns = now;
    p->drawn_bytes = done->bytes_done;
    progress_format(p, done, now - p->started_ns, line);
    terminal_bar(line);
}

void progress_end(struct progress *p)
{
    (void)p;
    terminal_bar_end();
}
