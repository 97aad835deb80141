"""A gateway with a hole, for the test that shows that the chaos test finds one.

Python reads this file at its start when the folder is on `PYTHONPATH`, which only that test does. `CHAOS_FAULT` names
the hole: `remembers` is a decision that is kept and given again, whatever has become of its grant. The product has no
such switch.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_MODULE = "jit_access.gateway.runtime"


def _remember(module: ModuleType) -> None:
    known: dict[tuple[str, str], Any] = {}
    runtime = module.Runtime
    decide, holds_nothing = runtime._decide, runtime.holds_nothing

    def remembering(self: Any, email: str, permission: str, *rest: Any, **more: Any) -> Any:
        given = decide(self, email, permission, *rest, **more)
        if given.grant_id is not None:
            known[email, permission] = given
        return known.get((email, permission), given)

    async def holding(self: Any, email: str, permission: str) -> bool:
        return (email, permission) not in known and await holds_nothing(self, email, permission)

    runtime._decide, runtime.holds_nothing = remembering, holding


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the one module that has the hole, and makes it once the module is there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _MODULE:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is None or found.loader is None:
            return None
        execute = found.loader.exec_module

        def with_the_hole(module: ModuleType) -> None:
            execute(module)
            _remember(module)

        found.loader.exec_module = with_the_hole  # type: ignore[method-assign]
        return found


if os.environ.get("CHAOS_FAULT") == "remembers":
    sys.meta_path.insert(0, _Finder())
