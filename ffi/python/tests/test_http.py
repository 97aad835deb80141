"""What any client may send: odd texts in every field, odd bodies, odd methods. Nothing of it is the server's fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from jit_access import Caller, Engine
from jit_access.problems import MAX_BODY, MEDIA_TYPE
from jit_access.router import create_router

CONFIG = """
jit_access:
  approver_roles: [boss]
  break_glass: {enabled: true, eligible_roles: [boss], roles: [auditor], trust_mfa_flag: true}
  roles: {auditor: {permissions: ["audit:read"]}}
"""
ID = "0190a0a0-0000-7000-8000-000000000000"
UNSEEN = ["\u200b\u200d", "\u3164", "\u2800 \u2800", "\U000e0041\U000e007f", "\ufe0f", "\u200f", "\u115f", "\u00ad"]
REORDERING = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
ODD = ["", " ", "\0", "a\nb", "\x1b[31m", "x" * 5000, "\uffff", "\U0010ffff", "' OR 1=1", "*", "..", "jit.x", "agent:x"]
FILLERS = {"ticket_url": "https://example.com/1", "resource": "tool:deploy"}
TEXTS = {"reason", "comment", "finding", "question", "answer"}
"""The fields in which people write to people."""


def who(x_roles: str = Header("boss")) -> Caller:
    return Caller("boss@example.com", roles=x_roles.split(","), mfa=True)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    engine = Engine.from_yaml(CONFIG, environ={})
    app = FastAPI()
    app.include_router(create_router(engine, caller=who))
    yield TestClient(app)  # It raises what the application did not answer.
    engine.close()


def bodies(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation that takes a body: its method, its path, and the example of its document."""
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            schema = content["schema"]
            parts = [schema, *schema.get("anyOf", [])]
            name = next(part["$ref"].rsplit("/", 1)[1] for part in parts if "$ref" in part)
            model = document["components"]["schemas"][name]
            body = copy.deepcopy(model.get("example", {}))
            for field, details in model.get("properties", {}).items():
                kinds = [details, *details.get("anyOf", [])]
                if field not in body and any(kind.get("type") == "string" for kind in kinds):
                    is_instant = any(kind.get("format") == "date-time" for kind in kinds)
                    body[field] = "2126-12-01T09:30:00Z" if is_instant else FILLERS.get(field, "text")
            yield method, path.replace("{id}", ID), body


def texts(value: Any, at: str = "") -> Iterator[str]:
    """Where there are texts in this body, as pointers."""
    if isinstance(value, str):
        yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from texts(part, f"{at}/{key}")


def with_text(body: dict[str, Any], pointer: str, text: str) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    *steps, last = pointer.split("/")[1:]
    here: Any = changed
    for step in steps:
        here = here[int(step) if isinstance(here, list) else step]
    here[int(last) if isinstance(here, list) else last] = text
    return changed


def send(client: TestClient, method: str, path: str, body: str | bytes, kind: str | None = "application/json") -> Any:
    headers = {} if kind is None else {"content-type": kind}
    return client.request(method, path, content=body, headers=headers)


def test_half_a_surrogate_pair_is_refused_by_the_name_of_its_field(client: TestClient) -> None:
    count = 0
    for method, path, body in bodies(client):
        for pointer in texts(body):
            for half in ["\ud800", "text \udfff", "\udc00\ud800"]:
                answer = send(client, method, path, json.dumps(with_text(body, pointer, half)))
                assert (answer.status_code, answer.headers["content-type"]) == (400, MEDIA_TYPE), (path, pointer)
                assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
                count += 1
    assert count >= 17 * 3


def test_odd_texts_are_answered_in_every_field(client: TestClient) -> None:
    for method, path, body in bodies(client):
        for pointer in texts(body):
            for text in [*ODD, *UNSEEN, *REORDERING]:
                answer = send(client, method, path, json.dumps(with_text(body, pointer, text)))
                assert answer.status_code < 500, (path, pointer, text)
                field = pointer.rsplit("/", 1)[-1]
                # Of several fields that select grants, too many is said first.
                is_refused = field in TEXTS - {"comment"} and not path.endswith("/grants/revoke")
                if is_refused and (text in UNSEEN or text in REORDERING):
                    if field in answer.json()["detail"]:
                        assert answer.status_code == 400, (path, pointer, text)
                        continue
                    # An optional text that nobody can see is as if it were left out.
                    without = send(client, method, path, json.dumps({**body, field: None}))
                    same = (without.status_code, without.json()["code"])
                    assert (answer.status_code, answer.json()["code"]) == same, (path, pointer, text)


def test_numbers_out_of_range_are_short_errors(client: TestClient) -> None:
    for method, path, body in bodies(client):
        for field in [name for name, value in body.items() if isinstance(value, (int, float))]:
            for number in ["1e308", "-1e308", "1" + "0" * 400, "1" * 4299, "-1", "1e999", "NaN"]:
                sent = json.dumps({**body, field: "@"}).replace('"@"', number)
                answer = send(client, method, path, sent)
                assert answer.status_code == 400, (path, field, number)
                assert len(answer.json()["detail"]) < 200, answer.text


def test_a_key_that_is_there_twice_is_refused_by_name(client: TestClient) -> None:
    for body, pointer in [
        ('{"role": "auditor", "reason": "a", "reason": "b"}', "/reason"),
        ('{"role": "auditor", "role": "auditor"}', "/role"),
        ('{"role": "auditor", "conditions": {"session": "a", "session": "b"}}', "/conditions/session"),
    ]:
        answer = send(client, "POST", "/jit/request", body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_body_that_is_no_json_is_415(client: TestClient) -> None:
    for kind in [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]:
        answer = send(client, "POST", "/jit/request", '{"role": "auditor"}', kind)
        assert (answer.status_code, answer.headers["content-type"]) == (415, MEDIA_TYPE), kind
        assert answer.json()["code"] == "not_json"
    # A form of another site's page has no body here, and says what it is.
    assert send(client, "POST", f"/jit/requests/{ID}/approve", "", "text/plain").status_code == 415
    assert send(client, "POST", f"/jit/requests/{ID}/approve", "", None).status_code == 404
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]:
        assert send(client, "POST", f"/jit/requests/{ID}/approve", "{}", kind).status_code == 404, kind


def test_a_page_of_another_site_changes_nothing(client: TestClient) -> None:
    path = f"/jit/requests/{ID}/approve"
    for site, mode, status in [
        ("cross-site", "no-cors", 403),
        ("same-site", "navigate", 403),
        ("cross-site", "cors", 404),
        ("same-origin", "no-cors", 404),
        ("none", "navigate", 404),
    ]:
        answer = client.post(path, headers={"sec-fetch-site": site, "sec-fetch-mode": mode})
        assert answer.status_code == status, (site, mode)


def test_head_is_get_without_the_body(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = [path for path, operations in document["paths"].items() if "get" in operations]
    assert paths
    for path in paths:
        path = path.replace("{id}", ID)
        get, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.headers["content-type"] == get.headers["content-type"]
    assert all("head" not in operations for operations in document["paths"].values())
    assert client.head("/jit/request").status_code == 405


def test_a_length_that_is_no_length_is_no_fault_of_the_server(client: TestClient) -> None:
    for length, status in [("9" * 5000, 413), ("0" * 5000, 404), (str(MAX_BODY + 1), 413), ("²", 404), ("-1", 404)]:
        answer = client.post(f"/jit/requests/{ID}/approve", headers={"content-length": length.encode("latin-1")})
        assert answer.status_code == status, length
