#include "app/options.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 64

static const struct option_row *find(const struct options *o, const char *name, size_t length)
{
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; o->rows[t] && i < o->counts[t]; i++)
            if (strlen(o->rows[t][i].name) == length &&
                memcmp(o->rows[t][i].name, name, length) == 0)
                return &o->rows[t][i];
    return NULL;
}

static enum err unknown(const struct options *o, const char *name, struct reason *why)
{
    const char *names[MAX_NAMES] = {"help"};
    size_t count = 1;
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; o->rows[t] && i < o->counts[t] && count < MAX_NAMES; i++)
            names[count++] = o->rows[t][i].name;
    return reason(why, ERR_UNKNOWN, "no option --%.40s; the nearest is --%s", name,
                  text_nearest(name, names, count));
}

/* A lone "-" and negative numbers are values, not options. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9');
}

static enum err read_option(struct options *o, int argc, char **argv, int *i, struct reason *why)
{
    const char *name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (strcmp(argv[*i], "-h") == 0 || strcmp(argv[*i], "--help") == 0) {
        o->help = true;
        return ERR_OK;
    }
    const struct option_row *row = argv[*i][1] == '-' ? find(o, name, length) : NULL;
    if (!row)
        return unknown(o, name, why);
    if (!row->value) {
        if (value)
            return reason(why, ERR_FORMAT, "--%s takes no value", row->name);
        *row->flag = true;
        return ERR_OK;
    }
    if (!value) {
        if (*i + 1 >= argc)
            return reason(why, ERR_FORMAT, "--%s needs a value: %s", row->name, row->value);
        value = argv[++*i];
    }
    *row->text = value;
    return ERR_OK;
}

enum err options_read(struct options *o, int argc, char **argv, struct reason *why)
{
    bool all_positional = false;
    int i = 1;
    for (; i < argc; i++) {
        if (!all_positional && strcmp(argv[i], "--") == 0) {
            all_positional = true;
            continue;
        }
        if (!all_positional && is_option(argv[i])) {
            enum err e = read_option(o, argc, argv, &i, why);
            if (e != ERR_OK)
                return e;
            continue;
        }
        if (o->stop_at_first)
            break;
        if (o->count == o->most)
            return reason(why, ERR_FORMAT, "\"%.60s\" is one word too many", argv[i]);
        o->positional[o->count++] = argv[i];
    }
    o->used = i;
    return ERR_OK;
}

void options_help(const struct options *o, FILE *to)
{
    for (int t = 0; t < 2; t++) {
        for (size_t i = 0; o->rows[t] && i < o->counts[t]; i++) {
            char left[40];
            const struct option_row *row = &o->rows[t][i];
            (void)snprintf(left, sizeof left, "--%s %s", row->name, row->value ? row->value : "");
            fprintf(to, "  %-22s %s\n", left, row->help);
        }
    }
    fprintf(to, "  %-22s %s\n", "--help", "this page");
}

enum err options_number(const char *name, const char *text, double least, double most, double *x,
                        struct reason *why)
{
    char *end;
    double n = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(n) || n < least || n > most)
        return reason(why, ERR_RANGE, "%s: \"%.40s\" is not a number from %g to %g", name, text,
                      least, most);
    *x = n;
    return ERR_OK;
}

enum exit_code options_exit(enum err e)
{
    switch (e) {
    case ERR_OK:
        return EXIT_GOOD;
    case ERR_RANGE:
    case ERR_FORMAT:
    case ERR_DENIED:
        return EXIT_REFUSED;
    case ERR_UNKNOWN:
    case ERR_BUSY:
        return EXIT_ABSENT;
    case ERR_FULL:
    case ERR_IO:
        return EXIT_FAILED;
    }
    return EXIT_FAILED;
}
