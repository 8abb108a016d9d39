/* Compiled once a variant: KERNEL is the name of its table, KERNEL_VECTOR the floats in a register. */
#include "meter/kernel_internal.h"

#include <string.h>

#define TEXT(x) #x
#define NAME(x) TEXT(x)

/* Products of 24-bit numbers: 2^46, and 128 of them are exact in a double. */
#define EXACT_TERMS 128

typedef int32_t i4 __attribute__((vector_size(16)));
typedef float f4 __attribute__((vector_size(16)));
typedef double d4 __attribute__((vector_size(32)));

/* KERNEL_WIDTH lanes are PARTS registers. */
#define PARTS (KERNEL_WIDTH / KERNEL_VECTOR)
typedef float fv __attribute__((vector_size(4 * KERNEL_VECTOR)));
typedef int32_t iv __attribute__((vector_size(4 * KERNEL_VECTOR)));

#define EACH_PART(p) \
    for (int p = 0; p < PARTS; p++) /* NOLINT(bugprone-macro-parentheses): declares p */

static inline i4 load(const int32_t *from)
{
    i4 x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline fv load_part(const float *from, ptrdiff_t part)
{
    fv x;
    memcpy(&x, from + part * KERNEL_VECTOR, sizeof x);
    return x;
}

static inline void store_part(float *to, ptrdiff_t part, fv x)
{
    memcpy(to + part * KERNEL_VECTOR, &x, sizeof x);
}

/* Lanes 1->2, 2->3, 3->1 of a group. */
#define NEXT(x) __builtin_shufflevector(x, x, 1, 2, 0, 3)
#define AFTER(x) __builtin_shufflevector(x, x, 2, 0, 1, 3)
#define TO_DOUBLE(x) __builtin_convertvector(x, d4)

static void ingest(int32_t *restrict to, const int32_t *restrict from, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        int32_t x = from[n] > METER_RAW_MAX ? METER_RAW_MAX : from[n];
        to[n] = x < -METER_RAW_MAX ? -METER_RAW_MAX : x;
    }
}

static void weigh(double sum[4], const int32_t *frames, const double *weight, int lanes, int count)
{
    d4 a = {0}, b = {0}, c = {0}, d;
    memcpy(&d, sum, sizeof d);
    int n = 0;
    for (; n + 3 < count; n += 4) {
        const int32_t *frame = frames + (ptrdiff_t)n * lanes;
        a += weight[n] * TO_DOUBLE(load(frame));
        b += weight[n + 1] * TO_DOUBLE(load(frame + lanes));
        c += weight[n + 2] * TO_DOUBLE(load(frame + 2 * (ptrdiff_t)lanes));
        d += weight[n + 3] * TO_DOUBLE(load(frame + 3 * (ptrdiff_t)lanes));
    }
    for (; n < count; n++)
        a += weight[n] * TO_DOUBLE(load(frames + (ptrdiff_t)n * lanes));
    d += (a + b) + c;
    memcpy(sum, &d, sizeof d);
}

static inline i4 larger_magnitude(i4 top, i4 x)
{
    i4 sign = x >> 31;
    i4 magnitude = (x ^ sign) - sign;
    i4 more = magnitude > top;
    return (magnitude & more) | (top & ~more);
}

static inline void add_exact(int64_t total[4], const double *sums)
{
    for (int k = 0; k < 4; k++)
        total[k] += (int64_t)sums[k];
}

static inline void add_row(int64_t total[4], const d4 *sums)
{
    double s[4];
    memcpy(s, sums, sizeof s);
    add_exact(total, s);
}

