"""Prints how many branches of each folder the tests take, from the report of `cargo llvm-cov --json`.

usage: .ci/branches.py REPORT LEAST FOLDER...            one line a folder
       .ci/branches.py --missing REPORT LEAST FOLDER...  and where each branch is that no test takes

Fails when the tests take less than LEAST per cent of the branches of a folder. A condition has two branches. One of a
generic function is taken when any instance takes it. What is compiled for unit tests alone does not count.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Unit tests are the last module of a file, or files of their own.
TESTS = re.compile(r"^#\[cfg\(test\)\]\nmod \w+ \{", re.MULTILINE)
TEST_FILES = {"naive.rs", "tests.rs"}


def branches(file: dict, source: str) -> dict[tuple[int, int], list[bool]]:
    """For each condition, by its line and column, whether it was ever true and whether it was ever false."""
    tests = TESTS.search(source)
    end = source.count("\n", 0, tests.start()) if tests else source.count("\n") + 1
    found: dict[tuple[int, int], list[bool]] = {}
    for line, column, _, _, true, false, *_ in file["branches"]:
        if line <= end:
            seen = found.setdefault((line, column), [False, False])
            seen[0] |= true > 0
            seen[1] |= false > 0
    return found


def within(report: dict, folder: Path) -> Iterator[tuple[Path, dict]]:
    for file in report["data"][0]["files"]:
        path = Path(file["filename"])
        if path.is_relative_to(folder.resolve()) and path.name not in TEST_FILES:
            yield path, file


def main() -> int:
    arguments = sys.argv[1:]
    shows_missing = arguments[0] == "--missing"
    name, least, *folders = arguments[shows_missing:]
    report = json.loads(Path(name).read_text())
    failed = False
    for folder in map(Path, folders):
        taken = count = reached = lines = 0
        for path, file in within(report, folder):
            source = path.read_text()
            for (line, _), seen in sorted(branches(file, source).items()):
                count += 2
                taken += sum(seen)
                for outcome, was in zip(("true", "false"), seen, strict=True):
                    if shows_missing and not was:
                        text = source.splitlines()[line - 1].strip()
                        print(f"{path.relative_to(Path.cwd())}:{line}: never {outcome}: {text}")
            reached += file["summary"]["lines"]["covered"]
            lines += file["summary"]["lines"]["count"]
        if not count:
            sys.exit(f"{folder}: the report has no branches of it")
        # Cut, not rounded: 92.96 is less than 93.
        percent = taken * 1000 // count / 10
        failed |= percent < float(least)
        print(f"{folder}: {taken} of {count} branches, {percent} %; {reached} of {lines} lines")
    if failed:
        print(f"a folder has less than {least} %", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
