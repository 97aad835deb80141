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
                ("principal", Str), ("action", Str), ("resource", Str), ("parent", Str),
                ("context", ctypes.c_void_p)]  # fmt: skip


class Decision(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("outcome", ctypes.c_uint32), ("reason", ctypes.c_uint32),
                ("revision", ctypes.c_uint64), ("valid_until_ms", ctypes.c_int64),
                ("grant_id", ctypes.c_char * 40),
                ("obligations", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]  # fmt: skip


class ErrorInfo(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("status", ctypes.c_int32), ("retryable", ctypes.c_uint32),
                ("code", Str), ("message", Str), ("problem", Str)]  # fmt: skip


class JitError(Exception):
    """A call did not answer JIT_OK."""


NEEDED = 1  # JIT_ABI_VERSION of the header that the structs above are from
OUTCOMES = {1: "allow", 2: "deny", 3: "not applicable"}


def text(value: str) -> Str:
    raw = value.encode()
    return Str(raw, len(raw))


def call(jit: ctypes.CDLL, name: str, *arguments: object) -> None:
    """Calls a function whose last argument is the error, and raises what it says."""
    error = ctypes.c_void_p()
    status = jit[name](*arguments, ctypes.byref(error))
    if status == 0:
        return
    info = ErrorInfo(size=ctypes.sizeof(ErrorInfo))
    said = jit.jit_error_get(error, ctypes.byref(info))
    message = info.message.data.decode() if said == 0 else f"status {status}"
    jit.jit_error_free(error)
    raise JitError(f"{name}: {message}")


def main(path: str) -> None:
    jit = ctypes.CDLL(path)
    if jit.jit_abi_version() < NEEDED:
        raise JitError(f"{path} is older than this program")
    engine = ctypes.c_void_p()
    options = Options(size=ctypes.sizeof(Options), config=text("jit_access: {}"))
    call(jit, "jit_open", ctypes.byref(options), ctypes.byref(engine))
    try:
        query = Query(size=ctypes.sizeof(Query), principal=text("dev@example.com"), action=text("tools.deploy"))
        decision = Decision(size=ctypes.sizeof(Decision))
        call(jit, "jit_check", engine, ctypes.byref(query), ctypes.byref(decision))
        print(OUTCOMES.get(decision.outcome, "an outcome that this program does not know"))
    finally:
        call(jit, "jit_close", engine)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except (JitError, OSError) as failure:
        sys.exit(str(failure))
