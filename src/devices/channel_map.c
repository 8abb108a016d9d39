#include "devices/channel_map.h"

#include "base/text.h"
#include "devices/channel_role_internal.h"
#include "wire/span.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LEVELS 4 /* how alike the names of one set must be, strictest first */

struct finder {
    const struct channel *channels;
    int count;
    struct role role[CHANNEL_MAP_MAX];
};

void channel_map_lane_name(int lane, char *name)
{
    static const char *const voltage[] = {"v1", "v2", "v3", "vx"};
    static const char *const current[] = {"i1", "i2", "i3", "in"};
    int load = lane / METER_GROUP_LANES;
    if (load == 0)
        memcpy(name, voltage[lane % METER_GROUP_LANES], 3);
    else if (load == 1)
        memcpy(name, current[lane % METER_GROUP_LANES], 3);
    else
        (void)snprintf(name, 8, "%s.%d", current[lane % METER_GROUP_LANES], load % 100);
}

/* Are two channels of one bay? 0: component and name before the phase, 1: the name before it, 2: that without
 * its digits ("F1-IA" and "F2-IB"), 3: always. */
static bool alike(const struct finder *f, int a, int b, int level)
{
    const char *x = f->channels[a].name, *y = f->channels[b].name;
    size_t n = f->role[a].prefix, m = f->role[b].prefix;
    if (level == 3)
        return true;
    if (level == 0 && strcmp(f->channels[a].component, f->channels[b].component) != 0)
        return false;
    if (level < 2)
        return n == m && strncasecmp(x, y, n) == 0;
    size_t i = 0, j = 0;
    for (;;) {
        while (i < n && isdigit((unsigned char)x[i]))
            i++;
        while (j < m && isdigit((unsigned char)y[j]))
            j++;
        if (i == n || j == m)
            return i == n && j == m;
        if (tolower((unsigned char)x[i++]) != tolower((unsigned char)y[j++]))
            return false;
    }
}

/* Which of a set's three places a channel fills: its phase; of line voltages 12, 23, 31. -1 = none. */
static int place(const struct role *r, enum quantity q, bool line)
{
    if (r->quantity != q || r->phase > 2 || line != (r->to >= 0))
        return -1;
    if (!line)
        return r->phase;
    int low = r->phase < r->to ? r->phase : r->to, high = r->phase + r->to - low;
    return high - low == 2 ? 2 : low;
}

struct set {
    int channel[3]; /* -1 = none */
    int filled;
};

static struct set gather(const struct finder *f, enum quantity q, bool line, int leader, int level)
{
    struct set s = {.channel = {-1, -1, -1}};
    for (int i = leader; i < f->count; i++) {
        int k = f->channels[i].empty ? -1 : place(&f->role[i], q, line);
        if (k < 0 || s.channel[k] >= 0 || !alike(f, leader, i, level))
            continue;
        s.channel[k] = i;
        s.filled++;
    }
    return s;
}

static int common_start(const char *a, const char *b)
{
    int n = 0;
    while (a[n] && tolower((unsigned char)a[n]) == tolower((unsigned char)b[n]))
        n++;
    return n;
}

/* The best set: as complete as can be, of the strictest likeness, named like channel `near` (or -1), first. */
static struct set best(const struct finder *f, enum quantity q, bool line, int near)
{
    struct set found = {.channel = {-1, -1, -1}};
    int found_start = -1;
    for (int level = 0; level < LEVELS && found.filled < 3; level++)
        for (int i = 0; i < f->count; i++) {
            if (f->channels[i].empty || place(&f->role[i], q, line) < 0)
                continue;
            struct set s = gather(f, q, line, i, level);
            int start = near < 0 ? 0 : common_start(f->channels[i].name, f->channels[near].name);
            if (s.filled < found.filled || (s.filled == found.filled && start <= found_start))
                continue;
            found = s;
            found_start = start;
        }
    return found;
}

/* Neutral voltage or current of the bay of channel `of`. */
static int neutral(const struct finder *f, enum quantity q, int of)
{
    for (int level = 0; level < 3; level++)
        for (int i = 0; i < f->count; i++)
            if (!f->channels[i].empty && f->role[i].quantity == q && f->role[i].phase == 3 &&
                alike(f, of, i, level))
                return i;
    return -1;
}

static void put(struct channel_map *m, const struct finder *f, int lane, int channel, double sign)
{
    m->lane[lane].channel = channel;
    m->lane[lane].factor = channel < 0 ? 0 : sign * f->role[channel].factor;
}

/* A line voltage in the direction a -> b. */
static double sign_of(const struct finder *f, int channel, int a)
{
    return f->role[channel].phase == a ? 1 : -1;
}

