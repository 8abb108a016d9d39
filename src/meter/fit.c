#include "meter/fit_internal.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define MOST_OF_RATE 0.45 /* the highest order lies below this part of the sampling rate */
#define LEAST_PIVOT 1e-9  /* of the largest: below it the orders cannot be told apart */

static size_t numbers(int lanes)
{
    return (size_t)FIT_UNKNOWNS * FIT_UNKNOWNS + (size_t)FIT_UNKNOWNS * (size_t)lanes +
           (size_t)lanes;
}

size_t fit_size(int lanes)
{
    return (numbers(lanes) * sizeof(double) + 63) / 64 * 64;
}

void fit_init(struct fit *f, void *memory, int lanes)
{
    f->lanes = lanes;
    f->orders = 0;
    f->normal = memory;
    f->x = f->normal + (size_t)FIT_UNKNOWNS * FIT_UNKNOWNS;
    f->square = f->x + (size_t)FIT_UNKNOWNS * (size_t)lanes;
}

static double *unknown(const struct fit *f, int row)
{
    return f->x + (size_t)row * (size_t)f->lanes;
}

static double *normal(const struct fit *f, int row, int column)
{
    return f->normal + (size_t)row * FIT_UNKNOWNS + column;
}

/* Rows of the unknowns of an order: cosine, then sine. */
static int row_of(int order)
{
    return 2 * order - 1;
}

/* Sums of the right-hand sides, and of cosine and sine of 0 .. 2 x orders times the angle of each frame, of which the
 * normal matrix is made (products of two orders are their sum and difference). */
static void accumulate(struct fit *f, const struct ring *r, int64_t first, int64_t count,
                       double cycles_a_sample, double *cosines, double *sines)
{
    int most = 2 * f->orders;
    double c[2 * SPECTRUM_ORDERS + 1] = {1}, s[2 * SPECTRUM_ORDERS + 1] = {0};
    memset(cosines, 0, (size_t)(most + 1) * sizeof *cosines);
    memset(sines, 0, (size_t)(most + 1) * sizeof *sines);
    memset(f->x, 0, (size_t)FIT_UNKNOWNS * (size_t)f->lanes * sizeof *f->x);
    memset(f->square, 0, (size_t)f->lanes * sizeof *f->square);
    for (int64_t n = 0; n < count; n++) {
        double angle = 2 * PI * cycles_a_sample * ((double)n + 0.5);
        double step_c = cos(angle), step_s = sin(angle);
        for (int k = 1; k <= most; k++) {
            c[k] = c[k - 1] * step_c - s[k - 1] * step_s;
            s[k] = s[k - 1] * step_c + c[k - 1] * step_s;
        }
        for (int k = 0; k <= most; k++) {
            cosines[k] += c[k];
            sines[k] += s[k];
        }
        const int32_t *frame = ring_frame(r, first + n);
        for (int lane = 0; lane < f->lanes; lane++) {
            double v = frame[lane];
            f->square[lane] += v * v;
            unknown(f, 0)[lane] += v;
            for (int h = 1; h <= f->orders; h++) {
                unknown(f, row_of(h))[lane] += v * c[h];
                unknown(f, row_of(h) + 1)[lane] += v * s[h];
            }
        }
    }
}

static void fill_normal(struct fit *f, const double *cosines, const double *sines)
{
    *normal(f, 0, 0) = cosines[0];
    for (int h = 1; h <= f->orders; h++) {
        int a = row_of(h);
        *normal(f, a, 0) = cosines[h];
        *normal(f, a + 1, 0) = sines[h];
        for (int k = 1; k <= h; k++) {
            int b = row_of(k);
            *normal(f, a, b) = 0.5 * (cosines[h - k] + cosines[h + k]);
            *normal(f, a, b + 1) = 0.5 * (sines[h + k] - sines[h - k]);
            *normal(f, a + 1, b) = 0.5 * (sines[h + k] + sines[h - k]);
            *normal(f, a + 1, b + 1) = 0.5 * (cosines[h - k] - cosines[h + k]);
        }
    }
}

