/* The file and its versions. */
#include "settings/settings_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void version_path(const struct settings *s, int version, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s.versions/%d.json", s->file, version);
}

static int saved_version(const json_t *file)
{
    return (int)json_integer_value(
        json_object_get(json_object_get(file, SETTINGS_SAVED), "version"));
}

static int newest_first(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

/* Numbers of the versions in the folder, newest first, at most `most`. */
static int list_versions(const struct settings *s, int *list, int most)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s.versions", s->file);
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && count < most;) {
        char *end;
        long n = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && strcmp(end, ".json") == 0 && n > 0 && n < INT_MAX)
            list[count++] = (int)n;
    }
    closedir(dir);
    qsort(list, (size_t)count, sizeof *list, newest_first);
    return count;
}

#define LISTED 256 /* more than are kept: a killed writer may leave a few */

static enum err store_file(const char *path, const json_t *content, struct reason *why)
{
    char *text = json_dumps(content, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (!text)
        return reason(why, ERR_FULL, "%s: no memory", path);
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the NUL: the file ends with a line */
    enum err e = file_replace(path, text, n + 1, 0640, why);
    free(text);
    return e;
}

enum err settings_store(struct settings *s, json_t *values, const struct settings_access *a,
                        struct reason *why)
{
    char path[PATH_MAX], utc[32];
    (void)snprintf(path, sizeof path, "%s.versions", s->file);
    enum err e = file_make_folder(path, why);
    if (e != ERR_OK)
        return e;
    int list[LISTED];
    int count = list_versions(s, list, LISTED);
    int version = 1 + (count && list[0] > s->version ? list[0] : s->version);
    clock_text(a->utc_us, utc, sizeof utc);
    json_t *file = json_pack("{s:{s:i,s:s,s:s}}", SETTINGS_SAVED, "version", version, "utc", utc,
                             "who", a->who);
    if (!file || json_object_update(file, values) != 0) {
        json_decref(file);
        return reason(why, ERR_FULL, "%s: no memory", s->file);
    }
    version_path(s, version, path);
    e = store_file(path, file, why);
    if (e == ERR_OK)
        e = store_file(s->file, file, why);
    json_decref(file);
    if (e != ERR_OK) {
        (void)unlink(path);
        return e;
    }
    s->version = version;
    for (int i = SETTINGS_VERSIONS - 1; i < count; i++) {
        version_path(s, list[i], path);
        (void)unlink(path); /* one that stays is deleted next time */
    }
    return ERR_OK;
}

enum err settings_read_version(const struct settings *s, int version, json_t **values,
                               struct reason *why)
{
    char path[PATH_MAX];
    version_path(s, version, path);
    enum err e = json_read_file(path, values, why);
    return e == ERR_UNKNOWN ? reason(why, e, "version %d is not kept", version) : e;
}

int settings_history(const struct settings *s, struct settings_version *out)
{
    int list[LISTED], count = list_versions(s, list, LISTED), filled = 0;
    for (int i = 0; i < count && filled < SETTINGS_VERSIONS; i++) {
        json_t *file;
        if (settings_read_version(s, list[i], &file, NULL) != ERR_OK)
            continue;
        const json_t *saved = json_object_get(file, SETTINGS_SAVED);
        const char *utc = json_string_value(json_object_get(saved, "utc"));
        const char *who = json_string_value(json_object_get(saved, "who"));
        struct settings_version *v = &out[filled++];
        *v = (struct settings_version){.version = list[i]};
        (void)snprintf(v->utc, sizeof v->utc, "%s", utc ? utc : "-");
        (void)snprintf(v->who, sizeof v->who, "%s", who ? who : "-");
        json_decref(file);
    }
    return filled;
}

/* Checks a file's content on top of the initial values and puts it in force. */
static enum err use(struct settings *s, const json_t *content, struct settings_faults *f,
                    struct reason *why)
{
    struct draft d;
    enum err e = draft_open(s, &d, true, why);
    if (e != ERR_OK)
        return e;
    e = draft_put(s, &d, content, NULL, f, why);
    if (e == ERR_OK)
        draft_apply(s, &d);
    draft_close(&d);
    return e;
}

static enum err use_newest_sound(struct settings *s, struct settings_report *r, struct reason *why)
{
    int list[LISTED], count = list_versions(s, list, LISTED);
    for (int i = 0; i < count; i++) {
        json_t *content;
        struct settings_faults ignored;
        if (settings_read_version(s, list[i], &content, NULL) != ERR_OK)
            continue;
        enum err e = use(s, content, &ignored, NULL);
        json_decref(content);
        if (e != ERR_OK)
            continue;
        s->version = r->version = list[i];
        r->origin = SETTINGS_FROM_VERSION;
        return ERR_OK;
    }
    return reason(why, ERR_FORMAT, "%s (and no sound version is kept)", r->problem.text);
}

enum err settings_load(struct settings *s, struct settings_report *r, struct reason *why)
{
    *r = (struct settings_report){.origin = SETTINGS_FROM_INITIAL};
    json_t *content;
    enum err e = json_read_file(s->file, &content, &r->problem);
    if (e == ERR_UNKNOWN) {
        int newest;
        return list_versions(s, &newest, 1) ? use_newest_sound(s, r, why) : ERR_OK;
    }
    if (e == ERR_IO)
        return reason(why, e, "%s", r->problem.text);
    if (e != ERR_OK) {
        char aside[PATH_MAX];
        (void)snprintf(aside, sizeof aside, "%s.damaged", s->file);
        r->damaged = true;
        if (rename(s->file, aside) != 0)
            return reason(why, ERR_IO, "%s: cannot be kept aside: %s", s->file, strerror(errno));
        return use_newest_sound(s, r, why);
    }
    e = use(s, content, &r->faults, &r->problem);
    int version = saved_version(content);
    json_decref(content);
    if (e != ERR_OK) {
        (void)reason_prefix(&r->problem, e, "%s", s->file);
        return use_newest_sound(s, r, why);
    }
    r->origin = SETTINGS_FROM_FILE;
    s->version = r->version = version;
    return ERR_OK;
}

void settings_refresh(struct settings *s)
{
    json_t *content;
    struct settings_faults ignored;
    if (json_read_file(s->file, &content, NULL) != ERR_OK)
        return;
    if (use(s, content, &ignored, NULL) == ERR_OK)
        s->version = saved_version(content);
    json_decref(content);
}

static void diff_group(json_t *out, const char *group, const json_t *before, const json_t *after,
                       bool only_missing)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)after, key, value)
    {
        const json_t *old = json_object_get(before, key);
        if (only_missing ? old != NULL : (old && json_equal(old, value)))
            continue;
        char name[160];
        (void)snprintf(name, sizeof name, "%.64s.%.64s", group, key);
        json_t *was = old ? json_deep_copy(old) : json_null(), *is = json_deep_copy(value);
        json_object_set_new(out, name,
                            only_missing ? json_pack("[oo]", is, was) : json_pack("[oo]", was, is));
    }
}

json_t *settings_diff(const json_t *before, const json_t *after)
{
    json_t *out = json_object();
    const char *group;
    json_t *members;
    json_object_foreach((json_t *)after, group, members)
    {
        if (strcmp(group, SETTINGS_SAVED) != 0)
            diff_group(out, group, json_object_get(before, group), members, false);
    }
    json_object_foreach((json_t *)before, group, members)
    {
        if (strcmp(group, SETTINGS_SAVED) != 0)
            diff_group(out, group, json_object_get(after, group), members, true);
    }
    return out;
}
