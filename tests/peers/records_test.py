#!/usr/bin/env python3
"""Real records (EMS_RECORDS, else ../shared/data/waveforms) measured by emsctl and held to reference values that were computed apart. TAP.

usage: records_test.py EMSCTL ROOT
"""
import datetime
import json
import os
import pathlib
import struct
import subprocess
import sys

EMSCTL, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
RECORDS = pathlib.Path(os.environ.get("EMS_RECORDS", ROOT / "../shared/data/waveforms"))


def measured(name, *options):
    """Windows and summary of a record."""
    run = subprocess.run([EMSCTL, "measure", RECORDS / name, "--json", *options], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return [line for line in lines if "window" in line], lines[-1]["summary"]


def mean(windows, name):
    return sum(w["values"][name]["value"] for w in windows) / len(windows)


def near(windows, expected, percent):
    """Faults of mean values against {id: value}."""
    faults = []
    for name, want in expected.items():
        got = mean(windows, name)
        off = abs(got - want) / abs(want) * 100
        if off > percent:
            faults.append(f"{name}: {got:.6g}, reference {want:.6g}: {off:.3f} % off, {percent} allowed")
    return faults


def ion7650():
    """ion7650: every published value within 0.05 %, the currents within 0.1 %, THD within 0.01 percentage points"""
    windows, _ = measured("ion7650_30k7_3p4w.cfg")
    distortion = {"thd_voltage_l1_n": 1.319, "thd_voltage_l2_n": 1.172, "thd_voltage_l3_n": 1.292, "thd_current_l1": 7.02,
                  "thd_current_l2": 8.86, "thd_current_l3": 4.45}
    return (near(windows, {"voltage_l1_n": 348.929, "voltage_l2_n": 352.203, "voltage_l3_n": 345.914, "frequency": 59.9714,
                           "fundamental_voltage_l1_n": 348.885, "fundamental_voltage_l2_n": 352.188,
                           "fundamental_voltage_l3_n": 345.879, "power_l1": 40487, "power_l2": 49514, "power_l3": 53638,
                           "power": 143639, "reactive_power_l1": 16346, "reactive_power_l2": 16896,
                           "reactive_power_l3": 20832, "reactive_power": 54074}, 0.05) +
            near(windows, {"current_l1": 125.603, "current_l2": 149.488, "current_l3": 166.469, "current_n": 1.311,
                           "fundamental_current_l1": 125.108, "fundamental_current_l2": 148.509,
                           "fundamental_current_l3": 166.302}, 0.1) +
            [f"{name}: {mean(windows, name):.3f}, reference {want}" for name, want in distortion.items()
             if abs(mean(windows, name) - want) > 0.01])


def float32_record(name, channels):
    """Rate, UTC us of the first sample, and the samples of some analogue channels of a FLOAT32 COMTRADE record."""
    lines = (RECORDS / f"{name}.cfg").read_text("latin1").splitlines()
    analogue, digital = (int(part[:-1]) for part in lines[1].split(",")[1:3])
    rows = [line.split(",") for line in lines[2:2 + analogue]]
    tail = lines[2 + analogue + digital:]
    rate = float(tail[2].split(",")[0])
    begin = datetime.datetime.strptime(tail[3][:-3], "%d/%m/%Y,%H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
    begin -= datetime.timedelta(hours=int(tail[7].split(",")[0]))  # the time code: local minus UTC
    size = 8 + 4 * analogue + 2 * ((digital + 15) // 16)
    data = (RECORDS / f"{name}.dat").read_bytes()
    at = {row[1]: 8 + 4 * i for i, row in enumerate(rows)}
    samples = {c: [struct.unpack_from("<f", data, k + at[c])[0] for k in range(0, len(data) - size + 1, size)] for c in channels}
    return rate, round(begin.timestamp() * 1e6), samples


def mean_product(a, b, begin, end):
    """Mean of a x b between two real sample positions: whole cells between samples, fractions of the outer ones."""
    total, cells = 0.0, int(end) - int(begin) + 1
    for n in range(int(begin), int(begin) + cells):
        share = min(n + 1, end) - max(n, begin)
        total += share * (a[n] * b[n] + a[n + 1] * b[n + 1]) / 2
    return total / (end - begin)


def ret670():
    """ret670: each of the first four windows within 0.05 % of sums made directly from the record, voltages as published"""
    windows, _ = measured("ret670_1k2_60hz_float32.cfg")
    volts, amps = ["HV Bus VR", "HV Bus VS", "HV Bus VT"], ["HV IR", "HV IS", "HV IT"]
    rate, begin_us, samples = float32_record("ret670_1k2_60hz_float32", volts + amps)
    # The published means are of the first 1100 samples; voltages and frequency were steady then. Half a digit on top.
    faults = near(windows[:4], {"frequency": 59.9855, "voltage_l1_n": 130380, "voltage_l2_n": 130700, "voltage_l3_n": 130380},
                  0.05 + 0.004)
    for window in windows[:4]:
        span = [(window[k] - begin_us) * 1e-6 * rate for k in ("start_utc_us", "end_utc_us")]
        for k in range(3):
            v, i = samples[volts[k]], samples[amps[k]]
            faults += near([window], {f"voltage_l{k + 1}_n": mean_product(v, v, *span) ** 0.5,
                                      f"current_l{k + 1}": mean_product(i, i, *span) ** 0.5,
                                      f"power_l{k + 1}": mean_product(v, i, *span)}, 0.05)
    return faults


def sepam():
    """sepam: two line voltages and three currents are recognised as 3P3W"""
    windows, summary = measured("sepam_600_3wire.cfg")
    faults = [] if len(windows) >= 15 else [f"{len(windows)} windows of 4 s"]
    if windows[0]["values"]["current_l1"]["quality"] == "absent":
        faults.append("no current")
    # an islanded generator that runs up from 77.7 Hz (Hann-weighted maximum of the spectrum, computed apart)
    seen = [w["values"] for w in windows]
    if abs(seen[0]["frequency"]["value"] - 77.72) > 0.05 or any(v["frequency"]["quality"] == "good" for v in seen):
        faults.append(f"frequency {seen[0]['frequency']}")
    for v in seen[:6]:  # balanced while it runs, measured in its own cycles
        volts = [v[f"voltage_l{k}_n"]["value"] for k in (1, 2, 3)]
        if max(volts) > 1.001 * min(volts):
            faults.append(f"{volts} V")
    return faults if "U21" in summary["channels"] and "U32" in summary["channels"] else faults + [summary["channels"]]


def ge_c60():
    """ge_c60: a record with time stamps alone is measured at its own rate"""
    windows, summary = measured("ge_c60_800_timestamped.cfg")
    seconds = 1360 / 800.214
    return [] if abs(summary["seconds"] - seconds) < 0.1 else [f"{summary['seconds']} s, {seconds} expected"]


def mains50():
    """mains50: mean frequency within 0.05 % (really 1 mHz), 10-cycle values within their range"""
    windows, _ = measured("mains50_400hz_092.wav")
    values = [w["values"]["frequency"]["value"] for w in windows if not w["partial"]][5:]
    mean_hz = sum(values) / len(values)
    faults = [] if abs(mean_hz - 49.9964) < 0.001 else [f"mean {mean_hz:.4f} Hz, 49.9964 expected"]
    if not (49.9706 < min(values) and max(values) < 50.0236):
        faults.append(f"10-cycle values {min(values):.4f} .. {max(values):.4f}, 49.9716 .. 50.0226 expected")
    return faults


TESTS = [("ion7650_30k7_3p4w.cfg", ion7650), ("ret670_1k2_60hz_float32.cfg", ret670), ("sepam_600_3wire.cfg", sepam),
         ("ge_c60_800_timestamped.cfg", ge_c60), ("mains50_400hz_092.wav", mains50)]


def main():
    print(f"1..{len(TESTS)}")
    bad = 0
    for number, (name, test) in enumerate(TESTS, 1):
        if not (RECORDS / name).exists():
            print(f"ok {number} # SKIP skipped: {name} is not here")
            continue
        try:
            faults = test()
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            faults = [repr(error)]
        bad += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {test.__doc__}")
        for fault in faults:
            print(f"# {fault}")
    sys.exit(1 if bad else 0)


main()
