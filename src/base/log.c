#include "base/log.h"

#include "base/clock.h"
#include "base/err.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REMEMBERED 16 /* different lines whose repetition is noticed at one time */

struct remembered {
    enum log_level level;
    int64_t until_us; /* 0 = unused */
    unsigned repeated;
    char text[LOG_LINE_SIZE];
};

static struct {
    pthread_mutex_t lock;
    struct log_options options;
    struct remembered line[REMEMBERED];
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .options = {.level = LOG_LEVEL_INFO, .fd = 2}};

static const struct {
    const char *name;
    int journald; /* sd-daemon(3): as in syslog */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

static int64_t now_us(void)
{
    return logger.options.utc_us ? logger.options.utc_us() : 0;
}

static void put(enum log_level level, const char *text, unsigned repeated)
{
    char head[64] = "", tail[32] = "", line[LOG_LINE_SIZE + 112];
    if (logger.options.journald) {
        (void)snprintf(head, sizeof head, "<%d>", levels[level].journald);
    } else if (logger.options.utc_us) {
        clock_text(now_us(), head, 32);
        (void)snprintf(head + strlen(head), 16, " %s ", levels[level].name);
    } else {
        (void)snprintf(head, sizeof head, "%s ", levels[level].name);
    }
    if (repeated)
        (void)snprintf(tail, sizeof tail, " repeated=%u", repeated);
    int n = snprintf(line, sizeof line, "%s%s%s\n", head, text, tail);
    if (n > 0 && write(logger.options.fd, line, (size_t)n) < 0)
        return; /* nobody reads our complaints: nothing better to do than to go on */
}

static void expire(int64_t now, bool all)
{
    for (size_t i = 0; i < REMEMBERED; i++) {
        struct remembered *r = &logger.line[i];
        /* a clock that was set back must not keep lines for ever */
        bool over = r->until_us && (all || now >= r->until_us || r->until_us - now > LOG_REPEAT_US);
        if (!over)
            continue;
        if (r->repeated)
            put(r->level, r->text, r->repeated);
        *r = (struct remembered){0};
    }
}

static void remember_or_put(enum log_level level, const char *text)
{
    struct remembered *oldest = &logger.line[0];
    for (size_t i = 0; i < REMEMBERED; i++) {
        struct remembered *r = &logger.line[i];
        if (r->until_us && r->level == level && strcmp(r->text, text) == 0) {
            r->repeated++;
            return;
        }
        if (r->until_us < oldest->until_us)
            oldest = r;
    }
    if (oldest->repeated)
        put(oldest->level, oldest->text, oldest->repeated);
    oldest->level = level;
    oldest->until_us = now_us() + LOG_REPEAT_US;
    oldest->repeated = 0;
    (void)snprintf(oldest->text, sizeof oldest->text, "%s", text);
    put(level, text, 0);
}

void log_start(const struct log_options *o)
{
    pthread_mutex_lock(&logger.lock);
    logger.options = *o;
    memset(logger.line, 0, sizeof logger.line);
    pthread_mutex_unlock(&logger.lock);
}

void log_flush(bool all)
{
    pthread_mutex_lock(&logger.lock);
    expire(now_us(), all);
    pthread_mutex_unlock(&logger.lock);
}

void log_line(enum log_level level, const char *room, const char *format, ...)
{
    char text[LOG_LINE_SIZE];
    int n = snprintf(text, sizeof text, "%.32s ", room);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = ' ';

    pthread_mutex_lock(&logger.lock);
    if (level <= logger.options.level) {
        expire(now_us(), false);
        remember_or_put(level, text);
    }
    pthread_mutex_unlock(&logger.lock);
}
