#include "app/live_view.h"

#include "base/clock.h"
#include "base/text.h"
#include "meter/wiring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NONE VAR_COUNT /* a cell of the table that stays empty */

static const char *const page_names[LIVE_PAGES] = {
    [LIVE_OVERVIEW] = "Overview", [LIVE_ENERGY] = "Energy",   [LIVE_HARMONICS] = "Harmonics",
    [LIVE_PHASORS] = "Phasors",   [LIVE_QUALITY] = "Quality",
};

/* Columns of the phase table: L1, L2, L3, N, system. */
static const struct column {
    const char *title;
    enum unit unit;
    int width;
    int from_width; /* shown on screens at least this wide */
    int id[5];
} columns[] = {
#define PHASES(stem, n, system)                                      \
    {                                                                \
        VAR_##stem##_l1, VAR_##stem##_l2, VAR_##stem##_l3, n, system \
    }
    {"U L-N",
     UNIT_V,
     7,
     0,
     {VAR_voltage_l1_n, VAR_voltage_l2_n, VAR_voltage_l3_n, NONE, VAR_voltage_ln}},
    {"U L-L",
     UNIT_V,
     8,
     0,
     {VAR_voltage_l1_l2, VAR_voltage_l2_l3, VAR_voltage_l3_l1, NONE, VAR_voltage_ll}},
    {"I", UNIT_A, 6, 0, PHASES(current, VAR_current_n, VAR_current)},
    {"P", UNIT_W, 9, 0, PHASES(power, NONE, VAR_power)},
    {"Q", UNIT_VAR, 9, 0, PHASES(reactive_power, NONE, VAR_reactive_power)},
    {"S", UNIT_VA, 9, 100, PHASES(apparent_power, NONE, VAR_apparent_power)},
    {"PF", UNIT_ONE, 13, 0, PHASES(power_factor, NONE, VAR_power_factor)},
    {"\u03c6", UNIT_DEG, 8, 0, PHASES(phi, NONE, NONE)},
    {"THD-U",
     UNIT_PERCENT,
     8,
     0,
     {VAR_thd_voltage_l1_n, VAR_thd_voltage_l2_n, VAR_thd_voltage_l3_n, NONE, VAR_thd_voltage_ln}},
    {"THD-I", UNIT_PERCENT, 8, 0, PHASES(thd_current, NONE, NONE)},
};

static const struct {
    const char *name;
    enum style style;
} rows[5] = {
    {"L1", STYLE_L1}, {"L2", STYLE_L2}, {"L3", STYLE_L3}, {"N", STYLE_N}, {"\u03a3", STYLE_STRONG},
};

static const struct {
    int64_t bit;
    enum style style;
    const char *text;
} flag_texts[] = {
    {FLAG_OVER_V1 | FLAG_OVER_V2 | FLAG_OVER_V3, STYLE_BAD, "voltage over range"},
    {FLAG_OVER_I1 | FLAG_OVER_I2 | FLAG_OVER_I3, STYLE_BAD, "current over range"},
    {FLAG_NO_REFERENCE, STYLE_BAD, "no voltage to follow"},
    {FLAG_FREQUENCY_RANGE, STYLE_WARNING, "frequency outside 45\u201365 Hz"},
    {FLAG_UNRATED_V1 | FLAG_UNRATED_V2 | FLAG_UNRATED_V3, STYLE_WARNING,
     "voltage outside the rated range"},
    {FLAG_UNSTEADY, STYLE_WARNING, "dip or jump of the mains"},
    {FLAG_DISCONTINUITY, STYLE_WARNING, "samples were missing"},
    {FLAG_PARTIAL, STYLE_WARNING, "incomplete window"},
    {FLAG_SIMULATED, STYLE_DIM, "simulated data"},
};

enum style live_style(enum quality q)
{
    return q == QUALITY_GOOD ? STYLE_PLAIN : q == QUALITY_UNCERTAIN ? STYLE_WARNING : STYLE_DIM;
}

void live_value(struct canvas *c, int y, int x, const struct snapshot_load *l, enum variable_id id,
                struct figure_scale s)
{
    const struct variable *v = &catalogue_variables[id];
    enum quality q = (enum quality)l->quality[id];
    char text[FIGURE_SIZE];
    figure_number(text, snapshot_real(l, id), q, v->unit, s, FIGURE_TABLE, c->unicode);
    canvas_right(c, y, x, live_style(q), text);
}

