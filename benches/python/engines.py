"""Ours from Python, beside a call that does nothing and other engines."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, datetime
from typing import Any

import casbin
import cedarpy
from turns import CALLS, WORLD, Question, calling, compare, questions, right, row

from jit_access import Engine


def noop() -> Any:
    """The method that takes three strings and does nothing."""
    spec = importlib.util.spec_from_file_location("noop", WORLD / "noop.abi3.so")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Noop().check


def three(asked: list[Question], engine: Engine) -> list[tuple[str, str, str]]:
    """Questions of three strings: those that are answered right without the parent, one in ten of them a holder's."""
    alike = [q for q in asked if engine.check(*q[:3], record=False).allowed == q[4]]
    return [q[:3] for q in alike]


def main() -> None:
    """All rows."""
    engine = Engine.from_yaml(json.dumps({"jit_access": {"store": {"path": str(WORLD / "grants.db")}}}), environ={})
    misses, mixed, hits = map(questions, ("misses", "mixed", "hits"))
    right(lambda who, what, thing, parent: engine.check(who, what, thing, parent=parent).allowed, mixed)

    floor = noop()
    for sort, asked in (("no grant", misses), ("mixed", mixed), ("hit", hits)):
        rows = three(asked, engine)
        ours, least, ratio = compare(calling(engine.check, rows, CALLS), calling(floor, rows, CALLS), 61)
        bar = "<= 2.5" if sort == "mixed" else ""
        row(f"Python check: {sort}, 10000 grants", ratio, "× a no-op call", bar, f"{ours:.0f} ns, no-op {least:.0f} ns")

    many = [(who, what, [q[2] for q in misses[n : n + 100]]) for n, (who, what, *_) in enumerate(misses[:2_000])]
    single = calling(engine.check, three(misses, engine), CALLS)
    ours, one, ratio = compare(calling(engine.check_many, many, 40), single, 41)
    row(
        "Python check_many of 100: no grant",
        ratio / 100,
        "× a check",
        "",
        f"{ours / 100:.0f} ns each, check {one:.0f} ns",
    )

    cedar(engine, mixed, hits)
    casbin_(engine, mixed)


def cedar(engine: Engine, mixed: list[Question], hits: list[Question]) -> None:
    """cedarpy with types, context and the policies of whoever asks prepared; the request and its one entity are made at
    each check."""
    own = dict(json.loads(line) for line in (WORLD / "own").read_text().splitlines())
    sets = {who: cedarpy.PolicySet.from_str(text) for who, text in own.items()}
    none = cedarpy.PolicySet.from_str("")
    now = {"now": {"__extn": {"fn": "datetime", "arg": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}}

    def allowed(who: str, what: str, thing: str, parent: str | None) -> bool:
        kind, name = thing.split(":", 1)
        uid = {"type": kind.title(), "id": name}
        parents = [] if parent is None else [{"type": "Server", "id": parent.removeprefix("server:")}]
        entities = cedarpy.Entities.from_json_str(json.dumps([{"uid": uid, "attrs": {}, "parents": parents}]))
        request = {
            "principal": f'User::"{who}"',
            "action": f'Action::"{what}"',
            "resource": f'{kind.title()}::"{name}"',
            "context": now,
        }
        answer: bool = cedarpy.is_authorized(request, sets.get(who, none), entities).allowed
        return answer

    for sort, all_asked in (("mixed", mixed), ("hit", hits)):
        asked = [q for q in all_asked if not q[4] or q[0] in sets]
        right(allowed, asked[:100])
        ours = calling(engine.check, three(asked, engine), CALLS)
        theirs, own_time, ratio = compare(calling(allowed, [q[:4] for q in asked], 40), ours, 21)
        detail = f"{theirs / 1e3:.1f} µs, ours {own_time:.0f} ns"
        bar = ">= 400" if sort == "mixed" else ""
        row(f"cedarpy, the holder's own policies: {sort}, 10000 grants", ratio, "× Python check", bar, detail)


MODEL = """
[request_definition]
r = sub, act, obj, parent, now
[policy_definition]
p = sub, act, obj, start, end
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.act == p.act && (p.obj == "*" || p.obj == r.obj || p.obj == r.parent) && \
r.now >= p.start && r.now < p.end
"""


def casbin_(engine: Engine, mixed: list[Question]) -> None:
    """pycasbin with a line for each permission of each grant."""
    model = casbin.model.Model()
    model.load_model_from_text(MODEL)
    enforcer = casbin.Enforcer(model)
    now = datetime.now(UTC).isoformat()
    enforcer.add_policies(
        [
            (grant.holder, permission, grant.resource, grant.starts_at.isoformat(), grant.expires_at.isoformat())
            for grant in engine.live_grants()
            for permission in grant.permissions
        ]
    )
    rows = [(*q[:3], q[3] or "", now) for q in mixed]
    ours = calling(engine.check, three(mixed, engine), CALLS)
    theirs, own_time, ratio = compare(calling(enforcer.enforce, rows, 2), ours, 5)
    detail = f"{theirs / 1e6:.0f} ms, ours {own_time:.0f} ns"
    row("pycasbin: mixed, 10000 grants", ratio, "× Python check", "", detail)


if __name__ == "__main__":
    sys.exit(main())
