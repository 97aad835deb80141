"""Runs the stories in `tests/scenarios` through the native module. Their manual is `tests/scenarios/README.md`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from jit_access import Caller, Conditions, Context, Decision, Engine, JitAccessError, Page, _native
from jit_access.testing import ManualClock

TESTS: Final = Path(__file__).resolve().parents[3] / "tests"
FILES: Final = sorted((TESTS / "scenarios").glob("*.yaml"))

COMMANDS: Final[dict[str, dict[str, Any]]] = json.loads((TESTS / "calls.json").read_text(encoding="utf-8"))
"""The commands and reads of the library, as `src/command` defines them."""
CALLS: Final[dict[str, set[str]]] = {
    **{verb: set(spec["arguments"]) for verb, spec in COMMANDS.items()},
    "check": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "check_many": {"who", "action", "resources", "parent", "address", "session", "call", "details", "acts_for"},
    "check_current": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "peek": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "sync": set(),
    "revision": set(),
    "tick": set(),
}
"""The verbs that are calls of the library, and the arguments each takes."""
WORLD: Final[dict[str, set[str]]] = {
    "advance": {"hours", "minutes", "seconds", "ms"},
    "set_wall": {"to"},
    "reopen": {"config"},
}
"""The verbs that move the world around the library."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2, core schema: instants are text, and only `true` and `false` are flags."""

    yaml_implicit_resolvers: Final = {}  # type: ignore[misc]


for tag, pattern, first in [
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
]:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def load(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, _Loader)


