/* The pages of the live view that are tables: energy, phasors with angles, quality and demand. */
#include "app/live_view.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define NONE VAR_COUNT

static void put_register(struct canvas *c, int y, int x, const struct snapshot_load *l, int id)
{
    if (id == NONE)
        return;
    char text[FIGURE_SIZE];
    figure_register(text, l->value[id].integer, c->unicode);
    canvas_right(c, y, x, live_style((enum quality)l->quality[id]), text);
}

struct energy_row {
    const char *name;
    enum style style;
    int id[5];
};

static const struct energy_row energy_rows[] = {
    {"\u03a3",
     STYLE_STRONG,
     {VAR_energy_import, VAR_energy_export, VAR_reactive_energy_import, VAR_reactive_energy_export,
      VAR_apparent_energy}},
    {"L1",
     STYLE_L1,
     {VAR_energy_import_l1, VAR_energy_export_l1, VAR_reactive_energy_import_l1,
      VAR_reactive_energy_export_l1, VAR_apparent_energy_l1}},
    {"L2",
     STYLE_L2,
     {VAR_energy_import_l2, VAR_energy_export_l2, VAR_reactive_energy_import_l2,
      VAR_reactive_energy_export_l2, VAR_apparent_energy_l2}},
    {"L3",
     STYLE_L3,
     {VAR_energy_import_l3, VAR_energy_export_l3, VAR_reactive_energy_import_l3,
      VAR_reactive_energy_export_l3, VAR_apparent_energy_l3}},
    {"part",
     STYLE_PLAIN,
     {VAR_energy_import_partial, VAR_energy_export_partial, VAR_reactive_energy_import_partial,
      VAR_reactive_energy_export_partial, VAR_apparent_energy_partial}},
};

static const struct energy_row quadrant_rows[] = {
    {"I", STYLE_PLAIN, {VAR_energy_q1, NONE, VAR_reactive_energy_q1, NONE, VAR_apparent_energy_q1}},
    {"II",
     STYLE_PLAIN,
     {VAR_energy_q2, NONE, VAR_reactive_energy_q2, NONE, VAR_apparent_energy_q2}},
    {"III",
     STYLE_PLAIN,
     {VAR_energy_q3, NONE, VAR_reactive_energy_q3, NONE, VAR_apparent_energy_q3}},
    {"IV",
     STYLE_PLAIN,
     {VAR_energy_q4, NONE, VAR_reactive_energy_q4, NONE, VAR_apparent_energy_q4}},
};

static int energy_table(struct canvas *c, int y, const char *title, const char *const heads[5],
                        const struct energy_row *rows, int count, const struct snapshot_load *l)
{
    int step = (c->width - 5) / 5;
    canvas_rule(c, y, 0, c->width, title);
    for (int i = 0; i < 5; i++)
        canvas_right(c, y + 1, 5 + step * (i + 1) - 1, STYLE_DIM, heads[i]);
    for (int r = 0; r < count; r++) {
        (void)canvas_text(c, y + 2 + r, 0, rows[r].style, rows[r].name);
        for (int i = 0; i < 5; i++)
            put_register(c, y + 2 + r, 5 + step * (i + 1) - 1, l, rows[r].id[i]);
    }
    return y + 2 + count;
}