static void update_scales(struct live_state *state, const struct snapshot_load *l)
{
    static const enum variable_id leading[] = {VAR_power, VAR_reactive_power, VAR_apparent_power};
    double most = 0; /* P, Q and S share a prefix: they are compared */
    for (size_t i = 0; i < COUNT(leading); i++)
        most = fmax(most, fabs(l->value[leading[i]].real));
    for (int u = 0; u < UNIT_COUNT; u++)
        state->scale[u] =
            figure_scale((enum unit)u, most, state->scale[u].symbol ? &state->scale[u] : NULL);
}

static void draw_title(struct canvas *c, const struct live_state *state,
                       const struct live_picture *p)
{
    const struct snapshot *s = p->snapshot;
    for (int x = 0; x < c->width; x++)
        (void)canvas_text(c, 0, x, STYLE_TITLE, " ");
    (void)canvas_text(c, 0, 1, STYLE_TITLE, "EMS");
    if (!s) {
        canvas_right(c, 0, c->width - 1, STYLE_BAD, " \u25b2 No meter ");
        return;
    }
    char chip[FIGURE_SIZE + 16], age[FIGURE_SIZE], utc[32], facts[96], name[sizeof s->source];
    figure_age(age, p->age_us);
    if (p->age_us <= LIVE_STALE_US)
        (void)snprintf(chip, sizeof chip, " \u25cf Live ");
    else
        (void)snprintf(chip, sizeof chip, " \u25b2 %s old ", age);
    enum style style = p->age_us <= LIVE_STALE_US    ? STYLE_GOOD
                       : p->age_us <= LIVE_FAILED_US ? STYLE_WARNING
                                                     : STYLE_BAD;
    int right = c->width - 1;
    canvas_right(c, 0, right, style, chip);
    right -= canvas_width(chip) + 1;
    clock_text(s->utc_us, utc, sizeof utc);
    utc[19] = '\0'; /* to the second */
    char *t = strchr(utc, 'T');
    (void)snprintf(facts, sizeof facts, "%s \u00b7 load %d/%d \u00b7 %s UTC",
                   meter_system_names[s->system], state->load + 1, s->loads, t ? t + 1 : utc);
    canvas_right(c, 0, right, STYLE_TITLE, facts);
    right -= canvas_width(facts) + 2;
    bool cut = canvas_width(s->source) > right - 6;
    text_copy(name, right > 7 && (size_t)right - 6 < sizeof name ? (size_t)right - 6 : sizeof name,
              s->source);
    int end = canvas_text(c, 0, 6, STYLE_TITLE, cut ? name : s->source);
    if (cut)
        (void)canvas_text(c, 0, end, STYLE_TITLE, "\u2026");
}

static void draw_headline(struct canvas *c, struct live_state *state, const struct snapshot_load *l)
{
    static const struct {
        const char *name;
        enum variable_id id;
    } items[] = {{"P", VAR_power}, {"Q", VAR_reactive_power}, {"S", VAR_apparent_power}};
    int step = c->width / 5;
    char text[FIGURE_SIZE];
    for (size_t i = 0; i < COUNT(items); i++) {
        const struct variable *v = &catalogue_variables[items[i].id];
        enum quality q = (enum quality)l->quality[items[i].id];
        figure_full(text, l->value[items[i].id].real, q, v->unit, state->scale[v->unit],
                    FIGURE_HEADLINE, c->unicode);
        int x = canvas_print(c, 1, 1 + step * (int)i, STYLE_DIM, "%s ", items[i].name);
        x = canvas_text(c, 1, x, q == QUALITY_GOOD ? STYLE_STRONG : live_style(q), text);
        if (items[i].id == VAR_power && q < QUALITY_OVER_RANGE && l->value[VAR_power].real < 0)
            (void)canvas_text(c, 1, x, STYLE_EXPORT,
                              x + (int)strlen(" export") < 1 + step * (int)(i + 1) ? " export"
                                                                                   : " exp");
    }
    enum quality q = (enum quality)l->quality[VAR_power_factor];
    figure_power_factor(text, l->value[VAR_power_factor].real, l->value[VAR_reactive_power].real, q,
                        c->unicode);
    int x = canvas_text(c, 1, 1 + step * 3, STYLE_DIM, "PF ");
    (void)canvas_text(c, 1, x, q == QUALITY_GOOD ? STYLE_STRONG : live_style(q), text);
    q = (enum quality)l->quality[VAR_frequency];
    figure_full(text, l->value[VAR_frequency].real, q, UNIT_HZ, state->scale[UNIT_HZ],
                FIGURE_HEADLINE, c->unicode);
    x = canvas_text(c, 1, 1 + step * 4, STYLE_DIM, "f ");
    (void)canvas_text(c, 1, x, q == QUALITY_GOOD ? STYLE_STRONG : live_style(q), text);
}

