#include "app/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct figure_scale prefixes[] = {{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}};

static bool is_power(enum unit u)
{
    return u == UNIT_W || u == UNIT_VAR || u == UNIT_VA;
}

static bool is_energy(enum unit u)
{
    return u == UNIT_WH || u == UNIT_VARH || u == UNIT_VAH;
}

struct figure_scale figure_scale(enum unit u, double largest, const struct figure_scale *before)
{
    if (!is_power(u) && !is_energy(u))
        return prefixes[0];
    double x = fabs(largest);
    size_t now = 0;
    for (size_t i = 1; i < COUNT(prefixes); i++) {
        bool was = before && before->factor >= prefixes[i].factor;
        /* what would round to 1000 of the smaller prefix is 1 of this one */
        if (x >= prefixes[i].factor * (was ? 0.9 : 0.9995))
            now = i;
    }
    return prefixes[now];
}

static int decimals(double shown, enum unit u, struct figure_scale s, enum figure_place place)
{
    double x = fabs(shown);
    switch (u) {
    case UNIT_W:
    case UNIT_VAR:
    case UNIT_VA:
        if (s.factor < 1e3)
            return 0;
        if (place == FIGURE_TABLE)
            return x < 99.9995 ? 3 : 2; /* six digits and a sign have no room */
        return x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
    case UNIT_WH:
    case UNIT_VARH:
    case UNIT_VAH:
        return s.factor < 1e3 ? 0 : place == FIGURE_TABLE ? 3 : 1;
    case UNIT_A: /* three significant, and the product's milliampere below 1 A */
        return x < 9.995 ? (x < 0.9995 ? 3 : 2) : x < 99.95 ? 1 : 0;
    case UNIT_HZ:
        return 2;
    case UNIT_V:
    case UNIT_DEG:
    case UNIT_PERCENT:
        return 1;
    case UNIT_ONE:
        return place == FIGURE_HEADLINE ? 2 : 3;
    case UNIT_S:
    case UNIT_US:
    case UNIT_COUNT:
        return 0;
    }
    return 0;
}

void figure_number(char text[FIGURE_SIZE], double value, enum quality q, enum unit u,
                   struct figure_scale s, enum figure_place place, bool unicode)
{
    if (q >= QUALITY_OVER_RANGE || !isfinite(value)) {
        (void)snprintf(text, FIGURE_SIZE, "%s", unicode ? "\u2013" : "-");
        return;
    }
    double shown = value / s.factor;
    char digits[FIGURE_SIZE - 8];
    (void)snprintf(digits, sizeof digits, "%.*f", decimals(shown, u, s, place), fabs(shown));
    bool zero = strspn(digits, "0.") == strlen(digits);
    const char *sign = shown < 0 && !zero ? (unicode ? "\u2212" : "-") : "";
    (void)snprintf(text, FIGURE_SIZE, "%s%s%s", q == QUALITY_UNCERTAIN ? "~" : "", sign, digits);
}

void figure_unit(char text[FIGURE_SIZE], enum unit u, struct figure_scale s, bool unicode)
{
    const char *symbol = unit_symbol(u);
    if (!unicode && u == UNIT_DEG)
        symbol = "deg";
    if (!unicode && u == UNIT_US)
        symbol = "us";
    (void)snprintf(text, FIGURE_SIZE, "%s%s", s.symbol, symbol);
}

void figure_full(char text[FIGURE_SIZE], double value, enum quality q, enum unit u,
                 struct figure_scale s, enum figure_place place, bool unicode)
{
    char unit[FIGURE_SIZE];
    figure_number(text, value, q, u, s, place, unicode);
    figure_unit(unit, u, s, unicode);
    size_t used = strlen(text);
    if (unit[0])
        (void)snprintf(text + used, FIGURE_SIZE - used, "%s%s", unicode ? "\u202f" : " ", unit);
}

void figure_register(char text[FIGURE_SIZE], int64_t micro, bool unicode)
{
    const char *gap = unicode ? "\u202f" : " ";
    uint64_t size = micro < 0 ? (uint64_t)0 - (uint64_t)micro : (uint64_t)micro;
    uint64_t units = size / UINT64_C(1000000); /* whole Wh = three decimals of kWh */
    uint64_t whole = units / 1000;
    (void)snprintf(text, FIGURE_SIZE, "%s%02" PRIu64 "%s%03" PRIu64 "%s%03" PRIu64 ".%03" PRIu64,
                   micro < 0 ? (unicode ? "\u2212" : "-") : "", whole / 1000000, gap,
                   whole / 1000 % 1000, gap, whole % 1000, units % 1000);
}

void figure_power_factor(char text[FIGURE_SIZE], double pf, double reactive, enum quality q,
                         bool unicode)
{
    figure_number(text, pf, q, UNIT_ONE, prefixes[0], FIGURE_TABLE, unicode);
    if (q >= QUALITY_OVER_RANGE || fabs(pf) >= 0.9995 || pf == 0)
        return;
    size_t used = strlen(text);
    /* Inductive where P and Q have the same sign (quadrants I and III). */
    (void)snprintf(text + used, FIGURE_SIZE - used, "%s%s", unicode ? "\u202f" : " ",
                   (pf < 0) == (reactive < 0) ? "ind." : "cap.");
}

void figure_hours(char text[FIGURE_SIZE], int64_t micro_s)
{
    int64_t minutes = micro_s / 60000000;
    (void)snprintf(text, FIGURE_SIZE, "%" PRId64 " h %02d min", minutes / 60, (int)(minutes % 60));
}

void figure_age(char text[FIGURE_SIZE], int64_t age_us)
{
    double s = (double)age_us / 1e6;
    if (s < 9.95)
        (void)snprintf(text, FIGURE_SIZE, "%.1f s", s < 0 ? 0 : s);
    else if (s < 120)
        (void)snprintf(text, FIGURE_SIZE, "%.0f s", s);
    else if (s < 7200)
        (void)snprintf(text, FIGURE_SIZE, "%.0f min", s / 60);
    else
        (void)snprintf(text, FIGURE_SIZE, "%.0f h", s / 3600);
}