void live_page_energy(struct canvas *c, struct live_state *state, const struct live_picture *p)
{
    const struct snapshot_load *l = &p->snapshot->load[state->load];
    static const char *const heads[5] = {"import kWh", "export kWh", "import kvarh", "export kvarh",
                                         "kVAh"};
    static const char *const quadrant_heads[5] = {"kWh", "", "kvarh", "", "kVAh"};
    int y = energy_table(c, 1, "Energy", heads, energy_rows, COUNT(energy_rows), l);
    y = energy_table(c, y, "Quadrants", quadrant_heads, quadrant_rows, COUNT(quadrant_rows), l);
    canvas_rule(c, y, 0, c->width, "Import by tariff, kWh");
    int step = (c->width - 1) / 4;
    for (int t = 0; t < METER_TARIFFS; t++) {
        int row = y + 1 + t / 4, x = 1 + step * (t % 4);
        bool active = l->value[VAR_tariff].integer == t + 1;
        (void)canvas_print(c, row, x, active ? STYLE_GOOD : STYLE_DIM, "t%d", t + 1);
        put_register(c, row, x + 17, l, VAR_energy_import_t1 + t);
    }
    canvas_rule(c, y + 3, 0, c->width, "Hours");
    static const struct {
        const char *name;
        enum variable_id id;
    } hours[] = {
        {"import", VAR_hours_import},
        {"export", VAR_hours_export},
        {"in operation", VAR_hours_on},
    };
    for (size_t i = 0; i < COUNT(hours); i++) {
        char text[FIGURE_SIZE];
        figure_hours(text, l->value[hours[i].id].integer);
        int x =
            canvas_print(c, y + 4, 1 + (c->width / 3) * (int)i, STYLE_DIM, "%s ", hours[i].name);
        (void)canvas_text(c, y + 4, x, live_style((enum quality)l->quality[hours[i].id]), text);
    }
}

void live_page_phasors(struct canvas *c, struct live_state *state, const struct live_picture *p)
{
    const struct snapshot_load *l = &p->snapshot->load[state->load];
    int split = c->width - 38;
    live_phasors(c, p, state->load, 1, c->height - 1, 0, split);
    canvas_rule(c, 1, split, c->width, "Fundamentals");
    static const struct {
        const char *title;
        int first, angle;
        enum unit unit;
    } blocks[] = {
        {"voltage V", VAR_fundamental_voltage_l1_n, VAR_voltage_angle_l1, UNIT_V},
        {"current A", VAR_fundamental_current_l1, VAR_current_angle_l1, UNIT_A},
    };
    int y = 2;
    const struct figure_scale none = {1, ""};
    for (size_t b = 0; b < COUNT(blocks); b++, y += 5) {
        canvas_right(c, y, split + 18, STYLE_DIM, blocks[b].title);
        canvas_right(c, y, split + 28, STYLE_DIM, "angle \u00b0");
        if (b == 1)
            canvas_right(c, y, split + 37, STYLE_DIM, "\u03c6 \u00b0");
        for (int k = 0; k < 3; k++) {
            (void)canvas_print(c, y + 1 + k, split + 2, (enum style)(STYLE_L1 + k), "L%d", k + 1);
            live_value(c, y + 1 + k, split + 18, l, (enum variable_id)(blocks[b].first + k), none);
            live_value(c, y + 1 + k, split + 28, l, (enum variable_id)(blocks[b].angle + k), none);
            if (b == 1)
                live_value(c, y + 1 + k, split + 37, l, (enum variable_id)(VAR_phi_l1 + k), none);
        }
    }
    static const struct {
        const char *name;
        enum variable_id id;
    } sums[] = {
        {"unbalance u2 %", VAR_unbalance_u2},
        {"unbalance u0 %", VAR_unbalance_u0},
        {"current unbalance %", VAR_unbalance_current},
        {"neutral current A", VAR_current_n},
    };
    for (size_t i = 0; i < COUNT(sums); i++) {
        (void)canvas_text(c, y + (int)i, split + 2, STYLE_DIM, sums[i].name);
        live_value(c, y + (int)i, split + 37, l, sums[i].id, none);
    }
}

struct quality_row {
    const char *name;
    int id[4]; /* L1, L2, L3, system */
};

#define BY_PHASE(stem)                                          \
    {                                                           \
        VAR_##stem##_l1, VAR_##stem##_l2, VAR_##stem##_l3, NONE \
    }
#define BY_VOLTAGE(stem)                                              \
    {                                                                 \
        VAR_##stem##_l1_n, VAR_##stem##_l2_n, VAR_##stem##_l3_n, NONE \
    }