static void draw_cell(struct canvas *c, int y, int x, const struct column *column, int row,
                      const struct live_state *state, const struct snapshot_load *l)
{
    int id = column->id[row];
    if (id == NONE)
        return;
    if (column->unit != UNIT_ONE) {
        live_value(c, y, x, l, (enum variable_id)id, state->scale[column->unit]);
        return;
    }
    static const enum variable_id reactive[5] = {
        VAR_reactive_power_l1, VAR_reactive_power_l2, VAR_reactive_power_l3,
        VAR_reactive_power,    VAR_reactive_power,
    };
    char text[FIGURE_SIZE];
    enum quality q = (enum quality)l->quality[id];
    figure_power_factor(text, l->value[id].real, l->value[reactive[row]].real, q, c->unicode);
    canvas_right(c, y, x, live_style(q), text);
}

static void draw_phases(struct canvas *c, int y, const struct live_state *state,
                        const struct snapshot_load *l)
{
    canvas_rule(c, y, 0, c->width, "Phases");
    for (int r = 0; r < 5; r++)
        (void)canvas_text(c, y + 2 + r, 1, rows[r].style, rows[r].name);
    int total = 3, shown = 0;
    for (size_t i = 0; i < COUNT(columns); i++) {
        if (c->width >= columns[i].from_width) {
            total += columns[i].width;
            shown++;
        }
    }
    int spare = c->width - 1 - total, x = 3;
    for (size_t i = 0, k = 0; i < COUNT(columns); i++) {
        if (c->width < columns[i].from_width)
            continue;
        k++;
        x += columns[i].width;
        int right = x + spare * (int)k / shown;
        char unit[FIGURE_SIZE], head[FIGURE_SIZE * 2];
        figure_unit(unit, columns[i].unit, state->scale[columns[i].unit], c->unicode);
        (void)snprintf(head, sizeof head, "%s%s%s", columns[i].title, unit[0] ? " " : "", unit);
        canvas_right(c, y + 1, right, STYLE_DIM, head);
        for (int r = 0; r < 5; r++)
            draw_cell(c, y + 2 + r, right, &columns[i], r, state, l);
    }
}

static void draw_register(struct canvas *c, int y, int x, const char *name, enum style style,
                          const struct snapshot_load *l, enum variable_id id, const char *unit)
{
    char text[FIGURE_SIZE];
    enum quality q = (enum quality)l->quality[id];
    figure_register(text, l->value[id].integer, c->unicode);
    int at = canvas_print(c, y, x, style, "%-16s", name);
    at = canvas_text(c, y, at, q == QUALITY_GOOD ? STYLE_STRONG : live_style(q), text);
    (void)canvas_print(c, y, at, STYLE_DIM, " %s", unit);
}

static void draw_energy(struct canvas *c, int y, const struct snapshot_load *l)
{
    int middle = c->width / 2 + 1;
    canvas_rule(c, y, 0, c->width, "Energy");
    draw_register(c, y + 1, 1, "import", STYLE_IMPORT, l, VAR_energy_import, "kWh");
    draw_register(c, y + 1, middle, "export", STYLE_EXPORT, l, VAR_energy_export, "kWh");
    draw_register(c, y + 2, 1, "reactive import", STYLE_IMPORT, l, VAR_reactive_energy_import,
                  "kvarh");
    draw_register(c, y + 2, middle, "reactive export", STYLE_EXPORT, l, VAR_reactive_energy_export,
                  "kvarh");
    draw_register(c, y + 3, 1, "apparent", STYLE_PLAIN, l, VAR_apparent_energy, "kVAh");
    char hours[FIGURE_SIZE];
    figure_hours(hours, l->value[VAR_hours_on].integer);
    int x = canvas_print(c, y + 3, middle, STYLE_PLAIN, "%-16s", "in operation");
    x = canvas_text(c, y + 3, x, STYLE_STRONG, hours);
    (void)canvas_print(c, y + 3, x, STYLE_DIM, "   tariff %d", (int)l->value[VAR_tariff].integer);
}