static void put_line_voltages(struct channel_map *m, const struct finder *f, const int pair[3])
{
    const int u12 = pair[0], u23 = pair[1], u31 = pair[2];
    if (u12 >= 0 && u23 >= 0) { /* against L2: v1 = u12, v3 = u32 */
        put(m, f, 0, u12, sign_of(f, u12, 0));
        put(m, f, 2, u23, sign_of(f, u23, 2));
    } else if (u12 >= 0) { /* against L1: v2 = u21, v3 = u31 */
        put(m, f, 1, u12, sign_of(f, u12, 1));
        put(m, f, 2, u31, sign_of(f, u31, 2));
    } else { /* against L3: v1 = u13, v2 = u23 */
        put(m, f, 0, u31, sign_of(f, u31, 0));
        put(m, f, 1, u23, sign_of(f, u23, 1));
    }
}

static enum err by_itself(struct channel_map *m, const struct finder *f, struct reason *why)
{
    struct set n = best(f, QUANTITY_VOLTAGE, false, -1), l = best(f, QUANTITY_VOLTAGE, true, -1);
    bool delta = n.filled < 3 && l.filled >= 2;
    int phase[3] = {0, 1, 2}, lead = -1;
    if (n.filled == 0 && l.filled == 0)
        return reason(
            why, ERR_RANGE, "no channel looks like a voltage; name one by hand, such as v1=%s",
            f->count > 0 && f->channels[0].name[0] ? span_shown(span_of(f->channels[0].name)).text
                                                   : "1");
    if (delta) {
        put_line_voltages(m, f, l.channel);
        lead = l.channel[0] >= 0 ? l.channel[0] : l.channel[1];
    } else if (n.filled > 0) {
        int next = 0; /* two voltages of three phases are the two legs; one is the one phase */
        for (int k = 0; k < 3; k++)
            if (n.channel[k] >= 0) {
                phase[next] = k;
                put(m, f, next++, n.channel[k], 1);
            }
        lead = m->lane[0].channel;
        if (n.filled == 3)
            put(m, f, 3, neutral(f, QUANTITY_VOLTAGE, lead), 1);
    } else {
        lead = l.channel[0] >= 0 ? l.channel[0] : l.channel[1] >= 0 ? l.channel[1] : l.channel[2];
        put(m, f, 0, lead, 1);
    }
    int legs = delta ? 3 : n.filled > 0 ? n.filled : 1;
    m->system = delta       ? SYSTEM_3P3W
                : legs == 3 ? SYSTEM_3P4W
                : legs == 2 ? SYSTEM_2P3W
                            : SYSTEM_1P2W;
    struct set i = best(f, QUANTITY_CURRENT, false, lead);
    for (int k = 0; k < legs; k++)
        put(m, f, METER_GROUP_LANES + k, i.channel[phase[k]], 1);
    int first = i.channel[0] >= 0 ? i.channel[0] : i.channel[1] >= 0 ? i.channel[1] : i.channel[2];
    if (legs == 3 && first >= 0)
        put(m, f, METER_GROUP_LANES + 3, neutral(f, QUANTITY_CURRENT, first), 1);
    return ERR_OK;
}

static int lane_of(struct span word)
{
    char name[8];
    for (int lane = 0; lane < CHANNEL_MAP_LANES; lane++) {
        channel_map_lane_name(lane, name);
        if (span_is(word, name))
            return lane;
    }
    return -1;
}

static int channel_named(const struct finder *f, struct span name)
{
    for (int i = 0; i < f->count; i++)
        if (name.length > 0 && span_is(name, f->channels[i].name))
            return i;
    int64_t number;
    if (span_count(name, f->count, &number) && number > 0)
        return (int)number - 1;
    return -1;
}

static enum err no_channel(const struct finder *f, struct span name, struct reason *why)
{
    const char *names[CHANNEL_MAP_MAX];
    for (int i = 0; i < f->count; i++)
        names[i] = f->channels[i].name;
    char typed[48];
    span_copy(name, typed, sizeof typed);
    const char *nearest = text_nearest(typed, names, (size_t)f->count);
    return reason(
        why, ERR_UNKNOWN,
        "map: no channel \"%s\" among %d; the nearest is \"%s\" (or give a number from 1)",
        span_shown(name).text, f->count, span_shown(span_of(nearest ? nearest : "")).text);
}

static enum err one_by_hand(struct channel_map *m, const struct finder *f, struct span item,
                            struct reason *why)
{
    struct span whole = item, lane_word = {0}, name;
    (void)span_field(&item, '=', &lane_word);
    int lane = lane_of(lane_word);
    if (lane < 0 || !item.at)
        return reason(
            why, ERR_FORMAT,
            "map: \"%s\": expected lane=channel with a lane such as v1, vx, i3, in or i1.2",
            span_shown(whole).text);
    name = span_trim(item);
    double factor = 1, given;
    int channel = channel_named(f, name);
    if (channel < 0 && name.length > 0 && (name.at[0] == '-' || name.at[0] == '+')) {
        factor = name.at[0] == '-' ? -1 : 1;
        name = span_trim((struct span){name.at + 1, name.length - 1});
        channel = channel_named(f, name);
    }
    const char *star = name.length ? memrchr(name.at, '*', name.length) : NULL;
    if (channel < 0 && star) {
        size_t before = (size_t)(star - name.at);
        struct span number = span_trim((struct span){star + 1, name.length - before - 1});
        if (!span_number(number, &given) || given == 0)
            return reason(why, ERR_FORMAT, "map: \"%s\": expected a factor after *",
                          span_shown(whole).text);
        factor *= given;
        name = span_trim((struct span){name.at, before});
        channel = channel_named(f, name);
    }
    if (channel < 0)
        return no_channel(f, name, why);
    if (m->lane[lane].channel >= 0)
        return reason(why, ERR_FORMAT, "map: \"%s\": this lane was given twice",
                      span_shown(whole).text);
    double unit;
    (void)channel_unit(f->channels[channel].unit, &unit);
    m->lane[lane].channel = channel;
    m->lane[lane].factor = factor * unit;
    if (lane / METER_GROUP_LANES > m->loads)
        m->loads = lane / METER_GROUP_LANES;
    return ERR_OK;
}

