#include "meter/products_internal.h"

#include <math.h>
#include <string.h>

/* <a b> of the channels without their zeros a0, b0. */
static double centred(double ab, double a, double b, double a0, double b0)
{
    return ab - a0 * b - b0 * a + a0 * b0;
}

void products_of_inputs(struct products *x, const struct measure_plan *p,
                        const struct calibration *c, int load, double (*rows)[4], double samples,
                        const double *drift, const double ratio_i[3])
{
    double(*current)[4] = rows + kernel_current_row(load, ROW_I);
    const double *drift_i = drift ? drift + (ptrdiff_t)METER_GROUP_LANES * (load + 1) : NULL;
    double v[3], v0[3], i[3], i0[3], sv[3], si[3], per = 1 / samples;
    for (int k = 0; k < 3; k++) {
        v[k] = rows[ROW_V][k] * per;
        i[k] = current[ROW_I][k] * per;
        v0[k] = drift ? drift[k] : c->offset_v[k];
        i0[k] = drift_i ? drift_i[k] : c->offset_i[k];
        sv[k] = p->scale_v[k];
        si[k] = p->scale_i[k] / (1 + ratio_i[k]);
        x->v[k] = (v[k] - v0[k]) * sv[k];
        x->i[k] = (i[k] - i0[k]) * si[k];
    }
    for (int j = 0; j < 3; j++) {
        /* The rows hold what stands in lane j: its square, its product with the next lane, with the one after. */
        int next = (j + 1) % 3, after = (j + 2) % 3;
        double vv = centred(rows[ROW_VV][j] * per, v[j], v[j], v0[j], v0[j]);
        double ii = centred(current[ROW_II][j] * per, i[j], i[j], i0[j], i0[j]);
        x->vv[j][j] = (vv - c->noise_v[j] * c->noise_v[j]) * sv[j] * sv[j];
        x->ii[j][j] = (ii - c->noise_i[j] * c->noise_i[j]) * si[j] * si[j];
        x->vv[j][next] = x->vv[next][j] =
            centred(rows[ROW_V_NEXT][j] * per, v[j], v[next], v0[j], v0[next]) * sv[j] * sv[next];
        x->ii[j][next] = x->ii[next][j] =
            centred(current[ROW_I_NEXT][j] * per, i[j], i[next], i0[j], i0[next]) * si[j] *
            si[next];
        x->vi[j][j] = centred(current[ROW_VI][j] * per, v[j], i[j], v0[j], i0[j]) * sv[j] * si[j];
        x->vi[j][next] = centred(current[ROW_V_INEXT][j] * per, v[j], i[next], v0[j], i0[next]) *
                         sv[j] * si[next];
        x->vi[j][after] =
            centred(current[ROW_V_IAFTER][j] * per, v[j], i[after], v0[j], i0[after]) * sv[j] *
            si[after];
    }
    double n = current[ROW_I][3] * per, n0 = drift_i ? drift_i[3] : c->offset_i[3];
    x->nn = (centred(current[ROW_II][3] * per, n, n, n0, n0) - c->noise_i[3] * c->noise_i[3]) *
            p->scale_i[3] * p->scale_i[3];
}

/* out = left in right^T */
static void between(double out[3][3], const double left[3][3], double in[3][3],
                    const double right[3][3])
{
    double half[3][3];
    for (int a = 0; a < 3; a++) {
        for (int k = 0; k < 3; k++)
            half[a][k] = left[a][0] * in[0][k] + left[a][1] * in[1][k] + left[a][2] * in[2][k];
    }
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++)
            out[a][b] =
                half[a][0] * right[b][0] + half[a][1] * right[b][1] + half[a][2] * right[b][2];
    }
}

static void apply(double x[3], const double matrix[3][3])
{
    double in[3] = {x[0], x[1], x[2]};
    for (int a = 0; a < 3; a++)
        x[a] = matrix[a][0] * in[0] + matrix[a][1] * in[1] + matrix[a][2] * in[2];
}

void products_to_phases(struct products *x, const struct measure_plan *p, bool neutral_measured)
{
    double nn = x->nn;
    between(x->vv, p->star, x->vv, p->star);
    between(x->vi, p->star, x->vi, p->assign);
    between(x->ii, p->assign, x->ii, p->assign);
    apply(x->v, p->star);
    apply(x->i, p->assign);
    x->nn = 0;
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 3; k++)
            x->nn += x->ii[j][k];
    }
    if (neutral_measured)
        x->nn = nn;
}
