/* live_view - the pages of `emsctl live`, drawn on a canvas. Knows no terminal and no clock.
 *
 * Works from 80 x 24 up; below that it says so. Old, estimated and missing values look different (UX.md 7):
 * stale = dim with the age in the state chip, estimated = "~" before, failed or over range or not applicable = a dash.
 */
#ifndef APP_LIVE_VIEW_H
#define APP_LIVE_VIEW_H

#include "app/canvas.h"
#include "app/figures.h"
#include "snapshot/snapshot.h"

#define LIVE_MIN_WIDTH 80
#define LIVE_MIN_HEIGHT 24

#define LIVE_STALE_US INT64_C(1000000)
#define LIVE_FAILED_US INT64_C(5000000)

enum live_page {
    LIVE_OVERVIEW,
    LIVE_ENERGY,
    LIVE_HARMONICS,
    LIVE_PHASORS,
    LIVE_QUALITY,
    LIVE_PAGES
};

/* What is shown; NULL snapshot: nothing was read yet. */
struct live_picture {
    const struct snapshot *snapshot; /* aged already (snapshot_age) */
    const struct snapshot_spectra *spectra;
    int64_t age_us;
    const char *problem; /* why there is no picture, or NULL */
};

/* What the person chose; all-zero is the start. Prefixes are kept so that they do not flip. */
struct live_state {
    enum live_page page;
    int load;
    int channel;   /* enum spectrum_id of rms values */
    bool absolute; /* harmonics in V or A instead of per cent of the fundamental */
    bool help;
    struct figure_scale scale[UNIT_COUNT];
};

void live_draw(struct canvas *c, struct live_state *state, const struct live_picture *p);

/* Next or previous channel whose spectrum is an rms value. */
void live_next_channel(struct live_state *state, int step);

/* Used by the pages. */
void live_harmonics(struct canvas *c, const struct live_state *state, const struct live_picture *p,
                    int y0, int y1, int x0, int x1);
void live_phasors(struct canvas *c, const struct live_picture *p, int load, int y0, int y1, int x0,
                  int x1);
void live_page_energy(struct canvas *c, struct live_state *state, const struct live_picture *p);
void live_page_phasors(struct canvas *c, struct live_state *state, const struct live_picture *p);
void live_page_quality(struct canvas *c, struct live_state *state, const struct live_picture *p);

/* One value of a load as its catalogue row says, right-aligned to end at column x. */
void live_value(struct canvas *c, int y, int x, const struct snapshot_load *l, enum variable_id id,
                struct figure_scale s);
enum style live_style(enum quality q);

#endif
