#!/usr/bin/env python3
"""Holds every #include "room/file.h" below src/ and sdk/ to src/FLOORS: a room includes itself and lower floors only."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = {}
for line in (ROOT / "src/FLOORS").read_text().splitlines():
    line = line.split("#")[0].split()
    if line:
        FLOORS[line[0]] = int(line[1])

faults = []
for path in sorted((ROOT / "src").rglob("*")):
    if path.suffix not in (".c", ".h", ".def"):
        continue
    room = path.relative_to(ROOT / "src").parts[0]
    if room not in FLOORS:
        faults.append(f"{path}: room {room} is not in src/FLOORS")
        continue
    for number, text in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([^"]+)"', text)
        if not found:
            continue
        where = f"{path.relative_to(ROOT)}:{number}"
        other = found.group(1).split("/")[0] if "/" in found.group(1) else None
        if other not in FLOORS:
            faults.append(f'{where}: "{found.group(1)}" does not name a room: #include "room/file.h"')
        elif other != room and FLOORS[other] >= FLOORS[room]:
            faults.append(f"{where}: {room} (floor {FLOORS[room]}) includes {other} (floor {FLOORS[other]})")
        elif other != room and found.group(1).endswith("_internal.h"):
            faults.append(f"{where}: {found.group(1)} is meant for room {other} alone")
print("\n".join(faults))
sys.exit(1 if faults else 0)
