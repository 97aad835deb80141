"""How a function becomes a method of `Engine`, whose class is in the native module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jit_access._native import Engine

F = TypeVar("F", bound=Callable[..., Any])


def method(function: F) -> F:
    """Makes the function a method. `help()`, `inspect.signature()` and a traceback show it as one."""
    function.__qualname__ = f"Engine.{function.__name__}"
    function.__module__ = "jit_access"
    setattr(Engine, function.__name__, function)
    return function
