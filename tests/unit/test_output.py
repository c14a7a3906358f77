"""What programs read: one envelope, two notations, one published schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml
from artifact_world import NAME, filled, seemingly_full
from component_world import GOLDEN
from test_history import recorded
from typer.main import get_group
from typer.testing import CliRunner

from fatecloud import catalogue, inventory
from fatecloud.cli.verbs import app
from fatecloud.model.computing import ComputingSession, SessionPage
from fatecloud.model.diagnosis import Diagnosis, Fault, Side
from fatecloud.model.identity import ServiceId
from fatecloud.model.job_report import JobFailure, JobPage, JobReport, JobSide, ListedJob, SideError
from fatecloud.model.jobs import Measure, TaskState
from fatecloud.model.kept_answers import KeptAnswer, KeptAnswers
from fatecloud.model.ledger import Account, Holder, Ledger, Waiting
from fatecloud.model.model_change import ModelChange, Step
from fatecloud.model.predicting import Hop, Prediction, Score
from fatecloud.model.proof import ProofResult
from fatecloud.model.remedy import Run
from fatecloud.model.serving import Loaded, LoadedModel, ModelsPage, OwnModels, Part, ServingChange
from fatecloud.model.trained import ModelPart
from fatecloud.model.tried import Trial, TriedHop, TriedWay
from fatecloud.report.envelope import document_text, moment
from fatecloud.report.kind_schema import output_schema
from fatecloud.report.kinds.published import KINDS
from fatecloud.resolve.desired import resolve
from fatecloud.state.clusters import note_cluster
from fatecloud.state.directory import cluster_directory
from fatecloud.workflow import (
    computing,
    diagnose,
    job_figures,
    job_look,
    model_import,
    proving,
    route_trial,
    sandbox,
    serving_cache,
    serving_change,
    serving_look,
    serving_predict,
    serving_publish,
    serving_unpublish,
)
from fatecloud.workflow.secrets import SecretsFiles, init_secrets

HERE = """\
apiVersion: fatecloud/v1
cluster: here
id: d3f9a2b1d4e5f607
release: fate-2.2.0
architecture: standalone
defaults: {paths: {base: BASE}}
nodes:
  here: {address: local}
parties:
  "9999": {}
"""
VERBS: dict[str, tuple[str, str]] = {
    "check": ("check", "CheckReport"),
    "diagnose": ("diagnose ours.json", "Diagnosis"),
    "preflight": ("preflight --store store", "PreflightReport"),
    "preflight --letter": ("preflight --letter", "RequirementsLetter"),
    "status": ("status", "ClusterStatus"),
    "safe-to-stop": ("safe-to-stop here", "OutageForecast"),
    "job list": ("job list", "JobList"),
    "job show": ("job show 202611251945082516240", "Job"),
    "job why": ("job why", "JobLedger"),
    "job metrics": ("job metrics 202611251945082516240", "JobMetricList"),
    "job summary": ("job summary 202611251945082516240", "JobSummary"),
    "session list": ("session list", "SessionList"),
    "serving models": ("serving models", "ServingModelList"),
    "serving predict": ("serving predict lr --guest-features one.json", "ServingPrediction"),
    "serving publish": ("serving publish 202611251945082516240 lr", "ServingChange"),
    "serving bind": ("serving bind lr 1", "ServingChange"),
    "serving unpublish": ("serving unpublish lr", "ServingChange"),
    "serving cache": ("serving cache", "ServingCache"),
    "serving smoke": ("serving smoke", "SmokeTest"),
    "model import": ("model import lr.tar", "ModelChange"),
    "model back": ("model back lr", "ModelChange"),
    "mute list": ("mute list", "MuteList"),
    "route show": ("route show -i pair.yml", "RouteTableList"),
    "route lint": ("route lint -i pair.yml", "RouteFlawList"),
    "route explain": ("route explain --from 9999 --to 7 -i pair.yml", "RouteWayList"),
    "route test": ("route test --from 9999", "RouteTest"),
    "plan": ("plan --store store", "DeployPlan"),
    "logs": ("logs flow", "LogEntry"),
    "inventory show": ("inventory show", "Inventory"),
    "inventory show --resources": ("inventory show --resources", "ResourceList"),
    "inventory validate": ("inventory validate", "InventoryValidation"),
    "secrets list": ("secrets list", "SecretList"),
    "objects show": ("objects show", "ObjectList"),
    "objects show --unneeded": ("objects show --unneeded", "UnneededObjectList"),
    "key show": ("key show", "SigningKey"),
    "release list": ("release list --store store", "ReleaseList"),
    "release show": (f"release show {NAME} --store store", "Release"),
    "release verify": ("release verify --store small", "StoreVerification"),
    "sandbox list": ("sandbox list", "SandboxList"),
    "explain": ("explain service_stopped", "FindingCode"),
    "explain --list": ("explain --list", "FindingCodeList"),
    "runs list": ("runs list", "RunList"),
    "runs show": ("runs show last", "Run"),
    "clusters": ("clusters", "ClusterList"),
    "test": ("test lr", "SmokeTest"),
    "version": ("version", "Version"),
}
"""Every verb that shows something -> how it is called here, and the kind that it prints."""
WRITTEN = {"CheckExport"}
"""Kinds of files that verbs write; test_export.py shows that they obey the schema."""
SCHEMA = output_schema()
OBEYS = jsonschema.Draft202012Validator(SCHEMA)


def verbs_with_output(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name in group.commands:
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from verbs_with_output(command, (*path, name))
        elif any(getattr(p.type, "choices", ()) and "yaml" in p.type.choices for p in command.params):
            yield " ".join((*path, name))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an inventory of this machine, its secrets, a store, and a log that flow wrote."""
    place = tmp_path_factory.mktemp("place")
    (place / "inventory.yml").write_text(HERE.replace("BASE", str(place / "base")))
    # Party 11000's requests would come back to party 9999.
    looped = 'peers:\n  "11000": {proxy: "192.0.2.11:9300", broker: "192.0.2.9:5672"}\n'
    (place / "pair.yml").write_text((GOLDEN / "two-party.yml").read_text() + looped)
    init_secrets(SecretsFiles(place / "inventory.yml"))
    seemingly_full(place / "store")
    filled(place / "small")
    cluster = inventory.load(place / "inventory.yml")
    (flow,) = resolve(cluster, catalogue.releases_of(cluster)).services.values()
    log = Path(flow.process.console)
    log.parent.mkdir(parents=True)
    log.write_text("[ERROR] [2026-11-25 19:32:14,655] [Server] [1:1] - [a.b] [line:1]: it \x1b[31mfailed\n  more\n")
    return place


