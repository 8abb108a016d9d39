#include "app/places.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SCENARIOS 64

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err places_find(struct places *p, const char *data, const char *run, struct reason *why)
{
    if (!data)
        data = getenv("EMS_DATA");
    if (!data)
        data = is_folder("var") ? "var" : PLACES_DATA_INSTALLED;
    if (!run)
        run = getenv("EMS_RUN");
    int a = snprintf(p->data, sizeof p->data, "%s", data);
    int b = run ? snprintf(p->run, sizeof p->run, "%s", run)
                : snprintf(p->run, sizeof p->run, "%s/run", data);
    int c = snprintf(p->settings, sizeof p->settings, "%s/settings.json", data);
    if (a < 0 || b < 0 || c < 0 || a >= PATH_MAX - 64 || b >= PATH_MAX - 64 || c >= PATH_MAX - 64)
        return reason(why, ERR_RANGE, "a folder's path is too long");
    return ERR_OK;
}

static bool own_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (n <= 0)
        return false;
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

enum err places_program(const char *name, char *path, size_t size, struct reason *why)
{
    char folder[PATH_MAX];
    if (!own_folder(folder))
        return reason(why, ERR_IO, "/proc/self/exe: %s", strerror(errno));
    (void)snprintf(path, size, "%s/%s", folder, name);
    if (access(path, X_OK) != 0)
        return reason(why, ERR_UNKNOWN, "%s: %s", path, strerror(errno));
    return ERR_OK;
}

struct found {
    char name[64];
    char path[PATH_MAX];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

/* Adds DIR/NAME.scn as PREFIX + NAME, and those of the folders in it. Returns how many `list` holds. */
static int list_folder(const char *folder, const char *prefix, struct found *list, int count)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return count;
    for (struct dirent *entry; (entry = readdir(dir)) && count < MAX_SCENARIOS;) {
        char path[PATH_MAX], name[sizeof list->name];
        const char *dot = strrchr(entry->d_name, '.');
        bool scenario = dot && dot != entry->d_name && strcmp(dot, ".scn") == 0;
        if (dot && !scenario)
            continue;
        int length = scenario ? (int)(dot - entry->d_name) : (int)strlen(entry->d_name);
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path ||
            (size_t)snprintf(name, sizeof name, "%s%.*s%s", prefix, length, entry->d_name,
                             scenario ? "" : "/") >= sizeof name)
            continue;
        if (!scenario) {
            if (!prefix[0]) /* one floor down: faults/ */
                count = list_folder(path, name, list, count);
            continue;
        }
        struct found *f = &list[count++];
        memcpy(f->name, name, sizeof f->name);
        memcpy(f->path, path, sizeof f->path);
    }
    closedir(dir);
    return count;
}

/* The first folder that holds scenarios. */
static int list_scenarios(struct found *list)
{
    char own[PATH_MAX], folder[PATH_MAX + 32];
    int count = list_folder("scenarios", "", list, 0);
    /* build/src/app/emsctl and PREFIX/bin/emsctl */
    static const char *const from_own[] = {"../../../scenarios", "../share/ems/scenarios"};
    for (size_t i = 0; i < COUNT(from_own) && !count && own_folder(own); i++) {
        (void)snprintf(folder, sizeof folder, "%s/%s", own, from_own[i]);
        count = list_folder(folder, "", list, 0);
    }
    qsort(list, (size_t)count, sizeof *list, by_name);
    return count;
}

int places_scenarios(void (*each)(void *context, const char *name, const char *path), void *context)
{
    struct found *list = calloc(MAX_SCENARIOS, sizeof *list);
    if (!list)
        return 0;
    int count = list_scenarios(list);
    for (int i = 0; i < count; i++)
        each(context, list[i].name, list[i].path);
    free(list);
    return count;
}

enum err places_scenario(const char *name, char *path, size_t size, struct reason *why)
{
    struct stat st;
    if (stat(name, &st) == 0 && S_ISREG(st.st_mode)) {
        (void)snprintf(path, size, "%s", name);
        return ERR_OK;
    }
    struct found *list = calloc(MAX_SCENARIOS, sizeof *list);
    if (!list)
        return reason(why, ERR_FULL, "no memory");
    int count = list_scenarios(list);
    const char *names[MAX_SCENARIOS];
    enum err e = ERR_UNKNOWN;
    for (int i = 0; i < count; i++) {
        names[i] = list[i].name;
        if (strcmp(name, list[i].name) == 0) {
            (void)snprintf(path, size, "%s", list[i].path);
            e = ERR_OK;
        }
    }
    if (e != ERR_OK && count)
        (void)reason(why, e, "no scenario \"%.60s\"; the nearest is \"%s\"", name,
                     text_nearest(name, names, (size_t)count));
    else if (e != ERR_OK)
        (void)reason(why, e, "no scenario \"%.60s\": there is no folder of scenarios", name);
    free(list);
    return e;
}

void places_boot(char boot[40])
{
    (void)snprintf(boot, 40, "-");
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!f)
        return;
    if (fgets(boot, 40, f))
        boot[strcspn(boot, "\n")] = '\0';
    fclose(f);
}
