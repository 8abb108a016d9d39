/* meter_door - the one door of ems-meter: a Unix socket in the run folder that takes the commands of app/command.h.
 *
 * A line in, a line out, at most DOOR_CLIENTS at once; one more is turned away. A peer that sends a longer line or none
 * for DOOR_PATIENCE_US is put out. Nothing blocks and nothing is allocated. Who may connect is decided by the socket's
 * mode (0660) and folder; each command is logged with the peer's user and process.
 */
#ifndef APP_METER_DOOR_H
#define APP_METER_DOOR_H

#include "app/command.h"

#include <limits.h>
#include <poll.h>
#include <stdint.h>

#define DOOR_CLIENTS 4
#define DOOR_PATIENCE_US INT64_C(10000000)

/* Does the command; writes the reply's members ("\"sequence\":5") to `extra` where there are any. */
typedef enum err door_answer(void *context, const struct command *c, char *extra, size_t size,
                             struct reason *why);

struct door_client {
    int fd; /* -1 = free */
    unsigned user;
    int process;
    int64_t since_us;
    size_t used;
    char line[COMMAND_LINE_SIZE];
};

struct meter_door {
    int fd;
    char path[PATH_MAX];
    struct door_client client[DOOR_CLIENTS];
};

enum err meter_door_open(struct meter_door *d, const char *folder, struct reason *why) CHECKED;
void meter_door_close(struct meter_door *d);

/* Fills up to 1 + DOOR_CLIENTS descriptors to wait for; returns how many. */
int meter_door_poll(const struct meter_door *d, struct pollfd *list);

/* Takes who comes and answers what is asked. Call it after poll() and about once a second. */
void meter_door_serve(struct meter_door *d, int64_t now_us, door_answer *answer, void *context);

#endif
