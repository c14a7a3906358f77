"""The contract of a check: a pure function of desired and observed that yields findings.

A check never guards against absent facts: it asks through its view, and where the reading is missing the view
raises `FactAbsent`, which the engine turns into one `unknown` finding with the collector's own error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding, Severity, Subject
from fatecloud.model.judged import probe_part
from fatecloud.model.lasting import stays_away
from fatecloud.model.observed import NodeFacts, Observed, ProbeAnswer
from fatecloud.model.samples import Sample
from fatecloud.model.strain import asked_nodes, strain

OVERLOADED = "NODE_LOADED"
PENDING = "DEPLOY_PENDING"


class FactAbsent(Exception):
    """A reading that a check needs is missing; carries the collector's reason."""


class Unjudged(Exception):
    """A reading is there and says nothing about what the check judges; carries the code that says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """One finding code: finite, documented under `docs/runbooks/<CODE>.md`, never renamed or reused."""

    name: str
    severity: Severity
    sentence: str
    """One sentence for `explain --list`."""
    explained_by: tuple[str, ...] = ()
    """What may be its cause, so that the report can lead with that: kinds of edges (`database`; `*` for each hard one),
    where a finding at the target explains this one; `node` for findings of the own node; a code that was raised for the
    same subject or its node; `configuration` for a code that does not settle, and that a changed file explains like
    those that do. Which cause comes before which is in `checks/precedence.py`."""
    explains: tuple[str, ...] = ()
    """Codes for the same subject that this one explains: a component says here why its service cannot even start."""
    settles: bool = True
    """Whether it may be a passing effect of a start; then it is held back while a service settles after our start."""
    noted: bool = False
    """Whether it rests on what is noted again and again in another service, such as heartbeats in a database: nothing
    was noted while that was down, so it is also held back while anything that its service needs settles."""
    outward: bool = False
    """Whether it is about something beyond its service alone, such as the route to another party: the service itself
    works, so this explains nothing at the services that depend on it."""
    underlies: bool = False
    """Whether what fails at its service, or on its node, may rest on it, also where it is a warning itself: a changed
    file, a restart that is pending, a node under load."""
    far: bool = False
    """Whether it is about the whole way of a request: then what is behind its neighbours, by their own edges of the
    kinds in `explained_by` and within their owner, explains it as they do, also where it is one of several instances
    that others replace; it is held back while one settles. A way that leads to a party of another inventory is followed
    to its end point there, so the finding has to say whom to ask about the rest."""
    away: bool = False
    """Whether it says that the service does none of its work; then it is a warning where the other instances of its
    component suffice, see `Component.spare`."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """What a check of a node may read."""

    desired: Desired
    observed: Observed
    facts: NodeFacts
    settling: frozenset[str] = field(default=frozenset(), kw_only=True)
    """Keys of the services that come up now: what they do not answer yet shows nothing."""

    @property
    def subject(self) -> Subject:
        """The node as a finding's subject."""
        return Subject(node=self.facts.node)

    def history(self, name: str) -> tuple[Sample, ...]:
        """Samples of earlier checks and of this one, in the order of time; empty where there are none.

        They are those of this controller. How to judge them: `model.samples.slope` and `seconds_until`.

        Args:
            name: one that the check's `samples` gives for this subject.
        """
        return self.observed.history.get(str(self.subject), {}).get(name, ())

    def histories(self, prefix: str) -> dict[str, tuple[Sample, ...]]:
        """The samples under each name that begins so, by the rest of the name: for values whose names nodes give."""
        series = self.observed.history.get(str(self.subject), {})
        return {name[len(prefix) :]: found for name, found in series.items() if name.startswith(prefix)}

    def fact(self, name: str) -> Any:
        """The value of a fact.

        Raises:
            FactAbsent: it was not read; with the collector's error.
            Unjudged: it was not read in time, on a node that has more work than it can do.
        """
        reading = self.facts.fact(name)
        if reading.late and strain(self.facts.fact("load").value):
            raise Unjudged(OVERLOADED)
        if not reading.ok:
            raise FactAbsent(f"{name}: {reading.error}")
        return reading.value


