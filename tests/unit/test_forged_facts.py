"""One node that forges what it says spoils nothing that is said about the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from check_world import healthy_documents, observed, the_desired
from preflight_world import NOW

from fatecloud.checks.engine import judge
from fatecloud.checks.preflight import judge_preflight
from fatecloud.checks.registry import running_checks
from fatecloud.collect.gather import _fact
from fatecloud.errors import FatecloudError
from fatecloud.model.observed import Observed
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.plan.make import make_plan
from fatecloud.plan.shown import shown_states
from fatecloud.report.document import report_document
from fatecloud.report.envelope import document_text
from fatecloud.report.look import look_of
from fatecloud.report.plan import plan_text
from fatecloud.report.status import status_document, status_table
from fatecloud.report.status_rows import status_of
from fatecloud.report.table import table
from fatecloud.workflow.departed import present_nodes
from fatecloud.workflow.deployed import deployed_of
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.leases import held_nodes

DESIRED = the_desired()
LOOK = look_of(sys.stdout, {})
LEASE = {"run": "r1", "owner": "ops@c", "controller": "c1", "expires": NOW + 100, "process": {"pid": 1, "boot": "b"}}
FORGED: tuple[Any, ...] = (
    *(None, True, -1, 2**63, 1e300, "x", "", [], {}, [None], [[1]], {"a": None}, {"x": {"y": 1}}, ["/etc"]),
)
STEP = 5
"""Every so many of some two thousand forgeries: no divisor of the number of values, so all of them come up."""


def documents() -> dict[str, dict[str, Any]]:
    found = healthy_documents()
    found["a1"] |= {"lease": LEASE, "records": {"untrusted": []}, "register": []}
    found["a1"]["manifest"]["proofs"] = {
        "9999": {"at": NOW - 100, "run": "r1", "id": "1", "kind": "toy", "digest": "d"}
    }
    return found


def paths(data: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from paths(value, (*above, key))


GONE = object()
"""In place of a value: its key is not there."""


def forged(path: tuple[Any, ...], value: Any) -> Observed:
    """The healthy cluster, of which a1 gives another value at one place."""
    found = documents()
    place = found["a1"] = deepcopy(found["a1"])
    for key in path[:-1]:
        place = place[key]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    facts = {
        name: {k: v if k == "probes" else _fact(k, {"value": v}) for k, v in d.items()} for name, d in found.items()
    }
    return observed(facts)


def look_at(seen: Observed) -> None:
    """All that is done with what was read, for all nodes together."""
    for report in (judge(DESIRED, seen, running_checks()), judge_preflight(DESIRED, seen)):
        table(report, LOOK, exposures=True)
        json.loads(document_text("CheckReport", report_document(report), "json"), parse_constant=pytest.fail)
    status = status_of(DESIRED, seen)
    status_table(status, 100)
    json.loads(document_text("ClusterStatus", status_document(status), "json"), parse_constant=pytest.fail)
    held_nodes(seen)
    shown_states(seen)
    runners_there(DESIRED, seen)
    present_nodes(DESIRED.cluster, seen, "")
    asks: tuple[Callable[[], object], ...] = (
        lambda: plan_text(make_plan(DESIRED, seen, {"x": "secret"}), LOOK),
        lambda: deployed_of(DESIRED, seen, tuple(DESIRED.services), lambda _: None),
        lambda: refuse_strangers(DESIRED.cluster, seen, ()),
    )
    for ask in asks:
        with suppress(FatecloudError):
            ask()


def test_no_node_spoils_what_is_said_about_the_others() -> None:
    places = list(paths({k: v for k, v in documents()["a1"].items() if k != "probes"}))
    every = [(path, value) for path in places for value in FORGED]
    for path, value in every[::STEP]:
        try:
            look_at(forged(path, value))
        except Exception as error:
            raise AssertionError(f"{path} = {value!r}") from error


def test_nothing_that_a_node_leaves_out_spoils_what_is_said() -> None:
    for path in paths({k: v for k, v in documents()["a1"].items() if k != "probes"}):
        try:
            look_at(forged(path, GONE))
        except Exception as error:
            raise AssertionError(f"without {path}") from error
