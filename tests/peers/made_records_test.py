#!/usr/bin/env python3
"""Does `emsctl measure` read every format, and measure what was put in? Records of known signals, made here with other arithmetic.

usage: made_records_test.py EMSCTL
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import made_records as made

EMSCTL = sys.argv[1]
U, I, PHI = 230.0, 5.0, 30.0
F, RATE, COUNT = 50.02, 10000, 10000


def turned(parts, degrees):
    return [(h, rms, deg + h * degrees) for h, rms, deg in parts]


VOLTAGE = [(1, U, 0.0), (5, 0.04 * U, 10.0), (7, 0.03 * U, -20.0)]
CURRENT = [(1, I, -PHI), (5, 0.30 * I, 50.0), (7, 0.15 * I, 5.0)]
STAR = {f"U{k + 1}": turned(VOLTAGE, -120.0 * k) for k in range(3)} | {f"I{k + 1}": turned(CURRENT, -120.0 * k) for k in range(3)}
RMS_U = math.sqrt(sum(r * r for _, r, _ in VOLTAGE))
RMS_I = math.sqrt(sum(r * r for _, r, _ in CURRENT))
P = sum(u * i * math.cos(math.radians(a - b)) for (_, u, a), (_, i, b) in zip(VOLTAGE, CURRENT))
Q1 = U * I * math.sin(math.radians(PHI))
THD_U, THD_I = 5.0, 100 * math.hypot(0.30, 0.15)

# id, expected, tolerance in ppm of the expected value
WHOLE = ([(f"voltage_l{k}_n", RMS_U, 1) for k in (1, 2, 3)] + [(f"current_l{k}", RMS_I, 1) for k in (1, 2, 3)] +
         [(f"power_l{k}", P, 1) for k in (1, 2, 3)] + [("power", 3 * P, 1), ("reactive_power", 3 * Q1, 3), ("frequency", F, 0.3)] +
         [(f"thd_voltage_l{k}_n", THD_U, 100) for k in (1, 2, 3)] + [(f"thd_current_l{k}", THD_I, 100) for k in (1, 2, 3)] +
         [("harmonic_voltage_l2_n_5", 0.04 * U, 50), ("harmonic_current_l3_7", 0.15 * I, 50)])


def measure(*words):
    done = subprocess.run([EMSCTL, "measure", "--json", "--spectra", *words], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.strip()[:300]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def spectral(line, name):
    """One order of a spectrum: "harmonic_voltage_l2_n_5"."""
    stem, order = name.rsplit("_", 1)
    return {"value": line["spectra"][stem][int(order) - 1], "quality": "good"}


def expect(lines, wanted, loosen):
    windows = [line for line in lines if "window" in line and not line["partial"]][1:]
    assert len(windows) >= 3, f"{len(windows)} whole windows"
    for name, value, ppm in wanted:
        for line in windows:
            got = line["values"].get(name) or spectral(line, name)
            assert got["quality"] == "good", f"{name}: {got}"
            error = (got["value"] / value - 1) * 1e6
            assert abs(error) <= ppm * loosen, f"{name}: {got['value']!r}, expected {value!r}: {error:.3f} ppm, {ppm * loosen} allowed"


def comtrade(folder, year, kind, loosen, **options):
    expect(measure(made.write_comtrade(f"{folder}/made", STAR, F, RATE, COUNT, year, kind, **options)), WHOLE, loosen)


def cases(folder):
    """name, function: each raises AssertionError where it fails. `loosen`: what the quantisation of the format costs."""
    yield "ASCII, 1999", lambda: comtrade(folder, 1999, "ASCII", 3)
    yield "ASCII, 1991, without a revision in its first line", lambda: comtrade(folder, 1991, "ASCII", 3)
    yield "ASCII, 2013, line feeds only", lambda: comtrade(folder, 2013, "ASCII", 3, endings="\n")
    yield "ASCII with blank time stamps and a trailing 0x1A", lambda: comtrade(folder, 1999, "ASCII", 3, blank_time=True, after=b"\x1a")
    yield "ASCII with negative multipliers", lambda: comtrade(folder, 1999, "ASCII", 3, sign=-1)
    yield "BINARY, 1999", lambda: comtrade(folder, 1999, "BINARY", 12)
    yield "BINARY with blank time stamps", lambda: comtrade(folder, 1999, "BINARY", 12, blank_time=True)
    yield "BINARY32, 2013", lambda: comtrade(folder, 2013, "BINARY32", 1)
    yield "FLOAT32, 2013", lambda: comtrade(folder, 2013, "FLOAT32", 1)
    yield "CFF with ASCII data", lambda: comtrade(folder, 2013, "ASCII", 3, cff=True)
    yield "CFF with BINARY data", lambda: comtrade(folder, 2013, "BINARY", 12, cff=True)
    yield "CFF with FLOAT32 data", lambda: comtrade(folder, 2013, "FLOAT32", 1, cff=True)

    def wav(bits, loosen):
        path = made.write_wav(f"{folder}/made.wav", STAR, F, RATE, COUNT, bits, 400.0)
        lines = measure(path, "--map", "v1=1*400,v2=2*400,v3=3*400,i1=4*400,i2=5*400,i3=6*400")
        expect(lines, WHOLE, loosen)
    yield "WAV, 24 bits, channels and scale by hand", lambda: wav(24, 3)
    yield "WAV, 32 bits", lambda: wav(32, 1)
    yield "WAV, 32-bit float", lambda: wav(-32, 1)

    def three_wire():
        line = {"U12": [(1, math.sqrt(3) * U, 30.0)], "U32": [(1, math.sqrt(3) * U, 90.0)],
                "I1": [(1, I, -PHI)], "I3": [(1, I, 120.0 - PHI)]}
        lines = measure(made.write_comtrade(f"{folder}/aron", line, F, RATE, COUNT, 2013, "FLOAT32"), "--wiring", "3P3W")
        expect(lines, [("voltage_l1_l2", math.sqrt(3) * U, 1), ("voltage_l3_l1", math.sqrt(3) * U, 1), ("current_l2", I, 1),
                       ("power", 3 * U * I * math.cos(math.radians(PHI)), 1), ("reactive_power", 3 * Q1, 3)], 1)
        for line in lines[:-1]:
            assert line["values"]["power_l1"]["quality"] == "absent", "power of one phase has no meaning here"
    yield "three wires, two line voltages and two currents", three_wire

    def one_phase():
        one = {"U1": VOLTAGE, "I1": CURRENT}
        lines = measure(made.write_comtrade(f"{folder}/one", one, 60.0, 8000, 8000, 2013, "FLOAT32"))
        expect(lines, [("voltage_l1_n", RMS_U, 1), ("power", P, 1), ("reactive_power", Q1, 3), ("frequency", 60.0, 0.3)], 1)
        assert all(line["cycles"] == 12 for line in lines[1:-2]), "12 cycles at 60 Hz"
        assert lines[1]["values"]["voltage_l2_n"]["quality"] == "absent"
    yield "one phase at 60 Hz: windows of 12 cycles", one_phase

    def split_phase():
        split = {"U1": [(1, 120.0, 0.0)], "U2": [(1, 120.0, 180.0)], "I1": [(1, I, -PHI)], "I2": [(1, 2 * I, 180.0)]}
        lines = measure(made.write_comtrade(f"{folder}/split", split, 60.0, 16000, 16000, 2013, "FLOAT32"), "--wiring", "2P3W")
        expect(lines, [("voltage_l1_l2", 240.0, 1), ("power", 120 * I * math.cos(math.radians(PHI)) + 240 * I, 1)], 1)
    yield "split phase", split_phase

    def turned_round():
        path = made.write_comtrade(f"{folder}/turned", STAR, F, RATE, COUNT, 2013, "FLOAT32")
        lines = measure(path, "--map", "v1=U1,v2=U2,v3=U3,i1=I1,i2=-I2,i3=I3")
        expect(lines, [("power_l2", -P, 1), ("power", P, 1)], 1)
        assert any(line["values"]["wiring_faults"]["value"] == 4 for line in lines if "window" in line), "the reversed CT is named"
    yield "a reversed current by hand is a negative power and a named fault", turned_round

    def energy():
        path = made.write_comtrade(f"{folder}/energy", STAR, F, RATE, 3 * COUNT, 2013, "FLOAT32")
        lines = measure(path)
        summary = lines[-1]["summary"]
        got = summary["values"]["energy_import"]["value"]
        want = 3 * P * 3 / 3600
        assert abs(summary["seconds"] - 3) < 1e-9, f"{summary['seconds']} of 3 s were counted"
        assert abs(got / want - 1) < 1e-6, f"{got} Wh, expected {want}"
    yield "the energy of a record is its power times its time", energy

    def refused(words, *fragments):
        done = subprocess.run([EMSCTL, "measure", *words], capture_output=True, text=True, timeout=60)
        assert done.returncode not in (0, -11, -6), f"exit {done.returncode}"
        for fragment in fragments:
            assert fragment in done.stderr, f"{fragment!r} is not in: {done.stderr.strip()[:300]}"
    text = lambda name, words: pathlib.Path(f"{folder}/{name}").write_text(words) and f"{folder}/{name}"
    yield "a missing file is named", lambda: refused([f"{folder}/none.cfg"], "none.cfg")
    yield "a broken line is named with its number", lambda: refused(
        [text("bad.cfg", "a,b,1999\r\n2,2A,0D\r\n1,U1,A,,V,abc,0,0,0,0,1,1,P\r\n")], "bad.cfg", "3")
    yield "an unknown ending is refused with what is known", lambda: refused([text("record.xyz", "hello")], "record.xyz", "comtrade")
    good = made.write_comtrade(f"{folder}/good", STAR, F, RATE, 2000, 2013, "FLOAT32")
    yield "kinds of sensors that exclude each other are refused", lambda: refused(
        [good, "--ratio", "40", "--primary", "100"], "--ratio and --primary exclude")
    yield "another rate than the record's is refused", lambda: refused([good, "--rate", "8000"], f"sampled at {RATE} Hz")

    def any_case():
        for config, data in ((".CFG", ".DAT"), (".Cfg", ".dAt"), (".cfg", ".DAT"), (".CFG", ".dat")):
            path = pathlib.Path(folder) / f"case{config[1:]}{data[1:]}"
            pathlib.Path(f"{path}{config}").write_bytes(pathlib.Path(good).read_bytes())
            pathlib.Path(f"{path}{data}").write_bytes(pathlib.Path(good).with_suffix(".dat").read_bytes())
            assert measure(f"{path}{config}")[-1] == measure(f"{path}{data}")[-1] == measure(good)[-1]
    yield "the two files of a record are found whatever the case of their names", any_case

    def cut_short(path, *fragments):
        done = subprocess.run([EMSCTL, "measure", path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        for fragment in fragments:
            assert fragment in done.stderr, f"{fragment!r} is not in: {done.stderr.strip()[:300]}"
    cut = made.write_wav(f"{folder}/cut.wav", {"U1": VOLTAGE}, F, RATE, 4000, 24, 400.0)
    pathlib.Path(cut).write_bytes(pathlib.Path(cut).read_bytes()[:-1000])
    yield "a WAV file that promises more than it holds says so", lambda: cut_short(cut, "ends early: 3666 frames")

    def no_room():
        with open("/dev/full", "w") as full:
            done = subprocess.run([EMSCTL, "measure", good, "--json"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 1 and "standard output cannot be written: No space" in done.stderr, done
    yield "values that cannot be written are no success", no_room

    def odd_names():
        name = "U\xe91\x1b[31m"
        signal = {name if k == "U1" else k: v for k, v in STAR.items()}
        path = made.write_comtrade(f"{folder}/odd, name", signal, F, RATE, 2000, 1999, "BINARY")
        config = pathlib.Path(path)
        config.write_bytes(config.read_text(encoding="utf-8").encode("latin-1"))
        done = subprocess.run([EMSCTL, "measure", path, "--json", "--map", "v1=1"], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        channels = json.loads(done.stdout.decode("utf-8").splitlines()[-1])["summary"]["channels"]
        assert "\x1b" not in channels and b"\x1b" not in done.stderr, channels
    yield "a name with control characters that is not UTF-8 does no harm", odd_names
    yield "an unknown channel in a map is refused", lambda: refused(
        [made.write_comtrade(f"{folder}/map", STAR, F, RATE, 2000, 2013, "FLOAT32"), "--map", "v1=Nothing"], "Nothing")


def main():
    with tempfile.TemporaryDirectory() as folder:
        todo = list(cases(folder))
        print(f"1..{len(todo)}")
        failed = 0
        for number, (name, run) in enumerate(todo, 1):
            try:
                run()
                print(f"ok {number} - {name}")
            except (AssertionError, KeyError, IndexError, subprocess.TimeoutExpired) as fault:
                failed += 1
                print(f"not ok {number} - {name}\n# {type(fault).__name__}: {fault}")
        sys.exit(1 if failed else 0)


main()
