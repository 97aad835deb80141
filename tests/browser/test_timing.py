"""Every page within its time with a large store.

Making the store takes minutes, so this runs where `TIMING_STORE` names the file to keep it in.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import timing


@pytest.mark.skipif("TIMING_STORE" not in os.environ, reason="TIMING_STORE names no file for the large store")
@pytest.mark.timeout(3600)
def test_every_page_is_within_its_time_with_a_large_store() -> None:
    assert timing.main(10_000, 1_000_000, Path(os.environ["TIMING_STORE"])) == 0
