"""A runner for the vectors of AuthZEN: steps over real HTTP, and what they expect.

`tests/authzen/README.md` says the format.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

ORIGIN = "https://pdp.example.com"
SLACK = 2.0


class Wrong(AssertionError):
    """An answer that is not what a vector expects."""


class Skipped(Exception):
    """The rest of a case, which is about something that the server does not have."""


class Runner:
    """Runs cases against a server. `headers` authenticates each caller; `do` is whatever is outside the standards."""

    def __init__(
        self,
        client: httpx.Client,
        headers: dict[str, dict[str, str]],
        do: Callable[[str, dict[str, Any]], httpx.Response] | None = None,
    ) -> None:
        self.client, self.headers, self.do = client, headers, do
        self.mcp = "/mcp"
        self.said: Callable[[Any], Any] = lambda message: message
        """Brings an answer of MCP to the names that the vectors have."""
        self.endpoints: dict[str, str] = {}

    def run(self, case: dict[str, Any], variables: dict[str, Any]) -> None:
        self.saved: dict[str, Any] = {**variables, "uid": uuid.uuid4().hex[:12]}
        self.now = time.time()
        for place, step in enumerate(case["steps"]):
            try:
                self.step(step)
            except Wrong as wrong:
                raise Wrong(
                    f"{case['name']}, step {place} ({step.get('call') or step.get('rpc') or step.get('op')}): {wrong}"
                ) from wrong

    def step(self, step: dict[str, Any]) -> None:
        self.now = time.time()
        if "rpc" in step:
            self.check(step, self.rpc(step))
            self.find(step)
        elif "call" in step:
            method, target = step["call"].split(" ", 1)
            self.check(step, self.call(method, target, step))
        elif "poll" in step:
            until = time.monotonic() + 10
            while True:
                answer = self.call("GET", step["poll"], {})
                if self.fits(_json(answer), self.filled(step["until"])):
                    break
                if time.monotonic() > until:
                    raise Wrong(f"it did not become so: {answer.text}")
                time.sleep(0.05)
            self.check(step, answer)
        elif "pages" in step:
            body, found = self.filled(step["body"]), []
            while True:
                answer = self.call("POST", step["pages"], {"body": body})
                if answer.status_code != 200:
                    raise Wrong(answer.text)
                page = answer.json()
                found += page["results"]
                token = page.get("page", {}).get("next_token", "")
                if not token:
                    break
                body = {**body, "page": {**body.get("page", {}), "token": token}}
            self.expect(found, self.filled(step["expect"]))
        elif "op" in step:
            assert self.do is not None
            answer = self.do(step["op"], self.filled(step.get("args", {})))
            if (step.get("expect") == "refused") != (400 <= answer.status_code < 500):
                raise Wrong(f"{answer.status_code} {answer.text}")
        elif "wait_until" in step:
            left = _instant(self.filled(step["wait_until"])) - time.time()
            time.sleep(max(0.0, left + 0.02))
        elif "check" in step:
            self.expect(self.filled(step["check"]), self.filled(step["is"]))
        elif "skip_unless" in step:
            if not self.fits(self.filled(step["skip_unless"]), self.filled(step["is"])):
                raise Skipped(step["why"])
        else:
            raise Wrong(f"an unknown step: {step}")

    def call(self, method: str, target: str, step: dict[str, Any]) -> httpx.Response:
        url = self.filled(target)
        if not url.startswith("https://"):
            url = self.endpoints.get(url) or f"/access/v1/{url}"
            if target == "metadata":
                url = "/.well-known/authzen-configuration"
        url = url.removeprefix(ORIGIN)
        headers = {**self.headers[step.get("as", "pep")]}
        headers |= {"Content-Type": "application/json"} if "body" in step or "raw" in step else {}
        headers |= {name: self.filled(value) for name, value in step.get("headers", {}).items()}
        content = None
        if "raw" in step:
            raw = self.filled(step["raw"])
            content = (raw if isinstance(raw, str) else json.dumps(raw)).encode(errors="surrogatepass")
        elif "body" in step:
            content = json.dumps(self.filled(step["body"])).encode()
        answer = self.client.request(method, url, headers=headers, content=content)
        if target == "metadata" and answer.status_code == 200:
            told = answer.json()
            self.endpoints = {
                "evaluation": told["access_evaluation_endpoint"],
                "access_request": told.get("access_request_endpoint", ""),
            }
        if url == "/access/v1/access_request":
            return self.call(method, f"{ORIGIN}/access/v1/requests", step)
        return answer

    def rpc(self, step: dict[str, Any]) -> httpx.Response:
        """One call of MCP over streamable HTTP (2025-11-25), after a handshake: all of the JSON-RPC answer."""
        headers = {**self.headers[step.get("as", "pep")], "Accept": "application/json, text/event-stream"}

        def send(message: dict[str, Any]) -> httpx.Response:
            return self.client.post(self.mcp, json={"jsonrpc": "2.0", **message}, headers=headers)

        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "vectors", "version": "1"},
        }
        begun = send({"id": 0, "method": "initialize", "params": hello})
        if begun.status_code != 200:
            raise Wrong(f"no handshake: {begun.status_code} {begun.text}")
        headers["MCP-Protocol-Version"] = _message(begun)["result"]["protocolVersion"]
        if session := begun.headers.get("mcp-session-id"):
            headers["Mcp-Session-Id"] = session
        send({"method": "notifications/initialized"})
        asked: dict[str, Any] = {"id": 1, "method": step["rpc"]}
        if "params" in step:
            asked["params"] = self.filled(step["params"])
        answer = send(asked)
        said = self.said(_message(answer)) if answer.content else {}
        return httpx.Response(answer.status_code, json=said)

    def find(self, step: dict[str, Any]) -> None:
        """Saves something of the one entry of a list that fits."""
        if found := step.get("find"):
            rows = _at(self.last, found["in"])
            row = next((row for row in rows if self.fits(row, self.filled(found["where"]))), None)
            if row is None:
                raise Wrong(f"nothing fits: {rows}")
            for name, pointer in found["save"].items():
                self.saved[name] = _at(row, pointer)

    def check(self, step: dict[str, Any], answer: httpx.Response) -> None:
        wish = self.filled(step.get("expect", {}))
        seen = f"{answer.status_code} {answer.text}"
        self.last = _json(answer) if "find" in step else None
        if "status" in wish:
            statuses = wish["status"] if isinstance(wish["status"], list) else [wish["status"]]
            if answer.status_code not in statuses:
                raise Wrong(f"{statuses} expected: {seen}")
        for name, value in wish.get("headers", {}).items():
            self.expect(answer.headers.get(name), value)
        if "body" in wish:
            self.expect(_json(answer), wish["body"])
        if "problem" in wish:
            if answer.headers["content-type"] != "application/problem+json":
                raise Wrong(f"no problem: {seen}")
            self.expect(answer.json()["type"], wish["problem"])
        for text in wish.get("text_lacks", []):
            if text in answer.text:
                raise Wrong(f"{text!r} is told: {seen}")
        for name, pointer in step.get("save", {}).items():
            self.saved[name] = _at(_json(answer), pointer)

    # What stands in a vector, with what was saved.

    def filled(self, value: Any) -> Any:
        if isinstance(value, str):
            if found := re.fullmatch(r"\$\{([^}]+)\}", value):
                return self.look_up(found[1])
            return re.sub(r"\$\{([^}]+)\}", lambda found: str(self.look_up(found[1])), value)
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inside),) = value.items()
            if name in _MADE:
                return getattr(self, _MADE[name])(self.filled(inside))
        return {self.filled(name): self.filled(one) for name, one in value.items()}

    def look_up(self, text: str) -> Any:
        name, _, pointer = text.partition("#")
        return _at(self.saved[name], pointer)

    def echo(self, denied: dict[str, Any]) -> dict[str, Any]:
        offer = denied["access_request"]
        given = {name: offer[name] for name in ("expires_at", "binding_token", "template") if name in offer}
        return given | {name: denied[name] for name in ("evaluation_id", "evaluated_at", "reason") if name in denied}

    def now_and(self, seconds: str) -> str:
        return _text(time.time() + float(seconds))

    def later(self, given: list[Any]) -> str:
        return _text(_instant(given[0]) + float(given[1]))

    def merge(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in parts:
            merged |= part
        return merged

    def without(self, given: list[Any]) -> dict[str, Any]:
        return {name: value for name, value in given[0].items() if name not in given[1]}

    def reordered(self, given: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(given.items()))

    def bent(self, token: str) -> str:
        place = len(token) - 5
        return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]

    def repeat(self, given: list[Any]) -> str:
        return str(given[0]) * int(given[1])

    # What is expected.

    def expect(self, seen: Any, wish: Any) -> None:
        if not self.fits(seen, wish):
            raise Wrong(f"{json.dumps(wish)} expected: {json.dumps(seen)}")

    def fits(self, seen: Any, wish: Any) -> bool:
        if isinstance(wish, dict):
            # What was saved may be wished for, and `$ref` is a member of a JSON schema.
            if len(wish) == 1 and next(iter(wish)).startswith("$") and "$ref" not in wish:
                ((form, inside),) = wish.items()
                return self.form(form, seen, inside)
            if not isinstance(seen, dict):
                return False
            return all(self.member(seen, name, one) for name, one in wish.items())
        if isinstance(wish, list):
            return isinstance(seen, list) and len(seen) == len(wish) and all(map(self.fits, seen, wish))
        return type(seen) is type(wish) and seen == wish

    def member(self, seen: dict[str, Any], name: str, wish: Any) -> bool:
        if isinstance(wish, dict) and "$absent" in wish:
            return name not in seen
        if isinstance(wish, dict) and "$optional" in wish:
            return name not in seen or self.fits(seen[name], wish["$optional"])
        if isinstance(wish, dict) and "$not" in wish and name not in seen:
            return True
        return name in seen and self.fits(seen[name], wish)

    def form(self, form: str, seen: Any, wish: Any) -> bool:
        match form:
            case "$any":
                return True
            case "$optional":
                return self.fits(seen, wish)
            case "$type":
                kinds = {"string": str, "array": list, "object": dict, "number": (int, float), "boolean": bool}
                return isinstance(seen, kinds[wish])
            case "$in":
                return any(self.fits(seen, one) for one in wish)
            case "$not":
                return not self.fits(seen, wish)
            case "$all":
                return all(self.fits(seen, one) for one in wish)
            case "$or":
                return any(self.fits(seen, one) for one in wish)
            case "$regex":
                return isinstance(seen, str) and re.search(wish, seen) is not None
            case "$lacks":
                return isinstance(seen, str) and wish not in seen
            case "$has":
                return all(any(self.fits(one, wanted) for one in seen) for wanted in wish)
            case "$set":
                return len(seen) == len(wish) and self.form("$has", seen, wish)
            case "$each":
                return all(self.fits(one, wish) for one in seen)
            case "$length":
                return self.fits(len(seen), wish)
            case "$time":
                return isinstance(seen, str) and _is_instant(seen)
            case "$after":
                return _is_instant(seen) and _instant(seen) > self.instant(wish) - SLACK
            case "$until":
                return _is_instant(seen) and _instant(seen) <= self.instant(wish) + SLACK
            case "$jws":
                return self.jws(seen, wish)
        raise Wrong(f"an unknown form: {form}")

    def instant(self, text: str) -> float:
        if text.startswith("now"):
            return time.time() + float(text[3:] or 0)
        return _instant(text)

    def jws(self, token: str, wish: dict[str, Any]) -> bool:
        header, claims, signature = token.split(".")
        told, said = json.loads(_decoded(header)), json.loads(_decoded(claims))
        key = next(key for key in wish["jwks"]["keys"] if key["kid"] == told["kid"])
        is_signed = is_signed_es256(key, f"{header}.{claims}".encode(), _decoded(signature))
        return (
            is_signed
            and told["alg"] in wish["alg"]
            and self.fits(told, wish["header"])
            and self.fits(said, wish["claims"])
        )


_MADE = {
    "$echo": "echo",
    "$now": "now_and",
    "$later": "later",
    "$merge": "merge",
    "$without": "without",
    "$reordered": "reordered",
    "$bent": "bent",
    "$repeat": "repeat",
}


def _message(answer: httpx.Response) -> Any:
    """The one message of an answer that is JSON, or a stream of events that ends with it."""
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        return _json(answer)
    data = [line.removeprefix("data:").strip() for line in answer.text.splitlines() if line.startswith("data:")]
    messages = [json.loads(text) for text in data if text]
    return next(message for message in reversed(messages) if "id" in message)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise Wrong(f"no JSON: {answer.status_code} {answer.text}") from None


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _is_instant(text: Any) -> bool:
    try:
        _instant(text)
    except (ValueError, TypeError):
        return False
    return True


def _instant(text: str) -> float:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.timestamp()


def _text(seconds: float) -> str:
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int] | None


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x, y), (u, v) = one, other
    if x == u and (y + v) % P == 0:
        return None
    slope = (3 * x * x - 3) * pow(2 * y, -1, P) if one == other else (v - y) * pow(u - x, -1, P)
    w = (slope * slope - x - u) % P
    return w, (slope * (x - w) - y) % P


def _times(factor: int, point: Point) -> Point:
    product: Point = None
    while factor:
        if factor & 1:
            product = _sum(product, point)
        point, factor = _sum(point, point), factor >> 1
    return product


def is_signed_es256(key: dict[str, str], text: bytes, signature: bytes) -> bool:
    """Whether the signature (JWS, ES256) is of this key: ECDSA over P-256, by the book and for tests alone."""
    x, y = (int.from_bytes(_decoded(key[part])) for part in ("x", "y"))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if len(signature) != 64 or not (0 < r < N and 0 < s < N) or (y * y - x**3 + 3 * x - B) % P:
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(text).digest()), pow(s, -1, N)
    point = _sum(_times(digest * inverse % N, G), _times(r * inverse % N, (x, y)))
    return point is not None and point[0] % N == r
