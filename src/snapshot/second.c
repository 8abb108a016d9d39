#include "snapshot/second.h"

#include <math.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define LONGEST_WINDOW_US \
    INT64_C(1000000) /* 10 cycles at 10 Hz; more is a gap or a step of the clock */

static bool is_mean(const struct variable *v)
{
    return v->keep == KEEP_MEAN && v->kind == KIND_INSTANT;
}

static bool is_rms(const struct variable *v)
{
    return v->unit == UNIT_V || v->unit == UNIT_A;
}

static void add(struct second *s, const struct snapshot *w, double weight_s)
{
    s->weight_s += weight_s;
    for (int32_t k = 0; k < w->loads; k++) {
        for (int i = 0; i < VAR_COUNT; i++) {
            const struct variable *v = &catalogue_variables[i];
            s->worst[k][i] =
                w->load[k].quality[i] > s->worst[k][i] ? w->load[k].quality[i] : s->worst[k][i];
            if (!is_mean(v))
                continue;
            double x = w->load[k].value[i].real;
            s->sum[k][i] += (is_rms(v) ? x * x : x) * weight_s;
        }
    }
}

static void finish(const struct second *s, const struct snapshot *last, struct snapshot *out)
{
    memcpy(out, last, offsetof(struct snapshot, load));
    for (int32_t k = 0; k < last->loads; k++) {
        out->load[k] = last->load[k];
        memcpy(out->load[k].quality, s->worst[k], sizeof s->worst[k]);
        for (int i = 0; i < VAR_COUNT; i++) {
            const struct variable *v = &catalogue_variables[i];
            if (!is_mean(v))
                continue;
            double mean = s->sum[k][i] / s->weight_s;
            out->load[k].value[i].real = is_rms(v) ? sqrt(mean) : mean;
        }
    }
}

static void clear(struct second *s, int64_t end_utc_us)
{
    s->utc_second = end_utc_us / SECOND_US;
    s->last_utc_us = end_utc_us;
    s->weight_s = 0;
    memset(s->sum, 0, sizeof s->sum);
    memset(s->worst, 0, sizeof s->worst);
}

bool second_add(struct second *s, const struct snapshot *w, struct snapshot *out)
{
    int64_t length_us = w->utc_us - s->last_utc_us;
    if (s->utc_second == 0 || length_us <= 0 || length_us > LONGEST_WINDOW_US) {
        clear(s, w->utc_us);
        add(s, w,
            0.2); /* IEC 61000-4-30: a window is about 200 ms; its true start is not known here */
        return false;
    }
    add(s, w, (double)length_us / 1e6);
    int64_t now = w->utc_us / SECOND_US;
    if (now == s->utc_second) {
        s->last_utc_us = w->utc_us;
        return false;
    }
    finish(s, w, out);
    out->utc_us = now * SECOND_US;
    clear(s, w->utc_us);
    return true;
}
