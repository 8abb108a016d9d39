/* Harmonic bars and phasors of the live view. */
#include "app/live_view.h"

#include "base/err.h"

#include <math.h>
#include <stdio.h>

#define AXIS 8 /* columns left of the bars */

/* A number with one or two digits that halves well, at least x. */
static double round_up(double x)
{
    static const double steps[] = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};
    double ten = pow(10, floor(log10(x)));
    for (size_t i = 0; i < COUNT(steps); i++)
        if (x <= steps[i] * ten)
            return steps[i] * ten;
    return 10 * ten;
}

static void axis_text(struct canvas *c, int y, int x, double value, const char *unit)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.3g %s", value, unit);
    canvas_right(c, y, x, STYLE_DIM, text);
}

/* Columns of a bar with its gap: of a column alone where else not all orders had room and `all` are wanted. */
static int step_for(int columns, bool all)
{
    int step = columns / (SPECTRUM_ORDERS - 1), least = all ? 1 : 2;
    return step < least ? least : step > 4 ? 4 : step;
}

static enum style scope_style(enum scope s)
{
    switch (s) {
    case SCOPE_L1:
    case SCOPE_L12:
        return STYLE_L1;
    case SCOPE_L2:
    case SCOPE_L23:
        return STYLE_L2;
    case SCOPE_L3:
    case SCOPE_L31:
        return STYLE_L3;
    case SCOPE_N:
        return STYLE_N;
    case SCOPE_SYSTEM:
    case SCOPE_COUNT:
        return STYLE_PLAIN;
    }
    return STYLE_PLAIN;
}

/* The fundamental that a channel's orders are compared with: interharmonics have that of their channel. */
static double fundamental(const struct live_picture *p, int load, const struct variable *v)
{
    for (int i = 0; i < SPECTRUM_COUNT; i++) {
        const struct variable *o = &catalogue_spectra[i];
        if (o->unit == v->unit && o->scope == v->scope)
            return (double)p->spectra->value[load][i][0];
    }
    return 0;
}

void live_harmonics(struct canvas *c, const struct live_state *state, const struct live_picture *p,
                    int y0, int y1, int x0, int x1)
{
    const struct variable *v = &catalogue_spectra[state->channel];
    const float *orders = p->spectra->value[state->load][state->channel];
    double base = fundamental(p, state->load, v);
    bool percent = !state->absolute && base > 0;
    double factor = percent ? 100 / base : 1;
    const char *unit = percent ? "%" : unit_symbol(v->unit);
    int step = step_for(x1 - x0 - AXIS, state->page == LIVE_HARMONICS),
        most = 1 + (x1 - x0 - AXIS) / step;
    if (most > SPECTRUM_ORDERS)
        most = SPECTRUM_ORDERS;

    double largest = 0;
    for (int h = 2; h <= most; h++)
        largest = fmax(largest, (double)orders[h - 1] * factor);
    double top = round_up(fmax(largest, percent ? 1 : 1e-3));
    char title[160], first[FIGURE_SIZE];
    figure_full(first, base, QUALITY_GOOD, v->unit, (struct figure_scale){1, ""}, FIGURE_TABLE,
                c->unicode);
    if (percent)
        (void)snprintf(title, sizeof title, "%ss 2\u2013%d in %% of %s", v->label, most, first);
    else
        (void)snprintf(title, sizeof title, "%ss 2\u2013%d in %s", v->label, most, unit);
    canvas_rule(c, y0, x0, x1, title);

    int axis_y = y1 - 1, height = axis_y - y0 - 1;
    axis_text(c, y0 + 1, x0 + AXIS - 1, top, unit);
    if (height >= 5)
        axis_text(c, axis_y - (height + 1) / 2, x0 + AXIS - 1, top / 2, unit);
    axis_text(c, axis_y - 1, x0 + AXIS - 1, 0, unit);
    bool stale = p->age_us > LIVE_STALE_US;
    for (int h = 2; h <= most; h++) {
        int x = x0 + AXIS + (h - 2) * step;
        double part = (double)orders[h - 1] * factor / top;
        int eighths = (int)lround(part * height * 8);
        if (eighths > 0)
            canvas_bar(c, axis_y - 1, x, step > 1 ? step - 1 : 1, eighths,
                       stale ? STYLE_DIM : scope_style(v->scope));
        else
            (void)canvas_text(c, axis_y - 1, x, STYLE_DIM, "\u00b7");
        if (h == 2 || (h == 3 && step > 1) || h % 5 == 0)
            (void)canvas_print(c, axis_y, x, STYLE_DIM, "%d", h);
    }
}

static void arrow(struct canvas *c, double cx, double cy, double length, double angle_deg,
                  enum style style, const char *name)
{
    double a = angle_deg * acos(-1) / 180;
    double x = cx + cos(a) * length, y = cy - sin(a) * length;
    canvas_line(c, cx, cy, x, y, style);
    double beyond = length + 4;
    int column = (int)lround((cx + cos(a) * beyond) / 2),
        row = (int)lround((cy - sin(a) * beyond) / 4);
    (void)canvas_text(c, row, cos(a) < -0.3 ? column - 1 : column, style, name);
}

void live_phasors(struct canvas *c, const struct live_picture *p, int load, int y0, int y1, int x0,
                  int x1)
{
    const struct snapshot_load *l = &p->snapshot->load[load];
    static const char *const names[2][3] = {{"U1", "U2", "U3"}, {"I1", "I2", "I3"}};
    static const int size[2] = {VAR_fundamental_voltage_l1_n, VAR_fundamental_current_l1};
    static const int angle[2] = {VAR_voltage_angle_l1, VAR_current_angle_l1};
    int64_t sequence = l->value[VAR_phase_sequence].integer;
    canvas_rule(c, y0, x0, x1,
                sequence > 0   ? "Phasors \u21bb L1-L2-L3"
                : sequence < 0 ? "Phasors \u21bb L1-L3-L2"
                               : "Phasors");
    double cx = x0 + x1, cy = 2.0 * (y0 + 1 + y1); /* middle, in dots */
    double radius = fmin((x1 - x0) - 8, 2.0 * (y1 - y0 - 1) - 5);
    if (radius < 6)
        return;
    for (int degree = 0; degree < 360; degree += 10) {
        double a = degree * acos(-1) / 180, x = cx + cos(a) * radius, y = cy - sin(a) * radius;
        canvas_line(c, x, y, x, y, STYLE_DIM);
    }
    for (int kind = 1; kind >= 0; kind--) { /* voltages over currents */
        double most = 0;
        for (int k = 0; k < 3; k++)
            if (l->quality[size[kind] + k] < QUALITY_OVER_RANGE)
                most = fmax(most, l->value[size[kind] + k].real);
        for (int k = 0; k < 3; k++) {
            double x = l->value[size[kind] + k].real;
            if (l->quality[size[kind] + k] >= QUALITY_OVER_RANGE ||
                l->quality[angle[kind] + k] >= QUALITY_OVER_RANGE || !(x > 0.005 * most))
                continue;
            enum style style = p->age_us > LIVE_STALE_US ? STYLE_DIM : (enum style)(STYLE_L1 + k);
            arrow(c, cx, cy, radius * (kind ? 0.62 : 1.0) * x / most,
                  l->value[angle[kind] + k].real, style, names[kind][k]);
        }
    }
}