def steps(path: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each step as its verb, its arguments, and what is expected of it."""
    for step in load(path)["steps"]:
        expected = {key: step.pop(key) for key in ("gives", "refused", "save", "why") if key in step}
        assert len(step) == 1, f"one verb a step, not {step}"
        assert not ("gives" in expected and "refused" in expected)
        [(verb, arguments)] = step.items()
        yield verb, arguments or {}, expected


@pytest.mark.parametrize("store", ["memory", "sqlite"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, store: str, tmp_path: Path) -> None:
    if store == "memory" and any(verb == "reopen" and "refused" not in expected for verb, _, expected in steps(path)):
        pytest.skip("needs a store that outlives its engine")
    world = World(path, {} if store == "memory" else {"path": str(tmp_path / "jit.db")})
    try:
        for at, (verb, arguments, expected) in enumerate(steps(path), 1):
            try:
                world.step(verb, arguments, expected)
            except AssertionError as failure:
                raise AssertionError(f"{path.name}, step {at} (`{verb}`): {failure}") from None
        world.engine.verify()
    finally:
        world.engine.close()


class World:
    """One run of a story."""

    def __init__(self, path: Path, store: dict[str, str]) -> None:
        self.story = load(path)
        unknown = self.story.keys() - {"title", "start", "config", "people", "steps"}
        assert not unknown, f"{path.name}: unknown keys {unknown}"
        self.store = store
        self.saved: dict[str, Any] = {}
        self.wall = datetime.fromisoformat(self.story["start"])
        self.engine = self.opened(self.story["config"])

    def opened(self, config: Any) -> Engine:
        if self.store and isinstance(config, dict):
            config = {**config, "jit_access": {**(config.get("jit_access") or {}), "store": self.store}}
        self.clock = ManualClock(self.wall)
        return Engine.from_yaml(json.dumps(config), environ={}, clock=self.clock)

    def step(self, verb: str, arguments: dict[str, Any], expected: dict[str, Any]) -> None:
        known = CALLS.get(verb, WORLD.get(verb))
        assert known is not None, "unknown verb"
        assert arguments.keys() <= known, f"takes no {arguments.keys() - known}"
        refused = self.resolved(expected.get("refused"))
        try:
            answer = self.moved(verb, arguments) if verb in WORLD else self.call(verb, self.resolved(arguments))
        except JitAccessError as error:
            assert refused is not None, f"fails with {error.code}: {error}"
            problem = json.loads(error.problem_json())
            assert (error.code, error.status, error.retryable, str(error)) == tuple(
                problem[name] for name in ("code", "status", "retryable", "detail")
            )
            check(problem, {"code": refused} if isinstance(refused, str) else refused, "the problem")
            return
        assert refused is None, f"should be refused with {refused}, but answers {answer}"
        if "gives" in expected:
            check(answer, self.resolved(expected["gives"]), "the answer")
        for name, field in expected.get("save", {}).items():
            assert answer.get(field) is not None, f"there is no {field} to save in {answer}"
            self.saved[name] = answer[field]

    def moved(self, verb: str, arguments: dict[str, Any]) -> None:
        if verb == "advance":
            passed = timedelta(**{{"ms": "milliseconds"}.get(unit, unit): count for unit, count in arguments.items()})
            self.wall += passed
            self.clock.advance(passed)
        elif verb == "set_wall":
            self.wall = datetime.fromisoformat(arguments["to"])
            self.clock.set_wall(self.wall)
        else:
            following = self.opened(arguments.get("config", self.story["config"]))
            self.engine.close()
            self.engine = following

    def call(self, verb: str, given: dict[str, Any]) -> Any:
        """The answer as the document that goes over the wire."""
        engine = self.engine
        if "who" in given:
            person = self.person(given.pop("who"))
            name, agent = (person["agent"], True) if "agent" in person else (person["user"], False)
            question: dict[str, Any] = {"parent": given["parent"]} if "parent" in given else {}
            things = [given[thing] for thing in ("resource", "resources") if thing in given]
            known = {key: person[key] for key in ("amr", "acr", "auth_time", "mfa") if key in person}
            known |= {key: given[key] for key in ("address", "session", "call", "details", "acts_for") if key in given}
            if known:
                question["context"] = Context(**known)
            how = {"check_current": {"current": True}, "peek": {"record": False}}.get(verb, {})
            call = engine.check_many if verb == "check_many" else engine.check
            found = call(name, given["action"], *things, **question, **how, agent=agent)
            return [of_decision(each) for each in found] if isinstance(found, list) else of_decision(found)
        if verb == "revision":
            return engine.revision
        if verb == "standing":
            given = {"caller": self.caller(given.pop("by")) if "by" in given else None, **given}
            return json.loads(engine.standing(given.pop("principal"), **given).to_json())
        if verb in ("accept_store", "accept_clock"):
            by = self.caller(given.pop("by")) if "by" in given else None
            return json.loads(getattr(engine, verb)(**given, caller=by).to_json())
        if "by" not in given:
            found = getattr(engine, verb)(**given)
            return [json.loads(grant.to_json()) for grant in found] if verb == "live_grants" else found
        caller = self.caller(given.pop("by"))
        if "conditions" in given:
            given["conditions"] = Conditions(**given["conditions"])
        if verb == "revoke_many" and "request" in given:
            given["request_id"] = given.pop("request")
        if verb in ("alerts", "audit", "export", "policies"):
            given |= {f"{name}_id": given.pop(name) for name in ("grant", "request") if name in given}
        if "from" in given:
            given["start"] = given.pop("from")
        named = [given.pop(name) for name in ("request", "grant", "delegation", "alert", "id") if name in given]
        found = getattr(engine, verb)(caller, *named, **given)
        if isinstance(found, str):
            return found
        document = json.loads(found.to_json())
        if COMMANDS[verb]["writes"] and hasattr(found, "replayed"):
            document["replayed"] = found.replayed
        same_as_attributes(found, document)
        return document

    def caller(self, named: Any) -> Caller:
        person = self.person(named)
        agent = "agent" in person
        return Caller(
            person["agent" if agent else "user"],
            roles=person.get("roles", []),
            permissions=person.get("permissions"),
            agent=agent,
            acts_for=person.get("acts_for"),
            amr=person.get("amr", []),
            acr=person.get("acr"),
            auth_time=person.get("auth_time"),
            mfa=person.get("mfa"),
        )

    def person(self, named: Any) -> dict[str, Any]:
        person = self.story["people"][named] if isinstance(named, str) else named
        known = {"user", "agent", "acts_for", "roles", "permissions", "amr", "acr", "auth_time", "mfa"}
        assert person.keys() <= known
        assert ("user" in person) != ("agent" in person)
        return dict(person)

    def resolved(self, value: Any) -> Any:
        """The value with what was saved in the place of its name."""
        if isinstance(value, str):
            return self.saved[value[1:]] if value.startswith("$") else value
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if isinstance(value, dict):
            if value.keys() == {"$repeat", "times"}:
                return value["$repeat"] * value["times"]
            return {key: self.resolved(item) for key, item in value.items()}
        return value


def of_decision(decision: Decision) -> dict[str, Any]:
    assert decision.allowed == (decision.outcome == "allow")
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "grant_id": decision.grant_id,
        "valid_until": None if decision.valid_until is None else written(decision.valid_until),
        "revision": decision.revision,
    }


def written(instant: datetime) -> str:
    assert instant.tzinfo is UTC or instant.utcoffset() == timedelta(0)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


IN_PYTHON: Final = {
    "AccessRequest": {"requester_email": "requester"},
    "Grant": {"requester_email": "holder", "granted_role": "role", "granted_permissions": "permissions"},
    "Delegation": {"from": "from_"},
    "History": {"from": "start"},
    "Record": {"grant": "grant_id", "request": "request_id"},
}
"""The fields that have another name in Python."""


def same_as_attributes(found: object, document: Any) -> None:
    """Every field of the document is an attribute that says the same, at every depth."""
    if isinstance(found, datetime):
        assert written(found) == document
    elif isinstance(found, tuple):
        assert len(found) == len(document)
        for each, inside in zip(found, document, strict=True):
            same_as_attributes(each, inside)
    elif isinstance(found, Mapping):
        assert dict(found) == document
    elif isinstance(document, dict):
        names = IN_PYTHON.get(type(found).__name__, {})
        for name, inside in document.items():
            same_as_attributes(getattr(found, names.get(name, name)), inside)
        if isinstance(found, Page):
            assert [json.loads(item.to_json()) for item in found.items] == document["items"]
    else:
        assert found == document


def check(answer: Any, expected: Any, at: str) -> None:
    """Whether the answer is what was written; see the manual. Says where it is not."""
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        special(answer, expected, at)
    elif isinstance(expected, dict):
        assert isinstance(answer, dict), f"{at} is {answer!r}, and not {expected!r}"
        for name, field in expected.items():
            if isinstance(field, dict) and field.get("$absent") is True:
                assert name not in answer, f"{at} has {name}"
            else:
                assert name in answer, f"{at} has no {name}"
                check(answer[name], field, f"{at}'s {name}")
    elif isinstance(expected, list):
        assert isinstance(answer, list) and len(answer) == len(expected), f"{at} is {answer!r}, and not {expected!r}"
        for index, (item, field) in enumerate(zip(answer, expected, strict=True)):
            check(item, field, f"{at}[{index}]")
    else:
        same_kind = isinstance(answer, bool) == isinstance(expected, bool)
        assert same_kind and answer == expected, f"{at} is {answer!r}, and not {expected!r}"


def special(answer: Any, expected: dict[str, Any], at: str) -> None:
    complaint = f"{at} is {answer!r}, and not {expected!r}"
    match expected:
        case {"$contains": parts, **rest} if not rest:
            assert isinstance(answer, str) and all(part in answer for part in listed(parts)), complaint
        case {"$lacks": parts, **rest} if not rest:
            assert isinstance(answer, str) and not any(part in answer for part in listed(parts)), complaint
        case {"$length": length, **rest} if not rest:
            assert isinstance(answer, str | list) and len(answer) == length, complaint
        case {"$each": field, "is": values, **rest} if not rest:
            assert isinstance(answer, list), complaint
            check([item.get(field) for item in answer], values, f"each {field} of {at}")
        case {"$not": other, **rest} if not rest:
            with pytest.raises(AssertionError):
                check(answer, other, at)
        case _:
            raise AssertionError(f"nothing matches with {expected}")


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_every_call_is_here_and_told_of() -> None:
    """The list of calls, the calls of this language and the verbs of the stories are the same."""
    facade = load(TESTS / "facade.yaml")
    here = {name for name in dir(Engine) if not name.startswith("_")}
    calls = {call.get("python", verb) for verb, call in facade["calls"].items()}
    assert calls | facade["only_python"].keys() == here
    assert facade["calls"].keys() == CALLS.keys()
    told = {verb for path in FILES for verb, _, _ in steps(path)}
    assert not facade["calls"].keys() - told, "calls that no scenario makes"


def test_every_error_code_is_told_of() -> None:
    refusals = [expected.get("refused") for path in FILES for _, _, expected in steps(path)]
    told = {refused if isinstance(refused, str) else refused["code"] for refused in refusals if refused}
    elsewhere = load(TESTS / "facade.yaml")["codes_without_scenario"].keys()
    assert told | elsewhere == set(_native._error_codes())
    assert not told & elsewhere
