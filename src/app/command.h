/* command - the closed list of what others may ask of ems-meter, and its one line of JSON each way.
 *
 *   {"verb":"set_tariff","load":0,"tariff":2}   ->   {"ok":true,...} or {"ok":false,"error":"range","reason":"..."}
 *
 * A command is a flat object of at most COMMAND_LINE_SIZE - 1 bytes: texts without escapes, whole numbers. Unknown verbs and keys
 * are refused and the nearest known one is named. Nothing here allocates: the meter does not after its start.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "base/err.h"

#include <stddef.h>

#define COMMAND_LINE_SIZE 512
#define COMMAND_REPLY_SIZE 2048
#define COMMAND_SOCKET "meter.sock" /* in the run folder */

enum command_verb {
    COMMAND_STATUS,
    COMMAND_FLUSH,
    COMMAND_SET_TARIFF,
    COMMAND_RESET_PARTIAL,
    COMMAND_START_PARTIAL,
    COMMAND_STOP_PARTIAL,
    COMMAND_RESET_DEMAND,
    COMMAND_RESET_DEMAND_MAX,
    COMMAND_COUNT
};

struct command {
    enum command_verb verb;
    int load;   /* 0 where the verb is for the whole meter */
    int tariff; /* of set_tariff */
};

extern const struct command_row {
    const char *name;
    int needs_load, needs_tariff;
    const char *text;
} command_rows[COMMAND_COUNT];

/* ERR_FORMAT   not a flat object, or a key is missing
 * ERR_UNKNOWN  verb or key
 * ERR_RANGE    load or tariff */
enum err command_parse(const char *line, size_t length, struct command *c,
                       struct reason *why) CHECKED;

/* The verb's number. ERR_UNKNOWN names the nearest. */
enum err command_verb(const char *name, enum command_verb *verb, struct reason *why) CHECKED;

/* Writes the line with its newline; `size` >= COMMAND_LINE_SIZE. Returns its length. */
size_t command_line(const struct command *c, char *line, size_t size);

#endif
