"""Makes records of a known signal in every format that the device reads. Standard library only.

A signal is {channel: [(order, rms, degrees), ...]}: cosines of the given order of one frequency.
"""
import math
import struct


def sample(parts, f, t):
    return sum(math.sqrt(2) * rms * math.cos(2 * math.pi * h * f * t + math.radians(deg)) for h, rms, deg in parts)


def columns(signal, f, rate, count):
    return {name: [sample(parts, f, n / rate) for n in range(count)] for name, parts in signal.items()}


def phase_of(name):
    return {"1": "A", "2": "B", "3": "C"}.get(name[-1], "")


def cfg(signal, scales, f, rate, count, year, kind, endings="\r\n", blank_time=False):
    unit = lambda name: "A" if name.lower().startswith("i") else "V"
    lines = [f"Made by hand,bench{'' if year == 1991 else ',' + str(year)}", f"{len(signal)},{len(signal)}A,0D"]
    for n, name in enumerate(signal, 1):
        line = f"{n},{name},{phase_of(name)},,{unit(name)},{scales[name]!r},0.0,0.0,-32767,32767"
        lines.append(line if year == 1991 else line + ",1.0,1.0,P")
    lines += [str(round(f)), "1", f"{rate:.6f},{count}", "01/02/2026,10:00:00.000000", "01/02/2026,10:00:00.000000", kind]
    if year >= 1999:
        lines.append("1")
    if year >= 2013:
        lines += ["0,0", "B,3"]
    return endings.join(lines) + endings


def write_comtrade(path, signal, f, rate, count, year, kind, *, cff=False, endings="\r\n", blank_time=False, after=b"", sign=1):
    """Writes path.cfg and path.dat, or path.cff. `sign` -1 stores with negative multipliers."""
    data = columns(signal, f, rate, count)
    full = {"ASCII": 99999, "BINARY": 32767, "BINARY32": 2147483647, "FLOAT32": None}[kind]
    scales = {n: sign * (max(abs(x) for x in v) / full if full else 1.0) for n, v in data.items()}
    raw = {n: [x / scales[n] if full is None else round(x / scales[n]) for x in v] for n, v in data.items()}
    rows = []
    for n in range(count):
        stamp = round(n * 1e6 / rate)
        values = [raw[name][n] for name in signal]
        if kind == "ASCII":
            rows.append((f"{n + 1},{'' if blank_time else stamp}," + ",".join(str(v) for v in values) + endings).encode())
        else:
            code = {"BINARY": "h", "BINARY32": "i", "FLOAT32": "f"}[kind]
            rows.append(struct.pack(f"<II{len(values)}{code}", n + 1, 0xFFFFFFFF if blank_time else stamp, *values))
    text, body = cfg(signal, scales, f, rate, count, year, kind, endings, blank_time), b"".join(rows) + after
    if cff:
        kind_line = "--- file type: DAT " + ("ASCII ---" if kind == "ASCII" else f"BINARY: {len(body)} ---")
        with open(path + ".cff", "wb") as out:
            out.write(("--- file type: CFG ---" + endings + text + "--- file type: INF ---" + endings +
                       "--- file type: HDR ---" + endings + kind_line + endings).encode() + body)
        return path + ".cff"
    with open(path + ".cfg", "wb") as out:
        out.write(text.encode())
    with open(path + ".dat", "wb") as out:
        out.write(body)
    return path + ".cfg"


def write_wav(path, signal, f, rate, count, bits, full):
    """PCM of 16, 24 or 32 bits, or IEEE float where bits is -32; `full` is the value at full scale of every channel."""
    data = columns(signal, f, rate, count)
    body = bytearray()
    for n in range(count):
        for v in data.values():
            x = v[n] / full
            if bits == -32:
                body += struct.pack("<f", x)
            else:
                body += struct.pack("<i", round(x * (2 ** (bits - 1) - 1)))[: bits // 8] if bits < 32 else struct.pack("<i", round(x * (2**31 - 1)))
    width = abs(bits) // 8
    head = struct.pack("<HHIIHH", 3 if bits < 0 else 1, len(data), rate, rate * width * len(data), width * len(data), abs(bits))
    with open(path, "wb") as out:
        out.write(b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" +
                  struct.pack("<I", len(body)) + body)
    return path
