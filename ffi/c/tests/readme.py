"""What README.md prints is what `examples/first.c` is and what it says."""

from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PROGRAM = (HERE / "examples/first.c").read_text()
SAYS = (HERE / "examples/first.expected").read_text()
TEXT = (HERE / "README.md").read_text()

assert len(PROGRAM.splitlines()) <= 45
assert f"```c\n{PROGRAM}```" in TEXT, "README.md prints another program"
assert f"&& ./first\n{SAYS}```" in TEXT, "README.md prints another answer"
