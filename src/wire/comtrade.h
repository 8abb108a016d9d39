/* comtrade - records of IEEE C37.111 / IEC 60255-24: configuration, rows of samples, single files.
 *
 * Revisions 1991, 1999 and 2013; data as ASCII, BINARY, BINARY32 and FLOAT32; CFF files with all sections in one.
 * The configuration is read into a struct that the caller owns (some 300 kB: it holds the largest record); rows
 * are then decoded one by one from the bytes of the data file. Digital channels are counted and skipped.
 *
 * Tolerated because real recorders write it: empty skew, offset, factor and time stamp fields; negative
 * multipliers; revisions of other years ("1997" reads as 1999) or none (1991); rates 0 (time from stamps
 * alone); a 0x1A after the text; LF, CRLF and CR; text in any encoding (bytes are kept).
 *
 * Pure. Every failure names the line, row or byte and what was expected there.
 */
#ifndef WIRE_COMTRADE_H
#define WIRE_COMTRADE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMTRADE_MAX_ANALOG 999
#define COMTRADE_MAX_DIGITAL 65535
#define COMTRADE_MAX_RATES 999
#define COMTRADE_NAME 80 /* longer texts are cut */

enum comtrade_revision { COMTRADE_1991, COMTRADE_1999, COMTRADE_2013 };
enum comtrade_format { COMTRADE_ASCII, COMTRADE_BINARY, COMTRADE_BINARY32, COMTRADE_FLOAT32 };

struct comtrade_channel {
    char name[COMTRADE_NAME], component[COMTRADE_NAME];
    char phase[16], unit[16];
    double multiplier, offset; /* value in `unit` = multiplier x stored + offset */
    double skew_s;             /* sampled this much after the row's time */
    double primary, secondary; /* transformer ratio; 0 = not told */
    bool is_primary;           /* values are primary ('P'); else secondary or not told */
};

struct comtrade_rate {
    double hz;
    uint32_t last; /* number of the last row at this rate, from 1; rising */
};

struct comtrade {
    char station[COMTRADE_NAME], device[COMTRADE_NAME];
    enum comtrade_revision revision;
    int analogs, digitals;
    double nominal_hz;                    /* 0 = not told */
    bool by_stamps;                       /* no rate is told: only the stamps know the time */
    int rates;                            /* of rate[]; 0 where by_stamps */
    uint32_t rows;                        /* as told: last row of the last rate */
    int64_t start_utc_us, trigger_utc_us; /* since 1970; 0 = not told */
    enum comtrade_format format;
    double stamp_us; /* us of one unit of a row's stamp */
    struct comtrade_rate rate[COMTRADE_MAX_RATES];
    struct comtrade_channel analog[COMTRADE_MAX_ANALOG];
};

/* Reads the configuration (the .cfg file or that section).
 * ERR_FORMAT  "line 5: ..."
 * ERR_RANGE   counts beyond the bounds above, a rate that is no rate */
enum err comtrade_config(struct comtrade *c, const char *bytes, size_t length,
                         struct reason *why) CHECKED;

/* Rows of the data. Set config, bytes and length, the rest 0. */
struct comtrade_data {
    const struct comtrade *config;
    const uint8_t *bytes;
    size_t length;
    size_t at;     /* bytes used so far: a whole number of rows */
    uint32_t row;  /* rows given so far */
    unsigned line; /* lines used so far, of ASCII */
};

struct comtrade_row {
    bool stamped;
    double at_us; /* of its stamp */
};

/* Decodes the next row: `value` takes config->analogs numbers, each in its channel's unit, NaN where the recorder
 * marked it missing (empty; 0x8000; 0x80000000; not a finite number).
 * ERR_BUSY    no further whole row: the end, or the data was cut inside a row (then `at` < `length`)
 * ERR_FORMAT  ASCII that is not a row; `why` names line and field */
enum err comtrade_next(struct comtrade_data *d, struct comtrade_row *row, double *value,
                       struct reason *why) CHECKED;

/* Bytes of one row of a binary format; 0 for ASCII. */
size_t comtrade_row_size(const struct comtrade *c);

/* Sections of a single file (.cff), as pieces of its bytes. */
struct comtrade_sections {
    const char *config;
    size_t config_length;
    const uint8_t *data;
    size_t data_length;
    bool truncated; /* fewer data bytes are there than the section's head says */
};

/* ERR_FORMAT  no section of kind CFG or DAT; `why` says which and what its head looks like */
enum err comtrade_cff(struct comtrade_sections *s, const uint8_t *bytes, size_t length,
                      struct reason *why) CHECKED;

#endif
