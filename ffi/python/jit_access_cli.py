"""The entry point of the command line `jit`.

It is beside the package and not in it: importing the package takes longer than most commands do.
"""

from __future__ import annotations

import signal
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import find_spec, module_from_spec
from os import listdir
from os.path import join


def main() -> int:
    """Run `jit` with the arguments of this process."""
    # Ctrl-C ends the command at once, as every other one. Python would wait until the native code returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.argv[1:2] == ["mcp"]:
        from jit_access.mcp.command import main as mcp

        return mcp(sys.argv[2:])
    package = find_spec("jit_access")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for name in listdir(folder):
            if name.startswith("_native.") and name.endswith((".so", ".pyd")):
                path = join(folder, name)
                loader = ExtensionFileLoader("jit_access._native", path)
                native = module_from_spec(ModuleSpec("jit_access._native", loader, origin=path))
                loader.exec_module(native)
                code: int = native._cli(sys.argv)
                return code
    print("jit: the native module of jit_access is not there; install the package again", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
