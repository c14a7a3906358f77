"""Whole clusters as they are resolved, what their services answer when all is well, and ways to break them.

The inventories are those of the golden files; the answers and the faults of a component are in `fixtures/components`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml

from fatecloud import catalogue
from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.inventory import load
from fatecloud.model.check import CheckSpec
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.samples import Sample
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

FLOW, MYSQL, RABBITMQ, NGINX = (f"9999/{name}@a1" for name in ("flow", "mysql", "rabbitmq", "nginx"))
THEIRS = "10000/nginx@b1"
NOW = 1_795_000_000.0
GOLDEN = Path(__file__).parents[1] / "golden"
INVENTORIES = sorted(path.stem for path in GOLDEN.glob("*.yml"))
FIXTURES = Path(__file__).parent / "fixtures" / "components"
MORE = FIXTURES.parent / "inventories"

Answers = dict[str, dict[str, Any]]
"""`<service key>:<probe>` -> the document that the probe printed; `<service key>` -> parts of its state."""
EARLIER = "earlier"
"""Among answers: the samples of earlier looks, by key of the service."""
Change = Callable[[Answers], object]


@cache
def desired(example: str = "two-party") -> Desired:
    """One of the golden inventories, or of those in `fixtures/inventories`, resolved."""
    file = next(path for path in (GOLDEN / f"{example}.yml", MORE / f"{example}.yml") if path.exists())
    cluster = load(file)
    return resolve(cluster, catalogue.releases_of(cluster))


@cache
def rendered(key: str, example: str = "two-party") -> dict[str, DesiredFile]:
    """The files of one service by their path below its home, or their whole path elsewhere."""
    service = desired(example).services[key]
    files = render_specs(service.specs, key, folder("templates"))
    return {file.path.removeprefix(f"{service.home}/"): file for file in files}


def service(key: str, example: str = "two-party") -> DesiredService:
    return desired(example).services[key]


def healthy(key: str, example: str = "two-party") -> Answers:
    """What the probes of one service answer when all is well, from the file of its component; seen on real clusters.

    A generation whose answers are others has a file of its own.
    """
    folder = FIXTURES / desired(example).services[key].id.component
    files = (folder / desired(example).services[key].generation / "healthy.yml", folder / "healthy.yml")
    file = next((file for file in files if file.exists()), None)
    answers = filled_in(file, key, example) if file else {}
    return {f"{key}:{probe}": answer for probe, answer in answers.items()}


def filled_in(file: Path, key: str, example: str) -> dict[str, Any]:
    """A file of answers as one service gives them.

    `$party`, `$node` and `$own` are its party, its node and that node's address, `$other` and `$address` those of
    the other party, one that it can run jobs with.
    """
    wanted = desired(example)
    found = wanted.services[key].id
    others = wanted.cluster.others(found.owner)
    words = {"party": found.owner, "node": found.node, "own": wanted.cluster.nodes[found.node].address}
    for peer, known in ((name, peer) for name, peer in wanted.cluster.peers.items() if name in others):
        words |= {"other": peer, "address": next(iter(known.endpoints.values())).host}
    groups = wanted.cluster.groups
    # Groups of serving stand for a party each.
    alone = found.owner not in groups or len(groups) == 1
    alike = {*wanted.cluster.parties} & {*others} if alone else {*groups} - {found.owner}
    for other in (s.id for s in wanted.services.values() if s.id.owner in alike):
        words |= {"other": other.owner, "address": wanted.cluster.nodes[other.node].address}
    return dict(_put(_read(file), words))


@cache
def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def _put(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_put(key, words): _put(entry, words) for key, entry in value.items()}
    if isinstance(value, list):
        return [_put(entry, words) for entry in value]
    return Template(value).substitute(words) if isinstance(value, str) else value


@dataclass(frozen=True)
class Case:
    """A fault of one component: a file `CODE.WORDS.yml` in its `faults`."""

    component: str
    code: str
    file: Path

    def __str__(self) -> str:
        return f"{self.component}/{self.file.stem}"

    @property
    def example(self) -> str:
        """The inventory that the file names, else the first one that has the component: `two-party`, then others."""
        named = yaml.safe_load(self.file.read_text()).get("example")
        return named or next(name for name in ("two-party", *INVENTORIES) if self._keys(name))

    @property
    def key(self) -> str:
        """The service at which it is found."""
        return self._keys(self.example)[0]

    def change(self, answers: Answers) -> None:
        """Let the service answer as the file says: `changed` are parts of answers, `whole` answers; `state` is its own.

        `states` are those of its neighbours, `beside` what others on its node answer; `seen` are names of samples of
        earlier looks, with the age of each.
        """
        said = filled_in(self.file, self.key, self.example)
        for probe, parts in said.get("changed", {}).items():
            answers[f"{self.key}:{probe}"] |= parts
        for probe, document in said.get("whole", {}).items():
            answers[f"{self.key}:{probe}"] = document
        owner, _, node = self.key.replace("/", "@").split("@")
        for component, changed in said.get("beside", {}).items():
            for probe, parts in changed.items():
                answers[f"{owner}/{component}@{node}:{probe}"] |= parts
        states = {self.key: said["state"]} if "state" in said else {}
        for key, state in {**states, **said.get("states", {})}.items():
            answers[key] = state
        looks = {name: (Sample(NOW - age, 1.0),) for name, age in said.get("seen", {}).items()}
        answers[EARLIER] = {self.key: looks} if looks else {}

    def _keys(self, example: str) -> list[str]:
        return [s.id.key for s in desired(example).services.values() if s.id.component == self.component]


CASES = [Case(file.parts[-3], file.name.partition(".")[0], file) for file in sorted(FIXTURES.glob("*/faults/*.yml"))]


def set_answer(key: str, **values: Any) -> Change:
    """Replace parts of one answer; `a__b` reaches into the part `a`."""

    def change(answers: Answers) -> None:
        for path, value in values.items():
            place: Any = answers[key]
            *inner, last = path.split("__")
            for step in inner:
                place = place[step]
            place[last] = value

    return change


def say(key: str, **document: Any) -> Change:
    """Replace one whole answer."""
    return lambda answers: answers.update({key: document})


def observed(
    *changes: Change, silent: tuple[str, ...] = (), lost: tuple[str, ...] = (), example: str = "two-party"
) -> Observed:
    """What is read of the healthy cluster after changes to what its services answer.

    Args:
        changes: applied in order.
        silent: probes that printed nothing.
        lost: nodes that were not reached.
        example: the inventory of the cluster.
    """
    wanted = desired(example)
    answers: Answers = {}
    for key in wanted.services:
        answers |= deepcopy(healthy(key, example))
    for change in changes:
        change(answers)
    history = answers.pop(EARLIER, {})
    nodes: dict[str, NodeFacts | Unreachable] = {}
    for node in wanted.cluster.nodes:
        keys = [s.id.key for s in wanted.on_node(node)]
        probes = {
            name: ProbeAnswer(None, None, "timeout after 10 s", 10.0)
            if name in silent
            else ProbeAnswer(0, document, None, 0.1)
            for name, document in answers.items()
            if ":" in name and name.partition(":")[0] in keys
        }
        states = {key: {"state": "running"} | answers.get(key, {}) for key in keys}
        facts = {"clock": Fact({"epoch": NOW}), "services": Fact(states)}
        nodes[node] = NodeFacts(node, facts, probes, 0.5)
    nodes |= {node: Unreachable(node, "NODE_TIMEOUT", "no answer within 20 s") for node in lost}
    return Observed(nodes, NOW, 0.7, {}, history)


def report(*changes: Change, silent: tuple[str, ...] = (), example: str = "two-party", settle: float = 0) -> Report:
    """The components' checks on the healthy cluster after changes to what its services answer; see `observed`.

    Args:
        settle: seconds for which findings are held back after a start.
    """
    seen = observed(*changes, silent=silent, example=example)
    return judge(desired(example), seen, component_checks(), settle)


def before(spec: CheckSpec, key: str, **facts: Any) -> list[Finding]:
    """What a component's preflight check finds at one service, given the facts of its node."""
    node = key.rpartition("@")[2]
    seen = NodeFacts(node, {name: Fact(value) for name, value in facts.items()}, {}, 0.5)
    return list(judge(desired(), Observed({node: seen}, NOW, 0.7, {}), [spec], selected=[key]).findings)


def findings(*changes: Change, **more: Any) -> list[Finding]:
    return list(report(*changes, **more).findings)


def root_codes(*changes: Change, **more: Any) -> list[str]:
    """`CODE@subject` of what nothing else explains."""
    return [finding.id for finding in findings(*changes, **more) if not finding.caused_by]
