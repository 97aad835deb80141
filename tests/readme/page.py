"""Reads a page for its reader: the files that it says to save, the commands that it says to type, what they print.

A fenced block is a file when the text before it ends in its name in backticks (``and `first.py`:``). A block `console`
holds commands after `$ `, continued after a backslash, and what each prints below it. `…` stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"`([\w./-]+\.\w+)`[^`\n]*$")


@dataclass
class Command:
    """One command, and what the page prints below it; `None` when it prints nothing there."""

    text: str
    prints: str | None = None


@dataclass
class Door:
    """The part of a page under one heading."""

    title: str
    steps: list[tuple[str, str] | Command] = field(default_factory=list)
    """Files to save, as name and text, and commands to type, in order."""

    @property
    def files(self) -> dict[str, str]:
        """What is saved, by name."""
        return {step[0]: step[1] for step in self.steps if not isinstance(step, Command)}

    @property
    def commands(self) -> list[Command]:
        """What is typed."""
        return [step for step in self.steps if isinstance(step, Command)]


def doors(page: Path) -> dict[str, Door]:
    """The parts of a page that have blocks to save or to type, by heading."""
    found = {}
    for part in re.split(r"^#+ ", page.read_text(), flags=re.M)[1:]:
        title, _, text = part.partition("\n")
        door = Door(title)
        for block in FENCE.finditer(text):
            language, body = block[1], block[2]
            before = text[: block.start()].rstrip().splitlines()
            if language == "console":
                door.steps += commands(body)
            elif before and (name := NAME.search(before[-1])):
                door.steps.append((name[1], body))
        if door.steps:
            found[title] = door
    return found


def commands(block: str) -> list[Command]:
    """The commands of one block."""
    found: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            text = line[2:]
            while text.endswith("\\"):
                text += "\n" + next(lines)
            found.append(Command(text))
        else:
            found[-1].prints = (found[-1].prints or "") + line + "\n"
    return found


def follow(door: Door, folder: Path, changes: Mapping[str, str], **environment: str) -> None:
    """Saves the files and types the commands in one shell, and compares what is printed.

    `changes` is what a test has to put in the place of what stands on the page: a package from here for one from a
    registry, a free port for 8000. Each must be there to be changed.
    """
    unused = dict(changes)
    script = ["set -eu"]
    for number, step in enumerate(door.steps):
        if not isinstance(step, Command):
            text = "".join(f"{line}\n" for line in step[1].splitlines())
            script.append(f"mkdir -p \"$(dirname '{step[0]}')\"; cat > '{step[0]}' <<'END OF FILE'\n{text}END OF FILE")
            continue
        text = step.text
        for old, new in changes.items():
            if old in text:
                unused.pop(old, None)
                text = text.replace(old, new)
        script.append(f"printf '\\n@@@ {number}\\n'; {text}")
        if text.endswith("&"):
            script.append(WAIT)
    assert not unused, f"README.md, {door.title}: expected to find {list(unused)}"
    script.append("printf '\\n@@@ end\\n'; jobs -p | xargs -r kill")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    parts = re.split(r"^@@@ (\w+)\n", done.stdout, flags=re.M)
    printed = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert done.returncode == 0 and "end" in printed, f"{door.title}: {done.stdout}\n{done.stderr}"
    for number, step in enumerate(door.steps):
        if isinstance(step, Command) and step.prints is not None:
            pattern = ".*".join(re.escape(part) for part in step.prints.strip().split("…"))
            answer = printed[str(number)].strip()
            assert re.fullmatch(pattern, answer, re.S), f"{step.text}\nprints {answer}\nand not {step.prints}"


WAIT = """for _ in $(seq 300); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then break; fi; sleep 0.1
done"""
"""A reader sees on the screen that a server has started; a test asks its port."""
