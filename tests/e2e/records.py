"""The texts of records and notices in a SQLite store, read beside the program that has it open."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ALIKE = Path(__file__).resolve().parents[2] / "src" / "store" / "sqlite" / "dictionary_notice.txt"


def bodies(path: Path) -> list[str]:
    """Every record's canonical JSON, oldest first: those alone in a row, and those that are kept together."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        texts = dict(database.execute("SELECT revision, body FROM journal"))
        for first, uses in database.execute("SELECT first, uses FROM packs"):
            texts.update(enumerate(_unpacked(first, uses), start=first))
    return [texts[revision] for revision in sorted(texts)]


def notice(body: str, pressed: bytes | None) -> Any:
    """What a notice says, from the columns of these names: see `compress.rs`."""
    if pressed:
        # A version byte, and the length in bytes of which the last is below 128.
        end = next(place for place in range(1, len(pressed)) if pressed[place] < 0x80)
        body = zlib.decompressobj(wbits=-15, zdict=ALIKE.read_bytes()).decompress(pressed[end + 1 :]).decode()
    return json.loads(body)


def _unpacked(first: int, packed: bytes) -> Iterator[str]:
    # A version byte and eight bytes of a check; then hashes, and what the records say: see `pack.rs`.
    # From version 2 on a length has one bit more, which says whether it is of a change.
    spare = packed[0] - 1
    previous, count = packed[9:41].hex(), int.from_bytes(packed[41:43], "little")
    hashes = [packed[43 + 32 * nth : 75 + 32 * nth].hex() for nth in range(count)]
    plain = iter(zlib.decompress(packed[43 + 32 * count :], wbits=-15))

    def number() -> int:
        found = shift = 0
        for byte in plain:
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return found

    forms = [bytes(next(plain) for _ in range(number() >> spare)).decode() for _ in range(number())]
    millis = 0
    for revision, own in enumerate(hashes, start=first):
        form, millis = forms[number()], millis + number()
        at = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=millis)).isoformat(timespec="milliseconds")
        begin = f'{{"event":{{"at":"{at.removesuffix("+00:00")}Z{form}'
        yield f'{begin},"previous":"{previous}","revision":{revision},"v":1}}'
        previous = own
