"""How text that somebody wrote is shown, so that it cannot run, hide, reorder, overflow or imitate the page.

Everything is escaped. What has no shape of its own (controls, marks that change the direction of writing, characters
of no width) is shown as its code point. Marks that pile up on one letter are cut. Links lead only where they say.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_MOST_MARKS: Final = 2
"""How many combining marks one letter keeps; real writing needs no more."""
_UNSEEN: Final = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\u00ad\u034f\u061c\u180e\ufeff\ufffc")
"""Characters that show nothing although their category does not say so, and the soft hyphen."""
_KEPT_CATEGORIES: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Cn"})


def said(text: object) -> Markup:
    """Text of a person, on its own: isolated from the writing direction around it."""
    return Markup('<bdi class="said">{}</bdi>').format(plain(text))


def plain(text: object) -> Markup:
    """Text of a person, escaped, with what cannot be seen made visible."""
    shown: list[str] = []
    marks = 0
    for character in str(text):
        category = unicodedata.category(character)
        if category in {"Mn", "Me"}:
            marks += 1
            if marks > _MOST_MARKS:
                continue
        else:
            marks = 0
        if character == "\n":
            shown.append("\n")
        elif _is_unseen(character, category):
            shown.append(str(_code_point(character)))
        else:
            shown.append(str(escape(character)))
    return Markup("".join(shown))


def iso(instant: datetime) -> str:
    """An instant for programs."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def when(instant: datetime | None, style: str = "time") -> Markup:
    """An instant: in UTC as it comes from the server; the script of the page shows it in the viewer's zone. `style` is
    `time` (of today, or with its day), `full`, or `left` and `since` for how long it is until then or since."""
    if instant is None:
        return Markup("&ndash;")
    utc = instant.astimezone(UTC)
    now = datetime.now(UTC)
    if style in ("left", "since"):
        text = _length(utc - now) if style == "left" else _since(now - utc)
        return Markup(_TIME).format(iso(utc), style, utc, text)
    near = abs(utc - now) < timedelta(hours=20)
    text = f"{utc:%H:%M} UTC" if near and style != "full" else f"{utc.day} {utc:%b %Y, %H:%M} UTC"
    return Markup(_TIME).format(iso(utc), style, utc, text)


_TIME: Final = '<time datetime="{}" data-style="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>'


def _since(length: timedelta) -> str:
    """The same, of what was and needs no countdown: `40 s`, `3 min`."""
    seconds = max(0, round(length.total_seconds()))
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" if seconds < 300 else _length(length)


def _length(length: timedelta) -> str:
    """As the script of the page writes it: `2 d 3 h`, `3 h 05 min`, `12 min`, `4:30`."""
    seconds = max(0, round(length.total_seconds()))
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes >= 5 else f"{minutes}:{seconds % 60:02}"


_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\d(?:T| )\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC)")


def told(text: object) -> Markup:
    """The same for a sentence of the engine: its instants are shown as everywhere on the pages."""
    parts, end = [], 0
    words = str(text)
    for found in _INSTANT.finditer(words):
        try:
            instant = datetime.fromisoformat(found.group().replace(" UTC", "Z"))
        except ValueError:
            continue
        parts += [plain(words[end : found.start()]), when(instant)]
        end = found.end()
    return Markup('<bdi class="said">{}{}</bdi>').format(Markup("").join(parts), plain(words[end:]))


def without_unseen(text: object) -> str:
    """The same as text alone, for titles and attributes."""
    return "".join(
        f"⟨U+{ord(character):04X}⟩" if _is_unseen(character, unicodedata.category(character)) else character
        for character in str(text)
    )


def _is_unseen(character: str, category: str) -> bool:
    if character in _UNSEEN or category in _KEPT_CATEGORIES:
        return True
    # Variation selectors and tags.
    return "\ufe00" <= character <= "\ufe0f" or (category == "Zs" and character not in {" ", "\u3000"})


def _code_point(character: str) -> Markup:
    name = unicodedata.name(character, "")
    return Markup('<span class="unseen" title="{}">⟨U+{:04X}⟩</span>').format(name, ord(character))


class Link(NamedTuple):
    """A link that may be followed, and what it says."""

    address: str
    host: str
    rest: str


def link(address: object) -> Link | None:
    """A link for an address that a person gave, if it is `http` or `https` to a plain host without credentials."""
    text = str(address or "")
    if any(_is_unseen(character, unicodedata.category(character)) or character in ' "<>\\' for character in text):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        if host is not None:
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or "@" in parts.netloc:
        return None
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    where = host if port is None else f"{host}:{port}"
    return Link(parts._replace(netloc=where).geturl(), where, rest if rest != "/" else "")
