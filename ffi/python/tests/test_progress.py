"""`verify` and `evidence` tell Python how far they are, and are ended by it."""

import pytest

from jit_access import Caller, Engine, InvalidInput, Unavailable

CONFIG = """
jit_access:
  require_justification: false
  approver_roles: [lead]
  roles: {deployer: {permissions: [tools.execute]}}
"""
LEAD = Caller("lead@example.com", roles=["lead"])


def engine() -> Engine:
    made = Engine.from_yaml(CONFIG)
    made.submit(Caller("dev@example.com"), role="deployer")
    made.tick()  # the configuration is on record from here on
    return made


def test_who_follows_is_told_every_step() -> None:
    seen: list[tuple[int, int]] = []
    with engine() as made:
        count = made.run_watched("verify", None, lambda verified, last: seen.append((verified, last)))
        assert count == made.verify() and seen[-1] == (count, count)
        seen.clear()
        period = {"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z", "form": "json"}
        assert "controls" in made.run_watched("evidence", LEAD, lambda *so_far: seen.append(so_far), **period)
        assert seen
        assert made.run_watched("head", LEAD, lambda *_: None) == made.head(LEAD)
        head = made.head(LEAD)
        assert made.run_watched("verify", None, lambda *_: True, expected=head, after=head) == count


def test_false_ends_it_and_an_exception_goes_through() -> None:
    class Stop(Exception):
        pass

    def stop(verified: int, last: int) -> None:
        raise Stop

    with engine() as made:
        with pytest.raises(Unavailable):
            made.run_watched("verify", None, lambda *_: False)
        with pytest.raises(Stop):
            made.run_watched("verify", None, stop)
        with pytest.raises(TypeError, match="progress"):
            made.run_watched("verify", None, 3)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="deep"):
            made.run_watched("verify", None, lambda *_: None, deep=True)
        assert made.verify() > 0
