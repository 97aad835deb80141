"""Nothing gets through: people ask, approve, use and revoke while everything around them breaks.

At random a worker is killed, the store is locked or moved away, an older copy of it is put in its place, the clock is
set forward or back, the gateway is started in another mode or with a tighter configuration, and an account is deleted
and made anew (`chaos.py`). Beside all this every call that passes is written down with the time it took. At the end
each of them has to be explained by a grant (`verdicts.py`).

`CHAOS_SECONDS` says for how long: a minute is `60`, an hour is `3600`, and without it the test is skipped. On a machine
that is busy with other things little passes in that time, so it goes on until enough has passed, a few minutes longer
at most. The seed is in the report of a failure.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from chaos import ENOUGH, SECONDS, break_everything
from verdicts import judged, unexplained

LONGER = 150.0
"""How many seconds more it takes at most, for enough to pass."""


@pytest.mark.skipif(not SECONDS, reason="CHAOS_SECONDS is not set")
@pytest.mark.timeout(SECONDS + 1_800)
def test_nothing_gets_through(tmp_path: Path, chance: random.Random) -> None:
    chaos = break_everything(tmp_path, chance, SECONDS, most=SECONDS + LONGER)
    found = judged(chaos)
    wrong = [(verdict.call, verdict.wrong) for verdict in found if verdict.wrong is not None]
    assert not wrong, f"{len(wrong)} of {len(found)}: {wrong[:5]}"
    print(f"at the latest {max((verdict.late for verdict in found), default=0):.1f} s after the end of a grant")
    assert len(found) >= ENOUGH, "something has to pass, or this shows nothing"


@pytest.mark.skipif(SECONDS < 600, reason="it goes with a long run: CHAOS_SECONDS is below 600")
@pytest.mark.timeout(3_600)
def test_a_hole_is_found(tmp_path: Path, chance: random.Random) -> None:
    """The same in little, with a gateway that goes by what it was told once. A test that cannot fail shows nothing."""
    passed = 0
    # What passes at first is explained by the grant that it was told of, so it takes some calls more than one.
    for number in range(1, 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        chaos = break_everything(folder, chance, 30.0 * number, enough=10 * number, most=300, fault="remembers")
        if unexplained(chaos):
            return
        passed += len(chaos.passed)
    pytest.fail(f"{passed} calls passed, and every one was explained")
