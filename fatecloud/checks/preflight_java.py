"""Preflight of JVMs: each service has one in its range, and it starts with the flags that the service will give it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.preflight_need import node_of, problem, service_subject, services_of
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.distributions import distribution_of
from fatecloud.model.finding import Finding
from fatecloud.model.java import Java
from fatecloud.model.remedy import Edit, Remedy, Run, administrator, look

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
        elif service.java and service.java.package and _lost_its_files(view, service.java):
            java = service.java
            yield problem(
                view,
                NONE.name,
                NONE.severity,
                f"{java.program} is not there, although its package {java.package} is installed",
                subject=service_subject(service),
                cause="its files were removed by hand; a deploy installs a package only where it is missing",
                expected=java.program,
                got="no such program",
                remedy=(distribution_of(view.fact("os")["family"]).reinstall_on(view.facts.node, (java.package,)),),
                source="fact javas; fact packages",
            )


def _lost_its_files(view: NodeView, java: Java) -> bool:
    """Whether the package of a JVM is installed, and the node has no such JVM."""
    found = node_of(view).machine.javas
    gone = found is not None and not any(java.home in one.homes for one in found)
    return gone and view.fact("packages").get(java.package) is not None


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
                    look(f"su -s /bin/sh {service.user} -c '{command}'", view.facts.node, root=True),
                    Edit(f"change the settings `jvm` of {service.id.component}, or use another JVM"),
                ),
                source="fact java_starts",
            )


def _remedies(view: NodeView, major: int) -> tuple[Remedy, ...]:
    imported = Run(f"fatecloud release import jdk-{major}.tar.gz", when="when a JDK is there by this name")
    if node_of(view).java == "imported":
        return (imported, Edit(f"set `java: any` of node {view.facts.node}", instead=True))
    installed = administrator(view.facts.node, "install one below /usr/lib/jvm", instead=True)
    return (imported, installed)
