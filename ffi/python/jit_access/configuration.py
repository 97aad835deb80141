"""What is wrong with a configuration, before anything starts with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from jit_access._native import _check_config

__all__ = ["ConfigCheck", "ConfigMistake", "check_config"]


@dataclass(frozen=True, slots=True)
class ConfigMistake:
    """A mistake in a configuration."""

    key: str
    """The key, or the variable, in which it stands."""
    problem: str
    """What is wrong with its value."""
    expected: str
    """What would be right."""

    def __str__(self) -> str:
        return f"`{self.key}` {self.problem}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class ConfigCheck:
    """All that was found in a configuration."""

    errors: tuple[ConfigMistake, ...]
    """Every mistake. With any of them, nothing starts."""
    warnings: tuple[str, ...]
    """What works and is probably not what was meant."""


def check_config(
    path: str | os.PathLike[str] | None = None,
    *,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> ConfigCheck:
    """All mistakes and warnings of the file at `path`, or of `text`; and whether the store's file could be opened.

    Nothing is written. `environ` stands for the process's variables. `InvalidInput` when the file cannot be read.
    """
    if (path is None) == (text is None):
        msg = "give either path or text"
        raise TypeError(msg)
    found = json.loads(_check_config(text, path, None if environ is None else dict(environ)))
    return ConfigCheck(
        errors=tuple(ConfigMistake(**error) for error in found["errors"]),
        warnings=tuple(found["warnings"]),
    )
