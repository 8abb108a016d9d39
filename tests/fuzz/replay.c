/* Runs every file of the folder named through a fuzz target, in the order of their names; a TAP line each. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int replay(const char *folder, const char *name, int number)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("not ok %d %s: cannot be opened\n", number, name);
        return 1;
    }
    size_t size = 0, room = 1 << 20;
    uint8_t *bytes = malloc(room);
    if (bytes)
        size = fread(bytes, 1, room, f);
    (void)fclose(f);
    /* an exact copy, so that a sanitizer sees one byte too many */
    uint8_t *exact = malloc(size ? size : 1);
    int result = 1;
    if (bytes && exact) {
        for (size_t i = 0; i < size; i++)
            exact[i] = bytes[i];
        result = LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(bytes);
    printf("%s %d %s (%zu bytes)\n", result ? "not ok" : "ok", number, name, size);
    (void)fflush(stdout);
    return result;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int count = argc == 2 ? scandir(argv[1], &entries, visible, alphasort) : -1;
    if (count <= 0) {
        printf("Bail out! no corpus in %s\n", argc == 2 ? argv[1] : "(usage: replay FOLDER)");
        return 1;
    }
    printf("1..%d\n", count);
    int failed = 0;
    for (int i = 0; i < count; i++) {
        failed += replay(argv[1], entries[i]->d_name, i + 1);
        free(entries[i]);
    }
    free(entries);
    return failed != 0;
}
