#include "app/meter_door.h"

#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum err meter_door_open(struct meter_door *d, const char *folder, struct reason *why)
{
    *d = (struct meter_door){.fd = -1};
    for (int i = 0; i < DOOR_CLIENTS; i++)
        d->client[i].fd = -1;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", folder, COMMAND_SOCKET);
    if (n < 0 || (size_t)n >= sizeof at.sun_path)
        return reason(why, ERR_RANGE, "%.80s...: too long for a socket's path (%zu bytes)", folder,
                      sizeof at.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return reason(why, ERR_IO, "socket: %s", strerror(errno));
    (void)unlink(
        at.sun_path); /* a predecessor's: that we run alone is held by the register file's lock */
    mode_t before = umask(0117);
    int bound = bind(fd, (struct sockaddr *)&at, sizeof at);
    (void)umask(before);
    if (bound != 0 || listen(fd, DOOR_CLIENTS) != 0) {
        enum err e = reason(why, ERR_IO, "%s: %s", at.sun_path, strerror(errno));
        close(fd);
        return e;
    }
    (void)snprintf(d->path, sizeof d->path, "%s", at.sun_path);
    d->fd = fd;
    return ERR_OK;
}

static void put_out(struct door_client *c)
{
    close(c->fd);
    c->fd = -1;
}

void meter_door_close(struct meter_door *d)
{
    if (d->fd < 0)
        return;
    for (int i = 0; i < DOOR_CLIENTS; i++)
        if (d->client[i].fd >= 0)
            put_out(&d->client[i]);
    close(d->fd);
    (void)unlink(d->path);
    d->fd = -1;
}

int meter_door_poll(const struct meter_door *d, struct pollfd *list)
{
    int count = 0;
    if (d->fd < 0)
        return 0;
    list[count++] = (struct pollfd){.fd = d->fd, .events = POLLIN};
    for (int i = 0; i < DOOR_CLIENTS; i++)
        if (d->client[i].fd >= 0)
            list[count++] = (struct pollfd){.fd = d->client[i].fd, .events = POLLIN};
    return count;
}

static void let_in(struct meter_door *d, int64_t now_us)
{
    int fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    for (int i = 0; i < DOOR_CLIENTS; i++) {
        struct door_client *c = &d->client[i];
        if (c->fd >= 0)
            continue;
        struct ucred peer = {0};
        socklen_t size = sizeof peer;
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        *c = (struct door_client){
            .fd = fd, .user = peer.uid, .process = peer.pid, .since_us = now_us};
        return;
    }
    close(fd);
    log_warn("meter", "event=door_full clients=%d", DOOR_CLIENTS);
}

static void reply(struct door_client *c, const struct command *asked, const char *extra, enum err e,
                  const struct reason *why)
{
    char text[COMMAND_REPLY_SIZE];
    struct json_writer w = {.text = text, .size = sizeof text - 1};
    json_open(&w, NULL, '{');
    json_put_bool(&w, "ok", e == ERR_OK);
    if (e != ERR_OK) {
        json_put_text(&w, "error", err_name(e));
        json_put_text(&w, "reason", why->text);
    }
    size_t room = sizeof text - w.used;
    int n = snprintf(text + w.used, room, "%s%s}\n", extra[0] ? "," : "", extra);
    size_t length = w.used + (n > 0 && (size_t)n < room ? (size_t)n : 0);
    /* A reply fits in an empty socket buffer; a peer that does not read loses it and the connection. */
    if (send(c->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
        put_out(c);
    if (asked && asked->verb == COMMAND_STATUS && e == ERR_OK)
        return; /* asking changes nothing: no entry in the audit */
    log_info("meter", "event=command verb=%s load=%d tariff=%d result=%s user=%u process=%d",
             asked ? command_rows[asked->verb].name : "?", asked ? asked->load : 0,
             asked ? asked->tariff : 0, err_name(e), c->user, c->process);
}

static void answer_line(struct door_client *c, size_t length, door_answer *answer, void *context)
{
    struct command command;
    struct reason why = {""};
    char extra[COMMAND_REPLY_SIZE / 2] = "";
    enum err e = command_parse(c->line, length, &command, &why);
    bool understood = e == ERR_OK;
    if (understood)
        e = answer(context, &command, extra, sizeof extra, &why);
    reply(c, understood ? &command : NULL, e == ERR_OK ? extra : "", e, &why);
}

static void hear(struct door_client *c, int64_t now_us, door_answer *answer, void *context)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->line + c->used, sizeof c->line - c->used, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            put_out(c);
            return;
        }
        if (n < 0)
            break;
        c->used += (size_t)n;
        for (char *end; c->fd >= 0 && (end = memchr(c->line, '\n', c->used));) {
            size_t length = (size_t)(end - c->line);
            answer_line(c, length, answer, context);
            c->since_us = now_us;
            c->used -= length + 1;
            memmove(c->line, end + 1, c->used);
        }
        if (c->fd < 0)
            return;
        if (c->used == sizeof c->line) {
            struct reason why;
            (void)reason(&why, ERR_FULL, "a command has at most %zu bytes", sizeof c->line - 1);
            reply(c, NULL, "", ERR_FULL, &why);
            if (c->fd >= 0)
                put_out(c);
            return;
        }
    }
    if (now_us - c->since_us > DOOR_PATIENCE_US)
        put_out(c);
}

void meter_door_serve(struct meter_door *d, int64_t now_us, door_answer *answer, void *context)
{
    if (d->fd < 0)
        return;
    let_in(d, now_us);
    for (int i = 0; i < DOOR_CLIENTS; i++)
        if (d->client[i].fd >= 0)
            hear(&d->client[i], now_us, answer, context);
}
