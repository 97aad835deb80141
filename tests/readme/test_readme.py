"""README.md followed to the letter, each door in an empty folder, against what is built here.

The door of the gateway operator needs the gateway and is tested in tests/e2e.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from page import ROOT, doors, follow

README = doors(ROOT / "README.md")
CARGO_HOME = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
RUSTUP_HOME = os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


def test_every_door_is_tested() -> None:
    here = {"In Python", "In Rust", "In C", "For a security review", "For a gateway operator", "Try it"}
    assert set(README) == here, "`make run` and `make test` (Try it) and the operator's door have tests of their own"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with an empty environment of Python."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
    return folder


def in_environment(folder: Path) -> str:
    return f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}"


def test_python(python: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    [wheel] = (TARGET / "wheels").glob(f"jit_access-*_{platform.machine()}.whl")
    changes = {
        "pip install jit-access": f"pip -q install '{wheel}'",
        'pip install "jit-access[fastapi]"': f"pip -q install '{wheel}[fastapi]'",
        "8000": port,
    }
    follow(README["In Python"], python, changes, PATH=in_environment(python), PORT=port)


def test_the_page_of_the_python_package_has_the_same_program() -> None:
    page, door = doors(ROOT / "ffi/python/README.md")["jit-access for Python"], README["In Python"]
    assert page.files == {name: door.files[name] for name in page.files} and len(page.files) == 2
    prints = {one.text: one.prints for one in door.commands}
    assert all(prints[one.text] == one.prints for one in page.commands if one.text.startswith("python "))


def test_security_review(python: Path) -> None:
    """In the folder of the Python door, as the page says."""
    follow(README["For a security review"], python, {}, PATH=in_environment(python))


def test_rust(tmp_path: Path) -> None:
    """In the profile of this workspace and with its versions, so that little is compiled anew."""
    shutil.copy(ROOT / "Cargo.lock", tmp_path / "Cargo.lock")
    changes = {
        "cargo new guard && cd guard": "cargo -q new guard && cd guard && mv ../Cargo.lock .",
        "cargo add jit-access": f"cargo -q add --offline jit-access --path '{ROOT}'",
        "cargo run": "cargo -q run --release --offline",
    }
    profile = {
        "CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only",
        "CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS": "true",
        "CARGO_PROFILE_RELEASE_STRIP": "none",
        "CARGO_TARGET_DIR": str(TARGET),
    }
    follow(README["In Rust"], tmp_path, changes, CARGO_HOME=CARGO_HOME, RUSTUP_HOME=RUSTUP_HOME, **profile)


def test_c(tmp_path: Path) -> None:
    changes = {"make -C ffi/c install": f"make -s -C '{ROOT}/ffi/c' install"}
    follow(README["In C"], tmp_path, changes, CARGO_HOME=CARGO_HOME, RUSTUP_HOME=RUSTUP_HOME)


def test_no_line_is_hard_to_read() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    long = [f"{page.name}: {line[:60]}" for page in pages for line in page.read_text().splitlines() if len(line) > 400]
    assert not long


def test_every_link_leads_somewhere() -> None:
    named = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for page in [ROOT / name for name in named.split()]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            file, _, heading = target.partition("#")
            if "://" in file:
                continue
            end = (page.parent / file).resolve() if file else page
            assert end.exists(), f"{page.name} links to {target}"
            if heading:
                titles = re.findall(r"^#+ (.*)$", end.read_text(), re.M)
                slugs = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
                assert heading in slugs, f"{page.name} links to {target}"
