"""Preflight of what a node is: operating system, processor, C library, init, interpreter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.checks.preflight_need import family_of, node_of, problem, services_of
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.distributions import DISTRIBUTIONS, distribution_of
from fatecloud.model.finding import Finding
from fatecloud.model.node import PYTHON
from fatecloud.model.python import PythonRequirement
from fatecloud.model.remedy import Edit, Remedy, Run, administrator, look

TESTED = frozenset({("debian", "11"), ("debian", "12"), ("debian", "13")})
PYTHON_FLOOR = "3.9"
"""What the newest supported ansible-core needs on a node; a workflow may override it in the notes."""

OS_UNTESTED = Code("PREFLIGHT_OS_UNTESTED", "warning", "The node's operating system is not one of the tested ones.")
OS_FAMILY = Code("PREFLIGHT_OS_FAMILY", "critical", "fatecloud knows no package names for this system.")
ARCH = Code("PREFLIGHT_ARCH", "critical", "The release's artifacts do not run on this processor.")
GLIBC = Code("PREFLIGHT_GLIBC_OLD", "critical", "The C library is older than what the release is built for.")
GLIBC_NEW = Code("PREFLIGHT_GLIBC_NEW", "warning", "The C library is newer than any that the release was tested with.")
AVX = Code("PREFLIGHT_CPU_AVX", "warning", "The processor shows no AVX, which FATE's numeric libraries expect.")
NO_SYSTEMD = Code("PREFLIGHT_NO_SYSTEMD", "critical", "Supervision is systemd, but systemd is not the node's init.")
INTERPRETER = Code("PREFLIGHT_INTERPRETER", "critical", "The node has no Python that Ansible can use.")


@node_check(OS_UNTESTED, OS_FAMILY)
def operating_system(view: NodeView) -> Iterator[Finding]:
    """The system is a tested one, and the names of its packages are known."""
    facts = view.fact("os")
    got = facts.get("pretty") or f"{facts['id']} {facts['version_id']}"
    unknown = sorted(s.id.key for s in services_of(view) if s.packages and facts["family"] not in s.packages)
    if unknown:
        yield problem(
            view,
            OS_FAMILY.name,
            "critical",
            f"{got}: no package names are known for {', '.join(unknown)}",
            expected=f"a system of a known family ({', '.join(DISTRIBUTIONS)})",
            got=f"family {facts['family'] or 'unknown'}",
            remedy=(Edit("place these services on another node, or use an external service"),),
            source="fact os",
        )
    elif (facts["id"], str(facts["version_id"]).split(".")[0]) not in TESTED:
        yield problem(
            view,
            OS_UNTESTED.name,
            "warning",
            f"fatecloud was never tested on {got}",
            expected="Debian 11, 12 or 13",
            got=got,
            remedy=(Run(f"fatecloud deploy --limit {view.facts.node}", when="to try one such node before the others"),),
            source="fact os",
        )


@node_check(ARCH)
def architecture(view: NodeView) -> Iterator[Finding]:
    """The release's interpreter and wheels run on the processor."""
    releases = {r.name: r for s in services_of(view) if s.python for r in (view.desired.release_of(s.id),)}
    got = view.fact("os")["arch"]
    other = [release for _, release in sorted(releases.items()) if release.arch != got]
    if other:
        yield problem(
            view,
            ARCH.name,
            "critical",
            f"{other[0].name} has artifacts for {other[0].arch} only",
            expected=other[0].arch,
            got=got,
            remedy=(Edit(f"place the Python services on a node with {other[0].arch}"),),
            source="fact os",
        )


@node_check(GLIBC, after=(ARCH.name,))
def c_library(view: NodeView) -> Iterator[Finding]:
    """The C library is new enough for every artifact of the release."""
    wheels = [wheel for needed in _pythons(view) for wheel in needed.wheels]
    if not wheels:
        return
    floor, wheel = max((_glibc_of(artifact.filename), artifact.filename) for artifact in wheels)
    got = view.fact("os")["glibc"]
    remedy: Remedy = Edit("place the Python services on a node with a newer distribution")
    held = [python for service in services_of(view) if (python := view.desired.python_of(service))]
    if _version(got) >= floor and held:
        # Only an interpreter may ask for more than the wheels: it was packed from the controller's system.
        newest = max(held, key=lambda python: _version(python.glibc))
        floor, wheel = _version(newest.glibc), newest.interpreter.filename
        remedy = Run(f"fatecloud release fetch {newest.requirement.release} --interpreter maven")
    if _version(got) < floor:
        yield problem(
            view,
            GLIBC.name,
            "critical",
            f"{wheel} does not run with glibc {got or '(none: not a GNU system)'}",
            expected=f"glibc {'.'.join(map(str, floor))} or newer",
            got=got or "none",
            remedy=(remedy,),
            source="fact os; the artifacts' requirements",
        )


