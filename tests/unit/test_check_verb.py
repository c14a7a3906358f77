"""`check` and `explain` as workflows and as verbs, without a node."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, STORE, healthy_documents, observed, the_desired

from fatecloud.checks.muting import mute_of
from fatecloud.cli.check import check
from fatecloud.cli.explain import explain
from fatecloud.cli.options import Output
from fatecloud.errors import InputError, UsageError
from fatecloud.inventory.mutes import save_mutes
from fatecloud.model.observed import Observed
from fatecloud.state.last_check import last_check
from fatecloud.workflow import load, observe
from fatecloud.workflow.check import check_cluster, saved_facts


def hide(text: str) -> str:
    return text.replace("s3cret", "***")


def sick(*, meanwhile: Callable[[], object] = lambda: None) -> Observed:
    """The engine is stopped, and its log contains a secret."""
    meanwhile()
    documents = healthy_documents()
    documents["a1"]["services"][ENGINE].update(state="stopped", pid=None, pids=[])
    documents["a1"]["listeners"] = documents["a1"]["listeners"][1:]
    for log in documents["a1"]["logs"].values():
        log["errors"] = ["[ERROR] login with s3cret failed"]
    return observed(documents)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """What the verb gets instead of an inventory and nodes."""
    desired = the_desired()
    made = SimpleNamespace(
        desired=desired,
        resolved=desired,
        cluster=desired.cluster,
        redact=hide,
        state=tmp_path / "state",
        seen=None,
        take=lambda _: None,
    )
    monkeypatch.setattr(load, "load_session", lambda options, **more: made)  # noqa: ARG005
    monkeypatch.setattr(observe, "observe", lambda session, **more: sick())  # noqa: ARG005
    return made


def test_no_secret_reaches_report_or_file(tmp_path: Path) -> None:
    kept = tmp_path / "facts.json"
    kept.write_text("of an earlier check")
    kept.chmod(0o644)
    report = check_cluster(the_desired, sick, hide, save=kept)
    assert report.findings[0].evidence == ("fate.log: [ERROR] login with *** failed",)
    assert "s3cret" not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_saved_file_is_judged_alike_elsewhere(tmp_path: Path) -> None:
    kept = tmp_path / "facts.json"
    first = check_cluster(the_desired, sick, hide, save=kept)
    again = check_cluster(the_desired, partial(saved_facts, kept, the_desired().cluster), str)
    assert again == first


def test_facts_of_another_cluster_are_refused(tmp_path: Path) -> None:
    kept = tmp_path / "facts.json"
    check_cluster(the_desired, sick, hide, save=kept)
    namesake = replace(the_desired().cluster, id="d3f9a2b1d4e5f607")
    with pytest.raises(InputError, match=r"'demo' \(id 'c3f9a2b1d4e5f607'\), not of 'demo' \(id 'd3f9a2b1d4e5f607'\)"):
        saved_facts(kept, namesake)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"{}"], ids=["absent", "binary", "other"])
def test_a_file_without_facts_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"facts\.json: "):
        saved_facts(path, the_desired().cluster)


def test_an_empty_selection_and_a_file_that_cannot_be_written_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        check_cluster(the_desired, sick, hide, save=tmp_path / "none" / "facts.json")


def test_the_verb_prints_json_and_gives_the_reports_status(
    session: SimpleNamespace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "facts.json"
    assert check(output=Output.json, save_facts=kept) == 2
    live: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [f["id"] for f in live["findings"]] == [f"SERVICE_STOPPED@{ENGINE}"]
    assert check(output=Output.json, facts=kept) == 2
    assert json.loads(capsys.readouterr().out) == live


@pytest.mark.parametrize(("selection", "kept"), [({}, 1), ({"selectors": ["store"]}, 0)])
def test_only_a_check_of_the_whole_cluster_is_kept_for_status(
    session: SimpleNamespace, selection: dict[str, list[str]], kept: int
) -> None:
    session.state.mkdir()
    check(**selection)  # type: ignore[arg-type]
    found = last_check(session.state)
    assert (found is not None) == bool(kept)
    assert found is None or (found.exit_status, found.roots) == (2, (f"SERVICE_STOPPED@{ENGINE}",))


def test_a_muted_finding_changes_the_status_of_a_check_but_not_of_saved_facts(
    session: SimpleNamespace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    session.state.mkdir()
    place, kept = tmp_path / "inventory.yml", tmp_path / "facts.json"
    place.touch()
    assert check(inventory=place, save_facts=kept) == 2
    found = check_cluster(the_desired, sick, hide)
    mute = mute_of(found.findings[0], found.findings, reason="known", until=found.taken + 60, by="ada@ops", at=0)
    save_mutes(place, [mute])
    capsys.readouterr()
    assert check(inventory=place) == 0
    assert f"muted: critical SERVICE_STOPPED {ENGINE}" in capsys.readouterr().out
    assert check(inventory=place, facts=kept) == 2


def test_the_verb_leads_with_the_cause_in_the_table(
    session: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check() == 2
    assert capsys.readouterr().out.startswith(f"CRITICAL  SERVICE_STOPPED  {ENGINE}\n")


@pytest.mark.parametrize(
    ("selection", "status"),
    [
        ({"component": ["store"]}, 0),
        ({"node": ["a1"]}, 2),
        ({"component": ["front"], "node": ["a1"]}, 0),
        ({"selectors": ["store"]}, 0),
        ({"selectors": ["@a1"], "component": ["front"]}, 0),
    ],
)
def test_the_status_is_that_of_the_selected_services(
    session: SimpleNamespace, capsys: pytest.CaptureFixture[str], selection: dict[str, list[str]], status: int
) -> None:
    assert check(**selection) == status  # type: ignore[arg-type]
    assert FRONT in session.desired.services
    assert STORE in session.desired.services


def test_explain_shows_the_page_of_a_code_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain("service_hung") == 0
    assert capsys.readouterr().out.startswith("# SERVICE_HUNG\n")


def test_explain_lists_every_code_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(everything=True) == 0
    assert any(line.split()[:2] == ["SERVICE_HUNG", "critical"] for line in capsys.readouterr().out.splitlines())


def test_explain_knows_the_nearest_code() -> None:
    with pytest.raises(UsageError) as caught:
        explain("SERVICE_HUNK")
    assert "SERVICE_HUNG" in caught.value.remedy


@pytest.mark.parametrize("arguments", [{}, {"code": "SERVICE_HUNG", "everything": True}])
def test_explain_wants_one_code_or_the_list(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--list"):
        explain(**arguments)
