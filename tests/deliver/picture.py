"""Makes docs/notifications/mail.png: the mail of docs/notifications/mail.html on a phone, light and dark.

usage: picture.py, with the Python of the test environment; the browser is the system's Chromium.
"""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notifications"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTH = 400


def main() -> None:
    """Both halves, and the picture of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])

        def picture(html: str, width: int, scheme: str = "light") -> bytes:
            context = browser.new_context(viewport={"width": width, "height": 100}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.set_content(html)
            made = page.screenshot(full_page=True)
            context.close()
            return made

        mail = (FOLDER / "mail.html").read_text()
        halves = [base64.b64encode(picture(mail, WIDTH, scheme)).decode() for scheme in ("light", "dark")]
        images = "".join(f'<img src="data:image/png;base64,{half}" style="display:block">' for half in halves)
        both = f'<!doctype html><body style="margin:0;display:flex;align-items:flex-start">{images}</body>'
        (FOLDER / "mail.png").write_bytes(picture(both, 2 * WIDTH))
        browser.close()


if __name__ == "__main__":
    main()
