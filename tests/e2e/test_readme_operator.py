"""README.md, "For a gateway operator", followed to the letter against the real gateway."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from conftest import ADMIN, DEV, free_port

import run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "readme"))

from page import ROOT, Command, Door, doors, follow

OPERATOR = doors(ROOT / "README.md")["For a gateway operator"]
INSTALL = "pip install jit-access"


def exported() -> dict[str, str]:
    """The variables that the page sets."""
    lines = [step.text for step in OPERATOR.commands if step.text.startswith("export ")]
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(lines)))


def test_the_page_installs_the_package_and_sets_four_variables() -> None:
    assert INSTALL in [step.text for step in OPERATOR.commands], "the wheel is installed here as the tests' own is"
    assert exported().keys() == run.Gateway(run.State(Path(), {})).switches().keys()


def test_operator(tmp_path: Path) -> None:
    state = run.State.open(tmp_path)
    for name, text in OPERATOR.files.items():
        (tmp_path / name).write_text(text)
    port, tools_port = free_port(), free_port()
    gateway = run.Gateway(state, port=port, env=exported())
    tools = run.start_tools(tools_port)
    try:
        gateway.start()
        tokens = run.seed(gateway, tools_port=tools_port)
        typed = [one for one in OPERATOR.commands if one.text != INSTALL and not one.text.startswith("export ")]
        steps: list[tuple[str, str] | Command] = [*typed]
        follow(Door(OPERATOR.title, steps), tmp_path, {"4444": str(port)}, DEV=tokens[DEV], ADMIN=tokens[ADMIN])
    except run.DemoError as error:
        pytest.fail(str(error))
    finally:
        gateway.kill()
        tools.shutdown()
