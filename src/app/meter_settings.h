/* meter_settings - what a person sets of the measurement, and what the factory found out about the converters.
 *
 * "auto" and 0 mean: as the source says. A scenario or a record knows its system and scales; a converter does not.
 * Calibration is no setting: it is factory data in DATA/calibration.json and absent on a simulated device.
 */
#ifndef APP_METER_SETTINGS_H
#define APP_METER_SETTINGS_H

#include "base/setting.h"
#include "devices/source.h"
#include "meter/meter.h"

struct load_settings {
    int input; /* 0 = auto, else enum input_kind: 5A, 333mV */
    double ratio, primary_a, nominal_a;
    char map[16]; /* "1,2,3": current input k is phase |map[k]|, reversed if < 0; "" = as wired */
    bool generation;
};

struct meter_settings {
    int system; /* 0 = auto, else 1 + enum meter_system */
    double nominal_v;
    int nominal_hz; /* 0 = auto, 1 = 50, 2 = 60 */
    double rate_hz;
    bool remove_offset;
    int totals_rule;   /* enum totals_rule */
    int apparent_rule; /* enum apparent_rule */
    int64_t demand_period_min;
    bool demand_sliding;
    double hours_start_a;
    int64_t tariff;
    int64_t flush_s;
    struct load_settings load[METER_MAX_LOADS];
};

/* The table of settings that fills *values. */
struct setting_table meter_settings_table(struct meter_settings *values);

/* Puts settings over what the source says. ERR_RANGE: they do not fit together. */
enum err meter_settings_apply(const struct meter_settings *s, struct meter_config *c,
                              struct reason *why) CHECKED;

/* "1,-3,2" to {1, -3, 2}; "" to zeros. ERR_FORMAT where it is not a permutation of 1, 2, 3 with signs. */
enum err meter_settings_map(const char *text, int map[3], struct reason *why) CHECKED;

/* Reads calibration.json into the loads of *c; an absent file is none. Every other fault is refused: a meter
 * must not run on half a calibration.
 * ERR_FORMAT, ERR_RANGE  `why` names the place */
enum err meter_calibration_read(const char *path, struct meter_config *c,
                                struct reason *why) CHECKED;

#endif
