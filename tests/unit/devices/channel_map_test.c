#include "devices/channel_map.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MOST 12

struct record {
    const char *what;
    struct channel channels[MOST]; /* up to the first without a name */
    enum meter_system system;
    const char *text;
};

static int count(const struct channel *c)
{
    int n = 0;
    while (n < MOST && c[n].name)
        n++;
    return n;
}

#define CH(n, p, u)                                       \
    {                                                     \
        .name = n, .phase = p, .component = "", .unit = u \
    }

static void channels_are_known_by_phase_unit_and_name(void **state)
{
    (void)state;
    static const struct record records[] = {
        {"plain",
         {CH("U1", "", "V"), CH("U2", "", "V"), CH("U3", "", "V"), CH("I1", "", "A"),
          CH("I2", "", "A"), CH("I3", "", "A"), CH("I4", "", "A")},
         SYSTEM_3P4W,
         "v1=U1, v2=U2, v3=U3, i1=I1, i2=I2, i3=I3, in=I4"},
        {"currents first, letters",
         {CH("Ia", "", "A"), CH("Ib", "", "A"), CH("Ic", "", "A"), CH("Va", "", "V"),
          CH("Vb", "", "V"), CH("Vc", "", "V")},
         SYSTEM_3P4W,
         "v1=Va, v2=Vb, v3=Vc, i1=Ia, i2=Ib, i3=Ic"},
        {"numbered inputs",
         {CH("F1-IA", "A", "A"), CH("F2-IB", "B", "A"), CH("F3-IC", "C", "A"),
          CH("F4-IG", "G", "A"), CH("F5-VA", "A", "V"), CH("F6-VB", "B", "V"),
          CH("F7-VC", "C", "V"), CH("SRC 1 Vag Mag", "_", "kV"), CH("SRC 1 Vag Angle", "_", "deg")},
         SYSTEM_3P4W,
         "v1=F5-VA, v2=F6-VB, v3=F7-VC, i1=F1-IA, i2=F2-IB, i3=F3-IC, in=F4-IG"},
        {"two bays",
         {CH("LV IR", "", "A"), CH("LV IS", "", "A"), CH("LV IT", "", "A"), CH("HV IR", "", "A"),
          CH("HV IS", "", "A"), CH("HV IT", "", "A"), CH("HV Bus VR", "", "V"),
          CH("HV Bus VS", "", "V"), CH("HV Bus VT", "", "V"), CH("3I0", "", "A"),
          CH("IBIAS", "", "A")},
         SYSTEM_3P4W,
         "v1=HV Bus VR, v2=HV Bus VS, v3=HV Bus VT, i1=HV IR, i2=HV IS, i3=HV IT"},
        {"the first complete bay",
         {CH("A VR", "", "V"), CH("B VR", "", "V"), CH("B VS", "", "V"), CH("B VT", "", "V"),
          CH("C VR", "", "V"), CH("C VS", "", "V"), CH("C VT", "", "V")},
         SYSTEM_3P4W,
         "v1=B VR, v2=B VS, v3=B VT"},
        {"line voltages U21 U32",
         {CH("I1", "7", "A"), CH("I2", "8", "A"), CH("I3", "9", "A"), CH("U21", "0", "V"),
          CH("U32", "1", "V"), CH("Vo", "6", "V")},
         SYSTEM_3P3W,
         "v1=-U21, v3=U32, i1=I1, i2=I2, i3=I3"},
        {"line voltages against L1",
         {CH("UL1-L2", "", "kV"), CH("UL3-L1", "", "kV"), CH("IL1", "", "A"), CH("IL3", "", "A")},
         SYSTEM_3P3W,
         "v2=-UL1-L2, v3=UL3-L1, i1=IL1, i3=IL3"},
        {"line voltages against L3",
         {CH("Vbc", "", "V"), CH("Vca", "", "V")},
         SYSTEM_3P3W,
         "v1=-Vca, v2=Vbc"},
        {"red yellow blue",
         {CH("VRY", "", "kV"), CH("VYB", "", "kV"), CH("IR", "", "A"), CH("IY", "", "A"),
          CH("IB", "", "A")},
         SYSTEM_3P3W,
         "v1=VRY, v3=-VYB, i1=IR, i2=IY, i3=IB"},
        {"split phase",
         {CH("VA", "", "V"), CH("VB", "", "V"), CH("IA", "", "A"), CH("IB", "", "A")},
         SYSTEM_2P3W,
         "v1=VA, v2=VB, i1=IA, i2=IB"},
        {"one phase, the second",
         {CH("UL2", "", "V"), CH("IL1", "", "A"), CH("IL2", "", "A")},
         SYSTEM_1P2W,
         "v1=UL2, i1=IL2"},
        {"one line voltage", {CH("U12", "", "V"), CH("I1", "", "A")}, SYSTEM_1P2W, "v1=U12, i1=I1"},
        {"words",
         {CH("Voltage L1", "", "V"), CH("Voltage L2", "", "V"), CH("Voltage L3", "", "V"),
          CH("Current phase A", "", "A"), CH("Current phase B", "", "A"),
          CH("Current phase C", "", "A")},
         SYSTEM_3P4W,
         "v1=Voltage L1, v2=Voltage L2, v3=Voltage L3, i1=Current phase A, i2=Current phase B, "
         "i3=Current phase C"},
        {"to neutral, brackets",
         {CH("UL1-N (V)", "", "V"), CH("UL2-N (V)", "", "V"), CH("UL3-N (V)", "", "V"),
          CH("Iu", "", "A"), CH("Iv", "", "A"), CH("Iw", "", "A")},
         SYSTEM_3P4W,
         "v1=UL1-N (V), v2=UL2-N (V), v3=UL3-N (V), i1=Iu, i2=Iv, i3=Iw"},
        {"no units",
         {CH("u1", "", ""), CH("u2", "", ""), CH("u3", "", ""), CH("i1", "", "")},
         SYSTEM_3P4W,
         "v1=u1, v2=u2, v3=u3, i1=i1"},
        {"phase column alone",
         {CH("Ch x", "L1", "volt"), CH("Ch y", "L2", "volt"), CH("Ch z", "L3", "volt"),
          CH("Ch q", "R", "ampere"), CH("Ch n", "7", "A")},
         SYSTEM_3P4W,
         "v1=Ch x, v2=Ch y, v3=Ch z, i1=Ch q"},
        {"neutral to earth",
         {CH("VA", "", "V"), CH("VB", "", "V"), CH("VC", "", "V"), CH("VN", "", "V"),
          CH("IN", "", "A"), CH("IA", "", "A")},
         SYSTEM_3P4W,
         "v1=VA, v2=VB, v3=VC, vx=VN, i1=IA, in=IN"},
        {"bytes that are no text",
         {CH("\xB5\xE7 UA", "", "V")},
         SYSTEM_1P2W,
         "v1=\xEF\xBF\xBD\xEF\xBF\xBD UA"},
    };
    for (size_t i = 0; i < COUNT(records); i++) {
        struct channel_map m;
        struct reason why = {0};
        if (channel_map_make(&m, records[i].channels, count(records[i].channels), NULL, NULL, &why))
            fail_msg("%s: %s", records[i].what, why.text);
        if (m.system != records[i].system || strcmp(m.text, records[i].text) != 0)
            fail_msg("%s: %s: %s", records[i].what, meter_system_names[m.system], m.text);
    }
}

