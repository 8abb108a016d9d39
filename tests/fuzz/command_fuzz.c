/* Any bytes as a line at the meter's door: what is accepted is within its bounds and reads the same when written again. */
#include "app/command.h"
#include "fuzz.h"
#include "meter/meter.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct command c, again;
    struct reason why = {0};
    if (command_parse((const char *)data, size, &c, &why) != ERR_OK) {
        PROMISE(why.text[0]);
        return 0;
    }
    const struct command_row *row = &command_rows[c.verb];
    PROMISE(c.load >= 0 && c.load < METER_MAX_LOADS);
    PROMISE(!row->needs_tariff || (c.tariff >= 1 && c.tariff <= METER_TARIFFS));
    char line[COMMAND_LINE_SIZE];
    size_t length = command_line(&c, line, sizeof line);
    PROMISE(length < sizeof line && line[length - 1] == '\n');
    PROMISE(command_parse(line, length - 1, &again, &why) == ERR_OK);
    PROMISE(again.verb == c.verb && (!row->needs_load || again.load == c.load) &&
            (!row->needs_tariff || again.tariff == c.tariff));
    return 0;
}
