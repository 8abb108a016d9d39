/* emsctl live - the canvas of live_view on a terminal. */
#include "app/emsctl.h"

#include "app/live_view.h"
#include "base/clock.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REFRESH_MS 200 /* a measuring window */

struct live {
    struct reader reader;
    struct snapshot *snapshot;
    struct snapshot_spectra *spectra;
    struct live_state state;
    struct canvas canvas;
    struct reason problem;
};

/* Colours of the 256-colour palette nearest to the tokens of UX.md 10 (dark), else of the eight. */
static const struct {
    short rich, poor;
    attr_t with_colour, without;
} looks[STYLE_COUNT] = {
    [STYLE_PLAIN] = {-1, -1, A_NORMAL, A_NORMAL},
    [STYLE_DIM] = {244, -1, A_NORMAL, A_DIM},
    [STYLE_STRONG] = {-1, -1, A_BOLD, A_BOLD},
    [STYLE_TITLE] = {-1, -1, A_REVERSE, A_REVERSE},
    [STYLE_L1] = {179, COLOR_YELLOW, A_NORMAL, A_NORMAL},
    [STYLE_L2] = {255, COLOR_WHITE, A_NORMAL, A_NORMAL},
    [STYLE_L3] = {103, COLOR_CYAN, A_NORMAL, A_NORMAL},
    [STYLE_N] = {75, COLOR_BLUE, A_NORMAL, A_NORMAL},
    [STYLE_GOOD] = {78, COLOR_GREEN, A_BOLD, A_NORMAL},
    [STYLE_WARNING] = {215, COLOR_YELLOW, A_NORMAL, A_BOLD},
    [STYLE_BAD] = {210, COLOR_RED, A_BOLD, A_BOLD},
    [STYLE_IMPORT] = {74, COLOR_CYAN, A_NORMAL, A_NORMAL},
    [STYLE_EXPORT] = {147, COLOR_MAGENTA, A_NORMAL, A_NORMAL},
};

static void start_colours(void)
{
    if (!has_colors())
        return;
    start_color();
    use_default_colors();
    for (int s = 0; s < STYLE_COUNT; s++)
        init_pair((short)(s + 1), COLORS >= 256 ? looks[s].rich : looks[s].poor, -1);
}

static attr_t look(enum style s)
{
    return has_colors() ? looks[s].with_colour | (attr_t)COLOR_PAIR(s + 1) : looks[s].without;
}

static void show(const struct canvas *c)
{
    for (int y = 0; y < c->height; y++) {
        (void)move(y, 0);
        for (int x = 0; x < c->width; x++) {
            const struct cell *cell = &c->cells[y * c->width + x];
            char text[5];
            canvas_utf8(cell->character ? cell->character : ' ', text);
            (void)attrset((int)look((enum style)cell->style));
            (void)addstr(text);
        }
    }
    (void)refresh();
}

static void read_picture(struct live *v, struct live_picture *p)
{
    enum err e = reader_read(&v->reader, clock_monotonic_us(), v->snapshot, v->spectra, &p->age_us,
                             &v->problem);
    p->snapshot = e == ERR_OK ? v->snapshot : NULL;
    p->spectra = v->spectra;
    p->problem = e == ERR_OK ? NULL : v->problem.text;
}

static bool fit(struct canvas *c, int width, int height, bool unicode)
{
    if (c->cells && c->width == width && c->height == height)
        return true;
    canvas_close(c);
    return canvas_open(c, width > CANVAS_MAX_WIDTH ? CANVAS_MAX_WIDTH : width,
                       height > CANVAS_MAX_HEIGHT ? CANVAS_MAX_HEIGHT : height, unicode);
}

