"""Verify an exported journal with nothing but Python: verify_journal.py RECORDS CHECKPOINT KEYS [OLDER_CHECKPOINT]

RECORDS has a record a line: its canonical text, or an object with that as `body`. CHECKPOINT is what the route
/jit/audit/checkpoint answered, KEYS the public keys that were kept elsewhere. Its beginning is OLDER_CHECKPOINT's."""

import base64
import hashlib
import json
import sys
from pathlib import Path

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519 (RFC 8032)
D = -121665 * pow(121666, -1, P) % P


def point(data: bytes) -> tuple[int, int]:
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    x = pow(x2 := (y * y - 1) * pow(D * y * y + 1, -1, P) % P, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("this is no point of the curve")
    return (x if x & 1 == sign else P - x), y


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P


def times(n: int, a: tuple[int, int]) -> tuple[int, int]:
    return add(times(n // 2, add(a, a)), a if n % 2 else (0, 1)) if n else (0, 1)


def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    base, s = point((4 * pow(5, -1, P) % P).to_bytes(32, "little")), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return s < L and times(s, base) == add(point(signature[:32]), times(h, point(key)))


def opened(note: str, keys: str) -> tuple[int, tuple[bytes, str]]:
    text, _, lines = note.rpartition("\n\n")
    for name, signed in ((name, base64.b64decode(rest)) for _, name, rest in map(str.split, lines.splitlines())):
        for known, _, key in ((n, i, base64.b64decode(k)) for n, i, k in (line.split("+", 2) for line in keys.split())):
            told_by = hashlib.sha256(f"{known}\n".encode() + key).digest()[:4]
            if known == name and told_by == signed[:4] and is_signed(key[1:], f"{text}\n".encode(), signed[4:]):
                _, size, root, head, *_ = text.split("\n")
                return int(size), (base64.b64decode(root), head.removeprefix("head "))
    sys.exit("the checkpoint is signed by none of the keys")


def main(records: str, *files: str) -> None:
    lines, note, keys, *older = (Path(file).read_text("utf-8") for file in (records, *files))
    texts = [(text, json.loads(text)) for text in (json.loads(one).get("body", one) for one in lines.splitlines())]
    gone, parts, previous = texts[0][1]["revision"] - 1, [], "0" * 64
    for told in (one["event"]["data"] for _, one in texts if one["event"]["type"] == "records_removed"):
        if told["last"] == gone:  # what stands for the removed records
            parts, previous = list(map(bytes.fromhex, told["parts"])), told["hash"]
    if gone and not parts:
        sys.exit(f"records 1 to {gone} are missing, and no record says that they were removed")
    last = max(wanted := {n: it for n, it in (opened(one, keys) for one in (note, *older)) if n > gone}, default=gone)
    for number, (text, said) in enumerate(texts, gone + 1):
        if (said["revision"], said["previous"]) != (number, previous):
            sys.exit(f"record {number} does not follow the one before it, which has the hash {previous}")
        previous = hashlib.sha256(text.encode()).hexdigest()
        root = hashlib.sha256(b"\0" + text.encode()).digest()  # the tree over all records (RFC 6962)
        for _ in range((number & -number).bit_length() - 1):
            root = hashlib.sha256(b"\1" + parts.pop() + root).digest()
        parts.append(root)
        for left in reversed(parts[:-1]) if number in wanted else ():
            root = hashlib.sha256(b"\1" + left + root).digest()
        if (root, previous) != wanted.pop(number, (root, previous)):
            sys.exit(f"the first {number} records, to the hash {previous}, are not those of the checkpoint")
    if wanted:
        sys.exit(f"the journal ends before record {last}")
    print(f"{last} records, all as the checkpoint says" + f"; the first {gone} were removed" * bool(gone))


main(*sys.argv[1:])
