"""The commands and reads, as methods of `Engine`: a module for each noun that they answer with. Generated from
`src/command`, by `tests/generated`.
"""

from jit_access._commands import (  # noqa: F401
    alert,
    delegation,
    delivery,
    events,
    explanation,
    grant,
    health,
    offer,
    plain,
    record,
    refused,
    remedy,
    request,
    sizing,
    summary,
)
