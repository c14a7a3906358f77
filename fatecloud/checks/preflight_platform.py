"""Preflight of what a node is: operating system, processor, init, interpreter, tools, environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.checks.preflight_need import missing_packages, node_of, packages_of, problem, services_of
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.finding import Finding, Fix

TESTED = frozenset({("debian", "11"), ("debian", "12"), ("debian", "13")})
PYTHON_FLOOR = "3.9"
"""What the newest supported ansible-core asks of a node; a workflow that knows better says so in the notes."""
SOMAXCONN = 1024

OS_UNTESTED = Code("PREFLIGHT_OS_UNTESTED", "warning", "The node's operating system is not one of the tested ones.")
OS_FAMILY = Code("PREFLIGHT_OS_FAMILY", "critical", "No distribution package names are known for this system.")
ARCH = Code("PREFLIGHT_ARCH", "critical", "The release's artifacts do not run on this processor.")
GLIBC = Code("PREFLIGHT_GLIBC_OLD", "critical", "The C library is older than what the release's wheels are built for.")
AVX = Code("PREFLIGHT_CPU_AVX", "warning", "The processor shows no AVX, which FATE's numeric libraries expect.")
NO_SYSTEMD = Code("PREFLIGHT_NO_SYSTEMD", "critical", "Supervision is systemd, but systemd is not the node's init.")
INTERPRETER = Code("PREFLIGHT_INTERPRETER", "critical", "The node has no Python that Ansible can use.")
TOOLS = Code("PREFLIGHT_TOOLS", "critical", "The node lacks plain tools that a deployment uses.")
PROXY_ENV = Code("PREFLIGHT_PROXY_ENV", "warning", "Proxy variables would send the cluster's own traffic to a proxy.")
LOCALE = Code("PREFLIGHT_LOCALE", "warning", "The node has no UTF-8 locale.")
SYSCTL = Code("PREFLIGHT_SYSCTL_SOMAXCONN", "warning", "The kernel's accept queue is short for bursts of connections.")
PACKAGES = Code("PREFLIGHT_PACKAGES_MISSING", "critical", "Packages that nobody will install are missing.")


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
            expected="a system of a known family (debian, redhat)",
            got=f"family {facts['family'] or 'unknown'}",
            remedy=("place these services on another node, or use an external service in the inventory",),
            source="fact os",
        )
    elif (facts["id"], str(facts["version_id"]).split(".")[0]) not in TESTED:
        yield problem(
            view,
            OS_UNTESTED.name,
            "warning",
            f"{got} was never run in our tests",
            expected="Debian 11, 12 or 13",
            got=got,
            remedy=("go on, and try `fatecloud deploy` on one such node before the others",),
            source="fact os",
        )


@node_check(ARCH)
def architecture(view: NodeView) -> Iterator[Finding]:
    """The release's interpreter and wheels run on the processor."""
    wanted = view.desired.release.arch
    got = view.fact("os")["arch"]
    if any(s.python for s in services_of(view)) and got != wanted:
        yield problem(
            view,
            ARCH.name,
            "critical",
            f"{view.desired.release.name} has artifacts for {wanted} only",
            expected=wanted,
            got=got,
            remedy=(f"place the Python services on a node with {wanted}",),
            source="fact os",
        )


@node_check(GLIBC, after=(ARCH.name,))
def c_library(view: NodeView) -> Iterator[Finding]:
    """The C library is new enough for every wheel of the release."""
    if not any(s.python for s in services_of(view)):
        return
    wheels = view.desired.python.wheels if view.desired.python else view.desired.release.python.lock
    floor, wheel = max(((_glibc_of(artifact.filename), artifact.filename) for artifact in wheels), default=((), ""))
    got = view.fact("os")["glibc"]
    if _version(got) < floor:
        yield problem(
            view,
            GLIBC.name,
            "critical",
            f"{wheel} does not run with glibc {got or '(none: not a GNU system)'}",
            expected=f"glibc {'.'.join(map(str, floor))} or newer",
            got=got or "none",
            remedy=("use a newer distribution for this node, or place the Python services elsewhere",),
            source="fact os; wheel file names",
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
                "set the virtual machine's CPU model to the host's (`host-passthrough`)",
                "grep -c avx /proc/cpuinfo",
            ),
            source="fact cpu",
        )


@node_check(NO_SYSTEMD)
def init_system(view: NodeView) -> Iterator[Finding]:
    """Where systemd shall supervise, it runs."""
    if node_of(view).supervision == "systemd" and view.fact("os")["init"] != "systemd":
        yield problem(
            view,
            NO_SYSTEMD.name,
            "critical",
            "units cannot be started on this node",
            expected="process 1 is systemd",
            got=f"process 1 is {view.fact('os')['init'] or 'unknown'}",
            remedy=("set `supervision: supervisor` for this node in the inventory",),
            source="fact os",
        )


