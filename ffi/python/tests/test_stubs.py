"""The stub is the manual of the native module; here it is compared with the module."""

from __future__ import annotations

import json
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import jit_access

pytest.importorskip("mypy")


def test_the_stub_says_what_the_module_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "jit_access._native"]
    # From elsewhere, so that what is compared is the package as it is installed.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_types_strictly_for_its_users(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
from datetime import UTC, datetime

from jit_access import Caller, Decision, Engine, Grant, InvalidInput, Page, Record, Review

with Engine.from_yaml("jit_access:", environ={}) as engine:
    dev = Caller("dev@example.com", roles=["developer"])
    answer: Decision = engine.check("dev@example.com", "audit:read", parent=None)
    until: datetime = answer.valid_until or datetime.now(UTC)
    try:
        engine.submit(dev, role="auditor", starts_at=until, duration_hours=1)
    except InvalidInput as error:
        code: str = error.code
    records: Page[Record] = engine.audit(dev)
    event: str = records.items[0].event
    ended: list[datetime | None] = [grant.ended_at for grant in engine.grants(dev).items]
    reviews: tuple[Review, ...] = engine.requests(dev).items[0].reviews
    grants: list[Grant] = engine.live_grants()
""",
        encoding="utf-8",
    )
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from jit_access import Engine\nEngine.from_yaml('').check('a', 'b', None, 's')\n", encoding="utf-8"
    )
    check = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    right = subprocess.run([*check, str(program)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert right.returncode == 0, right.stdout
    refused = subprocess.run([*check, str(wrong)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Too many positional arguments" in refused.stdout, refused.stdout


def test_everything_exported_has_a_docstring_in_the_stub_or_in_python() -> None:
    stub = (Path(jit_access.__file__).parent / "_native.pyi").read_text(encoding="utf-8")
    for name in jit_access.__all__:
        documented = bool(getattr(jit_access, name).__doc__) or f'class {name}:\n    """' in stub
        assert documented or name == "__version__", name


def test_help_says_what_each_command_does() -> None:
    commands = json.loads((Path(__file__).resolve().parents[3] / "tests" / "calls.json").read_text(encoding="utf-8"))
    for name in commands:
        words = getattr(jit_access.Engine, name).__doc__
        assert words and words.splitlines()[0].endswith("."), name
    assert "`duration_hours`: The length in hours." in (jit_access.Engine.submit.__doc__ or "")


def test_help_says_what_each_field_of_a_value_is() -> None:
    for kind in (
        jit_access.AccessRequest,
        jit_access.Grant,
        jit_access.Delegation,
        jit_access.Record,
        jit_access.Delivery,
        jit_access.RefusedAttempt,
        jit_access.ChannelHealth,
        jit_access.Health,
        jit_access.Review,
    ):
        assert kind.__doc__
        fields = [name for name in vars(kind) if not name.startswith("_")]
        assert fields
        for name in fields:
            assert (getattr(kind, name).__doc__ or "").endswith("."), f"{kind.__name__}.{name}"
    shown = pydoc.render_doc(jit_access.Grant.expires_at, renderer=pydoc.plaintext)
    assert "The first instant at which it no longer permits anything." in shown
    assert "justification" in pydoc.render_doc(jit_access.Grant, renderer=pydoc.plaintext)


def test_a_page_is_generic_at_run_time() -> None:
    assert get_args(jit_access.Page[jit_access.Grant]) == (jit_access.Grant,)
