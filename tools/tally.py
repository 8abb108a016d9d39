#!/usr/bin/env python3
"""Counts the cases of a meson test log: prints "passed failed skipped". A program without TAP lines is one case.

usage: tally.py testlog.json
"""
import json
import re
import sys

passed = failed = skipped = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        test = json.loads(line)
        cases = re.findall(r"^(not ok|ok)\b(.*)$", test.get("stdout", ""), re.M)
        skips = sum(1 for ok, rest in cases if "# skip" in rest.lower())
        bad = sum(1 for ok, rest in cases if ok == "not ok" and "# skip" not in rest.lower())
        good = len(cases) - skips - bad
        if test["result"] == "SKIP":
            skips = max(skips, 1)
        elif test["result"] not in ("OK", "EXPECTEDFAIL"):
            bad = max(bad, 1)  # it crashed, timed out, or printed fewer cases than it planned
        elif not cases:
            good = 1
        passed, failed, skipped = passed + good, failed + bad, skipped + skips
print(passed, failed, skipped)
