"""Probes that run on the services' nodes: a script from the component's package, and its arguments."""

from __future__ import annotations

from fatecloud.components.script import script_text
from fatecloud.model.service import NodeProbe

PYTHON = "python3"
"""The node's own interpreter, or the one that the collector runs under."""


def question(
    name: str,
    script: str,
    *arguments: str,
    timeout: float,
    python: str = PYTHON,
    libraries: bool = False,
    early: bool = False,
    carries: int = 0,
    account: str = "",
) -> NodeProbe:
    """A probe that runs a script in an interpreter on the node.

    Args:
        name: `<component>.<what>`.
        script: file name below the component's package, `probe_admin.py` or `v2/probe_api.py`.
        arguments: no secrets; the script reads those from the service's own files.
        timeout: seconds; longer than all the time limits inside the script, because a busy node starts slowly.
        python: interpreter, absolute, or `python3`. The collector runs the script in its own interpreter, unless
            the script needs libraries.
        libraries: whether it needs more than the standard library, which only `python` finds, see `libraries.py`.
        early: whether preflight asks it too, see `NodeProbe`.
        carries: likewise.
        account: likewise.
    """
    package = name.partition(".")[0]
    text = script_text(package, script)
    # Isolated, without bytecode files and without `site`: that halves the time to start.
    options = ("-I", "-B", "-S")
    argv = (python, *options, "-", *arguments)
    return NodeProbe(name, argv, text, timeout, libraries=libraries, early=early, carries=carries, account=account)