static void sum_voltages(int64_t (*total)[4], int32_t *peak, const int32_t *frames, int lanes,
                         int count)
{
    d4 vv = {0}, v_next = {0};
    i4 direct = {0}, top = load(peak);
    for (int n = 0; n < count; n++) {
        i4 v = load(frames + (ptrdiff_t)n * lanes);
        d4 x = TO_DOUBLE(v);
        direct += v;
        top = larger_magnitude(top, v);
        vv += x * x;
        v_next += x * TO_DOUBLE(NEXT(v));
    }
    memcpy(peak, &top, sizeof top);
    for (int k = 0; k < 4; k++)
        total[ROW_V][k] += direct[k];
    add_row(total[ROW_VV], &vv);
    add_row(total[ROW_V_NEXT], &v_next);
}

static void sum_currents(int64_t (*total)[4], int32_t *peak, const int32_t *frames, int lanes,
                         int count, int lane)
{
    d4 ii = {0}, i_next = {0}, vi = {0}, v_inext = {0}, v_iafter = {0};
    i4 direct = {0}, top = load(peak);
    for (int n = 0; n < count; n++) {
        const int32_t *frame = frames + (ptrdiff_t)n * lanes;
        i4 i = load(frame + lane);
        d4 x = TO_DOUBLE(i), next = TO_DOUBLE(NEXT(i)), v = TO_DOUBLE(load(frame));
        direct += i;
        top = larger_magnitude(top, i);
        ii += x * x;
        i_next += x * next;
        vi += v * x;
        v_inext += v * next;
        v_iafter += v * TO_DOUBLE(AFTER(i));
    }
    memcpy(peak, &top, sizeof top);
    for (int k = 0; k < 4; k++)
        total[ROW_I][k] += direct[k];
    add_row(total[ROW_II], &ii);
    add_row(total[ROW_I_NEXT], &i_next);
    add_row(total[ROW_VI], &vi);
    add_row(total[ROW_V_INEXT], &v_inext);
    add_row(total[ROW_V_IAFTER], &v_iafter);
}

static void sum(int64_t (*total)[4], int32_t *peak, const int32_t *frames, int lanes, int count)
{
    while (count > 0) {
        int terms = count < EXACT_TERMS ? count : EXACT_TERMS;
        sum_voltages(total, peak, frames, lanes, terms);
        for (int lane = 4; lane < lanes; lane += 4)
            sum_currents(total + kernel_current_row(lane / 4 - 1, ROW_I), peak + lane, frames,
                         lanes, terms, lane);
        frames += (ptrdiff_t)terms * lanes;
        count -= terms;
    }
}

static void edge(double (*rows)[4], const int32_t *const frame[4], const double weight[4],
                 int lanes)
{
    memset(rows, 0, (size_t)kernel_rows(lanes) * sizeof *rows);
    for (int m = 0; m < 4; m++) {
        double v[4];
        for (int k = 0; k < 4; k++)
            v[k] = weight[m] * frame[m][k];
        for (int k = 0; k < 4; k++) {
            rows[ROW_V][k] += v[k];
            rows[ROW_VV][k] += v[k] * frame[m][k];
            rows[ROW_V_NEXT][k] += v[k] * frame[m][k < 3 ? (k + 1) % 3 : 3];
        }
        for (int lane = 4; lane < lanes; lane += 4) {
            double(*row)[4] = rows + kernel_current_row(lane / 4 - 1, ROW_I);
            const int32_t *i = frame[m] + lane;
            for (int k = 0; k < 4; k++) {
                int next = k < 3 ? (k + 1) % 3 : 3, after = k < 3 ? (k + 2) % 3 : 3;
                double x = weight[m] * i[k];
                row[ROW_I][k] += x;
                row[ROW_II][k] += x * i[k];
                row[ROW_I_NEXT][k] += x * i[next];
                row[ROW_VI][k] += v[k] * i[k];
                row[ROW_V_INEXT][k] += v[k] * i[next];
                row[ROW_V_IAFTER][k] += v[k] * i[after];
            }
        }
    }
}

