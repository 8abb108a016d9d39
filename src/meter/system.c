#include "meter/system.h"

#include <stddef.h>

const char *const meter_system_names[] = {
    [SYSTEM_1P2W] = "1P2W", [SYSTEM_2P3W] = "2P3W",         [SYSTEM_3P4W] = "3P4W",
    [SYSTEM_3P3W] = "3P3W", [SYSTEM_WILD_LEG] = "wild-leg", NULL,
};
