"""The wheel as it is published: small, without symbols, for glibc 2.28 and later."""

from __future__ import annotations

import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[3]
LARGEST = 8_000_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="wheels for Linux only")


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel for this machine."""
    [found] = (ROOT / "target" / "wheels").glob(f"*_{platform.machine()}.whl")
    return found


@pytest.fixture(scope="module")
def library(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled module in it."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".so")]
        return Path(archive.extract(name, tmp_path_factory.mktemp("wheel")))


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= LARGEST


def test_it_has_the_pages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix("jit_access/pages/") for name in archive.namelist()}
    here = ROOT / "ffi" / "python" / "jit_access" / "pages"
    kept = [path for part in ("templates", "static", "words") for path in (here / part).rglob("*") if path.is_file()]
    assert len(kept) > 30
    assert not {str(path.relative_to(here)) for path in kept} - names


def test_it_is_for_old_hosts_and_every_python_from_3_11_on(wheel: Path) -> None:
    assert wheel.name.endswith(f"-cp311-abi3-manylinux_2_28_{platform.machine()}.whl")
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    assert f'"manylinux_2_28_{platform.machine()}"' in " ".join(shown.split()), shown


def test_its_symbols_are_in_a_file_of_their_own(wheel: Path, library: Path) -> None:
    with library.open("rb") as file:
        elf = ELFFile(file)
        names = {section.name for section in elf.iter_sections()}
        link = elf.get_section_by_name(".gnu_debuglink")
        assert link is not None
        target = link.data().split(b"\0")[0].decode()
    assert not names & {".symtab", ".strtab", ".debug_info", ".debug_line"}
    with (ROOT / "target" / "symbols" / target).open("rb") as file:
        kept = {section.name for section in ELFFile(file).iter_sections()}
    assert kept >= {".symtab", ".debug_info", ".debug_line"}
