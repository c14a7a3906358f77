"""`runs` and `clusters`, as they are typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from test_history import recorded

from fatecloud import inventory
from fatecloud.state.clusters import note_cluster
from fatecloud.state.directory import cluster_directory

PROGRAM = Path(sys.executable).with_name("fatecloud")
EXAMPLE = Path(__file__).parents[2] / "inventories" / "two-party.yml"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return cluster_directory(inventory.load(EXAMPLE).id, tmp_path)


def ask(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [str(PROGRAM), *words, "--state-dir", str(state.parent)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={"FATECLOUD_INVENTORY": str(EXAMPLE)})


def test_runs_are_listed_shown_and_read(state: Path) -> None:
    log = recorded(state)
    assert log.id in ask(state, "runs", "list").stdout
    for word in ("last", log.id, log.id[:-2]):
        assert f"run      {log.id}" in ask(state, "runs", "show", word).stdout, word
    assert "Ship artifacts" in ask(state, "runs", "log", "last").stdout


def test_an_unknown_run_is_a_usage_error_with_the_nearest_id(state: Path) -> None:
    log = recorded(state)
    wrong = log.id[:-1] + "x"
    done = ask(state, "runs", "show", wrong)
    assert done.returncode == 64
    assert f"did you mean {log.id!r}?" in done.stderr


def test_without_runs_there_is_nothing_to_show_and_no_directory_is_made(tmp_path: Path) -> None:
    done = ask(tmp_path / "state" / "x", "runs", "list")
    assert done.returncode == 0
    assert "no runs are recorded here" in done.stdout
    assert not (tmp_path / "state").exists()
    assert ask(tmp_path / "state" / "x", "runs", "show", "last").returncode == 64


def test_clusters_are_listed_with_their_inventories(state: Path) -> None:
    note_cluster(state, "demo", EXAMPLE)
    done = ask(state, "clusters")
    assert done.returncode == 0
    assert state.name in done.stdout
    assert str(EXAMPLE) in done.stdout
