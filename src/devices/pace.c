#include "devices/pace.h"

#include <math.h>

double pace_behind_s(const struct pace *p, int64_t now_us)
{
    if (!p->started || p->speed == 0)
        return 0;
    return (double)(now_us - p->at_us) * 1e-6 * p->speed - p->given_s;
}

size_t pace_due(struct pace *p, double rate_hz, size_t most, int64_t now_us)
{
    if (p->speed == 0)
        return most;
    if (!p->started) {
        p->started = true;
        p->at_us = now_us;
    }
    double due = floor(pace_behind_s(p, now_us) * rate_hz + 1e-6);
    return due <= 0 ? 0 : due < (double)most ? (size_t)due : most;
}

void pace_given(struct pace *p, double rate_hz, size_t count)
{
    p->given_s += (double)count / rate_hz;
}

int64_t pace_next_us(const struct pace *p)
{
    if (p->speed == 0 || !p->started)
        return 0;
    return p->at_us + (int64_t)ceil(p->given_s / p->speed * 1e6) + PACE_BLOCK_US;
}
