"""Whether everybody can use a page: axe, from npm, and what it finds."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KEPT = Path(__file__).resolve().parents[2] / "target" / "npm" / "axe.min.js"


def axe_text() -> str:
    """The text of axe. Skips the test where it is not there and cannot be fetched."""
    if not KEPT.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm here to fetch axe with")
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "pack", "--silent", AXE], cwd=KEPT.parent, check=True, capture_output=True, timeout=120)
        [packed] = KEPT.parent.glob("axe-core-*.tgz")
        with tarfile.open(packed) as archive:
            found = archive.extractfile("package/axe.min.js")
            assert found is not None
            KEPT.write_bytes(found.read())
    return KEPT.read_text(encoding="utf-8")


def violations(page: Page, axe: str, within: str = "html") -> list[str]:
    """What axe says is wrong on a page, or in a part of it."""
    page.evaluate(axe)
    found = page.evaluate("([within, rules]) => axe.run(within, {runOnly: rules})", [within, RULES])
    assert len(found["passes"]) > (10 if within == "html" else 0)
    return [f"{page.url} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
