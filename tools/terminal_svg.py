#!/usr/bin/env python3
"""Turns what a terminal shows into a picture: reads `tmux capture-pane -e -p`, writes SVG. Used for docs/live.svg.

usage: tmux capture-pane -e -p -t SESSION | terminal_svg.py COLUMNS > picture.svg
"""
import html
import re
import sys

CELL_W, CELL_H, PAD = 8.4, 18, 14
BASE = ["#1d2630", "#ff8a80", "#5bd495", "#f2b544", "#7fb3ff", "#bda8fc", "#68cba9", "#d5dbe1"]
BRIGHT = ["#76879a", "#ffb4ab", "#8be8b4", "#ffd58a", "#a9ccff", "#d6c8ff", "#9be3c9", "#ffffff"]
INK, PAPER = "#e6ebf0", "#0d1218"


def colour256(n):
    if n < 16:
        return (BASE + BRIGHT)[n]
    if n >= 232:
        v = 8 + 10 * (n - 232)
        return f"#{v:02x}{v:02x}{v:02x}"
    n -= 16
    level = [0, 95, 135, 175, 215, 255]
    return "#" + "".join(f"{level[k]:02x}" for k in (n // 36, n // 6 % 6, n % 6))


class Pen:
    def __init__(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.reverse = False

    def sgr(self, codes):
        codes = [int(c or 0) for c in codes.split(";")] if codes else [0]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.__init__()
            elif c in (1, 2, 7):
                setattr(self, {1: "bold", 2: "dim", 7: "reverse"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c == 27:
                self.reverse = False
            elif c in (38, 48) and len(codes) >= 2 and codes[0] == 5:
                setattr(self, "fg" if c == 38 else "bg", colour256(codes[1]))
                del codes[:2]
            elif 30 <= c <= 37 or 40 <= c <= 47:
                setattr(self, "fg" if c < 40 else "bg", BASE[c % 10])
            elif 90 <= c <= 97 or 100 <= c <= 107:
                setattr(self, "fg" if c < 100 else "bg", BRIGHT[c % 10])
            elif c == 39:
                self.fg = None
            elif c == 49:
                self.bg = None

    def look(self):
        fg, bg = self.fg or INK, self.bg
        if self.reverse:
            fg, bg = bg or PAPER, self.fg or INK
        return fg, bg, self.bold, self.dim


def main():
    columns = int(sys.argv[1])
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width, height = columns * CELL_W + 2 * PAD, len(lines) * CELL_H + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
           f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="ui-monospace,SFMono-Regular,Menlo,DejaVu Sans Mono,monospace" font-size="14">',
           f'<rect width="100%" height="100%" rx="10" fill="{PAPER}"/>']
    pen = Pen()
    for row, line in enumerate(lines):
        column, y = 0, PAD + row * CELL_H
        for codes, text in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b]+)", line):
            if not text:
                pen.sgr(codes)
                continue
            text = text.replace("\x0e", "").replace("\x0f", "")
            fg, bg, bold, dim = pen.look()
            x, w = PAD + column * CELL_W, len(text) * CELL_W
            if bg:
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="{CELL_H}" fill="{bg}"/>')
            for at, char in enumerate(text):  # bars of eighths, without the gaps that fonts leave
                if "\u2581" <= char <= "\u2588":
                    part = CELL_H * (ord(char) - 0x2580) / 8
                    out.append(f'<rect x="{x + at * CELL_W:.1f}" y="{y + CELL_H - part:.1f}" width="{CELL_W}" height="{part:.1f}" fill="{fg}"/>')
            text = re.sub("[\u2581-\u2588]", " ", text)
            if text.strip():
                style = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
                out.append(f'<text x="{x:.1f}" y="{y + 13.5}" textLength="{w:.1f}" lengthAdjust="spacingAndGlyphs" '
                           f'xml:space="preserve" fill="{fg}"{style}>{html.escape(text)}</text>')
            column += len(text)
    out.append("</svg>")
    print("\n".join(out))


main()
