#!/usr/bin/env python3
"""Does what is installed work from any folder? TAP.

usage: install_test.py MESON BUILD
"""
import os
import pathlib
import select
import subprocess
import sys
import tempfile

MESON, BUILD = sys.argv[1:]


def first_line(stream, seconds):
    ready, _, _ = select.select([stream], [], [], seconds)
    return stream.readline().strip() if ready else "nothing"


def main():
    print("1..4")
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run([MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", place, "--quiet"],
                              capture_output=True, text=True)
        programs = {path.name: path for path in pathlib.Path(place).rglob("bin/*")}
        report(1, "the programs are installed", done.returncode == 0 and {"ems", "ems-meter", "emsctl"} <= set(programs), done.stderr)
        empty = pathlib.Path(place) / "empty"
        empty.mkdir()
        listed = subprocess.run([programs["emsctl"], "scenarios"], cwd=empty, capture_output=True, text=True)
        report(2, "the scenarios are found from an empty folder", "office" in listed.stdout, listed.stderr)
        with open(empty / "log", "w", encoding="utf-8") as log:
            device = subprocess.Popen([programs["ems"], "run", "--data", empty / "data"], cwd=empty, stdout=subprocess.PIPE,
                                      stderr=log, text=True)
            line = first_line(device.stdout, 30 * float(os.environ.get("EMS_TEST_PATIENCE", "1")))
            report(3, "the device says ready", line.startswith("ready "), line)
            device.terminate()
            report(4, "and ends in order", device.wait(30) == 0, (empty / "log").read_text())


def report(number, name, good, why):
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print("\n".join("# " + text for text in why.splitlines()[-10:]))
        sys.exit(1)


main()