/* The installer's text in at most two lines, broken at a blank; returns where the second ends, 0 = there is none. */
static int draw_wrapped(struct canvas *c, int y, int x, enum style style, char *text)
{
    int room = c->width - 1 - x;
    if (canvas_width(text) <= room) {
        (void)canvas_text(c, y, x, style, text);
        return 0;
    }
    char *cut = text, *blank = NULL;
    for (int n = 0; *cut && n <= room;
         n++) { /* a character is one byte and those that go on with it */
        if (*cut == ' ')
            blank = cut;
        for (cut++; ((unsigned char)*cut & 0xC0) == 0x80; cut++)
            ;
    }
    if (!blank) {
        (void)canvas_text(c, y, x, style, text);
        return 0;
    }
    *blank = '\0';
    (void)canvas_text(c, y, x, style, text);
    return canvas_text(c, y + 1, x, style, blank + 1);
}

/* One line for the installer, more where it takes more words; then what is not as it should be. */
static void draw_state(struct canvas *c, int y, const struct snapshot *s,
                       const struct snapshot_load *l)
{
    static const enum variable_id u[] = {VAR_fundamental_voltage_l1_n, VAR_fundamental_voltage_l2_n,
                                         VAR_fundamental_voltage_l3_n};
    struct wiring w = {.verdict = l->value[VAR_wiring_state].integer,
                       .faults = l->value[VAR_wiring_faults].integer,
                       .hint = l->wiring_hint};
    struct wiring_input in = {.system = (enum meter_system)s->system};
    for (int k = 0; k < 3; k++) {
        w.map[k] = l->wiring_map[k];
        in.voltage_v[k] = l->value[u[k]].real;
        in.voltage_deg[k] = l->value[VAR_voltage_angle_l1 + k].real;
        in.current_a[k] = l->value[VAR_fundamental_current_l1 + k].real;
        in.current_deg[k] = l->value[VAR_current_angle_l1 + k].real;
    }
    char text[320];
    wiring_text(&w, &in, text, sizeof text);
    enum style style = w.verdict == WIRING_OK       ? STYLE_GOOD
                       : w.verdict == WIRING_FAULTY ? STYLE_BAD
                                                    : STYLE_WARNING;
    int x = canvas_text(c, y, 1, style,
                        w.verdict == WIRING_OK       ? "\u25cf "
                        : w.verdict == WIRING_FAULTY ? "\u25b2 "
                                                     : "\u25cb ");
    int next = draw_wrapped(c, y, x, style == STYLE_GOOD ? STYLE_PLAIN : style, text);

    static const char *const source_texts[] = {
        [SOURCE_RUNNING] = NULL,
        [SOURCE_STALLED] = "the source is silent",
        [SOURCE_LOST] = "the source is gone, trying again",
        [SOURCE_ENDED] = "the record has ended",
    };
    x = next ? next + 2 : 1;
    if ((size_t)s->source_state < COUNT(source_texts) && source_texts[s->source_state])
        x = canvas_print(c, y + 1, x, STYLE_BAD, "\u25b2 %s  ", source_texts[s->source_state]);
    int64_t flags = l->value[VAR_flags].integer;
    for (size_t i = 0; i < COUNT(flag_texts); i++)
        if ((flags & flag_texts[i].bit) &&
            (flag_texts[i].style != STYLE_DIM || x + canvas_width(flag_texts[i].text) < c->width))
            x = canvas_print(c, y + 1, x, flag_texts[i].style, "%s%s  ",
                             flag_texts[i].style == STYLE_DIM ? "" : "\u25b2 ", flag_texts[i].text);
}

