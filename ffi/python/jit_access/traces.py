"""Spans of the routes, for hosts that trace with OpenTelemetry.

Without `opentelemetry-api` there are none, and without a provider of the host they cost next to nothing and go nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from jit_access import InvalidInput, JitAccessError, NotFound, Refused

_HAS_API: Final = find_spec("opentelemetry.trace") is not None if find_spec("opentelemetry") else False

if _HAS_API:
    from opentelemetry import propagate, trace


@contextmanager
def span(name: str, headers: Mapping[str, str]) -> Iterator[None]:
    """The span of a command or a read, `jit submit` and so on.

    It is within the span of the host, and within the caller's `traceparent` where the host has made none. It does not
    say who it was, because traces go to more people than the journal does.
    """
    if not _HAS_API:
        yield
        return
    is_within = trace.get_current_span().get_span_context().is_valid
    context = None if is_within else propagate.extract(headers)
    with trace.get_tracer("jit_access").start_as_current_span(
        f"jit {name}",
        context,
        attributes={"jit.command": name},
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield
        except JitAccessError as error:
            current.set_attribute("error.type", error.code)
            if not isinstance(error, Refused | InvalidInput | NotFound):  # These are answers, and no fault of the span.
                current.set_status(trace.StatusCode.ERROR)
            raise
