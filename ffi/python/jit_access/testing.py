"""For tests of programs that use jit_access: time that moves only when the test moves it.

from datetime import timedelta

from jit_access import Engine
from jit_access.testing import ManualClock

clock = ManualClock("2026-12-01T09:00:00Z")
engine = Engine.from_yaml("jit_access: {store: {type: memory}}", environ={}, clock=clock)
clock.advance(timedelta(hours=4))
"""

from __future__ import annotations

from jit_access._native import ManualClock

__all__ = ["ManualClock"]
