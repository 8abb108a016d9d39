/* emsctl variables, emsctl scenarios - what the device knows, printed from its tables. */
#include "app/emsctl.h"

#include "base/json.h"
#include "catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON_TEXT_SIZE ((size_t)1 << 18)

static void print_csv(const struct variable *v, int orders)
{
    /* A label holds commas, no quotation marks. */
    printf("%d,%s,%s,%g,%s,%s,%s,%s,", v->number, v->id, unit_symbol(v->unit), v->step,
           kind_name(v->kind), scope_name(v->scope), keep_name(v->keep), needs_name(v->needs));
    if (orders)
        printf("%d", orders);
    printf(",\"%s\"\n", v->label);
}

static void print_json(struct json_writer *w, const struct variable *v, int orders)
{
    json_open(w, NULL, '{');
    json_put_integer(w, "number", v->number);
    json_put_text(w, "id", v->id);
    json_put_text(w, "unit", unit_symbol(v->unit));
    json_put_real(w, "step", v->step);
    json_put_text(w, "kind", kind_name(v->kind));
    json_put_text(w, "scope", scope_name(v->scope));
    json_put_text(w, "keep", keep_name(v->keep));
    json_put_text(w, "needs", needs_name(v->needs));
    if (orders)
        json_put_integer(w, "orders", orders);
    json_put_text(w, "label", v->label);
    json_close(w, '}');
}

int emsctl_variables(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    bool csv = false;
    const struct option_row rows[] = {
        {"csv", NULL, "comma-separated, as the document", NULL, &csv}};
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), NULL, 0, &words, argc, argv, &code))
        return code;
    if (csv)
        puts("number,id,unit,step,kind,scope,keep,needs,orders,label");
    struct json_writer w = {.text = malloc(JSON_TEXT_SIZE), .size = JSON_TEXT_SIZE};
    if (!w.text)
        return EXIT_FAILED;
    json_open(&w, NULL, '[');
    for (int i = 0; i < VAR_COUNT + SPECTRUM_COUNT; i++) {
        bool scalar = i < VAR_COUNT;
        const struct variable *v =
            scalar ? &catalogue_variables[i] : &catalogue_spectra[i - VAR_COUNT];
        int orders = scalar ? 0 : SPECTRUM_ORDERS;
        if (csv)
            print_csv(v, orders);
        else if (ctl->json)
            print_json(&w, v, orders);
        else
            printf("%5d  %-32s %-5s %-8s %-7s %s%s\n", v->number, v->id, unit_symbol(v->unit),
                   kind_name(v->kind), scope_name(v->scope), v->label,
                   orders ? ", orders 1 .. 63" : "");
    }
    json_close(&w, ']');
    if (ctl->json && !csv)
        puts(w.text);
    free(w.text);
    return EXIT_GOOD;
}

static void print_scenario(void *context, const char *name, const char *path)
{
    struct json_writer *w = context;
    if (!w) {
        printf("%-28s %s\n", name, path);
        return;
    }
    json_open(w, NULL, '{');
    json_put_text(w, "name", name);
    json_put_text(w, "path", path);
    json_close(w, '}');
}

int emsctl_scenarios(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, NULL, 0, NULL, 0, &words, argc, argv, &code))
        return code;
    struct json_writer w = {.text = malloc(JSON_TEXT_SIZE), .size = JSON_TEXT_SIZE};
    if (!w.text)
        return EXIT_FAILED;
    json_open(&w, NULL, '[');
    int count = places_scenarios(print_scenario, ctl->json ? &w : NULL);
    json_close(&w, ']');
    if (ctl->json)
        puts(w.text);
    free(w.text);
    struct reason why;
    if (count)
        return EXIT_GOOD;
    (void)reason(&why, ERR_UNKNOWN, "there is no folder of scenarios here or beside the program");
    return emsctl_fail(self, ERR_UNKNOWN, &why);
}
