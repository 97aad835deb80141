"""Asks libjit_access from Python with nothing but ctypes.   usage: dlopen.py <libjit_access.so>"""

import ctypes
import sys


class Str(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("flags", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("config", Str), ("config_path", Str), ("test_clock_ms", ctypes.c_int64)]  # fmt: skip


class Query(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("mode", ctypes.c_uint32), ("principal_kind", ctypes.c_uint32),
                ("principal", Str), ("action", Str), ("resource", Str), ("parent", Str)]  # fmt: skip


class Decision(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("outcome", ctypes.c_uint32), ("reason", ctypes.c_uint32),
                ("revision", ctypes.c_uint64), ("valid_until_ms", ctypes.c_int64),
                ("grant_id", ctypes.c_char * 40)]  # fmt: skip


def text(value: str) -> Str:
    raw = value.encode()
    return Str(raw, len(raw))


jit = ctypes.CDLL(sys.argv[1])
assert jit.jit_abi_version() >= 1
engine = ctypes.c_void_p()
options = Options(size=ctypes.sizeof(Options), config=text("jit_access: {}"))
assert jit.jit_open(ctypes.byref(options), ctypes.byref(engine), None) == 0
query = Query(size=ctypes.sizeof(Query), principal=text("dev@example.com"), action=text("tools.deploy"))
decision = Decision(size=ctypes.sizeof(Decision))
assert jit.jit_check(engine, ctypes.byref(query), ctypes.byref(decision), None) == 0
print({1: "allow", 2: "deny", 3: "not applicable"}[decision.outcome])
assert jit.jit_close(engine, None) == 0
