"""Runs the stories in `tests/scenarios` through the C interface: the library is loaded by its path, nothing else of the
project is. The manual of the stories is `tests/scenarios/README.md`.

usage: scenarios.py <libjit_access.so> [<file.yaml> ...]
"""

from __future__ import annotations

import ctypes
import json
import re
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

try:
    import yaml
except ImportError:
    print("SKIPPED: the scenarios in C, because this Python has no PyYAML")
    sys.exit(0)

SCENARIOS = Path(__file__).resolve().parents[3] / "tests" / "scenarios"
CHECKS = {"check": 0, "check_current": 1, "peek": 2, "check_many": 0}
COMMANDS = json.loads((SCENARIOS.parent / "calls.json").read_text(encoding="utf-8"))
CALLS = {
    **{verb: set(spec["arguments"]) for verb, spec in COMMANDS.items()},
    "check": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "check_many": {"who", "action", "resources", "parent", "address", "session", "call", "details", "acts_for"},
    "check_current": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "peek": {"who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"},
    "sync": set(),
    "revision": set(),
    "tick": set(),
    "advance": {"hours", "minutes", "seconds", "ms"},
    "set_wall": {"to"},
    "reopen": {"config"},
}
SIGN_IN = ("amr", "acr", "auth_time", "mfa")
OUTCOMES = {1: "allow", 2: "deny", 3: "not_applicable"}
REASONS = {
    1: "granted",
    2: "no_grant",
    3: "stale",
    4: "unrecordable",
    5: "mfa_required",
    6: "outside_networks",
    7: "other_session",
    8: "store_replaced",
    9: "store_broken",
    10: "other_call",
    11: "guardrail",
    12: "guardrail_error",
    13: "entities_stale",
    14: "granted_offline",
}


class Str(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class View(ctypes.Structure):
    """The same as `Str`, for texts that come back: their length decides, and not a NUL."""

    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("config", Str),
        ("config_path", Str),
        ("test_clock_ms", ctypes.c_int64),
    ]


