#include "app/canvas.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ASCII for what we draw; anything else becomes '?'. */
static const struct {
    uint32_t character;
    char ascii;
} plain[] = {
    {0x2500, '-'}, {0x2502, '|'}, {0x2022, '*'}, {0x25CF, '*'}, {0x25B2, '!'}, {0x2013, '-'},
    {0x2212, '-'}, {0x202F, ' '}, {0x00B7, '.'}, {0x00B0, 'o'}, {0x03C6, 'p'}, {0x03A3, 'S'},
    {0x2192, '>'}, {0x2190, '<'}, {0x21BB, 'r'}, {0x2026, '.'}, {0x25CB, 'o'}, {0x2588, '#'},
};

bool canvas_open(struct canvas *c, int width, int height, bool unicode)
{
    *c = (struct canvas){.width = width, .height = height, .unicode = unicode};
    if (width < 1 || height < 1 || width > CANVAS_MAX_WIDTH || height > CANVAS_MAX_HEIGHT)
        return false;
    c->cells = calloc((size_t)width * (size_t)height, sizeof *c->cells);
    return c->cells != NULL;
}

void canvas_close(struct canvas *c)
{
    free(c->cells);
    c->cells = NULL;
}

void canvas_clear(struct canvas *c)
{
    memset(c->cells, 0, (size_t)(c->width * c->height) * sizeof *c->cells);
}

static struct cell *at(struct canvas *c, int y, int x)
{
    return x < 0 || y < 0 || x >= c->width || y >= c->height ? NULL : &c->cells[y * c->width + x];
}

/* The next character of UTF-8; malformed bytes are taken one by one as '?'. */
static uint32_t next(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    int n = s[0] < 0x80 ? 1 : s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    uint32_t u = n == 1 ? s[0] : n ? s[0] & (0x7Fu >> n) : '?';
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            *p += i;
            return '?';
        }
        u = u << 6 | (s[i] & 0x3F);
    }
    *p += n ? n : 1;
    return u;
}

static uint32_t shown(const struct canvas *c, uint32_t u)
{
    if (c->unicode || u < 0x80)
        return u;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i].character == u)
            return (uint32_t)plain[i].ascii;
    return '?';
}

int canvas_text(struct canvas *c, int y, int x, enum style s, const char *utf8)
{
    while (*utf8) {
        uint32_t u = next(&utf8);
        struct cell *cell = at(c, y, x++);
        if (cell)
            *cell = (struct cell){.character = shown(c, u), .style = (uint8_t)s};
    }
    return x;
}

int canvas_print(struct canvas *c, int y, int x, enum style s, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return canvas_text(c, y, x, s, text);
}

int canvas_width(const char *utf8)
{
    int n = 0;
    while (*utf8) {
        (void)next(&utf8);
        n++;
    }
    return n;
}

void canvas_right(struct canvas *c, int y, int x, enum style s, const char *utf8)
{
    (void)canvas_text(c, y, x - canvas_width(utf8), s, utf8);
}

void canvas_rule(struct canvas *c, int y, int x0, int x1, const char *title)
{
    for (int x = x0; x < x1; x++)
        (void)canvas_text(c, y, x, STYLE_DIM, "\u2500");
    if (title[0])
        (void)canvas_print(c, y, x0 + 1, STYLE_STRONG, " %s ", title);
}

void canvas_bar(struct canvas *c, int y, int x, int width, int eighths, enum style s)
{
    for (; eighths > 0; eighths -= 8, y--) {
        int part = eighths > 8 ? 8 : eighths;
        if (!c->unicode && part < 4)
            return;
        for (int k = 0; k < width; k++) {
            struct cell *cell = at(c, y, x + k);
            if (cell)
                *cell = (struct cell){.character = c->unicode ? 0x2580u + (uint32_t)part : '#',
                                      .style = (uint8_t)s};
        }
    }
}

static void dot(struct canvas *c, int dx, int dy, enum style s)
{
    /* Dots of a braille cell: 1 2 3 7 down the left, 4 5 6 8 down the right. */
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    struct cell *cell = dx < 0 || dy < 0 ? NULL : at(c, dy / 4, dx / 2);
    if (!cell || (cell->character && !cell->dots))
        return; /* letters stay */
    cell->dots |= bits[dy % 4][dx % 2];
    cell->style = (uint8_t)s;
    cell->character = c->unicode ? 0x2800u + cell->dots : '*';
}

void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, enum style s)
{
    double length = fmax(fabs(x1 - x0), fabs(y1 - y0));
    int steps = length > 2000 ? 2000 : (int)ceil(length);
    for (int i = 0; i <= steps; i++) {
        double t = steps ? (double)i / steps : 0;
        dot(c, (int)lround(x0 + (x1 - x0) * t), (int)lround(y0 + (y1 - y0) * t), s);
    }
}

void canvas_utf8(uint32_t u, char text[5])
{
    memset(text, 0, 5);
    if (u < 0x80) {
        text[0] = (char)u;
    } else if (u < 0x800) {
        text[0] = (char)(0xC0 | u >> 6);
        text[1] = (char)(0x80 | (u & 0x3F));
    } else if (u < 0x10000) {
        text[0] = (char)(0xE0 | u >> 12);
        text[1] = (char)(0x80 | (u >> 6 & 0x3F));
        text[2] = (char)(0x80 | (u & 0x3F));
    } else {
        text[0] = (char)(0xF0 | u >> 18);
        text[1] = (char)(0x80 | (u >> 12 & 0x3F));
        text[2] = (char)(0x80 | (u >> 6 & 0x3F));
        text[3] = (char)(0x80 | (u & 0x3F));
    }
}

void canvas_dump(const struct canvas *c, FILE *to)
{
    for (int y = 0; y < c->height; y++) {
        int last = -1;
        for (int x = 0; x < c->width; x++)
            if (c->cells[y * c->width + x].character > ' ')
                last = x;
        for (int x = 0; x <= last; x++) {
            char text[5];
            uint32_t u = c->cells[y * c->width + x].character;
            canvas_utf8(u ? u : ' ', text);
            fputs(text, to);
        }
        fputc('\n', to);
    }
}