/* False: quit. */
static bool key(struct live_state *s, int k, int loads)
{
    if (k >= '1' && k < '1' + LIVE_PAGES) {
        s->page = (enum live_page)(k - '1');
        s->help = false;
        return true;
    }
    switch (k) {
    case 'q':
    case 27:
        if (!s->help)
            return false;
        s->help = false;
        break;
    case '\t':
        s->page = (enum live_page)((s->page + 1) % LIVE_PAGES);
        break;
    case KEY_BTAB:
        s->page = (enum live_page)((s->page + LIVE_PAGES - 1) % LIVE_PAGES);
        break;
    case KEY_RIGHT:
        live_next_channel(s, 1);
        break;
    case KEY_LEFT:
        live_next_channel(s, -1);
        break;
    case 'u':
        s->absolute = !s->absolute;
        break;
    case '+':
    case KEY_DOWN:
        s->load = loads ? (s->load + 1) % loads : 0;
        break;
    case '-':
    case KEY_UP:
        s->load = loads ? (s->load + loads - 1) % loads : 0;
        break;
    case '?':
    case 'h':
        s->help = !s->help;
        break;
    default:
        break;
    }
    return true;
}

static int interactive(struct live *v, bool unicode)
{
    if (!initscr())
        return EXIT_FAILED;
    (void)cbreak();
    (void)noecho();
    (void)curs_set(0);
    (void)keypad(stdscr, TRUE);
    set_escdelay(25);
    timeout(REFRESH_MS); /* getch waits for a key or for the next window */
    start_colours();
    bool going = true;
    while (going) {
        struct live_picture p = {0};
        read_picture(v, &p);
        if (!fit(&v->canvas, COLS, LINES, unicode))
            break;
        live_draw(&v->canvas, &v->state, &p);
        show(&v->canvas);
        int k = getch();
        if (k == KEY_RESIZE)
            (void)clear();
        else if (k != ERR)
            going = key(&v->state, k, p.snapshot ? p.snapshot->loads : 0);
        else if (!isatty(STDIN_FILENO))
            going = false; /* the terminal is gone */
    }
    (void)endwin();
    return EXIT_GOOD;
}

/* One picture as text: for scripts, documents and tests. */
static int once(struct live *v, const char *size, bool unicode, const struct subcommand *self)
{
    struct reason why;
    char *x = NULL, *end = NULL;
    long width = strtol(size, &x, 10), height = *x == 'x' ? strtol(x + 1, &end, 10) : 0;
    if (!end || *end != '\0' || width < 1 || width > CANVAS_MAX_WIDTH || height < 1 ||
        height > CANVAS_MAX_HEIGHT || !canvas_open(&v->canvas, (int)width, (int)height, unicode)) {
        (void)reason(&why, ERR_RANGE, "--once: \"%.20s\" is not a size such as 80x24", size);
        return emsctl_fail(self, ERR_RANGE, &why);
    }
    struct live_picture p = {0};
    read_picture(v, &p);
    live_draw(&v->canvas, &v->state, &p);
    canvas_dump(&v->canvas, stdout);
    return p.snapshot ? EXIT_GOOD : EXIT_ABSENT;
}

int emsctl_live(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    const char *load = "0", *page = "1", *size = NULL;
    const struct option_row rows[] = {
        {"load", "N", "the load to begin with", &load, NULL},
        {"page", "1..5", "the page to begin with", &page, NULL},
        {"once", "WxH", "print one picture as text and end", &size, NULL},
    };
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), NULL, 0, &words, argc, argv, &code))
        return code;
    struct reason why;
    double n, m;
    enum err e = options_number("--load", load, 0, METER_MAX_LOADS - 1, &n, &why);
    if (e == ERR_OK)
        e = options_number("--page", page, 1, LIVE_PAGES, &m, &why);
    if (e != ERR_OK)
        return emsctl_fail(self, e, &why);

    struct live v = {.reader = {.folder = ctl->places.run},
                     .snapshot = calloc(1, sizeof *v.snapshot),
                     .spectra = calloc(1, sizeof *v.spectra),
                     .state = {.load = (int)n,
                               .page = (enum live_page)((int)m - 1),
                               .channel = SPECTRUM_harmonic_current_l1}};
    if (!v.snapshot || !v.spectra) {
        (void)reason(&why, ERR_FULL, "no memory");
        code = emsctl_fail(self, ERR_FULL, &why);
    } else if (size) {
        code = once(&v, size, ctl->unicode, self);
    } else if (!isatty(STDOUT_FILENO)) {
        code = once(&v, "80x24", ctl->unicode, self);
    } else {
        code = interactive(&v, ctl->unicode);
    }
    canvas_close(&v.canvas);
    reader_close(&v.reader);
    free(v.snapshot);
    free(v.spectra);
    return code;
}
