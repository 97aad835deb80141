"""How Python holds what an engine answers: frozen values over a JSON document, and pages of them.

The values themselves are in `values`, which is generated from the documents of the library.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, final

if TYPE_CHECKING:
    from datetime import datetime

    from jit_access._native import _Document

T_co = TypeVar("T_co", covariant=True)


class Value:
    """A part of a document. Two are equal when they have the same fields."""

    __slots__ = ("_fields",)
    __module__ = "jit_access"
    _fields: dict[str, Any]
    _shown: tuple[str, ...] = ()

    def __init__(self, fields: dict[str, Any], /) -> None:
        object.__setattr__(self, "_fields", fields)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__bases__:
            if getattr(base, "__final__", False):
                raise TypeError(f"{base.__name__} is final")
        # Where users import it from.
        cls.__module__ = "jit_access"

    def _of(self, name: str) -> Any:
        return self._fields.get(name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> str:
        return json.dumps(self._fields, sort_keys=True)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({fields})"

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, _memo: object) -> Value:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__}; it comes from an engine alone")


class Answered(Value):
    """A whole document, as it stood when the call returned."""

    __slots__ = ("_document",)
    _document: _Document

    def __init__(self, document: _Document | dict[str, Any], /) -> None:
        # What is a part of another document has its fields at once.
        object.__setattr__(self, "_fields" if isinstance(document, dict) else "_document", document)

    def _of(self, name: str) -> Any:
        # Read at the first look, because many values are passed on unread.
        try:
            fields = self._fields
        except AttributeError:
            fields = json.loads(self._document.to_json("/jit"))
            object.__setattr__(self, "_fields", fields)
        return fields.get(name)

    def _key(self) -> str:
        return self.to_json()

    @property
    def replayed(self) -> bool:
        """Whether an earlier call with the same idempotency key did it, and this one did nothing."""
        return self._document.replayed

    @property
    def durable(self) -> bool:
        """Whether the change is on disk. `False` only when the store could not be written: this process does not honour
        the grant any more, others may, and it is written as soon as it can be."""
        return self._document.durable

    def to_json(self, *, base: str = "/jit") -> str:
        """The document as JSON, with links that start with `base`."""
        document: _Document | None = getattr(self, "_document", None)
        return json.dumps(self._fields) if document is None else document.to_json(base)


class GrantAnswer(Answered):
    """What a grant says besides its document."""

    __slots__ = ()

    @property
    def is_plain(self) -> bool:
        """Whether somebody approved it and it has no conditions. Every other grant is judged, or its use is recorded,
        before each answer, so a host must not copy it."""
        return self._of("conditions") is None and self._of("break_glass") is None


@final
class Page(Value, Generic[T_co]):
    """A page of a listing. Engines make it."""

    __slots__ = ("_document", "_items")
    _shown = ("items", "next_cursor")
    _document: _Document
    _items: tuple[T_co, ...]

    def __init__(self, document: _Document, items: tuple[T_co, ...], /) -> None:
        object.__setattr__(self, "_document", document)
        object.__setattr__(self, "_items", items)

    def _key(self) -> str:
        return self._document.to_json("/jit")

    @property
    def items(self) -> tuple[T_co, ...]:
        """What is on the page."""
        return self._items

    @property
    def next_cursor(self) -> str | None:
        """What to pass as `cursor` for the next page; `None` on the last one."""
        return self._document.next_cursor

    @property
    def removed_until(self) -> datetime | None:
        """Of a page of records: until when records were removed because they are old; `None` where none were."""
        return self._document.removed_until

    @property
    def durable(self) -> bool:
        """Whether what ended these grants is on disk. `False` only when the store could not be written: this process
        does not honour them any more, others may, and it is written as soon as it can be."""
        return self._document.durable

    def to_json(self, *, base: str = "/jit") -> str:
        """The page as JSON, `items` and `next_cursor`, with links that start with `base`."""
        return self._document.to_json(base)