@pytest.fixture(autouse=True)
def here(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one = SimpleNamespace(name="s", image="debian-12", nodes={"n1": ("172.17.0.2", "running")})
    monkeypatch.setattr(sandbox, "sandbox_list", lambda: [one])
    lr = ProofResult(
        kind="lr",
        id="202602",
        guest="9999",
        host="10000",
        confirmed=("9999",),
        seconds={"train": 60.0},
        figures={"auc": 0.99, "losses": (0.7, 0.6)},
        summary=("success",),
        left=("a file",),
    )
    some_jobs(monkeypatch)
    some_models(place, monkeypatch)
    waiting = ComputingSession("202601_lr_0_guest_9999", "NEW", 2, 1, 30.0)
    monkeypatch.setattr(computing, "list_sessions", lambda *_, **__: SessionPage((("9999", waiting),), ()))
    hop = TriedHop("9999/flow@a1", "peer:7", "a:1", "failed", "refused", "connection refused", "other-router", ("a",))
    trial = Trial((TriedWay("9999", "7", ("fateflow",), (hop,)),))
    monkeypatch.setattr(route_trial, "try_routes", lambda *_: trial)
    fault = Fault("router", "7", "7/flow@node1-7c2e", (("9999", "7"),), certain=False, evidence=("no answer",))
    side = Side(("9999",), ours=True, fingerprint="SHA256:x", trusted="", taken=1.0, age=2.0, program="0.1.0")
    judged = Diagnosis(("9999", "7"), (side,), (fault,), ("from 7 to 9999: not heard",), ("a note",))
    monkeypatch.setattr(diagnose, "diagnose_files", lambda *_: judged)
    monkeypatch.setattr(proving, "prove_cluster", lambda *_, **__: lr)
    state = cluster_directory("d3f9a2b1d4e5f607")
    note_cluster(state, "here", place / "inventory.yml")
    recorded(state)


def some_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that failed, one that has cores, and one that waits for them."""
    side = SideError("guest", "9999", "lr_0", "ValueError")
    look = Run("fatecloud check")
    tasks = (TaskState("lr_0", "guest", "9999", "failed", "", "", 1.0, 2.0, 1.0),)
    failure = JobFailure(side, asked=True, others=(side,), remedy=(look,))
    sides = (JobSide("guest", "9999", "failed", 4, 50, 1.0), JobSide("host", "10000", ""))
    numbers = (
        Measure("lr_0", "guest", "9999", "auc", "", None, 0.9),
        Measure("lr_0", "guest", "9999", "loss", "", 1, 0.9),
    )
    report = JobReport("1", "failed", 1.0, "9999", sides, tasks, failure, numbers)
    listed = ListedJob("1", ("guest of party 9999",), "failed", "alone", 50, 4, 1.0, 1.0)
    account = Account("9999", "9999/flow@a1", 32, (Holder("1", "guest", 4, "running", "alone", 0.0),), 0)
    waiting = Waiting("2", ("guest of party 9999",), "alone", {"9999": 4}, 1.0, "9999", 0, ("why",), ("1",), (look,))
    monkeypatch.setattr(job_look, "list_jobs", lambda *_, **__: JobPage((listed,), ()))
    monkeypatch.setattr(job_look, "show_job", lambda *_: report)
    monkeypatch.setattr(job_figures, "measured", lambda *_: report)
    monkeypatch.setattr(job_look, "explain_jobs", lambda *_: (Ledger((account,), (waiting,)), None))


def some_models(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model in one of two servers, a score, what was changed and what is kept."""
    model = LoadedModel("1", "guest#9999#m", "guest", "9999", ("lr",), 1.0, (Part("1", "host#7#m", "host", "7"),))
    ident = ServiceId.parse("demo", "one/serving-server@s1")
    server = Loaded(ident, (model,), registered={"lr": ("10.0.0.1:8000",)}, address="10.0.0.1:8000")
    page = ModelsPage((OwnModels("one", (server, Loaded(ident, error="not read")), ("they differ",)),))
    call = Prediction("one/serving-proxy@s1", (Score(0, "", 0.5, "1"),), 0.1, (Hop(ident.key, 0.05, None),))
    change = ServingChange("bind", "lr", "1", {ident.key: "0"}, (ident.key,), ("party 7 keeps its part",))
    kept = KeptAnswers("one", "10.0.0.1:6379", 300, answers=1, longest=5.0, items=(KeptAnswer("0f", None, 11),))
    (place / "one.json").write_text("{}")
    monkeypatch.setattr(serving_look, "show_models", lambda *_, **__: page)
    monkeypatch.setattr(serving_cache, "show_kept", lambda *_, **__: (kept,))
    monkeypatch.setattr(serving_predict, "predict", lambda *_, **__: (call,))
    monkeypatch.setattr(serving_change, "bind", lambda *_, **__: change)
    monkeypatch.setattr(serving_unpublish, "unpublish", lambda *_, **__: change)
    monkeypatch.setattr(serving_publish, "publish", lambda *_, **__: change)
    part = ModelPart("m", "1", "guest", "9999")
    steps = (Step(ident.key, part, 9), Step(ident.key, part, 0, "lr", ModelPart("m", "0", "guest", "9999")))
    monkeypatch.setattr(model_import, "verified", lambda *_: None)
    for what, verb in (("import", "import_model"), ("back", "go_back")):
        moved = ModelChange(what, "lr", steps, done=True, notes=("a host needs it too",))
        monkeypatch.setattr(model_import, verb, lambda *_, moved=moved: moved)


def test_every_verb_that_shows_something_is_here() -> None:
    assert set(verbs_with_output(get_group(app))) == {name.partition(" --")[0] for name in VERBS}
    assert {kind for _, kind in VERBS.values()} | WRITTEN == set(KINDS)


@pytest.mark.parametrize("name", VERBS)
def test_json_and_yaml_are_one_document_that_obeys_the_schema(name: str) -> None:
    words, kind = VERBS[name]
    done = CliRunner().invoke(app, [*words.split(), "-o", "json"])
    document = json.loads(done.stdout)
    OBEYS.validate(document)
    assert (document["apiVersion"], document["kind"]) == ("fatecloud/v1", kind)
    assert done.stdout.isascii()
    again = CliRunner().invoke(app, [*words.split(), "-o", "yaml"])
    assert again.exit_code == done.exit_code
    same = yaml.safe_load(again.stdout)
    OBEYS.validate(same)
    assert set(same) == set(document)
    assert "\x1b" not in again.stdout


def test_an_invalid_inventory_is_a_document_with_its_problems(place: Path) -> None:
    (place / "bad.yml").write_text(HERE.replace("cluster: here", "clster: here"))
    done = CliRunner().invoke(app, ["inventory", "validate", "-i", "bad.yml", "-o", "json"])
    document = json.loads(done.stdout)
    OBEYS.validate(document)
    assert document["valid"] is False
    assert (2, 1) in {(problem["line"], problem["column"]) for problem in document["problems"]}
    assert done.exit_code != 0


def test_documents_of_a_stream_are_one_line_each_or_separated() -> None:
    assert document_text("Version", {"a": [1]}, "json", stream=True) == (
        '{"apiVersion": "fatecloud/v1", "kind": "Version", "a": [1]}'
    )
    assert document_text("Version", {"a": 1}, "yaml", stream=True).startswith("---\napiVersion: fatecloud/v1\n")


def test_a_time_is_utc_in_iso_8601() -> None:
    assert moment(1_800_000_000.5) == "2027-01-15T08:00:00.500Z"


def test_the_schema_itself_is_valid_and_closed() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        OBEYS.validate({"apiVersion": "fatecloud/v1", "kind": "Version", "version": "1"})
    with pytest.raises(jsonschema.ValidationError):
        OBEYS.validate({"apiVersion": "fatecloud/v1", "kind": "SecretList", "items": [], "more": 1})


def test_the_page_names_each_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "output.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_a_dry_run_of_a_deploy_is_its_plan_and_changes_nothing(place: Path, tmp_path: Path) -> None:
    before = sorted(path for folder in (place, tmp_path) for path in folder.rglob("*") if path.is_file())
    plan = CliRunner().invoke(app, ["plan", "--store", "store"])
    dry = CliRunner().invoke(app, ["deploy", "--dry-run", "--yes", "--store", "store"])
    assert (dry.exit_code, dry.stdout) == (plan.exit_code, plan.stdout)
    assert "actions on 1 node" in dry.stdout
    after = sorted(path for folder in (place, tmp_path) for path in folder.rglob("*") if path.is_file())
    assert after == before, "nothing was written, and nothing entered the history"
