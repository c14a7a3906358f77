"""Cores that a flow has and cores that its jobs ask for: what cannot work is refused when the inventory is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from preflight_world import a_node

from fatecloud.components.sizing import cores, job_cores
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.shipped import folder

NODE = "a1: {address: 192.0.2.11}"
FLOW = "services: {flow: a1}"


def inventory(tmp_path: Path, example: str, *, node: str = "", config: str = "") -> Path:
    text = (folder("inventories") / f"{example}.yml").read_text()
    assert NODE in text
    assert FLOW in text
    path = tmp_path / "inventory.yml"
    path.write_text(
        text.replace(NODE, f"a1: {{address: 192.0.2.11{node}}}").replace(
            FLOW, f"{FLOW}\n    config: {{flow: {{{config}}}}}"
        )
    )
    return path


@pytest.mark.parametrize(
    ("node", "computing", "jobs", "expected"),
    [
        (None, None, None, (32, 4)),
        (8, None, None, (8, 4)),
        (4, None, None, (4, 2)),
        (2, None, None, (2, 1)),
        (1, None, None, (1, 1)),
        (2, 16, None, (16, 4)),
        (64, None, 16, (64, 16)),
    ],
)
def test_a_job_asks_for_four_or_for_half_of_what_there_is(
    node: int | None, computing: int | None, jobs: int | None, expected: tuple[int, int]
) -> None:
    config = {"computing.cores": computing, "jobs.cores": jobs}
    place = a_node("a1", cores=node)
    assert (cores(config, place), job_cores(config, place)) == expected


def test_jobs_that_ask_for_more_than_there_is_are_refused_where_it_is_written(tmp_path: Path) -> None:
    path = inventory(tmp_path, "two-party", node=", cores: 2", config="jobs: {cores: 4}")
    with pytest.raises(InventoryError) as caught:
        load(path)
    (line,) = caught.value.message.splitlines()
    assert "9999/flow@a1: each job asks for 4 cores, and all jobs together may use 2, so FATE refuses every job" in line
    assert "expected jobs.cores of at most 2, or more cores for the flow" in line
    number, column = line.split(":")[1:3]
    assert "jobs: {cores: 4}" in path.read_text().splitlines()[int(number) - 1]
    assert int(column) > 1


def test_few_cores_alone_are_not_an_error(tmp_path: Path) -> None:
    assert load(inventory(tmp_path, "two-party", node=", cores: 1")).nodes["a1"].cores == 1


def test_within_one_party_a_job_asks_twice(tmp_path: Path) -> None:
    text = (folder("inventories") / "all-in-one.yml").read_text()
    path = tmp_path / "inventory.yml"
    settings = "{config: {flow: {computing: {cores: 6}, jobs: {cores: 4}}}}"
    path.write_text(text.replace('"9999": {}', f'"9999": {settings}'))
    with pytest.raises(InventoryError, match=r"asks for 4 cores twice, and all jobs together may use 6.*at most 3"):
        load(path)
    path.write_text(text.replace('"9999": {}', '"9999": {config: {flow: {computing: {cores: 1}}}}'))
    with pytest.raises(InventoryError, match=r"computing\.cores of at least 2"):
        load(path)
