#!/usr/bin/env python3
"""Small habits that a machine can hold: guards named after their file, no file too long, a manual on top of each header,
a test that calls each public header of the pure rooms, no TODO."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
faults = []
for path in sorted((ROOT / "src").rglob("*.[ch]")):
    name = path.relative_to(ROOT)
    text = path.read_text()
    lines = text.count("\n")
    if lines > 700:
        faults.append(f"{name}: {lines} lines: two subjects?")
    if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
        faults.append(f"{name}: a TODO without an issue")
    if path.suffix == ".h":
        guard = re.sub(r"\W", "_", str(path.relative_to(ROOT / "src"))).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            faults.append(f"{name}: its guard should be {guard}")
        if not text.startswith("/* "):
            faults.append(f"{name}: a header starts with what it is")
for room in ("meter", "wire"):
    tests = "".join(t.read_text() for t in sorted((ROOT / "tests").rglob("*.c")))
    for path in sorted((ROOT / "src" / room).glob("*.h")):
        if path.stem.endswith("_internal"):  # tested through what uses it
            continue
        declared = re.findall(r"^[\w ][\w *]*?\b(\w+)\(", path.read_text(), re.M)
        if declared and not any(re.search(rf"\b{name}\b", tests) for name in declared):
            faults.append(f"src/{room}/{path.name}: no test calls any of {', '.join(declared)}")
print("\n".join(faults))
sys.exit(1 if faults else 0)
