/* Any bytes as calibration.json: it is taken whole or not at all. */
#include "app/meter_settings.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct reason why = {0};
    struct meter_config *before = calloc(1, sizeof *before), *after = malloc(sizeof *after);
    int fd = memfd_create("calibration", MFD_CLOEXEC);
    PROMISE(before && after && fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    before->loads = 2;
    memcpy(after, before, sizeof *after);
    if (meter_calibration_read(path, after, &why) != ERR_OK) {
        PROMISE(why.text[0]);
        PROMISE(memcmp(before, after, sizeof *after) == 0);
    } else {
        for (int k = 0; k < after->loads; k++)
            PROMISE(calibration_check(&after->load[k].calibration, &why) == ERR_OK);
    }
    close(fd);
    free(before);
    free(after);
    return 0;
}
