/* log - one line an event, "key=value", to standard error.
 *
 *   2026-11-24T07:16:45.123Z warning meter event=source_lost reason="no such file"
 *   <4>meter event=source_lost reason="no such file"          (journald reads the number)
 *
 * Levels: error = someone must act, warning = degraded, info = state changed, debug = off in the field.
 * No secrets. A line that was written already within the last LOG_REPEAT_US is counted instead; the count is
 * written once as `repeated=N` when that time is over, so a fault in a fast loop costs a line each minute.
 *
 * The one state of the house that nobody passes: a process has one log, as it has one standard error.
 * Any thread may write. Until log_start, lines of info and above go to standard error without a time.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_SIZE 1024 /* longer lines are cut */
#define LOG_REPEAT_US INT64_C(60000000)

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
    enum log_level level; /* the least important that is written */
    bool journald;        /* "<N>" instead of time and level: systemd sets JOURNAL_STREAM */
    int fd;               /* standard error: 2 */
    int64_t (*utc_us)(void);
};

void log_start(const struct log_options *o);

/* Writes what was counted and whose time is over (all of it where `all`): call it about once a second
 * and at the end. */
void log_flush(bool all);

/* `room` is the part that speaks; the format makes "key=value" pairs. Control characters become spaces. */
void log_line(enum log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(room, ...) log_line(LOG_LEVEL_ERROR, room, __VA_ARGS__)
#define log_warn(room, ...) log_line(LOG_LEVEL_WARNING, room, __VA_ARGS__)
#define log_info(room, ...) log_line(LOG_LEVEL_INFO, room, __VA_ARGS__)
#define log_debug(room, ...) log_line(LOG_LEVEL_DEBUG, room, __VA_ARGS__)

#endif
