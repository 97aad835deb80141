"""The routes as spans of OpenTelemetry, in the trace of whoever called."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("opentelemetry.sdk")

from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jit_access import Caller, Engine
from jit_access.router import create_router
from jit_access.traces import span

CONFIG = """
jit_access:
  approver_roles: [boss]
  roles: {auditor: {permissions: ["audit:read"]}}
"""
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def who() -> Caller:
    return Caller("ann@example.com")


def ours(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    """The spans of this library, in order."""
    return [one for one in spans.get_finished_spans() if one.name.startswith("jit ")]


def above(spans: InMemorySpanExporter, of: ReadableSpan) -> tuple[str, str]:
    """The trace of a span, and the one at its top. FastAPI makes spans itself, which lie between them."""
    made = {one.context.span_id: one for one in spans.get_finished_spans() if one.context}
    parent = of.parent
    while parent and parent.span_id in made and made[parent.span_id].parent:
        parent = made[parent.span_id].parent
    assert parent is not None
    return f"{parent.trace_id:032x}", f"{parent.span_id:016x}"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    kept = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return kept


@pytest.fixture
def client() -> Iterator[TestClient]:
    engine = Engine.from_yaml(CONFIG, environ={})
    app = FastAPI()
    app.include_router(create_router(engine, caller=who))
    yield TestClient(app)
    engine.close()


def test_a_call_is_a_span_in_the_trace_of_its_caller(client: TestClient, spans: InMemorySpanExporter) -> None:
    sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    made = client.post("/jit/request", json={"role": "auditor", "reason": "look"}, headers=sent)
    assert made.status_code == 201
    refused = client.post(f"/jit/requests/{made.json()['id']}/approve", json={}, headers=sent)
    assert refused.status_code == 403
    submit, approve = ours(spans)
    assert (submit.name, dict(submit.attributes or {})) == ("jit submit", {"jit.command": "submit"})
    assert above(spans, submit) == (TRACE, PARENT)
    assert above(spans, approve) == (TRACE, PARENT)
    # A refusal is an answer, and no error of the span; and nothing says who it was.
    assert dict(approve.attributes or {}) == {"jit.command": "approve", "error.type": "self_approval"}
    assert approve.status.status_code is trace.StatusCode.UNSET
    assert "ann" not in submit.to_json() + approve.to_json()


def test_the_span_of_the_host_comes_before_a_header(spans: InMemorySpanExporter) -> None:
    header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    with trace.get_tracer("host").start_as_current_span("the host") as host, span("grants", header):
        pass
    (grants,) = ours(spans)
    context = host.get_span_context()
    assert above(spans, grants) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_a_message_says_in_which_trace_its_command_was(spans: InMemorySpanExporter) -> None:
    came: queue.Queue[dict[str, Any]] = queue.Queue()
    with Engine.from_yaml(CONFIG, environ={}) as engine:
        engine.add_channel("own", came.put)
        app = FastAPI()
        app.include_router(create_router(engine, caller=who))
        sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        made = TestClient(app).post("/jit/request", json={"role": "auditor", "reason": "look"}, headers=sent)
        assert made.status_code == 201
        assert came.get(timeout=60)["notices"][0]["trace_id"] == TRACE
        # Outside of every span there is none.
        engine.submit(Caller("eve@example.com"), role="auditor", reason="look")
        assert "trace_id" not in came.get(timeout=60)["notices"][0]
