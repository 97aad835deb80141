"""The entry point of the command line `jit`.

It is beside the package and not in it: importing the package takes longer than most commands do. For the same reason it
imports only what an interpreter has loaded when it starts.
"""

import _signal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader
from os import listdir
from os.path import dirname, join


def main() -> int:
    """Run `jit` with the arguments of this process."""
    # Ctrl-C ends the command at once, as every other one. Python would wait until the native code returns.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    if sys.argv[1:2] == ["mcp"]:
        from jit_access.mcp.command import main as mcp

        return mcp(sys.argv[2:])
    package = join(dirname(__file__), "jit_access")
    for name in listdir(package):
        if name.startswith("_native.") and name.endswith((".so", ".pyd")):
            path = join(package, name)
            loader = ExtensionFileLoader("jit_access._native", path)
            native = loader.create_module(ModuleSpec("jit_access._native", loader, origin=path))
            loader.exec_module(native)
            code: int = native._cli(sys.argv)
            return code
    print("jit: the native module of jit_access is not there; install the package again", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
