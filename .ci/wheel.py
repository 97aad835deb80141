"""Builds the Python wheel: for glibc 2.28 and later, without symbols; they go into a file of their own.

usage: .ci/wheel.py OUT            for this machine
       .ci/wheel.py OUT aarch64    for that processor, where Rust's standard library for it is installed

Zig links, because it can link for an older glibc than this machine has. The wheel has a profile of its own, because its
size has a limit: everything is compiled for it, and linked as one piece.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from unittest import mock
from zipfile import ZIP_DEFLATED, ZipFile

from zopfli import ZOPFLI_FORMAT_DEFLATE, ZopfliCompressor

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sysconfig.get_path("scripts"))
GLIBC = "2.28"
LARGEST = 8_000_000
# Parts of SQLite that the store never uses are left out: they are code for an attacker, and have a place in the limit.
ENABLED = ("DBSTAT_VTAB", "FTS3", "FTS3_PARENTHESIS", "FTS5", "LOAD_EXTENSION", "RTREE", "STAT4")
USUAL = (
    "AUTHORIZATION",
    "COMPILEOPTION_DIAGS",
    "DEPRECATED",
    "DESERIALIZE",
    "GET_TABLE",
    "INCRBLOB",
    "LOAD_EXTENSION",
    "PROGRESS_CALLBACK",
    "SHARED_CACHE",
    "TCL_VARIABLE",
    "TRACE",
    "UTF16",
)
SQLITE = " ".join([f"-USQLITE_ENABLE_{part}" for part in ENABLED] + [f"-DSQLITE_OMIT_{part}" for part in USUAL])


def run(*command: str | Path) -> str:
    """The output of a command that must succeed."""
    # Maturin looks for zig in the Python that is first on the PATH.
    own = {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "LIBSQLITE3_FLAGS": SQLITE}
    done = subprocess.run([str(part) for part in command], env=os.environ | own, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed with status {done.returncode}")
    return done.stdout


def linker(processor: str) -> Path:
    """A linker for that processor and the oldest glibc that is supported."""
    script = ROOT / "target" / "linkers" / f"{processor}-glibc-{GLIBC}"
    script.parent.mkdir(parents=True, exist_ok=True)
    zig = f"exec '{TOOLS / 'maturin'}' zig cc -- -g -target {processor}-linux-gnu.{GLIBC} \"$@\"\n"
    script.write_text(f"#!/bin/sh\nPATH='{TOOLS}':\"$PATH\"\n{zig}")
    script.chmod(0o755)
    return script


def build(out: Path, processor: str, objcopy: str) -> None:
    """One wheel into `out`, with its symbols."""
    here = processor == platform.machine()
    tag = f"manylinux_{GLIBC.replace('.', '_')}"
    command = [
        TOOLS / "maturin",
        "build",
        "-q",
        "--profile",
        "wheel",
        "--locked",
        "-m",
        ROOT / "ffi/python/Cargo.toml",
        "-o",
        out,
    ]
    if sys.platform != "linux":
        run(*command)
        return
    if here:
        run(*command, "--compatibility", tag, "--", "-C", f"linker={linker(processor)}")
    else:
        run(*command, "--compatibility", tag, "--zig", "--target", f"{processor}-unknown-linux-gnu")
    [wheel] = out.glob(f"*_{processor}.whl")
    strip(wheel, objcopy)
    size = wheel.stat().st_size
    if size > LARGEST:
        sys.exit(f"{wheel.name} has {size:,} bytes; expected at most {LARGEST:,}")
    print(f"{wheel.name}: {size:,} bytes")


def strip(wheel: Path, objcopy: str) -> None:
    """Moves the symbols of the wheel's library to `target/symbols`, under the name by which debuggers look for them."""
    symbols = ROOT / "target" / "symbols"
    symbols.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        run(TOOLS / "wheel", "unpack", "-d", folder, wheel)
        [unpacked] = Path(folder).iterdir()
        [library] = unpacked.rglob("*.so")
        kept = symbols / f"{wheel.stem}.debug"
        run(objcopy, "--only-keep-debug", "--compress-debug-sections", library, kept)
        run(objcopy, "--strip-unneeded", f"--add-gnu-debuglink={kept}", library)
        for parts in unpacked.glob("*.dist-info/sboms/*.json"):
            parts.write_text(without_prose(parts.read_text()))
        wheel.unlink()
        run(TOOLS / "wheel", "pack", "-d", wheel.parent, unpacked)
    squeeze(wheel)


def without_prose(parts: str) -> str:
    """The list of parts with what identifies each, and without its prose and the folder that it was built in."""
    told = json.loads(parts)
    for part in [told["metadata"]["component"], *told["components"]]:
        for field in ("author", "description", "externalReferences"):
            part.pop(field, None)
    return json.dumps(told, separators=(",", ":")).replace(ROOT.as_uri(), "file:///jit-access")


def squeeze(wheel: Path) -> None:
    """Compresses the wheel as far as deflate goes, by Zopfli: two minutes for three bytes in a hundred."""
    with ZipFile(wheel) as packed:
        entries = [(entry, packed.read(entry)) for entry in packed.infolist()]

    # Python's own library has no way to be given a compressor.
    def zopfli(*_: object) -> ZopfliCompressor:
        return ZopfliCompressor(ZOPFLI_FORMAT_DEFLATE, iterations=5, block_splitting_max=0)

    with mock.patch("zipfile._get_compressor", zopfli), ZipFile(wheel, "w") as packed:
        for entry, content in entries:
            packed.writestr(entry, content, ZIP_DEFLATED)


def missing(processor: str) -> str:
    """What a wheel for another processor takes and is not here, or nothing."""
    library = (
        Path(run("rustc", "--print", "sysroot").strip()) / "lib/rustlib" / f"{processor}-unknown-linux-gnu" / "lib"
    )
    if not library.is_dir():
        return f"Rust's standard library for it (rustup target add {processor}-unknown-linux-gnu)"
    return "" if separator(processor) else f"an objcopy for it (Debian: binutils-{processor}-linux-gnu)"


def separator(processor: str) -> str:
    """The program that moves symbols to a file of their own."""
    names = ["objcopy"] if processor == platform.machine() else [f"{processor}-linux-gnu-objcopy", "llvm-objcopy"]
    return next((name for name in names if shutil.which(name)), "")


def main() -> None:
    """Reads the arguments."""
    out = Path(sys.argv[1])
    processor = sys.argv[2] if len(sys.argv) > 2 else platform.machine()
    if processor != platform.machine() and (needed := missing(processor)):
        print(f"SKIPPED: the wheel for {processor}, because {needed} is not here")
        return
    out.mkdir(parents=True, exist_ok=True)
    objcopy = separator(processor)
    if sys.platform == "linux" and not objcopy:
        sys.exit("objcopy is not here (Debian: binutils)")
    build(out, processor, objcopy)


if __name__ == "__main__":
    main()
