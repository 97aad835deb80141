#!/usr/bin/env python3
"""`make bench`: measures everything and prints one table.

| variable | meaning |
|---|---|
| `QUICK=1` | fewer turns and no store of a million grants: a few minutes less, and noisier |
| `STRICT=1` | exit status 1 when a bar is missed; without it the table says so and the status is 0 |
| `VENV` | where the environments of Python are; the Makefile says |

Neighbours on the machine can move a ratio over its bar, so a missed bar alone fails nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
VENV = ROOT / os.environ.get("VENV", ".venv")
PACKAGES = ("jit-access-benches", "jit-access-bench-noop", "jit-access-c", "jit-access-python")
# A sentence for each that could not be measured.
skipped: list[str] = []


def lines_of(command: list[str | Path], **environ: str) -> list[list[str]]:
    """What a part of the measurement prints, in fields."""
    print(f"== {' '.join(map(str, command))}", file=sys.stderr, flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0 and command[-1] != TARGET / "instructions":
        skip(f"{command[-1]} ended with status {done.returncode}")
    for line in done.stdout.splitlines():
        if line.startswith("SKIPPED: "):
            skip(line.removeprefix("SKIPPED: "))
    return [line.split("\t") for line in done.stdout.splitlines()]


def skip(why: str) -> None:
    """Say loudly what is missing."""
    skipped.append(why)
    print(f"SKIPPED: {why}", file=sys.stderr, flush=True)


def python(script: str, environment: str, world: Path) -> list[list[str]]:
    """The rows of one of the scripts, in one of the environments."""
    interpreter = VENV / environment / "bin" / "python"
    if not interpreter.exists():
        skip(f"{script}, because {VENV.name}/{environment} is not here")
        return []
    return lines_of([interpreter, ROOT / "benches" / "python" / script], JIT_BENCH_WORLD=str(world))


def report(rows: list[list[str]]) -> int:
    """Print the table; answer how many bars were missed."""
    missed = 0
    print("\n| what | measured | bar | | in detail |\n|---|--:|--:|---|---|")
    for _, what, value, unit, sign, limit, detail in rows:
        number, bar = float(value), f"{sign} {float(limit):,g}" if sign else ""
        met = not sign or (number <= float(limit) if sign == "<=" else number >= float(limit))
        missed += not met
        mark = "" if not sign else "met" if met else "**missed**"
        text = f"{number:,.2f}" if number < 1_000 else f"{number:,.0f}"
        print(f"| {what} | {text} {unit} | {bar} | {mark} | {detail} |")
    for why in skipped:
        print(f"\nSKIPPED: {why}")
    return missed


def main() -> int:
    """Build, measure, print."""
    start = monotonic()
    build = [
        "cargo",
        "build",
        "--release",
        "--locked",
        "--features",
        "jit-access-benches/peers,jit-access-benches/stores",
    ]
    subprocess.run([*build, *(f"-p{package}" for package in PACKAGES)], cwd=ROOT, check=True)
    # As `cargo install jit-access --features cli` builds it.
    program = ["cargo", "build", "--release", "--locked", "-pjit-access", "--features", "cli", "--bin", "jit"]
    subprocess.run(program, cwd=ROOT, check=True)
    built = monotonic() - start
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder)
        shutil.copy(TARGET / "libnoop.so", world / "noop.abi3.so")
        lines = lines_of([TARGET / "table"], JIT_BENCH_WORLD=folder, JIT_LIBRARY=str(TARGET / "libjit_access.so"))
        if (world / "grants.db").exists():
            lines += python("engines.py", "bench", world)
            lines += python("gateway.py", "gateway", world)
            lines += python("authzen.py", "gateway", world)
        os.environ["JIT_BENCH_PROGRAM"] = str(TARGET / "jit")
        lines += python("start.py", "bench", world)
    lines += lines_of([TARGET / "decisions"])
    quick = "QUICK" in os.environ
    lines += lines_of([TARGET / "verify", "300000" if quick else "6000000"])
    lines += lines_of([TARGET / "record", "100000" if quick else "1000000"])
    lines += lines_of([TARGET / "export", "100000" if quick else "1000000"])
    lines += lines_of([TARGET / "stores", "2" if quick else "5"])
    lines += lines_of([TARGET / "monitor"])
    if shutil.which("valgrind"):
        lines += lines_of([TARGET / "instructions"], JIT_LIBRARY=str(TARGET / "libjit_access.so"))
    else:
        skip("instruction counts, because valgrind is not here")
    points = "\n".join("\t".join(line) for line in lines if line[0] == "point")
    subprocess.run([TARGET / "plot"], input=points, text=True, cwd=ROOT, check=True)
    missed = report([line for line in lines if line[0] == "row"])
    seconds = monotonic() - start - built
    print(
        f"\n{missed} bars missed; {seconds:.0f} s, and {built:.0f} s to build; docs/latency.svg is written", flush=True
    )
    return 1 if missed and "STRICT" in os.environ else 0


if __name__ == "__main__":
    sys.exit(main())
