#include "devices/iio_plan_internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A converter with three voltages and two currents that are scanned, a temperature, and a device that only has attributes. */
static const char described[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><!DOCTYPE context ["
    "<!ELEMENT context (device)*><!ELEMENT device (channel | attribute)*>"
    "<!ELEMENT channel (scan-element?, attribute*)><!ELEMENT attribute EMPTY><!ELEMENT "
    "scan-element EMPTY>"
    "<!ATTLIST context name CDATA #REQUIRED description CDATA #IMPLIED>"
    "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED>"
    "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
    "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
    "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED>]>"
    "<context name=\"xml\" description=\"test\">"
    "<device id=\"iio:device0\" name=\"meter-adc\">"
    "<channel id=\"voltage0\" type=\"input\"><scan-element index=\"0\" "
    "format=\"le:s24/32&gt;&gt;0\" /></channel>"
    "<channel id=\"voltage1\" type=\"input\"><scan-element index=\"1\" "
    "format=\"le:s24/32&gt;&gt;0\" /></channel>"
    "<channel id=\"voltage2\" type=\"input\"><scan-element index=\"2\" "
    "format=\"le:s32/32&gt;&gt;0\" /></channel>"
    "<channel id=\"current0\" type=\"input\"><scan-element index=\"3\" "
    "format=\"be:u16/16&gt;&gt;0\" /></channel>"
    "<channel id=\"current1\" type=\"input\" name=\"IB\"><scan-element index=\"4\" "
    "format=\"le:s16/16&gt;&gt;0\" /></channel>"
    "<channel id=\"temp\" type=\"input\"><attribute name=\"raw\" /></channel>"
    "<channel id=\"voltage7\" type=\"output\"><scan-element index=\"5\" "
    "format=\"le:s16/16&gt;&gt;0\" /></channel>"
    "</device>"
    "<device id=\"iio:device1\" name=\"rtc\"><channel id=\"temp\" type=\"input\"><attribute "
    "name=\"raw\" /></channel></device>"
    "%s</context>";

static struct iio_context *context_of(const char *more)
{
    char text[8192];
    (void)snprintf(text, sizeof text, described, more);
    struct iio_context *c = iio_create_xml_context_mem(text, strlen(text));
    assert_non_null(c);
    return c;
}

static void channels_become_lanes_by_number_name_and_format(void **state)
{
    (void)state;
    struct iio_context *c = context_of("");
    struct iio_plan p;
    struct source_format f = {0};
    struct source_options o = {.rate_hz = 8000};
    struct reason why = {0};
    if (iio_plan_make(&p, &f, c, "", &o, &why))
        fail_msg("%s", why.text);
    assert_string_equal(f.name, "meter-adc");
    assert_string_equal(f.channels, "v1=voltage0, v2=voltage1, v3=voltage2, i1=current0, i2=IB");
    assert_int_equal(f.meter.system, SYSTEM_3P4W);
    assert_true(f.live && f.lanes == 8 && f.rate_hz == 8000);
    assert_int_equal(p.lane[0].shift, 0);
    assert_int_equal(p.lane[2].shift, 8);                         /* 32 bits into 24 */
    assert_true(fabs(f.meter.volts_per_count[0] - 1e-3) < 1e-12); /* mV where no scale is told */
    assert_true(fabs(f.meter.volts_per_count[2] - 256e-3) < 1e-12);
    assert_true(p.lane[4].bytes == 2 && !p.lane[4].is_signed && p.lane[5].is_signed);
    assert_null(p.lane[6].channel);
    o.map = "v1=voltage2,i1=-IB*2";
    assert_int_equal(iio_plan_make(&p, &f, c, "iio:device0", &o, NULL), ERR_OK);
    assert_true(p.lane[4].sign == -1 && fabs(f.meter.load[0].amps_per_count[0] - 2e-3) < 1e-12);
    iio_context_destroy(c);
}

static void a_device_that_is_not_there_is_answered_with_those_that_are(void **state)
{
    (void)state;
    struct iio_plan p;
    struct source_format f = {0};
    struct source_options o = {.rate_hz = 8000};
    struct reason why = {0};
    struct iio_context *c = context_of("");
    assert_int_equal(iio_plan_make(&p, &f, c, "ade9000", &o, &why), ERR_UNKNOWN);
    assert_string_equal(why.text, "no device \"ade9000\"; there is: meter-adc");
    o.rate_hz = 0;
    assert_int_equal(iio_plan_make(&p, &f, c, "", &o, &why), ERR_RANGE);
    assert_non_null(strstr(why.text, "a rate of 0 Hz: expected 400 to 128000 Hz"));
    iio_context_destroy(c);
    c = context_of(
        "<device id=\"iio:device2\" name=\"other\"><channel id=\"voltage0\" type=\"input\">"
        "<scan-element index=\"0\" format=\"le:s16/16&gt;&gt;0\" /></channel></device>");
    assert_int_equal(iio_plan_make(&p, &f, c, "", &o, &why), ERR_UNKNOWN);
    assert_string_equal(why.text, "several devices could be meant; there is: meter-adc, other");
    iio_context_destroy(c);
}

static void a_description_opens_but_has_no_samples_to_give(void **state)
{
    (void)state;
    char path[] = "/tmp/iio_plan_test_XXXXXX", what[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    (void)fprintf(file, described, "");
    (void)fclose(file);
    (void)snprintf(what, sizeof what, "iio:xml:%s#meter-adc", path);
    struct source *s = NULL;
    struct reason why = {0};
    assert_int_equal(source_open(&s, what, &(struct source_options){.rate_hz = 8000}, &why),
                     ERR_IO);
    assert_non_null(strstr(why.text, "its buffer cannot be started"));
    (void)unlink(path);
    assert_int_equal(source_open(&s, what, &(struct source_options){.rate_hz = 8000}, &why),
                     ERR_UNKNOWN);
    assert_null(s);
}

static void a_text_splits_into_where_and_which(void **state)
{
    (void)state;
    static const struct {
        const char *what, *uri, *device;
    } cases[] = {
        {"ade9000", "local:", "ade9000"},
        {"", "local:", ""},
        {"ip:10.0.0.5#adc", "ip:10.0.0.5", "adc"},
        {"usb:1.2.3", "usb:1.2.3", ""},
        {"local:", "local:", ""},
        {"xml:/a/b#c", "xml:/a/b", "c"},
        {"iio:device0", "local:", "iio:device0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char uri[32], device[32];
        iio_plan_split(cases[i].what, uri, sizeof uri, device, sizeof device);
        assert_string_equal(uri, cases[i].uri);
        assert_string_equal(device, cases[i].device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_become_lanes_by_number_name_and_format),
        cmocka_unit_test(a_device_that_is_not_there_is_answered_with_those_that_are),
        cmocka_unit_test(a_description_opens_but_has_no_samples_to_give),
        cmocka_unit_test(a_text_splits_into_where_and_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