/* Cholesky in place; false where the matrix is as good as singular. */
static bool factorise(struct fit *f, int unknowns)
{
    double largest = *normal(f, 0, 0);
    for (int i = 0; i < unknowns; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = *normal(f, i, j);
            for (int k = 0; k < j; k++)
                sum -= *normal(f, i, k) * *normal(f, j, k);
            if (i != j)
                *normal(f, i, j) = sum / *normal(f, j, j);
            else if (sum > LEAST_PIVOT * largest)
                *normal(f, i, i) = sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

static void substitute(struct fit *f, int unknowns)
{
    for (int lane = 0; lane < f->lanes; lane++) {
        for (int i = 0; i < unknowns; i++) {
            double sum = unknown(f, i)[lane];
            for (int k = 0; k < i; k++)
                sum -= *normal(f, i, k) * unknown(f, k)[lane];
            unknown(f, i)[lane] = sum / *normal(f, i, i);
        }
        for (int i = unknowns - 1; i >= 0; i--) {
            double sum = unknown(f, i)[lane];
            for (int k = i + 1; k < unknowns; k++)
                sum -= *normal(f, k, i) * unknown(f, k)[lane];
            unknown(f, i)[lane] = sum / *normal(f, i, i);
        }
    }
}

/* Mean of the product of two lanes of the fitted signal, counts^2. */
static double mean_product(const struct fit *f, int a, int b)
{
    double sum = unknown(f, 0)[a] * unknown(f, 0)[b];
    for (int row = 1; row <= 2 * f->orders; row++)
        sum += 0.5 * unknown(f, row)[a] * unknown(f, row)[b];
    return sum;
}

static bool repeats(const struct fit *f, int64_t count)
{
    for (int group = 0; group < f->lanes; group += METER_GROUP_LANES) {
        double largest = 0, rest = 0;
        for (int lane = group; lane < group + METER_GROUP_LANES; lane++) {
            double square = f->square[lane] / (double)count;
            largest = fmax(largest, square);
            rest = fmax(rest, square - mean_product(f, lane, lane));
        }
        if (rest > FIT_MOST_REST * FIT_MOST_REST * largest)
            return false;
    }
    return true;
}

bool fit_run(struct fit *f, const struct ring *r, int64_t first, int64_t count,
             double cycles_a_sample)
{
    double cosines[2 * SPECTRUM_ORDERS + 1], sines[2 * SPECTRUM_ORDERS + 1];
    double most = fmin(MOST_OF_RATE / cycles_a_sample, (double)(count - 1) / 4);
    f->orders = most > SPECTRUM_ORDERS ? SPECTRUM_ORDERS : (int)most;
    if (f->orders < 1)
        return false;
    accumulate(f, r, first, count, cycles_a_sample, cosines, sines);
    fill_normal(f, cosines, sines);
    if (!factorise(f, 2 * f->orders + 1))
        return false;
    substitute(f, 2 * f->orders + 1);
    return repeats(f, count);
}

void fit_rows(const struct fit *f, double samples, double (*rows)[4])
{
    for (int k = 0; k < METER_GROUP_LANES; k++) {
        int next = k < 3 ? (k + 1) % 3 : k;
        rows[ROW_V][k] = samples * unknown(f, 0)[k];
        rows[ROW_VV][k] = samples * mean_product(f, k, k);
        rows[ROW_V_NEXT][k] = samples * mean_product(f, k, next);
    }
    int loads = f->lanes / METER_GROUP_LANES - 1;
    for (int load = 0; load < loads; load++) {
        int group = METER_GROUP_LANES * (1 + load);
        double(*row)[4] = rows + kernel_current_row(load, ROW_I);
        for (int k = 0; k < METER_GROUP_LANES; k++) {
            int next = k < 3 ? (k + 1) % 3 : k, after = k < 3 ? (k + 2) % 3 : k;
            row[ROW_I][k] = samples * unknown(f, 0)[group + k];
            row[ROW_II][k] = samples * mean_product(f, group + k, group + k);
            row[ROW_I_NEXT][k] = samples * mean_product(f, group + k, group + next);
            row[ROW_VI][k] = samples * mean_product(f, k, group + k);
            row[ROW_V_INEXT][k] = samples * mean_product(f, k, group + next);
            row[ROW_V_IAFTER][k] = samples * mean_product(f, k, group + after);
        }
    }
}

void fit_bins(const struct fit *f, struct spectrum_engine *s, int cycles)
{
    memset(s->bin, 0, (size_t)s->blocks * sizeof *s->bin);
    for (int lane = 0; lane < f->lanes; lane++) {
        float *bins = spectrum_group(s, lane);
        for (int h = 1; h <= f->orders; h++) {
            float *at = bins + (ptrdiff_t)(h * cycles) * 2 * KERNEL_WIDTH;
            at[0] = (float)(sqrt(0.5) * unknown(f, row_of(h))[lane]);
            at[KERNEL_WIDTH] = (float)(-sqrt(0.5) * unknown(f, row_of(h) + 1)[lane]);
        }
    }
}
