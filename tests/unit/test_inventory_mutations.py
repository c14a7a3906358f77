"""A good inventory after any damage: it is a cluster, or its problems are reported with their places.

300 files of each kind; 10,000 with FATECLOUD_LONG=1, chosen by a seed that is printed (FATECLOUD_SEED repeats it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from inventory_bounds import Tally, outcome, shown_again
from inventory_mutations import examples, spoiled_files, spoiled_trees
from inventory_sources import FULL, OLDER, OLDEST, ROLLING, SERVED_BY_URL, SERVING, SOURCES, every_key
from preflight_world import PYTHONS
from sampling import LONG, SEED

from fatecloud import catalogue
from fatecloud.model.cluster import Cluster
from fatecloud.render.project import RunInfo, write_project
from fatecloud.resolve.desired import resolve
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.workflow.rendered import rendered

ENOUGH = 10
"""The least number of clusters, and of kinds of refusals, among the examples."""
RENDERED = 2
"""One cluster of so many is rendered to the end."""


@pytest.fixture
def tally(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Tally]:
    counted = Tally()
    yield counted
    # Or else they were all refused for the same reason, and nothing behind that was tried.
    assert counted.clusters >= ENOUGH
    assert counted.rendered
    assert len(counted.problems) >= ENOUGH
    if LONG:
        with capsys.disabled():
            print(f"\n{request.node.name}: seed {SEED}: {counted}")  # noqa: T201 - what a long run is for


def carried_on(directory: Path, cluster: Cluster, content: bytes, tally: Tally) -> None:
    """A cluster can be shown, and one of a few is rendered: no inventory that the loader accepts fails there."""
    shown_again(directory / "again.yml", cluster)
    if sum(content) % RENDERED:
        return
    desired = rendered(resolve(cluster, catalogue.releases_of(cluster), PYTHONS))
    run = RunInfo("mutations", "ops@controller", "0" * 16)
    how = ssh_config(cluster.nodes.values(), known_hosts="known_hosts")
    project = directory / f"project{tally.rendered}"
    write_project(
        desired, project, ssh_config=how, known_hosts=None, store=lambda _: Path("/store"), vault_text="", run=run
    )
    tally.rendered += 1


@pytest.mark.timeout(0)
@examples(300, 10_000)
@given(content=spoiled_files())
@example(content=b"")
@example(content=FULL.encode())
def test_spoiled_text(tmp_path: Path, tally: Tally, content: bytes) -> None:
    cluster = outcome(tmp_path / "inventory.yml", content, tally)
    if cluster:
        carried_on(tmp_path, cluster, content, tally)


@pytest.mark.timeout(0)
@examples(300, 10_000)
@given(content=spoiled_trees())
def test_spoiled_trees(tmp_path: Path, tally: Tally, content: bytes) -> None:
    cluster = outcome(tmp_path / "inventory.yml", content, tally)
    if cluster:
        carried_on(tmp_path, cluster, content, tally)


def test_the_full_inventories_say_everything() -> None:
    def paths(value: Any, path: str) -> Iterator[str]:
        for key, inner in value.items() if isinstance(value, dict) else ():
            yield f"{path}{key}"
            yield from paths(inner, f"{path}{key}.")

    said = {
        re.sub(r"^(nodes|parties|groups|peers)\.[^.]+|(?<=\.apps)\.[^.]+", lambda found: f"{found[1] or ''}.*", path)
        for text in (FULL, OLDER, OLDEST, ROLLING, SERVING, SERVED_BY_URL)
        for path in paths(yaml.safe_load(text), "")
    }
    assert every_key() <= said


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_spoiled_was_good(tmp_path: Path, source: str) -> None:
    tally = Tally()
    cluster = outcome(tmp_path / "inventory.yml", source.encode(), tally)
    assert cluster
    carried_on(tmp_path, cluster, b"", tally)
    assert tally.rendered == 1