@node_check(GLIBC_NEW, after=(ARCH.name,))
def c_library_seen(view: NodeView) -> Iterator[Finding]:
    """The release was tested with a C library as new as this one: newer ones may refuse what older ones accept."""
    oldest = min((p for p in _pythons(view) if p.glibc_seen), key=lambda p: _version(p.glibc_seen), default=None)
    if oldest is not None and _version(got := view.fact("os")["glibc"]) > _version(oldest.glibc_seen):
        yield problem(
            view,
            GLIBC_NEW.name,
            "warning",
            f"{oldest.release} was never tested with glibc {got}",
            expected=f"glibc {oldest.glibc_seen} or older",
            got=got,
            remedy=(Run(f"fatecloud deploy --limit {view.facts.node}", when="to try one such node before the others"),),
            source="fact os; the catalogue",
        )


@node_check(AVX)
def vector_unit(view: NodeView) -> Iterator[Finding]:
    """The processor has the vector instructions that numeric wheels are built for."""
    if any(s.python for s in services_of(view)) and view.fact("cpu")["flags_avx"] is False:
        yield problem(
            view,
            AVX.name,
            "warning",
            "jobs that use torch may die with `Illegal instruction`",
            expected="flag avx in /proc/cpuinfo",
            got="none",
            remedy=(
                look("grep -c avx /proc/cpuinfo", view.facts.node),
                administrator(view.facts.node, "give the virtual machine the CPU model `host-passthrough`"),
            ),
            source="fact cpu",
        )


@node_check(NO_SYSTEMD)
def init_system(view: NodeView) -> Iterator[Finding]:
    """If `supervision` is systemd, systemd is the node's init."""
    if node_of(view).supervision == "systemd" and view.fact("os")["init"] != "systemd":
        yield problem(
            view,
            NO_SYSTEMD.name,
            "critical",
            "units cannot be started on this node",
            expected="process 1 is systemd",
            got=f"process 1 is {view.fact('os')['init'] or 'unknown'}",
            remedy=(Edit(f"set `supervision: supervisor` for node {view.facts.node}"),),
            source="fact os",
        )


@node_check(INTERPRETER)
def interpreter(view: NodeView) -> Iterator[Finding]:
    """Ansible's modules have a Python that is new enough."""
    found = view.fact("interpreter")
    if found is None or _version(found["version"]) < _version(PYTHON_FLOOR):
        yield problem(
            view,
            INTERPRETER.name,
            "critical",
            "Ansible's modules cannot run on this node",
            expected=f"Python {PYTHON_FLOOR} or newer",
            got=f"{found['path']} {found['version']}" if found else f"{node_of(view).python} does not run",
            remedy=_newer_python(view, missing=found is None),
            source="fact interpreter",
        )


def _newer_python(view: NodeView, *, missing: bool) -> tuple[Remedy, ...]:
    node = node_of(view)
    if missing and node.python == PYTHON:
        install = distribution_of(family_of(view)).install_on(node.name, ("python3",))
        return (install, Edit(f"name another one as `python` of node {node.name}", instead=True))
    # The distribution's own is there already: a newer one has another name.
    return (
        administrator(node.name, f"install Python {PYTHON_FLOOR} or newer beside the one that is there"),
        Edit(f"name it as `python` of node {node.name}"),
    )


def _pythons(view: NodeView) -> list[PythonRequirement]:
    """What the Python sets of the node's services need."""
    return [needed for service in services_of(view) if (needed := view.desired.requirement_of(service))]


def _glibc_of(wheel: str) -> tuple[int, ...]:
    """The oldest glibc that one of a wheel's platform tags allows; empty for a pure or locally built one."""
    tags = [_OLD_TAGS.get(tag, tag) for tag in re.findall(r"manylinux(?:_\d+_\d+|\d+)", wheel)]
    return min((_version(tag) for tag in tags), default=())


_OLD_TAGS = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(text))[:3])