static void gather(float (*to)[KERNEL_WIDTH], const int32_t *frames, int lanes, int first_lane,
                   int count)
{
    const int32_t *from = frames + first_lane;
    int wide = lanes - first_lane >= KERNEL_WIDTH;
    for (int n = 0; n < count; n++, from += lanes) {
        f4 low = __builtin_convertvector(load(from), f4), high = {0};
        if (wide)
            high = __builtin_convertvector(load(from + 4), f4);
        memcpy(to[n], &low, sizeof low);
        memcpy(to[n] + 4, &high, sizeof high);
    }
}

static void place(int32_t *restrict at, float *restrict u, int points, double lead, double length,
                  double bend, int before)
{
    double per_point = 1.0 / (points - 1);
    for (int j = 0; j < points; j++) {
        double p = j * per_point;
        double position = lead + length * (p + 4 * bend * p * (1 - p));
        int32_t whole = (int32_t)position;
        at[j] = whole - before;
        u[j] = (float)(position - whole);
    }
}

/* Coefficients of a few points first, to be read back one by one: a load broadcasts where a register needs
 * two shuffles. */
#define BATCH 32

static inline __attribute__((always_inline)) void
interpolate(float *c, const float *u, int points, const float *table, int phases, int taps)
{
    for (int j = 0; j < points; j++, c += taps) {
        float position = u[j] * (float)phases;
        int row = (int)position;
        float part = position - (float)row;
        const float *a = table + (ptrdiff_t)row * taps, *b = a + taps;
        for (int k = 0; k < taps; k += KERNEL_VECTOR) {
            fv low = load_part(a + k, 0), high = load_part(b + k, 0);
            store_part(c + k, 0, low + part * (high - low));
        }
    }
}

static inline __attribute__((always_inline)) void
resample_taps(float (*out)[KERNEL_WIDTH], const float (*x)[KERNEL_WIDTH], const int32_t *at,
              const float *u, int points, const float *table, int phases, int taps)
{
    float coefficient[BATCH * KERNEL_MAX_TAPS];
    for (int first = 0; first < points; first += BATCH) {
        int batch = points - first < BATCH ? points - first : BATCH;
        interpolate(coefficient, u + first, batch, table, phases, taps);
        const float *c = coefficient;
        for (int j = first; j < first + batch; j++, c += taps) {
            const float *from = x[at[j]];
            fv sum[4][PARTS] = {{{0}}};
            for (int k = 0; k < taps; k += 4) {
                for (int n = 0; n < 4; n++) {
                    EACH_PART(p)
                    sum[n][p] += c[k + n] * load_part(from + (ptrdiff_t)(k + n) * KERNEL_WIDTH, p);
                }
            }
            EACH_PART(p)
            store_part(out[j], p, (sum[0][p] + sum[1][p]) + (sum[2][p] + sum[3][p]));
        }
    }
}

static void resample(float (*out)[KERNEL_WIDTH], const float (*x)[KERNEL_WIDTH], const int32_t *at,
                     const float *u, int points, const float *table, int phases, int taps)
{
    /* The common lengths are unrolled by the compiler. */
    if (taps == 16)
        resample_taps(out, x, at, u, points, table, phases, 16);
    else if (taps == 24)
        resample_taps(out, x, at, u, points, table, phases, 24);
    else
        resample_taps(out, x, at, u, points, table, phases, taps);
}

/* One complex number of KERNEL_WIDTH lanes is two rows: real, then imaginary. */
struct cv {
    fv re, im;
};

static inline struct cv load_complex(const float *rows, int p)
{
    return (struct cv){load_part(rows, p), load_part(rows + KERNEL_WIDTH, p)};
}

static inline void store_complex(float *rows, int p, struct cv z)
{
    store_part(rows, p, z.re);
    store_part(rows + KERNEL_WIDTH, p, z.im);
}

static inline struct cv times(struct cv z, const float w[2])
{
    return (struct cv){z.re * w[0] - z.im * w[1], z.re * w[1] + z.im * w[0]};
}