static const struct quality_row quality_rows[] = {
    {"THD voltage L-N %", BY_VOLTAGE(thd_voltage)},
    {"THD voltage L-L %",
     {VAR_thd_voltage_l1_l2, VAR_thd_voltage_l2_l3, VAR_thd_voltage_l3_l1, VAR_thd_voltage_ll}},
    {"THD current %", BY_PHASE(thd_current)},
    {"crest factor voltage", BY_VOLTAGE(crest_voltage)},
    {"crest factor current", BY_PHASE(crest_current)},
    {"K factor", BY_PHASE(k_factor)},
    {"displacement PF",
     {VAR_displacement_power_factor_l1, VAR_displacement_power_factor_l2,
      VAR_displacement_power_factor_l3, VAR_displacement_power_factor}},
    {"frequency, 10 s Hz", {NONE, NONE, NONE, VAR_frequency_10s}},
    {"unbalance u2 %", {NONE, NONE, NONE, VAR_unbalance_u2}},
    {"unbalance u0 %", {NONE, NONE, NONE, VAR_unbalance_u0}},
};

static const struct {
    const char *name;
    enum variable_id value, max, time;
} demand_rows[] = {
    {"import", VAR_demand_import, VAR_demand_import_max, VAR_demand_import_max_time},
    {"export", VAR_demand_export, VAR_demand_export_max, VAR_demand_export_max_time},
    {"reactive", VAR_demand_reactive, VAR_demand_reactive_max, VAR_demand_reactive_max_time},
    {"apparent", VAR_demand_apparent, VAR_demand_apparent_max, VAR_demand_apparent_max_time},
    {"current L1", VAR_demand_current_l1, VAR_demand_current_l1_max,
     VAR_demand_current_l1_max_time},
    {"current L2", VAR_demand_current_l2, VAR_demand_current_l2_max,
     VAR_demand_current_l2_max_time},
    {"current L3", VAR_demand_current_l3, VAR_demand_current_l3_max,
     VAR_demand_current_l3_max_time},
};

void live_page_quality(struct canvas *c, struct live_state *state, const struct live_picture *p)
{
    const struct snapshot_load *l = &p->snapshot->load[state->load];
    static const char *const heads[4] = {"L1", "L2", "L3", "system"};
    const struct figure_scale none = {1, ""};
    canvas_rule(c, 1, 0, c->width, "Quality");
    int step = (c->width - 26) / 4, y = 2;
    for (int i = 0; i < 4; i++)
        canvas_right(c, y, 24 + step * (i + 1), i < 3 ? (enum style)(STYLE_L1 + i) : STYLE_STRONG,
                     heads[i]);
    y++;
    for (size_t r = 0; r < COUNT(quality_rows); r++, y++) {
        (void)canvas_text(c, y, 1, STYLE_DIM, quality_rows[r].name);
        for (int i = 0; i < 4; i++)
            if (quality_rows[r].id[i] != NONE)
                live_value(c, y, 24 + step * (i + 1), l, (enum variable_id)quality_rows[r].id[i],
                           none);
    }
    char title[64], elapsed[FIGURE_SIZE];
    figure_age(elapsed, (int64_t)(l->value[VAR_demand_elapsed].real * 1e6));
    (void)snprintf(title, sizeof title, "Demand, %s into the period", elapsed);
    canvas_rule(c, y++, 0, c->width, title);
    for (size_t r = 0; r < COUNT(demand_rows); r++, y++) {
        const struct variable *v = &catalogue_variables[demand_rows[r].value];
        char unit[FIGURE_SIZE], utc[32];
        figure_unit(unit, v->unit, state->scale[v->unit], c->unicode);
        (void)canvas_print(c, y, 1, STYLE_DIM, "%s %s", demand_rows[r].name, unit);
        live_value(c, y, 30, l, demand_rows[r].value, state->scale[v->unit]);
        (void)canvas_text(c, y, 33, STYLE_DIM, "max");
        live_value(c, y, 47, l, demand_rows[r].max, state->scale[v->unit]);
        int64_t when = l->value[demand_rows[r].time].integer;
        clock_text(when, utc, sizeof utc);
        utc[16] = '\0'; /* to the minute */
        char *t = strchr(utc, 'T');
        if (t)
            *t = ' ';
        if (when)
            (void)canvas_print(c, y, 50, STYLE_DIM, "%s UTC", utc);
    }
}
