"""A lease is one of a killed run where this controller took it, and its process is certainly dead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from check_world import healthy_documents, observed

from fatecloud.model.lease import KILLED, held_by
from fatecloud.render.holder import asking
from fatecloud.workflow.killed_runs import with_killed_runs

ALIVE = asking(os.getpid())
DEAD = ALIVE | {"started": "1"}


@pytest.mark.parametrize(
    ("controller", "process", "killed"),
    [("ours", DEAD, True), ("ours", ALIVE, False), ("theirs", DEAD, False), ("ours", {}, False)],
    ids=["killed", "alive", "of another controller", "nothing that a run has written"],
)
def test_a_lease_of_a_killed_run_is_marked(
    tmp_path: Path, controller: str, process: dict[str, Any], *, killed: bool
) -> None:
    documents = healthy_documents()
    documents["a1"]["lease"] = {"run": "r", "controller": controller, "process": process, "expires": 1e12}
    (tmp_path / "controller").write_text("ours")
    seen = with_killed_runs(tmp_path, observed(documents))
    facts = seen.reached("a1")
    assert facts
    assert bool(facts.fact("lease").value.get(KILLED)) is killed
    assert bool(held_by(seen, "a1")) is not killed


def test_before_this_controller_has_an_id_no_run_of_it_was_killed(tmp_path: Path) -> None:
    documents = healthy_documents()
    documents["a1"]["lease"] = {"run": "r", "process": DEAD, "expires": 1e12}
    assert held_by(with_killed_runs(tmp_path, observed(documents)), "a1")


def test_a_node_cannot_say_that_a_run_was_killed(tmp_path: Path) -> None:
    documents = healthy_documents()
    documents["a1"]["lease"] = {"run": "r", "controller": "theirs", "process": {}, "expires": 1e12, KILLED: True}
    assert held_by(with_killed_runs(tmp_path, observed(documents)), "a1")
