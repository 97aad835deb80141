"""The texts of the pages. Each language is one file of `words/`, a flat object from a key to a text.

A text may have places in braces, `{count}`. A key with `.one` and `.other` is chosen by the place `count`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final

from markupsafe import Markup, escape

FIRST: Final = "en"
"""The language that has every text; what another one lacks is taken from it."""
_HERE: Final = Path(__file__).parent / "words"


class Words:
    """The texts of one language."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language: Final = language
        self._texts: Final = texts

    def __call__(self, key: str, **places: Any) -> Markup:
        """The text for this key. What is put into its places is escaped; the texts themselves have no markup."""
        text = self._texts.get(key)
        if text is None and "count" in places:
            text = self._texts.get(f"{key}.{'one' if places['count'] == 1 else 'other'}")
        if text is None:
            raise KeyError(f"no text for {key!r}")
        return Markup(escape(text)).format(**places)

    def has(self, key: str) -> bool:
        """Whether there is a text for this key."""
        return key in self._texts


def load(folder: Path | None = None) -> Callable[[str], Words]:
    """A function from an `Accept-Language` header to the texts in the best language that there is. `folder` has
    languages of the host's own, which come before those of the package."""
    files = {path.stem: path for path in sorted(_HERE.glob("*.json"))}
    if folder is not None:
        files |= {path.stem: path for path in sorted(folder.glob("*.json"))}
    first = _read(files[FIRST])
    known: dict[str, Words] = {}
    for language, path in files.items():
        texts = _read(path)
        _check(language, texts, first)
        known[language] = Words(language, {**first, **texts})

    def choose(accepted: str) -> Words:
        for language in _preferred(accepted):
            if found := known.get(language) or known.get(language.partition("-")[0]):
                return found
        return known[FIRST]

    return choose


def _read(path: Path) -> dict[str, str]:
    texts = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{path.name} is not an object from keys to texts")
    return texts


def _check(language: str, texts: Mapping[str, str], first: Mapping[str, str]) -> None:
    """A text that is not asked for, or that has other places, is a mistake that is found at the start."""
    for key, text in texts.items():
        if key not in first:
            raise ValueError(f"{language}.json: there is no text `{key}`")
        if places(text) != places(first[key]):
            raise ValueError(f"{language}.json: `{key}` has other places than in {FIRST}.json")


def places(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def _preferred(accepted: str) -> list[str]:
    """The languages of the header, best first."""
    ranked = []
    for at, part in enumerate(accepted.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), at, name.strip().lower()))
        except ValueError:
            continue
    return [name for _, _, name in sorted(ranked) if name]
