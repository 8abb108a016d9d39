/* values - one value of a snapshot as JSON and as text, by its catalogue entry. Used by every subcommand that
 * prints values, so that they all print them alike.
 */
#ifndef APP_VALUES_H
#define APP_VALUES_H

#include "app/figures.h"
#include "base/json.h"
#include "snapshot/snapshot.h"

/* "power_l1", "harmonic_current_l2_7" */
void values_id(const struct catalogue_entry *e, char *id, size_t size);

enum quality values_quality(const struct snapshot *s, int load, const struct catalogue_entry *e);

/* "id": {"value": 12.5, "unit": "V", "quality": "good"}: base units, all digits. Counters in their unit with
 * six decimals kept exact; what was not measured (failed, absent) is
 * null; over range stays, with its quality: the true value is at least about that. */
void values_json(struct json_writer *w, const struct snapshot *s, const struct snapshot_spectra *x,
                 int load, const struct catalogue_entry *e);

/* "values": {...} of all scalars; with `spectra`, "spectra": {"id": [63 values]} as well. */
void values_json_all(struct json_writer *w, const struct snapshot *s,
                     const struct snapshot_spectra *x, int load, bool spectra);

/* For tables: rounded to the catalogue's step, in the base unit; times as text. */
void values_text(const struct snapshot *s, const struct snapshot_spectra *x, int load,
                 const struct catalogue_entry *e, bool unicode, char text[FIGURE_SIZE]);

#endif