static void a_unit_gives_its_factor(void **state)
{
    (void)state;
    static const struct channel c[] = {CH("U1", "", "kV"), CH("I1", "", "mA")};
    struct channel_map m;
    assert_int_equal(channel_map_make(&m, c, 2, NULL, NULL, NULL), ERR_OK);
    assert_true(m.lane[0].factor == 1e3 && m.lane[4].factor == 1e-3);
    assert_int_equal(m.lane[1].channel, -1);
}

static const struct channel some[] = {CH("U1", "", "V"), CH("U2", "", "V"), CH("U3", "", "V"),
                                      CH("I1", "", "kA"), CH("-x*2", "", "A")};

static void a_channel_without_values_is_passed_over(void **state)
{
    (void)state;
    struct channel c[] = {CH("A U1", "", "V"), CH("B U1", "", "V")};
    c[0].empty = true;
    struct channel_map m;
    assert_int_equal(channel_map_make(&m, c, 2, NULL, NULL, NULL), ERR_OK);
    assert_string_equal(m.text, "v1=B U1");
}

static void by_hand_names_numbers_signs_and_factors_count(void **state)
{
    (void)state;
    struct channel_map m;
    struct reason why = {0};
    if (channel_map_make(&m, some, COUNT(some),
                         "v1=U1, v2=2,v3 = -u3 * 0.5,i1=-I1,i2.2=-x*2,in=5*-3", NULL, &why))
        fail_msg("%s", why.text);
    static const struct {
        int lane, channel;
        double factor;
    } expected[] = {{0, 0, 1},     {1, 1, 1}, {2, 2, -0.5}, {3, -1, 0},
                    {4, 3, -1000}, {9, 4, 1}, {7, 4, -3}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_int_equal(m.lane[expected[i].lane].channel, expected[i].channel);
        assert_true(fabs(m.lane[expected[i].lane].factor - expected[i].factor) < 1e-12);
    }
    assert_int_equal(m.loads, 2);
    assert_int_equal(m.system, SYSTEM_3P4W);
}

