"""How long `jit --version` takes from start to end: the program, and the entry point that `pip install` brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

TURNS = 15 if os.environ.get("QUICK") else 60
BAR_MS = 30


def main() -> None:
    """One row for each of them that is here."""
    program = Path(os.environ["JIT_BENCH_PROGRAM"])
    entry = Path(sys.executable).with_name("jit")
    for what, path, bar in (("jit starts", program, BAR_MS), ("jit of the Python package starts", entry, None)):
        if not path.exists():
            print(f"SKIPPED: {what}, because {path} is not here", file=sys.stderr)
            continue
        took = sorted(_once(path) for _ in range(TURNS))
        limit = f"<=\t{bar}" if bar else "\t"
        detail = f"jit --version, {TURNS} times; slowest tenth {took[-max(1, TURNS // 10)]:.0f} ms"
        print(f"row\t{what}\t{took[len(took) // 2]:.2f}\tms\t{limit}\t{detail}")


def _once(program: Path) -> float:
    began = perf_counter()
    subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
    return (perf_counter() - began) * 1_000


if __name__ == "__main__":
    main()
