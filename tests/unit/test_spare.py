"""An instance that is away is a warning while the others do the work of all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving_world import FOLLOWER, LEADER, REDIS, desired

from fatecloud.checks.engine import judge
from fatecloud.model.check import CheckSpec, Code, ServiceView, service_check
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import NodeFacts, Observed, ProbeAnswer, Unreachable

THIRD = "serving/zookeeper@n3"
AWAY = Code("X_AWAY", "critical", "It does not work.", away=True)
LOSS = Code("X_LOSS", "critical", "Its data are gone.")
MISSES = Code("X_MISSES", "warning", "It misses another one.", ("member",))
REFUSES = Code("X_REFUSES", "critical", "It refuses, for another one.", ("member",))
FAILS = Code("X_FAILS", "critical", "Its request is lost.", ("member",), outward=True, far=True)
EVERY = tuple(sorted(desired().services))


def raises(code: Code, *keys: str, about: str = "") -> CheckSpec:
    @service_check(code)
    def check(view: ServiceView) -> Iterator[Finding]:
        if view.service.id.key in keys:
            yield Finding(code.name, code.severity, view.subject, "it is stopped", about=about)

    return check


def report(*specs: CheckSpec, silent: tuple[str, ...] = (), lost: tuple[str, ...] = ()) -> Report:
    """What the engine says of the group.

    Args:
        silent: services whose readiness probe finds that they do not work.
        lost: nodes that cannot be read.
    """
    nodes: dict[str, NodeFacts | Unreachable] = {}
    for node in ("n1", "n2", "n3"):
        probes = {
            f"{service.id.key}:{service.readiness}": ProbeAnswer(0, {"ok": service.id.key not in silent}, None, 0.1)
            for service in desired().on_node(node)
        }
        nodes[node] = Unreachable(node, "NODE_TIMEOUT", "slow") if node in lost else NodeFacts(node, {}, probes, 0.1)
    return judge(desired(), Observed(nodes, 0.0), specs)


def test_one_of_three_is_a_warning_that_says_what_does_without_it() -> None:
    (found,) = report(raises(AWAY, THIRD), silent=(THIRD,)).findings
    assert (found.code, found.severity) == ("X_AWAY", "warning")
    assert found.symptom == "it is stopped; 2 of 3 instances work, and do without it"


@pytest.mark.parametrize(
    ("away", "silent", "lost"),
    [
        ((FOLLOWER, THIRD), (), ()),
        ((THIRD,), (LEADER,), ()),
        ((THIRD,), (), ("n2",)),
        ((REDIS,), (), ()),
    ],
    ids=["two are away", "one more does not answer", "one more is not read", "a component that needs each"],
)
def test_it_stays_critical_where_the_others_do_not_suffice(
    away: tuple[str, ...], silent: tuple[str, ...], lost: tuple[str, ...]
) -> None:
    found = report(raises(AWAY, *away), silent=silent, lost=lost).findings
    assert {finding.severity for finding in found if finding.code == "X_AWAY"} == {"critical"}


def test_what_says_more_than_that_an_instance_is_away_stays_critical() -> None:
    (found,) = report(raises(LOSS, THIRD), silent=(THIRD,)).findings
    assert found.severity == "critical"


def test_a_lowered_finding_explains_warnings_and_nothing_worse() -> None:
    specs = (raises(AWAY, THIRD), raises(MISSES, LEADER, about=THIRD), raises(REFUSES, FOLLOWER, about=THIRD))
    causes = {finding.code: finding.caused_by for finding in report(*specs, silent=(THIRD,)).findings}
    assert causes == {"X_AWAY": (), "X_MISSES": (f"X_AWAY@{THIRD}",), "X_REFUSES": ()}


def test_a_request_that_may_have_met_it_is_explained_by_it() -> None:
    found = report(raises(AWAY, THIRD), raises(FAILS, LEADER, FOLLOWER, about=THIRD), silent=(THIRD,)).findings
    causes = {str(finding.subject): finding.caused_by for finding in found if finding.code == "X_FAILS"}
    assert causes == dict.fromkeys((LEADER, FOLLOWER), (f"X_AWAY@{THIRD}",))
    (alone,) = report(raises(FAILS, LEADER, about=THIRD)).findings
    assert alone.caused_by == ()


@pytest.mark.parametrize("key", EVERY)
def test_an_ensemble_of_three_can_do_without_one(key: str) -> None:
    assert desired().services[key].spare == (1 if "zookeeper" in key else 0)
