"""The way back to a page of ours after signing in: only to a page of ours, and only once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mcpgateway")
from jit_access.gateway import serving

LINK = "/admin/jit/requests/019c0a3e-5c00-7000-8000-000000000001?link=AQGc_-x.y"


@pytest.fixture(autouse=True)
def insisted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(serving, "_headers", {"/admin/jit": []})
    yield


def answered(path: str, status: int, *, cookie: str = "", location: str = "", method: str = "GET") -> dict[str, Any]:
    """What the layer makes of an answer of the gateway."""
    where, _, query = path.partition("?")
    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": method, "path": where, "query_string": query.encode(), "headers": headers}
    answer = [(b"location", location.encode())] if location else [(b"set-cookie", b"csrf=1")]
    said: list[dict[str, Any]] = []

    async def inner(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": b"the gateway's"})

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(serving._Layer(inner)(scope, receive, send))
    names = [(name.decode(), value.decode()) for name, value in said[0]["headers"]]
    body = b"".join(message.get("body", b"") for message in said[1:])
    return {"status": said[0]["status"], "headers": names, "body": body}


def test_the_wanted_page_is_kept_and_led_to_once() -> None:
    asked = answered(LINK, 302, location="/admin/login")
    cookies = [value for name, value in asked["headers"] if name == "set-cookie"]
    assert asked["status"] == 302 and len(cookies) == 1
    assert cookies[0].startswith(f"jit_back={LINK}; ") and "HttpOnly" in cookies[0] and "SameSite=Lax" in cookies[0]
    home = answered("/admin/", 200, cookie=f"other=1; {cookies[0].split(';')[0]}")
    assert (home["status"], home["body"]) == (303, b"")
    assert ("location", LINK) in home["headers"] and ("set-cookie", "csrf=1") in home["headers"]
    assert any(
        name == "set-cookie" and "jit_back=; " in value and "Max-Age=0" in value for name, value in home["headers"]
    )


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/admin/jit/",
        "//evil.example/admin/jit/",
        "/admin/jit//evil.example",
        "/admin/jit/../users",
        "/admin/users",
        "/admin/jit",
        "/admin/jit/x\\evil",
        "/admin/jit/" + "x" * 2_000,
        "",
    ],
)
def test_a_cookie_leads_nowhere_but_to_a_page_of_ours(wanted: str) -> None:
    home = answered("/admin/", 200, cookie=f"jit_back={wanted}")
    assert (home["status"], home["body"]) == (200, b"the gateway's")


@pytest.mark.parametrize(
    ("path", "status", "method"),
    [
        (LINK, 302, "POST"),
        ("/admin/users", 302, "GET"),
        (f"{LINK}%0d%0aset-cookie: x", 302, "GET"),
        ("/admin/jit/requests/x?link=;evil", 302, "GET"),
    ],
)
def test_no_other_page_is_kept(path: str, status: int, method: str) -> None:
    asked = answered(path, status, location="/admin/login", method=method)
    assert not [value for name, value in asked["headers"] if name == "set-cookie"]


def test_other_answers_stay_as_they_are() -> None:
    for path, status in (("/admin/login", 200), ("/admin/users", 200), ("/admin/", 302)):
        answer = answered(path, status, cookie=f"jit_back={LINK}", location="/admin/login" if status == 302 else "")
        assert (answer["status"], answer["body"]) == (status, b"the gateway's")
