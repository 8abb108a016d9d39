#!/usr/bin/env python3
"""meter and wire are pure: their objects may need only <math.h>, mem*/str*, each other's functions and pure base.

usage: check_purity.py BUILD_DIR
"""
import pathlib
import re
import subprocess
import sys

BUILD = pathlib.Path(sys.argv[1])
PURE_ROOMS = ("meter", "wire", "catalogue")
# What base offers to pure rooms: functions of their arguments alone.
PURE_BASE = r"reason(_prefix)?|err_name|quality_\w+|text_\w+|crc\d*c?_\w+|ring_\w+|bytes_\w+|buffer_\w+"
MATH = (r"(sin|cos|tan|asin|acos|atan|atan2|sincos|sqrt|hypot|cbrt|fabs|floor|ceil|round|trunc|rint|nearbyint|lround|llround|"
        r"lrint|llrint|fmod|remainder|modf|frexp|ldexp|scalbn|exp|exp2|expm1|log|log10|log2|log1p|pow|fmin|fmax|fma|"
        r"copysign|cexp|cabs|carg|nan)f?")
# Put in by the compiler, not by us: stack protector, sanitizers, fortified mem*/str*, CPU detection, fuzzing, coverage.
COMPILER = (r"__stack_chk_fail|__(mem|str)\w+_chk|__cpu_(model|indicator_init|features2?)|_GLOBAL_OFFSET_TABLE_|"
            r"__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm)_\w+|_?_?(mem|str)\w+|__assert_fail|abort")

symbols = lambda option, path: [
    line.split()[-1] for line in subprocess.run(
        ["nm", option, str(path)], capture_output=True, text=True, check=True).stdout.splitlines()
    if line and not line.endswith(":")]
archives = [p for room in PURE_ROOMS for p in (BUILD / "src" / room).glob("*.a")]
if not archives:
    sys.exit(f"{BUILD}: no archives of {', '.join(PURE_ROOMS)}: build first")
own = {s for p in archives for s in symbols("--defined-only", p)}
allowed = re.compile(rf"^({PURE_BASE}|{MATH}|{COMPILER})$")
faults = sorted({f"{p.name}: {s}" for p in archives for s in symbols("-u", p)
                 if s not in own and not allowed.match(s)})
if faults:
    print("impure symbols:\n  " + "\n  ".join(faults))
sys.exit(1 if faults else 0)