static void draw_keys(struct canvas *c, const struct live_state *state)
{
    int y = c->height - 1, x = 0;
    for (int i = 0; i < LIVE_PAGES; i++) {
        bool here = (int)state->page == i;
        x = canvas_print(c, y, x, here ? STYLE_TITLE : STYLE_DIM, " %d %s ", i + 1, page_names[i]);
    }
    canvas_right(c, y, c->width, STYLE_DIM,
                 c->width >= 110 ? "\u2190 \u2192 channel   u unit   + - load   ? help   q quit "
                                 : "? help  q quit ");
}

static void draw_overview(struct canvas *c, struct live_state *state, const struct live_picture *p)
{
    const struct snapshot_load *l = &p->snapshot->load[state->load];
    draw_headline(c, state, l);
    draw_phases(c, 2, state, l);
    draw_energy(c, 9, l);
    bool beside = c->width >= 110;
    int split = beside ? c->width - 36 : c->width, bottom = c->height - 3;
    live_harmonics(c, state, p, 13, bottom, 0, split);
    if (beside)
        live_phasors(c, p, state->load, 13, bottom, split, c->width);
    draw_state(c, bottom, p->snapshot, l);
}

static void draw_harmonics_page(struct canvas *c, struct live_state *state,
                                const struct live_picture *p)
{
    draw_headline(c, state, &p->snapshot->load[state->load]);
    live_harmonics(c, state, p, 2, c->height - 1, 0, c->width);
}

static void draw_help(struct canvas *c)
{
    static const char *const lines[] = {
        "1..5, Tab     page",
        "+ -           load (as in the title, counted from 1)",
        "\u2190 \u2192           channel of the harmonics",
        "u             harmonics in per cent or in V and A",
        "?             this help",
        "q             quit",
        "",
        "~ estimated   \u2013 no value (failed, over range, not in this system)",
        "dim values are old: the chip at the top right says how old",
    };
    int y = c->height / 2 - 6, x = c->width / 2 - 35;
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 70; k++)
            (void)canvas_text(c, y + i, x + k, STYLE_PLAIN, " ");
    canvas_rule(c, y, x, x + 70, "Keys");
    for (size_t i = 0; i < COUNT(lines); i++)
        (void)canvas_text(c, y + 1 + (int)i, x + 3, STYLE_PLAIN, lines[i]);
    canvas_rule(c, y + 11, x, x + 70, "");
}

void live_next_channel(struct live_state *state, int step)
{
    do {
        state->channel = (state->channel + SPECTRUM_COUNT + step) % SPECTRUM_COUNT;
    } while (catalogue_spectra[state->channel].unit == UNIT_DEG);
}

void live_draw(struct canvas *c, struct live_state *state, const struct live_picture *p)
{
    static void (*const pages[LIVE_PAGES])(struct canvas *, struct live_state *,
                                           const struct live_picture *) = {
        [LIVE_OVERVIEW] = draw_overview,        [LIVE_ENERGY] = live_page_energy,
        [LIVE_HARMONICS] = draw_harmonics_page, [LIVE_PHASORS] = live_page_phasors,
        [LIVE_QUALITY] = live_page_quality,
    };
    canvas_clear(c);
    if (c->width < LIVE_MIN_WIDTH || c->height < LIVE_MIN_HEIGHT) {
        (void)canvas_print(c, 0, 0, STYLE_WARNING, "needs %d x %d, this is %d x %d", LIVE_MIN_WIDTH,
                           LIVE_MIN_HEIGHT, c->width, c->height);
        return;
    }
    if (p->snapshot && state->load >= p->snapshot->loads)
        state->load = 0;
    draw_title(c, state, p);
    if (!p->snapshot) {
        (void)canvas_text(c, c->height / 2 - 1, 4, STYLE_STRONG, "No values yet");
        (void)canvas_text(c, c->height / 2, 4, STYLE_PLAIN, p->problem ? p->problem : "");
        (void)canvas_text(c, c->height / 2 + 2, 4, STYLE_DIM,
                          "Start the device with \"ems run\"; this page goes on by itself.");
    } else {
        update_scales(state, &p->snapshot->load[state->load]);
        pages[state->page](c, state, p);
    }
    draw_keys(c, state);
    if (state->help)
        draw_help(c);
}
