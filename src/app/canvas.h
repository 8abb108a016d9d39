/* canvas - a screen of character cells: what the live view draws on, before any terminal.
 *
 * Drawing outside is cut. Text is UTF-8, one column a character (box drawing, blocks, braille, letters; combining and
 * wide characters are not used). With `unicode` false the ASCII stand-ins are put.
 */
#ifndef APP_CANVAS_H
#define APP_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CANVAS_MAX_WIDTH 400
#define CANVAS_MAX_HEIGHT 200

enum style {
    STYLE_PLAIN,
    STYLE_DIM,
    STYLE_STRONG,
    STYLE_TITLE, /* reverse bar */
    STYLE_L1,
    STYLE_L2,
    STYLE_L3,
    STYLE_N,
    STYLE_GOOD,
    STYLE_WARNING,
    STYLE_BAD,
    STYLE_IMPORT,
    STYLE_EXPORT,
    STYLE_COUNT
};

struct cell {
    uint32_t character; /* Unicode; 0 = blank */
    uint8_t style;      /* enum style */
    uint8_t dots;       /* braille dots of canvas_line */
};

struct canvas {
    int width, height;
    bool unicode;
    struct cell *cells; /* width x height */
};

/* All blank. false where there is no memory or a side is not 1 .. CANVAS_MAX. */
bool canvas_open(struct canvas *c, int width, int height, bool unicode);
void canvas_close(struct canvas *c);
void canvas_clear(struct canvas *c);

/* Puts text; returns the column after it. */
int canvas_text(struct canvas *c, int y, int x, enum style s, const char *utf8);
int canvas_print(struct canvas *c, int y, int x, enum style s, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Ends at column x (exclusive). */
void canvas_right(struct canvas *c, int y, int x, enum style s, const char *utf8);

/* Columns that a text takes. */
int canvas_width(const char *utf8);

/* A rule across [x0, x1) with a title in it. */
void canvas_rule(struct canvas *c, int y, int x0, int x1, const char *title);

/* A bar of `eighths` eighths of a cell, growing upwards from the bottom row `y`. */
void canvas_bar(struct canvas *c, int y, int x, int width, int eighths, enum style s);

/* A line in braille dots (2 x 4 a cell) between points in dots; '*' without unicode. */
void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, enum style s);

/* As plain text, without styles, trailing blanks cut. */
void canvas_dump(const struct canvas *c, FILE *to);

/* UTF-8 of one character (1 .. 4 bytes and NUL). */
void canvas_utf8(uint32_t character, char text[5]);

#endif