static enum err by_hand(struct channel_map *m, const struct finder *f, const char *text,
                        struct reason *why)
{
    struct span rest = span_of(text), item;
    while (span_field(&rest, ',', &item)) {
        enum err e = one_by_hand(m, f, item, why);
        if (e)
            return e;
    }
    bool v[3];
    for (int k = 0; k < 3; k++)
        v[k] = m->lane[k].channel >= 0;
    m->system = v[0] && v[1] && v[2] ? SYSTEM_3P4W
                : v[0] && v[1]       ? SYSTEM_2P3W
                : v[2]               ? SYSTEM_3P3W
                                     : SYSTEM_1P2W;
    return ERR_OK;
}

/* Voltages that a system needs, as bits; 3P3W any two. */
static enum err check(const struct channel_map *m, struct reason *why)
{
    static const unsigned needs[] = {[SYSTEM_1P2W] = 1,
                                     [SYSTEM_2P3W] = 3,
                                     [SYSTEM_3P4W] = 7,
                                     [SYSTEM_3P3W] = 0,
                                     [SYSTEM_WILD_LEG] = 7};
    unsigned there = 0;
    int count = 0;
    for (int k = 0; k < 3; k++)
        if (m->lane[k].channel >= 0) {
            there |= 1u << k;
            count++;
        }
    bool enough =
        m->system == SYSTEM_3P3W ? count >= 2 : (there & needs[m->system]) == needs[m->system];
    if (enough)
        return ERR_OK;
    return reason(why, ERR_RANGE, "%s needs %s; the channels are %s", meter_system_names[m->system],
                  m->system == SYSTEM_3P3W   ? "two of v1, v2, v3"
                  : m->system == SYSTEM_2P3W ? "v1 and v2"
                  : m->system == SYSTEM_1P2W ? "v1"
                                             : "v1, v2 and v3",
                  m->text[0] ? m->text : "none");
}

static void describe(struct channel_map *m, const struct finder *f)
{
    size_t used = 0;
    for (int lane = 0; lane < METER_GROUP_LANES * (1 + m->loads); lane++) {
        int c = m->lane[lane].channel;
        if (c < 0)
            continue;
        char name[8], shown[sizeof m->text], item[sizeof m->text];
        channel_map_lane_name(lane, name);
        if (f->channels[c].name[0])
            span_show(span_of(f->channels[c].name), shown, 96);
        else
            (void)snprintf(shown, sizeof shown, "%d", c + 1);
        int n = snprintf(item, sizeof item, "%s%s=%s%.96s", used ? ", " : "", name,
                         m->lane[lane].factor < 0 ? "-" : "", shown);
        if (n < 0 || used + (size_t)n >= sizeof m->text)
            return;
        memcpy(m->text + used, item, (size_t)n + 1);
        used += (size_t)n;
    }
}

enum err channel_map_make(struct channel_map *m, const struct channel *channels, int count,
                          const char *hand, const enum meter_system *wiring, struct reason *why)
{
    struct channel_map made = {.loads = 1};
    struct finder f = {.channels = channels,
                       .count = count < CHANNEL_MAP_MAX ? count : CHANNEL_MAP_MAX};
    bool ryb = channel_role_ryb(channels, f.count);
    for (int i = 0; i < f.count; i++)
        f.role[i] = channel_role(&channels[i], ryb);
    for (int lane = 0; lane < CHANNEL_MAP_LANES; lane++)
        made.lane[lane].channel = -1;
    enum err e = hand ? by_hand(&made, &f, hand, why) : by_itself(&made, &f, why);
    if (e)
        return e;
    if (wiring)
        made.system = *wiring;
    describe(&made, &f);
    if ((e = check(&made, why)))
        return e;
    *m = made;
    return ERR_OK;
}

void channel_map_describe_load(const struct channel_map *m, int load, struct load_config *l)
{
    int first = METER_GROUP_LANES * (1 + load);
    l->two_currents = m->system == SYSTEM_3P3W && m->lane[first].channel >= 0 &&
                      m->lane[first + 1].channel < 0 && m->lane[first + 2].channel >= 0;
    l->neutral_measured = m->lane[first + 3].channel >= 0;
}
