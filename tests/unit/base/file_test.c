#include "base/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char folder[64], file[80];
};

static int make_place(void **state)
{
    static struct place p;
    (void)snprintf(p.folder, sizeof p.folder, "/tmp/file_test.XXXXXX");
    if (!mkdtemp(p.folder))
        return -1;
    (void)snprintf(p.file, sizeof p.file, "%s/f", p.folder);
    *state = &p;
    return 0;
}

static int clear_place(void **state)
{
    const struct place *p = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    return system(command);
}

static void assert_holds(const char *path, const char *text)
{
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(file_read(path, 1000, &data, &size, NULL), ERR_OK);
    assert_string_equal(data, text);
    assert_int_equal(size, strlen(text));
    free(data);
}

static void a_replaced_file_holds_exactly_the_new_bytes(void **state)
{
    const struct place *p = *state;
    assert_int_equal(file_replace(p->file, "a longer text", 13, 0600, NULL), ERR_OK);
    assert_int_equal(file_replace(p->file, "short", 5, 0600, NULL), ERR_OK);
    assert_holds(p->file, "short");
    char beside[96];
    (void)snprintf(beside, sizeof beside, "%s.new", p->file);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void a_replacement_that_fails_leaves_the_old_file(void **state)
{
    const struct place *p = *state;
    assert_int_equal(file_replace(p->file, "old", 3, 0600, NULL), ERR_OK);
    char beside[96];
    (void)snprintf(beside, sizeof beside, "%s.new", p->file);
    assert_int_equal(mkdir(beside, 0700), 0); /* in the way of the new file */
    struct reason why = {""};
    assert_int_equal(file_replace(p->file, "new", 3, 0600, &why), ERR_IO);
    assert_non_null(strstr(why.text, beside));
    assert_holds(p->file, "old");
}

static void a_replacement_that_fails_late_leaves_nothing_beside(void **state)
{
    const struct place *p = *state;
    char beside[96];
    (void)snprintf(beside, sizeof beside, "%s.new", p->file);
    assert_int_equal(mkdir(p->file, 0700), 0); /* cannot be renamed over */
    assert_int_equal(file_replace(p->file, "new", 3, 0600, NULL), ERR_IO);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void reading_is_bounded_and_says_what_is_missing(void **state)
{
    const struct place *p = *state;
    char *data = NULL;
    size_t size = 0;
    struct reason why = {""};
    assert_int_equal(file_read(p->file, 10, &data, &size, &why), ERR_UNKNOWN);
    assert_non_null(strstr(why.text, p->file));
    assert_int_equal(file_replace(p->file, "0123456789x", 11, 0600, NULL), ERR_OK);
    assert_int_equal(file_read(p->file, 10, &data, &size, &why), ERR_FULL);
    assert_int_equal(file_read(p->folder, 10, &data, &size, &why), ERR_IO);
    assert_null(data);
}

static void folders_are_made_with_all_above_them(void **state)
{
    const struct place *p = *state;
    char deep[128];
    (void)snprintf(deep, sizeof deep, "%s/a/b/c", p->folder);
    assert_int_equal(file_make_folder(deep, NULL), ERR_OK);
    assert_int_equal(file_make_folder(deep, NULL), ERR_OK);
    assert_int_equal(access(deep, W_OK), 0);
    assert_int_equal(file_replace(p->file, "", 0, 0600, NULL), ERR_OK);
    assert_int_equal(file_make_folder(p->file, NULL), ERR_IO);
}

static void a_lock_is_held_until_its_process_ends(void **state)
{
    const struct place *p = *state;
    int fd = -1, told[2];
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
        int mine;
        char ok = file_lock(p->file, &mine, NULL) == ERR_OK ? 'y' : 'n';
        ssize_t n = write(told[1], &ok, 1);
        pause();
        _exit(n == 1 ? 0 : 1);
    }
    char ok = 0;
    assert_int_equal(read(told[0], &ok, 1), 1);
    assert_int_equal(ok, 'y');
    struct reason why = {""};
    assert_int_equal(file_lock(p->file, &fd, &why), ERR_BUSY);
    char number[24];
    (void)snprintf(number, sizeof number, "%d", child);
    assert_non_null(strstr(why.text, number));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(file_lock(p->file, &fd, &why), ERR_OK);
    close(fd);
    close(told[0]);
    close(told[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_replaced_file_holds_exactly_the_new_bytes, make_place,
                                        clear_place),
        cmocka_unit_test_setup_teardown(a_replacement_that_fails_leaves_the_old_file, make_place,
                                        clear_place),
        cmocka_unit_test_setup_teardown(a_replacement_that_fails_late_leaves_nothing_beside,
                                        make_place, clear_place),
        cmocka_unit_test_setup_teardown(reading_is_bounded_and_says_what_is_missing, make_place,
                                        clear_place),
        cmocka_unit_test_setup_teardown(folders_are_made_with_all_above_them, make_place,
                                        clear_place),
        cmocka_unit_test_setup_teardown(a_lock_is_held_until_its_process_ends, make_place,
                                        clear_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
