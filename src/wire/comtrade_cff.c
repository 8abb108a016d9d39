#include "wire/comtrade.h"

#include "wire/span.h"

#include <string.h>

/* "--- file type: DAT BINARY: 1234 ---" (IEC 60255-24:2013, clause 10): the kind, and bytes where told. */
static bool section_head(struct span line, struct span *kind, struct span *bytes)
{
    struct span word, text = span_trim(line);
    if (text.length < 6 || memcmp(text.at, "---", 3) != 0)
        return false;
    while (text.length > 0 && text.at[0] == '-')
        text = (struct span){text.at + 1, text.length - 1};
    while (text.length > 0 && text.at[text.length - 1] == '-')
        text.length--;
    if (!span_word(&text, &word) || !span_is(word, "file"))
        return false;
    if (!span_word(&text, &word) || !span_is(word, "type:"))
        return false;
    if (!span_word(&text, kind))
        return false;
    *bytes = (struct span){0};
    const char *colon = text.length ? memchr(text.at, ':', text.length) : NULL;
    if (colon) {
        size_t before = (size_t)(colon - text.at) + 1;
        *bytes = span_trim((struct span){text.at + before, text.length - before});
    }
    return true;
}

/* Lines as span_line cuts them, but a 0x1A is a byte like others here. */
static bool any_line(struct span *left, struct span *line)
{
    if (left->length == 0)
        return false;
    size_t n = 0;
    while (n < left->length && left->at[n] != '\n' && left->at[n] != '\r')
        n++;
    *line = (struct span){left->at, n};
    size_t end = n;
    if (end + 1 < left->length && left->at[end] == '\r' && left->at[end + 1] == '\n')
        end += 2;
    else if (end < left->length)
        end++;
    *left = (struct span){left->at + end, left->length - end};
    return true;
}

enum err comtrade_cff(struct comtrade_sections *s, const uint8_t *bytes, size_t length,
                      struct reason *why)
{
    struct comtrade_sections found = {0};
    struct span left = {(const char *)bytes, length}, line, kind, told;
    unsigned number = 0;
    bool in_config = false;
    while (!found.data && any_line(&left, &line)) {
        number++;
        if (!section_head(line, &kind, &told))
            continue;
        if (in_config)
            found.config_length = (size_t)(line.at - found.config);
        in_config = span_is(kind, "CFG");
        if (in_config) {
            found.config = left.at;
            found.config_length = left.length;
        } else if (span_is(kind, "DAT")) {
            found.data = (const uint8_t *)left.at;
            found.data_length = left.length;
        }
    }
    if (!found.config)
        return reason(why, ERR_FORMAT,
                      "no configuration in %u lines: expected a line \"--- file type: CFG ---\"",
                      number);
    if (!found.data)
        return reason(why, ERR_FORMAT,
                      "no data in %u lines: expected a line \"--- file type: DAT ASCII ---\" or "
                      "\"--- file type: DAT BINARY: 1234 ---\"",
                      number);
    int64_t count;
    if (told.length > 0) {
        if (!span_count(told, INT64_MAX, &count))
            return reason(why, ERR_FORMAT, "line %u: \"%s\" data bytes, expected a whole number",
                          number, span_shown(told).text);
        found.truncated = (uint64_t)count > found.data_length;
        if (!found.truncated)
            found.data_length = (size_t)count;
    }
    *s = found;
    return ERR_OK;
}