#define COMPLEX_ROW ((ptrdiff_t)2 * KERNEL_WIDTH) /* floats of one complex number */

/* One step of Stockham's radix-4 transform of `n` points at `stride`; the twiddle table is that of
 * 2 n stride points, so that step 2 of it is one root of n stride. */
static void radix4(float *restrict to, const float *restrict from, int n, ptrdiff_t stride,
                   const float (*twiddle)[2])
{
    ptrdiff_t quarter = n / 4;
    for (ptrdiff_t m = 0; m < quarter; m++) {
        const float *w1 = twiddle[2 * m * stride], *w2 = twiddle[4 * m * stride],
                    *w3 = twiddle[6 * m * stride];
        const float *in = from + m * stride * COMPLEX_ROW;
        float *out = to + 4 * m * stride * COMPLEX_ROW;
        ptrdiff_t hop = quarter * stride * COMPLEX_ROW;
        ptrdiff_t step = stride * COMPLEX_ROW;
        for (ptrdiff_t q = 0; q < stride; q++, in += COMPLEX_ROW, out += COMPLEX_ROW) {
            EACH_PART(p)
            {
                struct cv a = load_complex(in, p), b = load_complex(in + hop, p),
                          c = load_complex(in + 2 * hop, p), d = load_complex(in + 3 * hop, p);
                struct cv ac = {a.re + c.re, a.im + c.im}, a_c = {a.re - c.re, a.im - c.im};
                struct cv bd = {b.re + d.re, b.im + d.im}, b_d = {b.re - d.re, b.im - d.im};
                struct cv y0 = {ac.re + bd.re, ac.im + bd.im};
                struct cv y1 = {a_c.re + b_d.im, a_c.im - b_d.re};
                struct cv y2 = {ac.re - bd.re, ac.im - bd.im};
                struct cv y3 = {a_c.re - b_d.im, a_c.im + b_d.re};
                store_complex(out, p, y0);
                store_complex(out + step, p, times(y1, w1));
                store_complex(out + 2 * step, p, times(y2, w2));
                store_complex(out + 3 * step, p, times(y3, w3));
            }
        }
    }
}

static void radix2_last(float *restrict to, const float *restrict from, int stride)
{
    ptrdiff_t half = (ptrdiff_t)stride * COMPLEX_ROW;
    for (ptrdiff_t q = 0; q < half; q += COMPLEX_ROW) {
        EACH_PART(p)
        {
            struct cv a = load_complex(from + q, p), b = load_complex(from + q + half, p);
            store_complex(to + q, p, (struct cv){a.re + b.re, a.im + b.im});
            store_complex(to + q + half, p, (struct cv){a.re - b.re, a.im - b.im});
        }
    }
}

static void transform(float (*bin)[2][KERNEL_WIDTH], int bins, float (*z)[KERNEL_WIDTH],
                      float (*work)[KERNEL_WIDTH], int points, const float (*twiddle)[2],
                      const float *scale)
{
    int half = points / 2;
    float *from = z[0], *to = work[0];
    int n = half, stride = 1;
    for (; n >= 4; n /= 4, stride *= 4) {
        radix4(to, from, n, stride, twiddle);
        float *done = to;
        to = from;
        from = done;
    }
    if (n == 2) {
        radix2_last(to, from, stride);
        from = to;
    }
    /* Even points were the real, odd the imaginary parts of the half-length transform: take them apart. */
    for (int k = 0; k < bins; k++) {
        const float *a = from + (ptrdiff_t)(k % half) * COMPLEX_ROW,
                    *b = from + (ptrdiff_t)((half - k) % half) * COMPLEX_ROW;
        float h = 0.5F * scale[k], wr = twiddle[k][0] * h, wi = twiddle[k][1] * h;
        EACH_PART(p)
        {
            struct cv za = load_complex(a, p), zb = load_complex(b, p);
            struct cv even = {za.re + zb.re, za.im - zb.im}, odd = {za.re - zb.re, za.im + zb.im};
            store_part(bin[k][0], p, h * even.re + wr * odd.im + wi * odd.re);
            store_part(bin[k][1], p, h * even.im - wr * odd.re + wi * odd.im);
        }
    }
}

