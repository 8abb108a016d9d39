/* emsctl command - one command through the meter's door. */
#include "app/emsctl.h"

#include "app/command.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S 5

static enum err ask(const char *folder, const struct command *c, char reply[COMMAND_REPLY_SIZE],
                    struct reason *why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int n = snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", folder, COMMAND_SOCKET);
    if (n < 0 || (size_t)n >= sizeof to.sun_path)
        return reason(why, ERR_RANGE, "%.60s...: too long for a socket's path", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return reason(why, ERR_IO, "socket: %s", strerror(errno));
    struct timeval limit = {.tv_sec = ANSWER_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    enum err e = ERR_OK;
    char line[COMMAND_LINE_SIZE];
    size_t length = command_line(c, line, sizeof line), got = 0;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        e = reason(why, ERR_UNKNOWN, "%s: %s: does a meter run here?", to.sun_path,
                   strerror(errno));
    else if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length)
        e = reason(why, ERR_IO, "%s: %s", to.sun_path, strerror(errno));
    while (e == ERR_OK && (got == 0 || reply[got - 1] != '\n') && got < COMMAND_REPLY_SIZE - 1) {
        ssize_t r = recv(fd, reply + got, COMMAND_REPLY_SIZE - 1 - got, 0);
        if (r <= 0)
            e = reason(why, ERR_BUSY, "the meter did not answer");
        else
            got += (size_t)r;
    }
    reply[got] = '\0';
    close(fd);
    return e;
}

static int print_answer(const char *reply, bool as_json, const struct subcommand *self)
{
    json_t *answer;
    struct reason why;
    enum err e = json_read(reply, strlen(reply), "answer", &answer, &why);
    if (e != ERR_OK)
        return emsctl_fail(self, ERR_IO, &why);
    bool good = json_is_true(json_object_get(answer, "ok"));
    const char *text = json_string_value(json_object_get(answer, "reason"));
    if (as_json) {
        fputs(reply, stdout);
    } else if (good) {
        const char *key;
        json_t *value;
        json_object_foreach(answer, key, value)
        {
            if (json_is_string(value))
                printf("%-20s %s\n", key, json_string_value(value));
            else if (json_is_number(value))
                printf("%-20s %.15g\n", key, json_number_value(value));
            else
                printf("%-20s %s\n", key, json_is_true(value) ? "yes" : "no");
        }
    } else {
        fprintf(stderr, "emsctl %s: refused: %s\n", self->name, text ? text : "?");
    }
    json_decref(answer);
    return good ? EXIT_GOOD : EXIT_REFUSED;
}

static int list_verbs(void)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        printf("%-18s %s%s\n", command_rows[i].name, command_rows[i].text,
               command_rows[i].needs_tariff ? " (--tariff N)" : "");
    return EXIT_GOOD;
}

int emsctl_command(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    const char *load = "0", *tariff = NULL, *verb = NULL;
    const struct option_row rows[] = {
        {"load", "N", "which load (0)", &load, NULL},
        {"tariff", "1..8", "of set_tariff", &tariff, NULL},
    };
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), &verb, 1, &words, argc, argv, &code))
        return code;
    if (!words)
        return list_verbs();
    struct reason why;
    struct command c = {0};
    double n = 0, t = 0;
    enum err e = command_verb(verb, &c.verb, &why);
    if (e == ERR_OK)
        e = options_number("--load", load, 0, 1000, &n, &why);
    if (e == ERR_OK && tariff)
        e = options_number("--tariff", tariff, -1000, 1000, &t, &why);
    if (e == ERR_OK && !tariff && command_rows[c.verb].needs_tariff)
        e = reason(&why, ERR_FORMAT, "%s needs --tariff N", verb);
    if (e != ERR_OK) {
        (void)emsctl_fail(self, e, &why);
        return EXIT_USAGE;
    }
    c.load = (int)n;
    c.tariff = (int)t;
    char reply[COMMAND_REPLY_SIZE];
    e = ask(ctl->places.run, &c, reply, &why);
    return e == ERR_OK ? print_answer(reply, ctl->json, self) : emsctl_fail(self, e, &why);
}
