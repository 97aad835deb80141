"""What the two READMEs print is what `examples/first.c` is and what it says."""

from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PROGRAM = (HERE / "examples/first.c").read_text()
SAYS = (HERE / "examples/first.expected").read_text()

assert len(PROGRAM.splitlines()) <= 30
for readme in (HERE / "README.md", HERE.parents[1] / "README.md"):
    text = readme.read_text()
    assert f"```c\n{PROGRAM}```" in text, f"{readme} prints another program"
    assert f"&& ./first\n{SAYS}```" in text, f"{readme} prints another answer"