/* The four made channels of one bin. */
static inline void made(f4 *re, f4 *im, const float *bin, int k, const f4 column[4])
{
    const float *at = bin + (ptrdiff_t)k * COMPLEX_ROW;
    *re = column[0] * at[0] + column[1] * at[1] + column[2] * at[2] + column[3] * at[3];
    at += KERNEL_WIDTH;
    *im = column[0] * at[0] + column[1] * at[1] + column[2] * at[2] + column[3] * at[3];
}

static inline f4 power_of(const float *bin, int first, int last, const f4 column[4])
{
    f4 sum = {0};
    for (int k = first; k <= last; k++) {
        f4 re, im;
        made(&re, &im, bin, k, column);
        sum += re * re + im * im;
    }
    return sum;
}

static inline f4 choose(i4 yes, f4 a, f4 b)
{
    i4 x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x = (x & yes) | (y & ~yes);
    memcpy(&a, &x, sizeof a);
    return a;
}

/* Abramowitz and Stegun, 4.4.49: to 2e-8 of a radian before rounding. */
static inline f4 angle_deg(f4 re, f4 im)
{
    f4 x = choose(re < 0, -re, re), y = choose(im < 0, -im, im);
    i4 steep = y > x;
    f4 large = choose(steep, y, x), small = choose(steep, x, y);
    f4 t = small / choose(large == 0, large + 1, large), s = t * t;
    f4 a = 0.0028662257F * s - 0.0161657367F;
    a = a * s + 0.0429096138F;
    a = a * s - 0.0752896400F;
    a = a * s + 0.1065626393F;
    a = a * s - 0.1420889944F;
    a = a * s + 0.1999355085F;
    a = a * s - 0.3333314528F;
    a = (a * s + 1.0F) * t * 57.29577951F;
    a = choose(steep, 90.0F - a, a);
    a = choose(re < 0, 180.0F - a, a);
    return choose(im < 0, -a, a);
}

static inline void store_root(float to[4], f4 square)
{
    float s[4];
    memcpy(s, &square, sizeof s);
    for (int k = 0; k < 4; k++)
        to[k] = __builtin_sqrtf(s[k]);
}

static void groups(struct kernel_groups *g, const float *bin, int cycles, int orders,
                   const float matrix[4][4])
{
    f4 column[4];
    memcpy(column, matrix, sizeof column);
    memset(g, 0, sizeof *g);
    /* Shorter windows (the end of a record) have bins so wide that the order has all of its subgroup. */
    int side = cycles >= KERNEL_SIDE_CYCLES;
    for (int h = 0; h <= orders; h++) {
        int centre = h * cycles;
        f4 re, im;
        made(&re, &im, bin, centre, column);
        memcpy(g->re[h], &re, sizeof re);
        memcpy(g->im[h], &im, sizeof im);
        if (h > 0) {
            f4 power = re * re + im * im, angle = angle_deg(re, im);
            if (side)
                power += power_of(bin, centre - 1, centre - 1, column) +
                         power_of(bin, centre + 1, centre + 1, column);
            store_root(g->harmonic[h], power);
            memcpy(g->angle_deg[h], &angle, sizeof angle);
        }
        store_root(g->interharmonic[h], power_of(bin, centre + 2, centre + cycles - 2, column));
    }
}

extern const struct kernel KERNEL;
const struct kernel KERNEL = {
    .name = NAME(KERNEL_NAME),
    .ingest = ingest,
    .weigh = weigh,
    .sum = sum,
    .edge = edge,
    .gather = gather,
    .place = place,
    .resample = resample,
    .transform = transform,
    .groups = groups,
};
