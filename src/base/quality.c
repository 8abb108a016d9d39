#include "base/quality.h"

#include "base/err.h"

const char *quality_name(enum quality q)
{
    static const char *const names[] = {
        [QUALITY_GOOD] = "good",     [QUALITY_UNCERTAIN] = "uncertain",
        [QUALITY_STALE] = "stale",   [QUALITY_OVER_RANGE] = "over_range",
        [QUALITY_FAILED] = "failed", [QUALITY_ABSENT] = "absent",
    };
    return (unsigned)q < COUNT(names) ? names[q] : "failed";
}
