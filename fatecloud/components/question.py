"""The questions that services are asked on their nodes: a script that lies beside the component, and its arguments."""

from __future__ import annotations

from fatecloud.components.script import script_text
from fatecloud.model.desired import NodeProbe

PYTHON = "python3"
"""The node's own interpreter, or whichever the asker runs under."""


def question(
    name: str,
    script: str,
    *arguments: str,
    timeout: float,
    python: str = PYTHON,
    libraries: bool = False,
    early: bool = False,
) -> NodeProbe:
    """A probe that gives a script to an interpreter on the node.

    Args:
        name: `<component>.<what>`.
        script: file name below the component's package.
        arguments: no secrets; the script reads those from the service's own files.
        timeout: seconds; longer than all the time limits inside the script, because a busy node starts slowly.
        python: interpreter, absolute, or `python3`. Who reads the whole node asks in an interpreter of its own, unless
            the script needs libraries.
        libraries: whether it needs more than the standard library, which only `python` finds, see `libraries.py`.
        early: whether preflight asks it too, see `NodeProbe`.
    """
    package = name.partition(".")[0]
    text = script_text(package, script)
    # Isolated, writes no bytecode, and looks for no libraries: that halves its start.
    options = ("-I", "-B", "-S")
    return NodeProbe(name, (python, *options, "-", *arguments), text, timeout, libraries=libraries, early=early)
