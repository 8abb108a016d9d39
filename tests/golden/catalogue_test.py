#!/usr/bin/env python3
"""Guards the catalogue for ever: ids and numbers that were once given never change, and docs/generated/ shows today's table.

usage: catalogue_test.py EMSCTL            TAP: compares
       catalogue_test.py --append EMSCTL   adds new rows to catalogue.forever; refuses to change an old one
"""
import csv
import io
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FOREVER = HERE / "catalogue.forever"
PAGE = HERE.parent.parent / "docs/generated/variables.csv"
KEPT = ("number", "id", "unit", "kind", "scope", "keep", "orders")


def printed(emsctl):
    return subprocess.run([emsctl, "variables", "--csv"], capture_output=True, text=True, check=True).stdout


def rows(text):
    return [" ".join(row[k] or "-" for k in KEPT) for row in csv.DictReader(io.StringIO(text))]


def faults_against_forever(now):
    """Old rows that changed or vanished, and new rows that take an old id or number."""
    old = FOREVER.read_text().splitlines() if FOREVER.exists() else []
    faults = [f"gone or changed: {row}" for row in old if row not in now]
    ids, numbers = {}, {}
    for row in now:
        number, name, *rest = row.split()
        first, count = int(number), int(rest[-1]) if rest[-1] != "-" else 1
        if name in ids:
            faults.append(f"id twice: {name}")
        ids[name] = row
        for n in range(first, first + count):
            if n in numbers:
                faults.append(f"number {n} twice: {numbers[n]} and {name}")
            numbers[n] = name
    return old, faults


def main():
    emsctl = sys.argv[-1]
    text = printed(emsctl)
    now = rows(text)
    old, faults = faults_against_forever(now)
    if sys.argv[1] == "--append":
        if faults:
            sys.exit("refused, ids are for ever:\n  " + "\n  ".join(faults))
        new = [row for row in now if row not in old]
        FOREVER.write_text("".join(row + "\n" for row in old + new))
        print(f"{len(new)} rows added to {FOREVER.name}")
        return
    checks = [
        ("the table has rows", len(now) > 0, []),
        ("no id, number, unit, kind, scope or keep of an old row has changed, and none is used twice", not faults, faults),
        ("every row is in catalogue.forever", set(now) <= set(old), sorted(set(now) - set(old))),
        ("docs/generated/variables.csv shows this table", PAGE.exists() and PAGE.read_text() == text, ["./dev bless"]),
    ]
    print(f"1..{len(checks)}")
    for number, (name, good, why) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        for line in [] if good else why[:20]:
            print(f"# {line}")
    sys.exit(0 if all(good for _, good, _ in checks) else 1)


main()
