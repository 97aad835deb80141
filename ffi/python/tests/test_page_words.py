"""Whether the pages have words for everything that the record can say."""

from __future__ import annotations

import pytest

from jit_access import Caller, Engine, InvalidInput

CONFIG = "jit_access: {approver_roles: [lead], roles: {auditor: {permissions: ['audit:read']}}}"


@pytest.mark.parametrize("field", ["event", "result"])
def test_every_name_of_the_record_has_words_and_can_be_chosen(field: str) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("jinja2")
    from jit_access.pages import record
    from jit_access.pages.words import load

    words = load()("en")
    with Engine.from_yaml(CONFIG, environ={}) as engine, pytest.raises(InvalidInput) as refused:
        engine.audit(Caller("lead", roles=["lead"]), **{field: "no-such-name"})
    names = str(refused.value).partition("expected one of ")[2].replace(" or ", ", ").split(", ")
    assert len(names) > 5, str(refused.value)
    keys = (
        [f"event.{name}" for name in names] + [f"kind.{name}" for name in names]
        if field == "event"
        else [f"result.{name}" for name in names]
    )
    assert [key for key in keys if not words.has(key)] == []
    assert set(record._EVENTS if field == "event" else record._RESULTS) == set(names)
