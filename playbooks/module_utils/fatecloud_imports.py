"""Proves that an environment can import what it should, without giving root's rights to what is imported.

The imports run as a service's user, which may not write into the store. Whenever they come to a file without bytecode,
they ask for it; a second process, which is ours, compiles that file, executes nothing of it, and answers. So each file
is compiled once, and services find all that they would otherwise compile at every start. Python 3.8, stdlib.
"""

from __future__ import annotations

import subprocess

from ansible.module_utils.fatecloud_node import clean_environment
from ansible.module_utils.fatecloud_refused import Refused
from ansible.module_utils.fatecloud_running import run

SECONDS = 1200
_IMPORT = """
import importlib.machinery, importlib.util, os, sys, threading
asking, answering = int(sys.argv[1]), int(sys.argv[2])
lock = threading.Lock()
def compiled(path):
    if path.endswith(".py") and "\\n" not in path and not os.path.exists(importlib.util.cache_from_source(path)):
        with lock:
            os.write(asking, (path + "\\n").encode())
            os.read(answering, 1)
plain = importlib.machinery.SourceFileLoader.get_code
def get_code(loader, name):
    compiled(loader.get_filename(name))
    return plain(loader, name)
importlib.machinery.SourceFileLoader.get_code = get_code
for name in sys.argv[3:]:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    compiled(getattr(module, "__file__", None) or "")
"""
_COMPILE = """
import os, py_compile, sys
roots = tuple(os.path.realpath(root) + "/" for root in sys.argv[1:])
for line in iter(lambda: sys.stdin.readline(8192), ""):
    path = os.path.realpath(line[:-1])
    if path.startswith(roots) and path.endswith(".py") and os.path.isfile(path):
        try:
            py_compile.compile(path, doraise=True, quiet=2)
        except Exception:
            pass
    sys.stdout.write(".")
    sys.stdout.flush()
"""


def prove(program: str, compiler: str, names: list, roots: list, user: str) -> None:
    """Import modules in an environment.

    Args:
        program: the environment's interpreter, for the imports.
        compiler: the interpreter that it was made from, for the bytecode.
        names: of the modules.
        roots: directories in which bytecode may be written.
        user: who imports; empty for the user that we are, where that is not root.

    Raises:
        Refused: a module cannot be imported.
    """
    server = subprocess.Popen(
        [compiler, "-I", "-S", "-c", _COMPILE, *roots],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        cwd="/",
    )
    asking, answering = server.stdin.fileno(), server.stdout.fileno()
    argv = [program, "-c", _IMPORT, str(asking), str(answering), *names]
    try:
        ended = run(argv, user, timeout=SECONDS, keep=(asking, answering))
    finally:
        server.kill()  # it has nothing left to do, and something that was imported may still hold its pipe
        server.communicate()
    if ended.status is None:
        raise Refused(f"importing the release did not end in {SECONDS} s")
    if ended.status:
        last = " | ".join((ended.out + ended.err).strip().splitlines()[-5:])
        raise Refused(f"importing the release failed with status {ended.status}: {last}")
