"""Where the library's log records go: the loggers `jit_access.…` of Python's `logging`."""

from __future__ import annotations

import logging


def emit(level: int, name: str, message: str, fields: dict[str, str]) -> None:
    """Log one record. `fields` are in the message, and by name in the attribute `fields` of the `LogRecord`."""
    logging.getLogger(name).log(level, message, extra={"fields": fields})
