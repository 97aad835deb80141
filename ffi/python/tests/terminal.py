"""A terminal for tests: a real pty, and what a person sees on it, as text or as a picture."""

from __future__ import annotations

import fcntl
import html
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COLOURS = {"31": "#e5534b", "32": "#57ab5a", "33": "#c69026", "36": "#39a0ae", "2": "#768390", "1": "#e6edf3"}
PLAIN = {"", "0", "4", "1;4"}
SEQUENCE = re.compile("\x1b\\[([0-9;]*)([a-zA-Z])")


@dataclass
class Seen:
    """What a command wrote to its terminal."""

    raw: str
    code: int
    lines: list[list[tuple[str, str]]] = field(default_factory=list)
    """Each line as characters with their colours."""

    @property
    def text(self) -> str:
        """As text, without colours."""
        return "\n".join("".join(char for char, _ in line).rstrip() for line in self.lines).rstrip()

    @property
    def has_colour(self) -> bool:
        """Whether anything is coloured."""
        return any(colour for line in self.lines for _, colour in line)


def read(raw: str) -> list[list[tuple[str, str]]]:
    """The lines of the screen after this output: text, colours, and a line that is written over."""
    lines: list[list[tuple[str, str]]] = [[]]
    column, colour, at = 0, "", 0
    while at < len(raw):
        if found := SEQUENCE.match(raw, at):
            at = found.end()
            codes, verb = found.groups()
            if verb == "m":
                colour = "" if codes in PLAIN else COLOURS[codes]
            elif verb == "K":
                lines[-1].clear()
            else:
                raise AssertionError(f"the command wrote the sequence {found.group()!r}")
            continue
        char = raw[at]
        at += 1
        if char == "\n":
            lines.append([])
            column = 0
        elif char == "\r":
            column = 0
        elif unicodedata.category(char) == "Cc":
            raise AssertionError(f"the command wrote the control character {char!r}")
        else:
            line = lines[-1]
            line[column : column + 1] = [(char, colour)]
            column += 1
    return lines


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    width: int = 80,
    typed: Sequence[tuple[str, str]] = (),
    patience: float = 60,
) -> Seen:
    """Run a command in a terminal of this width. `typed` are texts to wait for, and what is typed then."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=dict(env),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    waiting, raw, until = list(typed), b"", time.monotonic() + patience
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    part = os.read(ours, 65536)
                except OSError:
                    break
                if not part:
                    break
                raw += part
            if waiting and waiting[0][0] in SEQUENCE.sub("", raw.decode(errors="replace")):
                os.write(ours, waiting.pop(0)[1].encode())
        else:
            raise AssertionError(f"{command} does not end; it wrote last {raw.decode(errors='replace')[-500:]!r}")
        code = process.wait(timeout=patience)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    text = raw.decode().replace("\r\n", "\n")
    return Seen(text, code, read(text))


def picture(screens: Sequence[tuple[str, Seen]], *, width: int) -> str:
    """Commands and what they wrote, as an SVG."""
    rows: list[list[tuple[str, str]]] = []
    for shown, seen in screens:
        rows += [[("$", COLOURS["32"]), (" ", ""), *((char, COLOURS["1"]) for char in shown)]]
        rows += [line for line in seen.lines if line or line is not seen.lines[-1]] + [[]]
    rows.pop()
    wide, high, em, pad = 8.43, 20, 14, 18
    size = (round(width * wide + 2 * pad), len(rows) * high + 2 * pad)
    fonts = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    box = f'width="{size[0]}" height="{size[1]}" viewBox="0 0 {size[0]} {size[1]}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">',
        '<rect width="100%" height="100%" rx="8" fill="#1c2128"/>',
        f'<g font-family="{fonts}" font-size="{em}" fill="#cdd9e5">',
    ]
    for number, row in enumerate(rows):
        y, x, at = pad + number * high + em, 0.0, 0
        while at < len(row):
            end = at
            while end < len(row) and row[end][1] == row[at][1]:
                end += 1
            part = "".join(char for char, _ in row[at:end])
            cells = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in part)
            if part.strip():
                fill = f' fill="{row[at][1]}"' if row[at][1] else ""
                length = f' textLength="{cells * wide:.1f}" lengthAdjust="spacingAndGlyphs"'
                out.append(
                    f'<text x="{pad + x:.1f}" y="{y}" xml:space="preserve"{fill}{length}>{html.escape(part)}</text>'
                )
            x += cells * wide
            at = end
    return "\n".join([*out, "</g></svg>", ""])