class Context(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("mfa", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("auth_time", ctypes.c_int64),
        ("amr", Str),
        ("acr", Str),
        ("address", Str),
        ("session", Str),
        ("call", Str),
        ("details", Str),
        ("acts_for", Str),
    ]


class Query(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("mode", ctypes.c_uint32),
        ("principal_kind", ctypes.c_uint32),
        ("principal", Str),
        ("action", Str),
        ("resource", Str),
        ("parent", Str),
        ("context", ctypes.POINTER(Context)),
    ]


class Decision(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("outcome", ctypes.c_uint32),
        ("reason", ctypes.c_uint32),
        ("revision", ctypes.c_uint64),
        ("valid_until_ms", ctypes.c_int64),
        ("grant_id", ctypes.c_char * 40),
        ("obligations", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]


class ErrorInfo(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("status", ctypes.c_int32),
        ("retryable", ctypes.c_uint32),
        ("code", View),
        ("message", View),
        ("problem", View),
    ]


class Refused(Exception):
    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


def text(value: str | None) -> Str:
    if value is None:
        return Str(None, 0)
    raw = value.encode()
    return Str(raw, len(raw))


def of(view: View) -> str:
    return ctypes.string_at(view.data, view.len).decode()


class Library:
    def __init__(self, path: str) -> None:
        self.c = ctypes.CDLL(path)
        handle, at = ctypes.c_void_p, ctypes.POINTER
        error = at(handle)
        u64 = at(ctypes.c_uint64)
        for name, arguments in {
            "jit_open": [at(Options), at(handle), error],
            "jit_close": [handle, error],
            "jit_check": [handle, at(Query), at(Decision), error],
            "jit_check_many": [handle, at(Query), ctypes.c_size_t, at(Decision), error],
            "jit_run": [handle, Str, at(handle), error],
            "jit_text_get": [handle, at(View), error],
            "jit_text_free": [handle],
            "jit_error_get": [handle, at(ErrorInfo)],
            "jit_error_free": [handle],
            "jit_sync": [handle, u64, error],
            "jit_tick": [handle, handle, error],
            "jit_revision": [handle, u64, error],
            "jit_test_clock": [handle, ctypes.c_int64, ctypes.c_int64, error],
        }.items():
            getattr(self.c, name).argtypes = arguments
            getattr(self.c, name).restype = ctypes.c_int32

    def call(self, name: str, *arguments: Any) -> None:
        error = ctypes.c_void_p()
        status = getattr(self.c, name)(*arguments, ctypes.byref(error))
        if status == 0:
            return
        info = ErrorInfo(size=ctypes.sizeof(ErrorInfo))
        assert self.c.jit_error_get(error, ctypes.byref(info)) == 0
        problem = json.loads(of(info.problem))
        assert info.status == status != 7, of(info.message)
        assert (of(info.code), of(info.message)) == (problem["code"], problem["detail"])
        assert bool(info.retryable) == problem["retryable"]
        assert self.c.jit_error_free(error) == 0
        raise Refused(problem)


class Loader(yaml.SafeLoader):
    """YAML 1.2, core schema: instants are text, and only `true` and `false` are flags."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for tag, pattern, first in [
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def millis(instant: str) -> int:
    return (datetime.fromisoformat(instant.replace("Z", "+00:00")) - EPOCH) // timedelta(milliseconds=1)


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def written(at: int) -> str | None:
    if at == 0:
        return None
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_decision(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": OUTCOMES[decision.outcome],
        "reason": REASONS[decision.reason],
        "grant_id": decision.grant_id.decode() or None,
        "valid_until": written(decision.valid_until_ms),
        "revision": decision.revision,
    }


class World:
    """One run of a story."""

    def __init__(self, library: Library, story: dict[str, Any], store: dict[str, str]) -> None:
        self.library, self.story, self.store = library, story, store
        self.saved: dict[str, Any] = {}
        self.wall = millis(story["start"])
        self.engine = self.opened(story["config"])

    def opened(self, config: Any) -> ctypes.c_void_p:
        if self.store and isinstance(config, dict):
            config = {**config, "jit_access": {**(config.get("jit_access") or {}), "store": self.store}}
        options = Options(
            size=ctypes.sizeof(Options), flags=4, test_clock_ms=self.wall, config=text(json.dumps(config))
        )
        engine = ctypes.c_void_p()
        self.library.call("jit_open", ctypes.byref(options), ctypes.byref(engine))
        return engine

    def close(self) -> None:
        self.library.call("jit_close", self.engine)

    def step(self, step: dict[str, Any]) -> None:
        expected = {key: step.pop(key) for key in ("gives", "refused", "save", "why") if key in step}
        [(verb, arguments)] = step.items()
        arguments = arguments or {}
        assert verb in CALLS, f"unknown verb {verb}"
        assert arguments.keys() <= CALLS[verb], f"takes no {arguments.keys() - CALLS[verb]}"
        refused = self.resolved(expected.get("refused"))
        try:
            answer = self.call(verb, arguments)
        except Refused as error:
            assert refused is not None, f"fails: {error.problem}"
            check(error.problem, {"code": refused} if isinstance(refused, str) else refused, "the problem")
            return
        assert refused is None, f"should be refused with {refused}, but answers {answer}"
        if "gives" in expected:
            check(answer, self.resolved(expected["gives"]), "the answer")
        for name, field in expected.get("save", {}).items():
            assert answer.get(field) is not None, f"there is no {field} to save in {answer}"
            self.saved[name] = answer[field]

    def call(self, verb: str, arguments: dict[str, Any]) -> Any:
        if verb == "advance":
            units = {"hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "ms": 1}
            passed = sum(units[unit] * count for unit, count in arguments.items())
            self.wall += passed
            return self.library.call("jit_test_clock", self.engine, passed, 0)
        if verb == "set_wall":
            self.wall = millis(arguments["to"])
            return self.library.call("jit_test_clock", self.engine, 0, self.wall)
        if verb == "reopen":
            following = self.opened(arguments.get("config", self.story["config"]))
            self.close()
            self.engine = following
            return None
        given = self.resolved(arguments)
        if verb in CHECKS:
            return self.checked(verb, given)
        if verb in ("sync", "revision"):
            revision = ctypes.c_uint64()
            self.library.call(f"jit_{verb}", self.engine, ctypes.byref(revision))
            return revision.value
        if verb == "tick":
            return self.library.call("jit_tick", self.engine, None)
        command = {"command": verb, **given}
        if "by" in command:
            person = self.person(command.pop("by"))
            name = person["agent" if "agent" in person else "user"]
            command["caller"] = {
                "principal": name,
                "agent": "agent" in person,
                "roles": person.get("roles", []),
                "permissions": person.get("permissions"),
                "acts_for": person.get("acts_for"),
                **{claim: person.get(claim) for claim in SIGN_IN},
            }
        return self.run(command)

    def run(self, command: dict[str, Any]) -> Any:
        answer, view = ctypes.c_void_p(), View()
        self.library.call("jit_run", self.engine, text(json.dumps(command)), ctypes.byref(answer))
        self.library.call("jit_text_get", answer, ctypes.byref(view))
        document = json.loads(of(view))
        assert self.library.c.jit_text_free(answer) == 0
        return document

    def checked(self, verb: str, given: dict[str, Any]) -> Any:
        person = self.person(given["who"])
        things = given.get("resources", [given.get("resource")])
        queries, decisions = (Query * len(things))(), (Decision * len(things))()
        context = self.context(person, given)
        for query, decision, thing in zip(queries, decisions, things, strict=True):
            query.size, decision.size = ctypes.sizeof(Query), ctypes.sizeof(Decision)
            query.mode, query.principal_kind = CHECKS[verb], int("agent" in person)
            query.principal = text(person["agent" if "agent" in person else "user"])
            query.action, query.resource, query.parent = text(given["action"]), text(thing), text(given.get("parent"))
            if context is not None:
                query.context = ctypes.pointer(context)
        if verb == "check_many":
            self.library.call("jit_check_many", self.engine, queries, len(things), decisions)
            return [of_decision(decision) for decision in decisions]
        self.library.call("jit_check", self.engine, queries, decisions)
        return of_decision(decisions[0])

    def context(self, person: dict[str, Any], given: dict[str, Any]) -> Context | None:
        if not (person.keys() & set(SIGN_IN) or given.keys() & {"address", "session", "call", "details", "acts_for"}):
            return None
        return Context(
            size=ctypes.sizeof(Context),
            mfa=int(person.get("mfa", False)),
            auth_time=millis(person["auth_time"]) // 1000 if "auth_time" in person else 0,
            amr=text(" ".join(person["amr"]) if person.get("amr") else None),
            acr=text(person.get("acr")),
            address=text(given.get("address")),
            session=text(given.get("session")),
            call=text(given.get("call")),
            details=text(json.dumps(given["details"]) if "details" in given else None),
            acts_for=text(given.get("acts_for")),
        )

    def person(self, named: Any) -> dict[str, Any]:
        person = self.story["people"][named] if isinstance(named, str) else named
        assert person.keys() <= {"user", "agent", "acts_for", "roles", "permissions", *SIGN_IN}
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


def check(answer: Any, expected: Any, at: str) -> None:
    """Whether the answer is what was written; see the manual. Says where it is not."""
    complaint = f"{at} is {answer!r}, and not {expected!r}"
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        special(answer, expected, at, complaint)
    elif isinstance(expected, dict):
        assert isinstance(answer, dict), complaint
        for name, field in expected.items():
            if isinstance(field, dict) and field.get("$absent") is True:
                assert name not in answer, f"{at} has {name}"
            else:
                assert name in answer, f"{at} has no {name}"
                check(answer[name], field, f"{at}'s {name}")
    elif isinstance(expected, list):
        assert isinstance(answer, list) and len(answer) == len(expected), complaint
        for index, (item, field) in enumerate(zip(answer, expected, strict=True)):
            check(item, field, f"{at}[{index}]")
    else:
        assert isinstance(answer, bool) == isinstance(expected, bool) and answer == expected, complaint


def special(answer: Any, expected: dict[str, Any], at: str, complaint: str) -> None:
    parts = lambda value: [value] if isinstance(value, str) else value  # noqa: E731
    if expected.keys() == {"$contains"}:
        assert isinstance(answer, str) and all(part in answer for part in parts(expected["$contains"])), complaint
    elif expected.keys() == {"$lacks"}:
        assert isinstance(answer, str) and not any(part in answer for part in parts(expected["$lacks"])), complaint
    elif expected.keys() == {"$length"}:
        assert isinstance(answer, (str, list)) and len(answer) == expected["$length"], complaint
    elif expected.keys() == {"$each", "is"}:
        assert isinstance(answer, list), complaint
        check([item.get(expected["$each"]) for item in answer], expected["is"], f"each {expected['$each']} of {at}")
    elif expected.keys() == {"$not"}:
        try:
            check(answer, expected["$not"], at)
        except AssertionError:
            return
        raise AssertionError(complaint)
    else:
        raise AssertionError(f"nothing matches with {expected}")


def run(library: Library, path: Path, store: dict[str, str]) -> None:
    story = yaml.load(path.read_text(encoding="utf-8"), Loader)
    assert story.keys() <= {"title", "start", "config", "people", "steps"}
    world = World(library, story, store)
    try:
        for at, step in enumerate(story["steps"], 1):
            try:
                world.step(dict(step))
            except AssertionError as failure:
                raise AssertionError(f"step {at}: {failure}") from None
        world.run({"command": "verify"})
    finally:
        world.close()


def main() -> int:
    library = Library(sys.argv[1])
    paths = [Path(name) for name in sys.argv[2:]] or sorted(SCENARIOS.glob("*.yaml"))
    assert paths, "the scenarios are not where they should be"
    failed = ran = 0
    told: set[str] = set()
    for path in paths:
        steps = yaml.load(path.read_text(encoding="utf-8"), Loader)["steps"]
        told |= {key for step in steps for key in step}
        with tempfile.TemporaryDirectory() as folder:
            stores = [{}, {"path": str(Path(folder) / "jit.db")}]
            if any("reopen" in step and "refused" not in step for step in steps):
                stores = stores[1:]  # a store in memory ends with its engine
            for store in stores:
                ran += 1
                try:
                    run(library, path, store)
                except (AssertionError, Refused) as failure:
                    failed += 1
                    print(f"{path.name} over {'sqlite' if store else 'memory'}: {failure}")
    untold = CALLS.keys() - told
    if len(sys.argv) == 2 and untold:
        failed += 1
        print(f"no scenario calls {sorted(untold)}")
    print(f"scenarios through the C interface: {ran} runs of {len(paths)} files, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
