"""Preflight of JVMs: each service has one in its range, and it starts with the flags that the service will give it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.preflight_need import node_of, problem, service_subject, services_of
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding

NONE = Code("PREFLIGHT_JAVA_NONE", "critical", "A service has no JVM that it can run in.")
FLAGS = Code("PREFLIGHT_JAVA_FLAGS", "critical", "A JVM does not start with the flags of a service.")


@node_check(NONE)
def java_in_range(view: NodeView) -> Iterator[Finding]:
    """There is a JVM in the range of each service: on the node, in a package of its distribution, or imported."""
    for service in services_of(view):
        wanted = service.javas
        if wanted and service.java is None:
            asked = view.fact("javas")
            series = f"Java {wanted.minimum}" + (f" to {wanted.maximum}" if wanted.maximum > wanted.minimum else "")
            yield problem(
                view,
                NONE.name,
                NONE.severity,
                f"no JVM for {service.id.component}",
                subject=service_subject(service),
                cause=wanted.reason,
                expected=series,
                got=f"{len(asked['found'])} on the node",
                evidence=tuple(map(str, node_of(view).machine.javas or ())),
                remedy=_remedies(view, wanted.maximum),
                source="fact javas; the controller's store",
            )


@node_check(FLAGS, after=(NONE.name,))
def java_starts(view: NodeView) -> Iterator[Finding]:
    """A JVM that is there already starts with the very flags that a service will give it."""
    tried = view.fact("java_starts") if "java_starts" in view.facts.facts else {}
    for service in services_of(view):
        result = tried.get(service.id.key)
        if result is not None and result["exit"] != 0:
            command = " ".join(service.needs.java)
            yield problem(
                view,
                FLAGS.name,
                FLAGS.severity,
                f"{service.java.program if service.java else 'its JVM'} does not start: {result['said']}",
                subject=service_subject(service),
                expected="exit status 0",
                got=f"exit status {result['exit']}" if result["exit"] is not None else "no end",
                evidence=(f"$ {command}",),
                remedy=(
                    f"su -s /bin/sh {service.user} -c '{command}'",
                    f"change the settings `jvm` of {service.id.component} in the inventory, or use another JVM",
                ),
                source="fact java_starts",
            )


def _remedies(view: NodeView, major: int) -> tuple[str, ...]:
    imported = f"fatecloud release import jdk-{major}.tar.gz   # an archive of a JDK, for example Temurin's"
    if node_of(view).java == "imported":
        return (imported, f"or set `java: any` of node {view.facts.node} in the inventory")
    installed = f"install one on the node, below /usr/lib/jvm, then: fatecloud preflight @{view.facts.node}"
    return (imported, installed)