@dataclass(frozen=True, slots=True)
class ServiceView(NodeView):
    """What a check of a service may read."""

    service: DesiredService

    @property
    def subject(self) -> Subject:
        """The service as a finding's subject."""
        ident = self.service.id
        return Subject(owner=ident.owner, node=ident.node, service=ident.key)

    @property
    def state(self) -> dict[str, Any]:
        """The service's entry of the `services` fact. Raises FactAbsent."""
        entry = self.fact("services").get(self.service.id.key)
        if entry is None:
            raise FactAbsent(f"services: nothing about {self.service.id.key}")
        return dict(entry)

    def require_deployed(self, part: str) -> None:
        """Raise Unjudged where a part of the service, see `model.judged`, differs from what was deployed."""
        if part in self.service.undeployed:
            raise Unjudged(PENDING)

    def probe(self, name: str) -> ProbeAnswer:
        """The answer of an own probe, also a failed one.

        Raises:
            FactAbsent: it was not asked.
            Unjudged: what it asks about is not deployed yet; or it came too late, though not for long, and a node that
                was asked has more work than it can do.
        """
        self.require_deployed(probe_part(name))
        if any(probe.name == name and probe.user == "service" for probe in self.service.probes):
            self.require_deployed("user")
        answer = self.facts.probes.get(f"{self.service.id.key}:{name}")
        if answer is None:
            raise FactAbsent(f"probe {name} of {self.service.id.key} was not asked")
        # A partner that does not answer is one behind a firewall, unless our own answers are late as well.
        if answer.delayed or (answer.peers_late and self.facts.behind):
            nodes = asked_nodes(self.desired, self.service, name)
            loaded = any(strain(seen.fact("load").value) for node in nodes if (seen := self.observed.reached(node)))
            if loaded and not stays_away(self.service, self.desired, self.observed, name):
                raise Unjudged(OVERLOADED)
        return answer


Samples = Callable[[Any], Mapping[str, float]]
"""Gets the view of a check, and gives the numbers that are to be kept, by name. Pure; it may raise FactAbsent."""
NodeCheck = Callable[[NodeView], Iterable[Finding]]
ServiceCheck = Callable[[ServiceView], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check as the engine sees it."""

    name: str
    codes: tuple[Code, ...]
    scope: str
    """`node` or `service`."""
    component: str
    """The component whose services it judges; empty for every service (or for node checks)."""
    after: tuple[str, ...]
    """Codes that, when raised for the same subject, make this check skip: one cause, one finding."""
    function: Callable[[Any], Iterable[Finding]]
    while_down: bool = False
    """Whether a component's check judges its service also while that is down: its probe needs no running process."""
    kinds: frozenset[str] = frozenset()
    """Kinds (`Component.kind`) of the services that it judges; empty for every generation of the component."""
    probe: str = ""
    """Name of a probe: then it judges the services that have it, of whatever component."""
    early: bool = False
    """Whether preflight judges by it as well: its probe is early, see `NodeProbe`."""
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """Names that preflight must ask the nodes about for it, by fact: `sysctl`, `tools`."""
    samples: Samples | None = field(default=None, compare=False)
    """What is kept of each check for it, see `NodeView.history`."""

    def is_for(self, service: DesiredService | None) -> bool:
        """Whether it judges a service; None stands for a node."""
        if service is None or self.scope == "node":
            return service is None and self.scope == "node"
        if self.probe:
            return self.probe in {probe.name for probe in service.probes}
        own = self.component == service.id.component and (not self.kinds or service.kind in self.kinds)
        return own or not self.component


def node_check(
    *codes: Code, after: tuple[str, ...] = (), samples: Samples | None = None
) -> Callable[[NodeCheck], CheckSpec]:
    """Declare a check that runs once per reached node; for `samples` see `NodeView.history`."""

    def declare(function: NodeCheck) -> CheckSpec:
        return CheckSpec(function.__name__, codes, "node", "", after, function, samples=samples)

    return declare


def service_check(
    *codes: Code,
    component: str = "",
    after: tuple[str, ...] = (),
    while_down: bool = False,
    probe: str = "",
    early: bool = False,
    samples: Samples | None = None,
) -> Callable[[ServiceCheck], CheckSpec]:
    """Declare a check that runs once per service of a component, or with a probe (of every one when both are empty).

    For `samples` see `NodeView.history`.
    """

    def declare(function: ServiceCheck) -> CheckSpec:
        return CheckSpec(
            function.__name__,
            codes,
            "service",
            component,
            after,
            function,
            while_down,
            probe=probe,
            early=early,
            samples=samples,
        )

    return declare


def preflight_check(
    *codes: Code,
    component: str = "",
    after: tuple[str, ...] = (),
    sysctl: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Iterable[Finding]]], CheckSpec]:
    """Declare a check that runs before a deployment: once per node, or once per service of a component.

    Nothing of the service has to be there yet: the check compares what the service wants with facts of its node. A
    component's stand in its module `preflight`, and their codes begin with PREFLIGHT.

    Args:
        codes: a check all of whose codes are warnings never blocks a deployment, also where its facts are missing.
        component: the component whose services it judges; empty for a check of the node.
        after: codes that make it skip.
        sysctl: names of kernel settings that it needs in the fact `sysctl`.
        tools: names of programs that it needs in the fact `tools`.
    """
    reads = {"sysctl": sysctl, "tools": tools}

    def declare(function: Callable[[Any], Iterable[Finding]]) -> CheckSpec:
        scope = "service" if component else "node"
        return CheckSpec(function.__name__, codes, scope, component, after, function, reads=reads)

    return declare
