"""Jobs are asked for again under the lease, right before a service that they need is stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from modules import module, take, utility

from fatecloud.render.service_variables import job_questions

asking = utility("fatecloud_asking")
node = utility("fatecloud_node")
service = module("fatecloud_service")
departed = module("fatecloud_departed")

KEY = "9999/flow@a1"
ROWS = [
    {"job": "202601", "role": role, "party": party, "status": "running", "age": age}
    for role, party, age in (("guest", "9999", 12), ("host", "10000", 11), ("arbiter", "10000", 11))
]
RUNS = {"ok": True, "jobs": ROWS}
IDLE: dict[str, Any] = {"ok": True, "jobs": []}


class Fake:
    """A supervision that runs, and remembers what it was asked to do."""

    def __init__(self, state: str = "running") -> None:
        self.now = state
        self.acts: list[str] = []
        self.strays: list[str] = []

    def state(self) -> str:
        return self.now

    def endangered(self) -> list[str]:
        return self.strays

    def adopt(self) -> list[str]:
        self.acts.append("adopt")
        return []

    def act(self, verb: str) -> None:
        self.acts.append(verb)
        self.now = "stopped" if verb == "stop" else "running"

    def forget(self) -> None: ...

    def forgotten(self) -> None: ...


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path)
    return tmp_path


def question(base: Path, answer: Any) -> dict[str, Any]:
    """A question whose program notes where it asks, and prints this."""
    program = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n'); print(sys.stdin.read())"
    noted = str(base.with_name(base.name + ".asked"))
    return {"argv": ["python3", "-c", program, noted, "{host}", "{port}"], "stdin": json.dumps(answer), "timeout": 20}


def asked(base: Path) -> list[str]:
    noted = base.with_name(base.name + ".asked")
    return noted.read_text().splitlines() if noted.exists() else []


def change(base: Path, state: str, answer: Any, **changes: Any) -> dict[str, Any]:
    unit = base.with_name(base.name + ".unit")
    unit.touch()
    plain = {
        "state": state,
        "base": str(base),
        "run": "r1",
        "service": KEY,
        "slug": "demo-9999-flow",
        "unit": "u",
        "unit_path": str(unit),
        "version": "2.2.0",
        "supervision": "systemd",
        "supervisor": "",
        "inputs": [],
        "started": str(base / "started"),
        "home": str(base / "home"),
        "user": "",
        "kept": {},
        "data_directory": "",
        "data": {},
        "leave": {},
        "runners": [{"key": KEY, "kind": "flow", "url": "http://127.0.0.1:9380"}],
        "node_runners": [],
        "interrupt_jobs": False,
        "questions": {"flow": question(base, answer)},
        "wait_jobs": 0,
    }
    return dict(service.apply(plain | changes, check=False))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    for one in (service, departed):
        monkeypatch.setattr(one, "supervised", lambda _params: fake)
    return fake


@pytest.mark.parametrize("state", ["stopped", "restarted", "absent"])
def test_a_service_is_not_stopped_while_a_job_runs(base: Path, fake: Fake, state: str) -> None:
    with pytest.raises(node.Refused, match="1 job would be interrupted: 202601") as refusal:
        change(base, state, RUNS)
    assert fake.acts == []
    (line,) = refusal.value.details["jobs"]
    assert line == "202601 (arbiter of party 10000, guest of party 9999, host of party 10000; running for 12 s)"
    assert asked(base) == ["127.0.0.1 9380"]


def test_a_service_is_restarted_for_new_inputs_only_when_no_job_runs(base: Path, fake: Fake) -> None:
    conf = base / "conf"
    conf.touch()
    with pytest.raises(node.Refused):
        change(base, "started", RUNS, inputs=[str(conf)])
    change(base, "started", IDLE, inputs=[str(conf)])
    assert fake.acts == ["adopt", "restart"]


def test_a_change_that_interrupts_nothing_asks_for_no_jobs(base: Path, fake: Fake) -> None:
    change(base, "started", RUNS)
    change(base, "stopped", RUNS, runners=[])
    change(base, "stopped", RUNS)
    change(base, "started", RUNS)
    assert asked(base) == []
    assert fake.acts == ["adopt", "stop", "adopt", "start"]


def test_a_runner_that_is_down_is_named_and_does_not_hold_up_a_change(base: Path, fake: Fake) -> None:
    answer = change(base, "stopped", {"ok": False, "error": "refused"})
    assert answer["silent"] == [f"{KEY} could not be asked for running jobs: refused"]
    assert fake.acts == ["stop"]


def test_of_runners_that_we_stopped_or_removed_nothing_is_said(base: Path, fake: Fake) -> None:
    store, lost = "9999/mysql@a1", {"ok": False, "error": "no route"}
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"][KEY] = {
            "job_kind": "flow",
            "job_api": "http://127.0.0.1:8000",
            "stopped": {"run": "r1"},
        }
    assert change(base, "stopped", lost, service=store)["silent"] == []
    fake.now = "running"
    with pytest.raises(node.Refused):
        change(base, "stopped", RUNS, service=store)
    with node.working(str(base), "r1") as manifest:
        del manifest.data["services"][KEY]
    before = len(asked(base))
    assert change(base, "stopped", lost, service=store)["silent"] == []
    assert len(asked(base)) == before
    fake.now = "running"
    elsewhere = [{"key": "9999/flow@a2", "kind": "flow", "url": "http://10.0.0.2:9380"}]
    assert len(change(base, "stopped", lost, service=store, runners=elsewhere)["silent"]) == 1


def test_a_busy_runner_is_asked_again(base: Path, fake: Fake) -> None:
    answer = change(base, "stopped", {"ok": False, "kind": "timeout", "error": "no answer within 6 s"})
    assert answer["silent"] == [f"{KEY} could not be asked for running jobs: no answer within 6 s"]
    assert len(asked(base)) == asking.ATTEMPTS
    assert fake.acts == ["stop"]


def test_a_runner_is_asked_where_it_was_started(base: Path, fake: Fake) -> None:
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"][KEY] = {"job_kind": "flow", "job_api": "http://127.0.0.1:8000"}
    change(base, "stopped", IDLE)
    assert asked(base) == ["127.0.0.1 8000"]
    assert fake.acts == ["stop"]


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_without_supervisord_the_jobs_of_the_whole_node_are_asked_for(base: Path, fake: Fake, state: str) -> None:
    """A new supervisord ends every program that outlived the old one, whichever service is started."""
    fake.now, fake.strays = "absent", ["demo-9999-flow"]
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"][KEY] = {"job_kind": "flow", "job_api": "http://127.0.0.1:9380"}
        manifest.data["services"]["9999/mysql@a1"] = {"job_api": ""}
    away = [{"key": "10000/flow@b1", "kind": "flow", "url": "http://10.0.0.2:9380"}]
    nginx: dict[str, Any] = {"service": "9999/nginx@a1", "slug": "demo-9999-nginx", "node_runners": away, "runners": []}
    with pytest.raises(node.Refused, match="1 job would be interrupted: 202601"):
        change(base, state, RUNS, **nginx)
    assert fake.acts == []
    assert asked(base) == ["10.0.0.2 9380", "127.0.0.1 9380"]
    change(base, state, RUNS, **nginx, interrupt_jobs=True)
    assert fake.acts == ["adopt", "start"]


def test_a_stop_without_supervisord_ends_its_own_service_only(base: Path, fake: Fake) -> None:
    fake.now, fake.strays = "absent", ["demo-9999-flow"]
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"][KEY] = {"job_kind": "flow", "job_api": "http://127.0.0.1:9380"}
    change(base, "stopped", RUNS, service="9999/nginx@a1", slug="demo-9999-nginx", runners=[])
    assert asked(base) == []


def test_jobs_are_waited_for_as_long_as_the_operator_allows(
    base: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [RUNS, RUNS, IDLE]
    monkeypatch.setattr(asking, "jobs_of", lambda *_: answers.pop(0))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    change(base, "stopped", None, wait_jobs=600)
    assert (answers, fake.acts) == ([], ["stop"])


@pytest.mark.parametrize("answer", [RUNS, {"ok": False, "error": "no answer in 20 s"}])
def test_a_service_that_leaves_goes_only_when_it_is_known_to_run_nothing(
    base: Path, fake: Fake, answer: dict[str, Any]
) -> None:
    with node.working(str(base), "r1") as manifest:
        manifest.data["services"][KEY] = {
            "job_kind": "flow",
            "job_api": "http://127.0.0.1:8000",
            "home": str(base / "home"),
            "user": "",
        }
    params = {"base": str(base), "run": "r1", "keep": [], "users": [], "user": "", "supervisor": "", "wait_jobs": 0}
    questions = {"flow": question(base, answer)}
    with pytest.raises(node.Refused) as refusal:
        departed.apply(params | {"interrupt_jobs": False, "questions": questions}, check=False)
    assert refusal.value.details["jobs"]
    assert fake.acts == []
    departed.apply(params | {"interrupt_jobs": True, "questions": questions}, check=False)
    assert fake.acts == ["stop"]


class Flow(BaseHTTPRequestHandler):
    """A flow with one running job, which lists it for those who sign."""

    def do_GET(self) -> None:
        row = {"job_id": "202601", "role": "guest", "party_id": "9999", "status": "running", "create_time": 1}
        signed = self.headers["appId"] == "admin" and self.headers["Signature"]
        answer = {"code": 0, "data": {"count": 1, "data": [row]}} if signed else {"code": 5001, "message": "appId"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Such a flow, as a runner on its own node."""
    settings = tmp_path_factory.mktemp("flow") / "settings.py"
    settings.write_text('ADMIN_KEY = "its-token"\n')
    server = HTTPServer(("127.0.0.1", 0), Flow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield {"key": KEY, "kind": "flow/v2", "url": url, "settings": str(settings)}
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_component_that_runs_jobs_can_be_asked_for_them(base: Path, fake: Fake, flow: dict[str, str]) -> None:
    questions = job_questions()
    assert list(questions) == ["flow/v1_4", "flow/v1", "flow/v2"]
    with pytest.raises(node.Refused, match=r"1 job would be interrupted: 202601 \(guest of party 9999; running"):
        change(base, "stopped", None, runners=[flow], questions=questions)
    with node.working(str(base), "r1") as manifest:
        entry = {"job_kind": flow["kind"], "job_api": flow["url"], "job_settings": flow["settings"]}
        manifest.data["services"][KEY] = entry
    fake.strays = ["demo-9999-flow"]
    with pytest.raises(node.Refused, match="1 job would be interrupted"):
        change(base, "started", IDLE, questions=questions, service="9999/nginx@a1", slug="demo-9999-nginx")
    assert fake.acts == []


def test_a_flow_that_refuses_the_connection_does_not_run(base: Path, fake: Fake) -> None:
    runner = {"key": KEY, "kind": "flow/v2", "url": "http://127.0.0.1:1", "settings": ""}
    answer = change(base, "stopped", None, runners=[runner], questions=job_questions())
    assert answer["silent"] == []
    assert fake.acts == ["stop"]


def test_a_flow_on_another_node_that_takes_signed_questions_only_is_named(
    base: Path, fake: Fake, flow: dict[str, str]
) -> None:
    away = {name: value for name, value in flow.items() if name != "settings"}
    (line,) = change(base, "stopped", None, runners=[away], questions=job_questions())["silent"]
    assert "9999/flow@a1 could not be asked for running jobs" in line
    assert "5001" in line
    assert fake.acts == ["stop"]


@pytest.mark.parametrize("jobs", [5, "all", ["one"], [{"age": "old"}], [{"job": ["a"]}], None])
def test_what_is_not_a_list_of_jobs_counts_as_no_answer(base: Path, fake: Fake, jobs: Any) -> None:
    done = change(base, "stopped", {"ok": True, "jobs": jobs})
    assert "its answer is not a list of jobs" in done["silent"][0]