@node_check(INTERPRETER)
def interpreter(view: NodeView) -> Iterator[Finding]:
    """Ansible's modules have a Python that is new enough."""
    found = view.fact("interpreter")
    floor = str(view.observed.notes.get("ansible_python_floor", PYTHON_FLOOR))
    if found is None or _version(found["version"]) < _version(floor):
        yield problem(
            view,
            INTERPRETER.name,
            "critical",
            "Ansible's modules cannot run on this node",
            expected=f"Python {floor} or newer",
            got=f"{found['path']} {found['version']}" if found else "none",
            remedy=("apt-get install python3", f"or name a newer one as `python` of node {view.facts.node}"),
            source="fact interpreter",
        )


@node_check(TOOLS)
def tools(view: NodeView) -> Iterator[Finding]:
    """The few tools that a deployment calls are there."""
    needed = {"sh", "tar", "gzip", "sha256sum"} | ({"systemctl"} if node_of(view).supervision == "systemd" else set())
    have = view.fact("tools")
    unasked = sorted(needed - set(have))
    if unasked:
        raise FactAbsent(f"tools: the collector did not look for {', '.join(unasked)}")
    missing = sorted(name for name in needed if not have[name])
    if missing:
        yield problem(
            view,
            TOOLS.name,
            "critical",
            f"not found on PATH: {', '.join(missing)}",
            expected=", ".join(sorted(needed)),
            got="missing: " + ", ".join(missing),
            remedy=("apt-get install tar gzip coreutils   # or: dnf install tar gzip coreutils",),
            source="fact tools",
        )


@node_check(PROXY_ENV)
def proxy_environment(view: NodeView) -> Iterator[Finding]:
    """Proxy variables, where set, spare the cluster's own addresses."""
    environment = view.fact("environment")
    if not environment["proxy"]:
        return
    spared = {part.strip().lstrip(".") for part in str(environment.get("no_proxy", "")).split(",") if part.strip()}
    own = {node.advertise for node in view.desired.cluster.nodes.values()}
    exposed = sorted(own - spared) if "*" not in spared else []
    if exposed:
        names = ", ".join(sorted(environment["proxy"]))
        yield problem(
            view,
            PROXY_ENV.name,
            "warning",
            f"{names} set without sparing {', '.join(exposed)}",
            cause="our services start with a clean environment; commands typed on the node, and FATE's client, do not",
            expected="no_proxy names the cluster's addresses",
            got=f"no_proxy={environment.get('no_proxy', '')}",
            remedy=(f"add to no_proxy in /etc/environment: {','.join(exposed)}",),
            source="fact environment",
        )


@node_check(LOCALE)
def locale(view: NodeView) -> Iterator[Finding]:
    """Text in UTF-8 can be read and written."""
    if not view.fact("environment")["locale_utf8"]:
        yield problem(
            view,
            LOCALE.name,
            "warning",
            "names and logs that are not ASCII will be garbled",
            expected="C.UTF-8 or another UTF-8 locale",
            got="none in `locale -a`",
            remedy=("localedef -i en_US -f UTF-8 en_US.UTF-8",),
            source="fact environment",
        )


@node_check(SYSCTL)
def accept_queue(view: NodeView) -> Iterator[Finding]:
    """Where peers connect, the kernel's accept queue is long enough."""
    if not any(port.peers for s in services_of(view) for port in s.ports):
        return
    value = view.fact("sysctl").get("net.core.somaxconn")
    if value is None:
        raise FactAbsent("sysctl: nothing about net.core.somaxconn")
    if int(value) < SOMAXCONN:
        yield problem(
            view,
            SYSCTL.name,
            "warning",
            "bursts of connections from peers may be refused",
            expected=f"net.core.somaxconn >= {SOMAXCONN}",
            got=str(value),
            remedy=(f"sysctl -w net.core.somaxconn={SOMAXCONN}",),
            source="fact sysctl",
            fix=Fix("sysctl", view.facts.node, {"name": "net.core.somaxconn", "value": SOMAXCONN})
            if node_of(view).become == "root"
            else None,
        )


@node_check(PACKAGES, after=(OS_FAMILY.name,))
def preinstalled(view: NodeView) -> Iterator[Finding]:
    """Where packages are the administrators' business, they are there."""
    if node_of(view).packages != "preinstalled" or not packages_of(view, view.fact("os")["family"]):
        return
    missing = missing_packages(view)
    if missing:
        yield problem(
            view,
            PACKAGES.name,
            "critical",
            f"`packages: preinstalled`, but {', '.join(missing)} missing",
            expected=", ".join(packages_of(view, view.fact("os")["family"])),
            got="missing: " + ", ".join(missing),
            remedy=(install_command(view.fact("os")["family"], missing),),
            source="fact packages",
        )


def install_command(family: str, names: tuple[str, ...]) -> str:
    """What an administrator types to install packages."""
    tool = {"debian": "apt-get install", "redhat": "dnf install"}.get(family, "install with the system's own tool:")
    return f"{tool} {' '.join(names)}"


def _glibc_of(wheel: str) -> tuple[int, ...]:
    """The oldest glibc that one of a wheel's platform tags allows; empty for a pure or locally built one."""
    tags = [_OLD_TAGS.get(tag, tag) for tag in re.findall(r"manylinux(?:_\d+_\d+|\d+)", wheel)]
    return min((_version(tag) for tag in tags), default=())


_OLD_TAGS = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(text))[:3])
