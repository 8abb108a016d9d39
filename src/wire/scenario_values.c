#include "wire/scenario_statements_internal.h"

enum err scenario_phases(struct parser *p, char letter, unsigned *mask)
{
    struct span word = {0};
    (void)words_next(&p->w, &word);
    size_t i = letter ? 1 : 0;
    bool right = word.length > 0 && (!letter || (word.at[0] | 0x20) == letter);
    *mask = letter && word.length == 1 ? 7 : 0;
    for (; right && i < word.length; i++) {
        unsigned bit = word.at[i] >= '1' && word.at[i] <= '3' ? 1u << (word.at[i] - '1') : 0;
        right = bit != 0 && !(*mask & bit);
        *mask |= bit;
    }
    if (right)
        return ERR_OK;
    return words_wrong(&p->w, ERR_FORMAT,
                       letter == 'v'   ? "v1, v2, v3, v12 or v (all)"
                       : letter == 'i' ? "i1, i2 or i3"
                                       : "phases such as 1, 23 or 123",
                       word);
}

enum err scenario_one_phase(struct parser *p, char letter, int *phase)
{
    unsigned mask;
    enum err e = scenario_phases(p, letter, &mask);
    if (e)
        return e;
    if (mask != 1 && mask != 2 && mask != 4)
        return words_wrong(&p->w, ERR_FORMAT, "one phase", (struct span){0});
    *phase = mask == 1 ? 0 : mask == 2 ? 1 : 2;
    return ERR_OK;
}

void scenario_rest_of_line(struct parser *p, char *to, size_t size)
{
    span_show(span_trim(p->w.rest), to, size);
    p->w.rest.length = 0;
}

enum err scenario_harmonic(struct parser *p, struct scenario_spectrum *to[3])
{
    int64_t order;
    double ratio, angle = 0;
    enum err e = words_whole(&p->w, 2, SCENARIO_MAX_ORDER, &order);
    if (e || (e = words_quantity(&p->w, units_ratio, 0, 2, &ratio)))
        return e;
    struct words ahead = p->w;
    struct span more;
    if (words_next(&ahead, &more) && (e = words_quantity(&p->w, units_angle, -7, 7, &angle)))
        return e;
    for (int k = 0; k < 3; k++)
        if (to[k]) {
            to[k]->ratio[order] = ratio;
            to[k]->angle_rad[order] = angle;
        }
    return ERR_OK;
}

enum err scenario_tone(struct parser *p, struct scenario_spectrum *to[3])
{
    double hz, ratio;
    enum err e = words_quantity(&p->w, units_frequency, 0.1, 4000, &hz);
    if (e || (e = words_quantity(&p->w, units_ratio, 0, 2, &ratio)))
        return e;
    int i = 0;
    while (i < p->s->tones && p->s->tone_hz[i] != hz)
        i++;
    if (i == SCENARIO_MAX_TONES)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d interharmonic frequencies",
                      p->w.file, p->w.line, SCENARIO_MAX_TONES);
    p->s->tone_hz[i] = hz;
    if (i == p->s->tones)
        p->s->tones++;
    for (int k = 0; k < 3; k++)
        if (to[k])
            to[k]->tone[i] = ratio;
    return ERR_OK;
}
