#!/usr/bin/env python3
"""Is a generated page what the program prints today?

usage: page_test.py PAGE COMMAND...
"""
import difflib
import pathlib
import subprocess
import sys

page, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
kept = page.read_text()
print("1..1")
print(f"{'ok' if printed == kept else 'not ok'} 1 - {page.name} shows today's table")
if printed != kept:
    print("\n".join("# " + line for line in list(difflib.unified_diff(kept.splitlines(), printed.splitlines(), lineterm=""))[:30]))
    print("# ./dev bless accepts it")
sys.exit(printed != kept)
