"""What two parties' checks see of one fault, as two exports of one facts file: each has its own side alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from component_world import Answers, Change, desired, observed, say, set_answer

from fatecloud.checks.causes import explain
from fatecloud.checks.engine import judge
from fatecloud.checks.one_side import one_side
from fatecloud.checks.registry import all_codes
from fatecloud.components.declared import component_checks
from fatecloud.model.export import Export
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.report.export import export_document
from fatecloud.workflow.export_shape import export_of

PAIR, OSX, ROLLSITE, STAR, WORKERS = "two-party", "eggroll", "eggroll-rollsite", "eggroll-exchange", "eggroll-workers"
PAIRS = (PAIR, OSX, ROLLSITE)
DOWN = {"ok": False, "kind": "refused", "error": "connection refused"}
LATE = {"ok": False, "kind": "timeout", "error": "no answer within 3 s"}
ROUTERS = {PAIR: "nginx", OSX: "osx", ROLLSITE: "rollsite", WORKERS: "osx", STAR: "osx"}


def everyone(answers: Answers) -> None:
    """In a star each router answers about all the others."""
    parties = {*desired(STAR).cluster.parties, *desired(STAR).cluster.peers}
    for name, document in answers.items():
        if "peers" in document:
            (one,) = document["peers"].values()
            document["peers"] = {party: json.loads(json.dumps(one)) for party in parties - {name.partition("/")[0]}}


def about(name: str, party: str, **answer: Any) -> Change:
    """Replace what a probe answers about one party."""
    return lambda answers: answers[name]["peers"].update({party: answer})


def behind(**answer: Any) -> dict[str, Any]:
    """What a probe answers where the other router is there, and this is what came from behind it."""
    return {"ok": True, "behind": answer}


def found(code: str, key: str) -> Finding:
    """A finding about a service or a node."""
    owner, _, rest = key.rpartition("/")
    subject = Subject(owner, rest.rpartition("@")[2], key) if owner else Subject(node=key)
    return Finding(code, all_codes()[code].severity, subject, "it is so", source="probe x")


def facts(example: str, *changes: Change, lost: tuple[str, ...] = (), why: str = "NODE_TIMEOUT") -> Observed:
    first = (everyone,) if example == STAR else ()
    seen = observed(*first, *changes, example=example, lost=lost)
    skew = Fact({"seconds": 0.1, "uncertainty": 0.1})
    nodes = {
        name: replace(one, facts={**one.facts, "skew": skew}) if isinstance(one, NodeFacts) else replace(one, code=why)
        for name, one in seen.nodes.items()
    }
    return replace(seen, nodes=nodes)


def reported(example: str, seen: Observed, *more: Finding) -> Report:
    """The report of the components' checks, with findings that rest on facts which the fixtures lack."""
    report = judge(desired(example), seen, component_checks(), 0)
    explained = explain(
        [*more, *(replace(one, caused_by=()) for one in report.findings)], all_codes(), desired(example)
    )
    return replace(report, findings=tuple(explained))


def side(example: str, partner: str, *changes: Change, more: tuple[Finding, ...] = (), **lost: Any) -> Export:
    """The export for a partner, as it is after it was written and read; `lost` and `why` as for `facts`."""
    seen = facts(example, *changes, **lost)
    made = one_side(desired(example), seen, reported(example, seen, *more), partner, "0.1.0")
    return export_of(export_document(replace(made, tag="7c2e")))


def both(
    example: str, *changes: Change, more: tuple[Finding, ...] = (), lost: tuple[str, ...] = ()
) -> tuple[Export, Export]:
    """The exports of parties 9999 and 10000 for each other, of one and the same fault."""
    return side(example, "10000", *changes, more=more, lost=lost), side(example, "9999", *changes, more=more, lost=lost)


def peers(example: str) -> str:
    """The probe with which party 9999's router asks the others."""
    router = ROUTERS[example]
    node = {WORKERS: "gate"}.get(example, "a1")
    return f"9999/{router}@{node}:{router}.peers"


def to_partner(example: str, **answer: Any) -> tuple[Change, ...]:
    """What party 9999's router hears about party 10000."""
    return (about(peers(example), "10000", **answer),)


def seen_as(word: str, example: str) -> tuple[str, tuple[Change, ...]]:
    """The inventory and the facts with which party 9999 sees this on its way to party 10000."""
    bad: Mapping[str, dict[str, Any]] = {
        "blocked": LATE,
        "refused": DOWN,
        "silent": {"ok": False, "kind": "silent", "error": "connected, then no answer"},
        "foreign": {"ok": False, "kind": "foreign", "error": "its answer is not a proxy's"},
        "unwell": {"ok": False, "kind": "status", "error": "UNKNOWN"},
        "party": {"ok": False, "kind": "party", "error": "it is of party 7"},
        "denied": {"ok": False, "kind": "denied", "error": "403"},
        "names": {"ok": False, "kind": "name", "error": "the name does not resolve here"},
        "large": behind(ok=False, kind="large", error="short ones only"),
        "misrouted": behind(ok=False, kind="party", error="no entry for party 10000"),
        "behind": behind(ok=False, kind="status", error="HTTP 502"),
    }
    signed = {"signature": "refused", "clock": "clock", "headers": "headers"}
    if word in bad:
        return example, to_partner(example, **bad[word])
    if word in signed:
        return PAIR, (about("9999/flow@a1:flow.sites", "10000", ok=False, kind=signed[word], error="5002", own=""),)
    return {
        "works": (example, ()),
        "own": (example, (say("9999/flow@a1:flow.proxy", **DOWN),)),
        "inside": (WORKERS, (say("9999/flow@flow:flow.proxy", **LATE),)),
        "exchange": (STAR, (about("9999/osx@a1:osx.peers", "10000", exchange=True, **DOWN),)),
        "route": (PAIR, (set_answer("9999/nginx@a1:nginx.http", missing=["10000"]),)),
    }[word]


def found_as(word: str, example: str) -> dict[str, Any]:
    """The facts with which party 10000 finds this at itself."""
    router = ROUTERS[example]
    more: dict[str, dict[str, Any]] = {
        "well": {},
        "router": {"more": (found("SERVICE_STOPPED", f"10000/{router}@b1"),)},
        "node": {"more": (found("NODE_DISK_FULL", "b1"),)},
        "exchange": {"more": (found("SERVICE_STOPPED", "hub/osx@hub"),)},
        "end": {"more": (found("SERVICE_HUNG", "10000/flow@b1"),)},
        "needed": {"more": (found("SERVICE_STOPPED", "10000/mysql@b1"),)},
        "gone": {"lost": ("b1",)},
        "unread": {"lost": ("b1",), "why": "NODE_AUTH_FAILED"},
    }
    return more[word]


def large_inside(example: str) -> Change:
    """Party 10000's router gets short answers of its own flow alone."""
    router = ROUTERS[example]
    large = {"ok": False, "kind": "large", "error": "short ones only"}
    return (
        say(f"10000/{router}@b1:nginx.upstream", **large)
        if example == PAIR
        else say(f"10000/{router}@b1:{router}.state", **behind(**large))
    )