static void systems_by_hand_follow_the_voltages(void **state)
{
    (void)state;
    static const struct {
        const char *map;
        enum meter_system system;
    } cases[] = {{"v1=1", SYSTEM_1P2W},
                 {"v1=1,v2=2", SYSTEM_2P3W},
                 {"v1=1,v3=2", SYSTEM_3P3W},
                 {"v1=1,v2=2,v3=3", SYSTEM_3P4W}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct channel_map m;
        assert_int_equal(channel_map_make(&m, some, COUNT(some), cases[i].map, NULL, NULL), ERR_OK);
        assert_int_equal(m.system, cases[i].system);
    }
    enum meter_system wild = SYSTEM_WILD_LEG, delta = SYSTEM_3P3W;
    struct channel_map m;
    assert_int_equal(channel_map_make(&m, some, COUNT(some), NULL, &wild, NULL), ERR_OK);
    assert_int_equal(m.system, SYSTEM_WILD_LEG);
    assert_int_equal(channel_map_make(&m, some, COUNT(some), NULL, &delta, NULL), ERR_OK);
}

static void a_wrong_map_is_told_what_would_be_right(void **state)
{
    (void)state;
    static const enum meter_system four = SYSTEM_3P4W;
    static const struct {
        const char *map;
        const enum meter_system *wiring;
        enum err e;
        const char *fragment;
    } bad[] = {
        {"w1=U1", NULL, ERR_FORMAT, "\"w1=U1\": expected lane=channel with a lane such as v1"},
        {"i1.12=U1", NULL, ERR_FORMAT, "expected lane=channel"},
        {"v1", NULL, ERR_FORMAT, "expected lane=channel"},
        {"v1=V1", NULL, ERR_UNKNOWN, "no channel \"V1\" among 5; the nearest is \"U1\""},
        {"v1=6", NULL, ERR_UNKNOWN, "no channel \"6\""},
        {"v1=0", NULL, ERR_UNKNOWN, "no channel \"0\""},
        {"v1=", NULL, ERR_UNKNOWN, "no channel \"\""},
        {"v1=U1*x", NULL, ERR_FORMAT, "expected a factor after *"},
        {"v1=U1*0", NULL, ERR_FORMAT, "expected a factor after *"},
        {"v1=U1,v1=U2", NULL, ERR_FORMAT, "this lane was given twice"},
        {"i1=I1", NULL, ERR_RANGE, "1P2W needs v1; the channels are i1=I1"},
        {"v1=U1,v2=U2", &four, ERR_RANGE,
         "3P4W needs v1, v2 and v3; the channels are v1=U1, v2=U2"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct channel_map m;
        struct reason why = {0};
        enum err e = channel_map_make(&m, some, COUNT(some), bad[i].map, bad[i].wiring, &why);
        if (e != bad[i].e || !strstr(why.text, bad[i].fragment))
            fail_msg("%s: %s: %s", bad[i].map, err_name(e), why.text);
    }
    struct channel_map m;
    struct reason why = {0};
    static const struct channel odd[] = {CH("Speed", "", "rpm")};
    assert_int_equal(channel_map_make(&m, odd, 1, NULL, NULL, &why), ERR_RANGE);
    assert_non_null(
        strstr(why.text, "no channel looks like a voltage; name one by hand, such as v1=Speed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_are_known_by_phase_unit_and_name),
        cmocka_unit_test(a_unit_gives_its_factor),
        cmocka_unit_test(a_channel_without_values_is_passed_over),
        cmocka_unit_test(by_hand_names_numbers_signs_and_factors_count),
        cmocka_unit_test(systems_by_hand_follow_the_voltages),
        cmocka_unit_test(a_wrong_map_is_told_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
