"""Checks of the JVM in which a service runs: it is there, and it is the one that runs."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.service import finding, manage
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding

GONE = Code("JAVA_GONE", "critical", "The JVM in which a service runs is not on the node any more.", settles=False)
REPLACED = Code(
    "JAVA_REPLACED", "warning", "The service runs in a JVM that has been replaced on the node since.", settles=False
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
        yield finding(
            view,
            GONE,
            f"{java.program} is not there",
            cause="a running JVM goes on without its files until it loads a class late, and cannot start again",
            expected=f"Java {java.major}",
            got="no such program",
            remedy=(
                *([f"install the package {java.package} again, or choose another JVM:"] if java.package else []),
                "fatecloud deploy",
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
