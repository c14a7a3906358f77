"""Checks of the JVM in which a service runs: it is there, and it is the one that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.checks.evidence import last_words
from fatecloud.checks.service import finding, manage, show_logs
from fatecloud.checks.settle import waits_to_restart
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import DEPLOY, PUT_BACK, Edit, Remedy, administrator
from fatecloud.model.states import UP

GONE = Code("JAVA_GONE", "critical", "The JVM in which a service runs is not on the node any more.", settles=False)
REPLACED = Code(
    "JAVA_REPLACED", "warning", "The service runs in a JVM that has been replaced on the node since.", settles=False
)
REFUSED = Code(
    "JAVA_START_REFUSED",
    "critical",
    "The JVM of a service ends at its start, because of the flags that it gets or of the memory that they ask for.",
    ("FILE_DRIFTED", "JAVA_GONE", "node"),
    explains=("SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED"),
    settles=False,
)
_TRIAL_SECONDS = 10.0
_WORDS = re.compile(
    "Unrecognized VM option|Unrecognized option|Invalid [a-z]+ (heap|thread)|Conflicting collector|Could not reserve|"
    "insufficient memory for the Java|Too small |exceeds the maximum|[Ee]rror occurred during initialization of VM|"
    "Could not create the Java Virtual Machine"
)
"""How HotSpot begins to say why it does not start."""
_MEMORY = re.compile("insufficient memory|Could not reserve|[Cc]annot allocate")


@service_check(REFUSED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def java_starts(view: ServiceView) -> Iterator[Finding]:
    """A JVM that ended lately has not said that it cannot start."""
    said = [line for line in view.state.get("said", ()) if _WORDS.search(line) or _MEMORY.search(line)]
    if view.service.java is None or not said or _stays(view):
        return
    memory = any(map(_MEMORY.search, said))
    yield finding(
        view,
        REFUSED,
        said[0],
        cause="the node has not so much memory left for it"
        if memory
        else "its flags were changed by hand, or it is another JVM than that which a deploy has tried with them",
        remedy=_for_memory(view) if memory else (*PUT_BACK, show_logs(view)),
        expected="a JVM that starts",
        got="one that ends",
        evidence=last_words(view),
        source="journal, or what it printed",
    )


def _stays(view: ServiceView) -> bool:
    """Whether the service runs on: what an earlier start said is over. A JVM that refuses does so within a second."""
    since = view.state["since"]
    young = since is None or view.fact("clock")["epoch"] - since < _TRIAL_SECONDS
    return view.state["state"] in UP and not young and not waits_to_restart(view.state)


def _for_memory(view: ServiceView) -> tuple[Remedy, ...]:
    return (
        Edit(f"lower jvm.heap of {view.service.id.component}, then deploy"),
        administrator(view.facts.node, "give the machine more memory", instead=True),
    )


@service_check(GONE, REPLACED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def own_java(view: ServiceView) -> Iterator[Finding]:
    """The JVM with which the service starts is there, and its process runs no other one."""
    java, state = view.service.java, view.state
    if java is None:
        return
    seen = state.get("jvm")
    if seen is None:
        raise FactAbsent("services: nothing about its JVM")
    if not seen["there"]:
        again = f"reinstall the package {java.package}"
        yield finding(
            view,
            GONE,
            f"{java.program} is not there",
            cause="a running JVM goes on without its files until it loads a class late, and cannot start again",
            expected=f"Java {java.major}",
            got="no such program",
            # A deploy installs the package where it is missing, or chooses another JVM. Where the package is installed
            # and has lost its files, preflight stops it and prints the command. The process runs on in the one that was
            # deleted until it is restarted.
            remedy=(
                DEPLOY,
                manage(view, "restart"),
                *([administrator(view.facts.node, again, instead=True)] if java.package else []),
            ),
        )
    elif seen["replaced"]:
        yield finding(
            view,
            REPLACED,
            "it runs in a JVM that is not on the disk any more",
            cause="an update of the distribution replaced it; the process keeps the old one, with the faults that the "
            "update repairs, until it starts again",
            expected=f"{java.program}{_version(seen['version'])}",
            got="a program that was deleted or replaced",
            remedy=(manage(view, "restart"),),
        )


def _version(text: str) -> str:
    return f" ({text})" if text else ""
