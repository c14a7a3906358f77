"""Preflight of how a node is set up: tools, environment, locale, kernel settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.checks.preflight_need import family_of, node_of, problem, services_of, set_for_good
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check, preflight_check
from fatecloud.model.distributions import distribution_of
from fatecloud.model.finding import Finding, Fix
from fatecloud.model.remedy import Edit, Remedy, Run, administrator

SOMAXCONN = 1024

TOOLS = Code("PREFLIGHT_TOOLS", "critical", "The node lacks basic tools that a deployment uses.")
PROXY_ENV = Code("PREFLIGHT_PROXY_ENV", "warning", "Proxy variables would send the cluster's own traffic to a proxy.")
LOCALE = Code("PREFLIGHT_LOCALE", "warning", "The node has no UTF-8 locale.")
SYSCTL = Code("PREFLIGHT_SYSCTL_SOMAXCONN", "warning", "The kernel's accept queue is short for bursts of connections.")


_TOOLS = ("gzip", "sh", "sha256sum", "tar")


@preflight_check(TOOLS, tools=(*_TOOLS, "systemctl"))
def tools(view: NodeView) -> Iterator[Finding]:
    """The tools that a deployment calls are installed."""
    needed = {*_TOOLS} | ({"systemctl"} if node_of(view).supervision == "systemd" else set())
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
            remedy=(_packages(view, missing),),
            source="fact tools",
        )


def _packages(view: NodeView, missing: Sequence[str]) -> Remedy:
    distribution = distribution_of(family_of(view))
    names = sorted({distribution.tools.get(tool, tool) for tool in missing})
    return distribution.install_on(view.facts.node, tuple(names))


def _make_locale(view: NodeView) -> Iterator[Remedy]:
    distribution, node = distribution_of(family_of(view)), view.facts.node
    package, make = distribution.locale
    if not package:
        yield administrator(node, "make a UTF-8 locale, such as C.UTF-8")
        return
    yield distribution.install_on(node, (package,))
    if make:
        yield Run(make, node, root=True)


@node_check(PROXY_ENV)
def proxy_environment(view: NodeView) -> Iterator[Finding]:
    """If proxy variables are set, no_proxy covers the cluster's own addresses."""
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
            f"{names} set, but no_proxy does not cover {', '.join(exposed)}",
            cause="the services start with a clean environment; commands typed on the node, and FATE's client, do not",
            expected="no_proxy with the cluster's addresses",
            got=f"no_proxy={environment.get('no_proxy', '')}",
            remedy=(Edit(f"add to no_proxy: {','.join(exposed)}", "/etc/environment", view.facts.node),),
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
            remedy=tuple(_make_locale(view)),
            source="fact environment",
        )


@preflight_check(SYSCTL, sysctl=("net.core.somaxconn",))
def accept_queue(view: NodeView) -> Iterator[Finding]:
    """If peers connect to the node, the kernel's accept queue is long enough."""
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
            remedy=set_for_good(view, "net.core.somaxconn", SOMAXCONN),
            source="fact sysctl",
            fix=Fix("sysctl", view.facts.node, {"name": "net.core.somaxconn", "value": SOMAXCONN})
            if node_of(view).become == "root"
            else None,
        )
