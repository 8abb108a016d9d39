#!/usr/bin/env python3
"""Every setting of the measurement has its effect on the running meter. TAP.

usage: settings_test.py BUILD_APP_DIR ELEVEN_LOADS_SCENARIO
The installation: L1 takes 10 kW at 0.8 lagging, L2 gives 5 kW, L3 takes 2 kW with a fifth harmonic of 40 %.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

APP, ELEVEN = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
SLOW = float(os.environ.get("EMS_TEST_PATIENCE", "1"))
OWN = """name effects
voltage 230 V
rate 8 kHz
load X
input 5A ratio 40
part a
phases 1
power 10 kW
pf 0.8 lagging
part b
phases 2
power 5 kW
export
part c
phases 3
power 2 kW
harmonic 5 40 % 0 deg
"""


def near(a, b, part=1e-3):
    return a is not None and b is not None and abs(a - b) <= part * abs(b)


def three(v, name):
    return [v[f"{name}_l{k}"] for k in (1, 2, 3)]


# settings, condition on (values, picture), load of the eleven or None for our own installation
EFFECTS = [
    ([], lambda v, p: near(v["power_l1"], 10000) and near(v["power_l2"], -5000) and near(v["power_l3"], 2000), None),
    (["measurement.system=1P2W"], lambda v, p: p["system"] == "1P2W" and v["voltage_l2_n"] is None and near(v["power"], 10000), None),
    (["measurement.nominal_v=600"], lambda v, p: v["flags"] != p["normal_flags"], None),
    (["measurement.rate_hz=4000"], lambda v, p: p["status"]["rate_hz"] == 4000, None),
    (["measurement.totals_rule=easy"],
     lambda v, p: v["energy_import"] > 5 and v["energy_export"] == 0 and near(v["energy_import"], sum(three(v, "energy_import"))), None),
    (["measurement.totals_rule=phase_sum"], lambda v, p: v["energy_import"] > 5 and near(v["energy_export"] / v["energy_import"], 5 / 12), None),
    (["measurement.totals_rule=system"],
     lambda v, p: v["energy_import"] > 5 and v["energy_export"] == 0 and near(v["energy_import"],
                                                                              v["energy_import_l1"] + v["energy_import_l3"] - v["energy_export_l2"]), None),
    (["measurement.apparent_rule=vector"], lambda v, p: near(v["apparent_power"], (v["power"]**2 + v["reactive_power"]**2)**0.5), None),
    (["measurement.apparent_rule=arithmetic"], lambda v, p: near(v["apparent_power"], sum(three(v, "apparent_power"))), None),
    (["measurement.apparent_rule=effective"], lambda v, p: v["apparent_power"] > 1.01 * sum(three(v, "apparent_power")), None),
    (["measurement.demand_period_min=1"], lambda v, p: near(v["demand_import"], 7000, 1e-2) and v["demand_elapsed"] < 60.3, None),
    (["measurement.demand_period_min=2", "measurement.demand_sliding=true"], lambda v, p: near(v["demand_import"], 7000, 1e-2), None),
    (["measurement.hours_start_a=100000"], lambda v, p: v["energy_import"] > 20 and v["hours_import"] == 0, None),
    (["measurement.tariff=3"], lambda v, p: v["tariff"] == 3 and v["energy_import_t3"] > 1 and v["energy_import_t1"] == 0, None),
    (["measurement.flush_s=1"], lambda v, p: p["status"]["flushes"] >= 3, None),
    (["measurement.input=5A", "measurement.ratio=80"], lambda v, p: near(v["power_l1"], 20000), None),
    (["measurement.map=2,1,3"], lambda v, p: near(v["current_l2"], 10000 / 230 / 0.8), None),
    (["measurement.map=1,-2,3"], lambda v, p: near(v["power_l2"], 5000), None),
    (["load10.map=1,-2,3"], lambda v, p: v["power_l2"] < 0 < v["power_l1"], 10),
    (["load10.input=5A", "load10.ratio=2000"], lambda v, p: v["current_l1"] > 3 * p["normal_current"], 10),
]


class Meter:
    def __init__(self, data, settings, scenario):
        self.data, self.log = data, data / "log"
        data.mkdir()
        if settings:
            answer = self.ctl("settings", "set", "--seal-open", *settings)
            assert answer.returncode == 0, answer.stderr
        self.process = subprocess.Popen([APP / "ems-meter", "--data", data, "--source", f"sim:{scenario}", "--speed", "60"],
                                        stderr=open(self.log, "w"))

    def ctl(self, *words):
        return subprocess.run([APP / "emsctl", "--data", self.data, *words], capture_output=True, text=True)

    def picture(self, load):
        answer = self.ctl("snapshot", "--json", "--load", str(load or 0))
        if answer.returncode != 0:
            return None
        picture = json.loads(answer.stdout)
        picture["status"] = json.loads(self.ctl("command", "status", "--json").stdout)
        return picture

    def wait(self, load, condition):
        end = time.monotonic() + 60 * SLOW
        while time.monotonic() < end:
            picture = self.picture(load)
            if picture and condition({k: x["value"] for k, x in picture["values"].items()}, picture):
                return picture
            time.sleep(0.02)
        raise AssertionError(f"waited in vain: {self.log.read_text()[-500:]}")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20 * SLOW) == 0


def main():
    print(f"1..{len(EFFECTS)}")
    failed, normal = 0, {}
    with tempfile.TemporaryDirectory(prefix="ems_settings.") as folder:
        own = pathlib.Path(folder) / "own.scn"
        own.write_text(OWN)

        def one(name, settings, condition, load):
            meter = Meter(pathlib.Path(folder) / name, settings, own if load is None else ELEVEN)
            try:
                picture = meter.wait(load, condition)
            finally:
                meter.stop()
            return picture["values"]

        normal["normal_flags"] = one("normal", [], lambda v, p: True, None)["flags"]["value"]
        normal["normal_current"] = one("normal11", [], lambda v, p: v["current_l1"] > 0, 10)["current_l1"]["value"]
        for number, (settings, condition, load) in enumerate(EFFECTS, 1):
            name = " ".join(settings) or "initial values"
            try:
                one(f"d{number}", settings, lambda v, p: condition(v, p | normal), load)
                print(f"ok {number} - {name}")
            except AssertionError as fault:
                failed += 1
                print(f"not ok {number} - {name}")
                print("".join(f"# {line}\n" for line in str(fault).splitlines()), end="")
            sys.stdout.flush()
    sys.exit(1 if failed else 0)


main()
