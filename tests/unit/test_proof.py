from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flow_replay import Replay, Silent, Time

from fatecloud.components.flow.attempt import Attempt
from fatecloud.components.flow.data_proofs import lr_proved, psi_proved
from fatecloud.components.flow.job_watch import Clock
from fatecloud.components.flow.proof_rows import NAMESPACE
from fatecloud.components.flow.v2.api import FlowApi
from fatecloud.components.flow.v2.proof import JOBS, run_toy
from fatecloud.errors import FatecloudError, ProofFailed
from fatecloud.model.event import Event


class Files:
    def __init__(self) -> None:
        self.there: set[tuple[str, str]] = set()
        self.jobs: list[tuple[str, str]] = []

    def put(self, party: str, name: str, data: bytes) -> str:
        assert data.startswith(b"id,")
        self.there.add((party, f"/srv/fate/flow/upload/{name}"))
        return f"/srv/fate/flow/upload/{name}"

    def discard(self, party: str, path: str) -> None:
        self.there.remove((party, path))

    def discard_job(self, party: str, job: str) -> None:
        self.jobs.append((party, job))


class Stage:
    """A recording, a clock and everything else that a smoke test needs."""

    def __init__(self, name: str) -> None:
        self.flow = Replay(name)
        self.time = Time()
        self.files = Files()
        self.events: list[Event] = []

    def toy(self, deadline: float = 300) -> Any:
        apis = {"9999": FlowApi(self.flow)}
        return run_toy(Attempt(apis, "9999", "9999", self.events.append, deadline, self.files, clock=self.clock))

    def lr(self, tag: str) -> Any:
        return lr_proved(self.attempt(), JOBS, tag=tag)

    def psi(self, tag: str) -> Any:
        return psi_proved(self.attempt(), JOBS, tag=tag)

    def attempt(self) -> Attempt[FlowApi]:
        apis = {"9999": FlowApi(self.flow)}
        return Attempt(apis, "9999", "9999", self.events.append, 600, self.files, clock=self.clock)

    @property
    def clock(self) -> Clock:
        return Clock(self.time.now, self.time.sleep)

    def posts(self, path: str) -> list[str]:
        return [call.removeprefix(f"POST {path} ") for call in self.flow.calls if call.startswith(f"POST {path}")]


def test_a_toy_that_succeeds_is_confirmed_and_leaves_nothing() -> None:
    stage = Stage("toy")
    result = stage.toy()
    assert (result.guest, result.host, result.confirmed, result.left) == ("9999", "9999", ("9999",), ())
    assert stage.posts("/v2/job/clean") == [result.id]
    assert stage.files.jobs == [("9999", result.id)]
    assert stage.flow.left() == {}
    assert result.seconds["whole"] > 5


def test_a_toy_that_fails_names_party_task_and_error_and_is_cleaned_but_for_its_logs() -> None:
    stage = Stage("toyfail")
    with pytest.raises(ProofFailed) as raised:
        stage.toy()
    assert raised.value.message.startswith("toy 9999 -> 9999 failed: fate.")
    assert raised.value.message.endswith("(in task toy_0 of party 9999 (guest))")
    assert "apply value `-1` to parameter `data_num` failed" in raised.value.message
    assert "/logs/" in raised.value.remedy
    assert len(stage.posts("/v2/job/clean")) == 1
    assert stage.files.jobs == []
    assert stage.flow.left() == {}


def test_at_the_deadline_the_job_is_stopped_and_each_side_placed() -> None:
    stage = Stage("deadline")
    with pytest.raises(ProofFailed, match="guest 9999 running toy_0; host 9999 running toy_0") as raised:
        stage.toy(deadline=4)
    assert "was stopped" in raised.value.message
    assert stage.posts("/v2/job/stop")
    assert stage.posts("/v2/job/stop") == stage.posts("/v2/job/stop")[:1] * len(stage.posts("/v2/job/stop"))
    assert stage.posts("/v2/job/clean") == stage.posts("/v2/job/stop")[:1]


def test_at_the_deadline_waiting_for_cores_is_reported() -> None:
    stage = Stage("cores")
    with pytest.raises(ProofFailed, match="guest 9999 waits for 20 cores; host 9999 waits for 20 cores"):
        stage.toy(deadline=6)
    assert len(stage.posts("/v2/job/clean")) == 1


def test_an_lr_gives_its_figures_and_leaves_nothing() -> None:
    stage = Stage("lr")
    result = stage.lr("run2")
    assert result.figures["auc"] > 0.9
    assert result.figures["shared"] == 160
    assert result.figures["losses"][0] > result.figures["losses"][1]
    assert list(result.seconds) == ["upload", "reader_0", "psi_0", "lr_0", "evaluation_0", "whole"]
    assert result.left == ()
    assert stage.files.there == set()
    assert stage.posts("/v2/table/delete") == ["run2_guest", "run2_host"]
    cleaned = stage.posts("/v2/job/clean")
    assert len(cleaned) == 3
    assert result.id in cleaned
    assert stage.files.jobs == [("9999", job) for job in cleaned]


def test_an_intersection_gives_its_number_and_leaves_nothing() -> None:
    stage = Stage("psi")
    result = stage.psi("run3")
    assert (result.kind, result.figures, result.left) == ("psi", {"shared": 160}, ())
    assert list(result.seconds) == ["upload", "reader_0", "psi_0", "whole"]
    assert stage.files.there == set()
    assert stage.posts("/v2/table/delete") == ["run3_guest", "run3_host"]
    assert len(stage.posts("/v2/job/clean")) == 3


def test_an_intersection_with_other_rows_than_were_uploaded_fails() -> None:
    stage = Stage("psi")
    key = next(key for key in stage.flow.recorded if "metric" in key)
    stage.flow.recorded[key] = [{"code": 0, "data": []}]
    with pytest.raises(ProofFailed, match=r"the intersection found None rows, expected 160"):
        stage.psi("run3")
    assert stage.files.there == set()


def test_an_upload_that_fails_is_cleaned_on_both_sides() -> None:
    stage = Stage("lrfail")
    with pytest.raises(ProofFailed) as raised:
        stage.lr("runx")
    assert raised.value.message.startswith("upload at 9999 (host) failed: RuntimeError: Partition")
    assert "(in task transformer_0" in raised.value.message
    assert "party 9999's flow" in raised.value.remedy
    assert stage.files.there == set()
    assert stage.posts("/v2/table/delete") == ["runx_guest", "runx_host"]
    assert len(stage.posts("/v2/job/clean")) == 2
    assert not any(call.startswith("POST /v2/job/submit") for call in stage.flow.calls)


class Side:
    """One of two flows, each of which knows only its own role."""

    def __init__(self, role: str, party: str, *, ends: str, after: int, report: str = "") -> None:
        self.role, self.party, self.ends, self.after, self.report = role, party, ends, after, report
        self.looks = 0
        self.cleaned = False
        self.stopped = False
        self.refusal: Mapping[str, Any] | None = None

    def __call__(self, _method: str, path: str, /, **_: Any) -> Mapping[str, Any]:
        if path == "/v2/job/submit":
            return self.refusal or {"code": 0, "job_id": "1"}
        if path == "/v2/job/stop":
            self.stopped = True
            return {"code": 0}
        if path == "/v2/job/clean":
            self.cleaned = True
            return {"code": 0}
        if self.cleaned:
            return {"code": 1001 if path == "/v2/job/query" else 2000}
        self.looks += path == "/v2/job/query"
        status = "canceled" if self.stopped else self.ends if self.looks > self.after else "running"
        row = {"role": self.role, "party_id": self.party, "cores": 1, "status": status, "job_id": "1"}
        if path == "/v2/job/query":
            return {"code": 0, "data": [row]}
        task = {"task_name": "toy_0", "party_status": status, "error_report": self.report, "end_time": 1000}
        return {"code": 0, "data": [{**row, **task}]}


def two_parties(guest: Any, host: Any, deadline: float = 300, waits: Callable[[], str] = str) -> tuple[Any, Files]:
    time, files = Time(), Files()
    apis = {"9999": FlowApi(guest)} | ({"10000": FlowApi(host)} if host else {})
    clock = Clock(time.now, time.sleep)
    attempt = Attempt(apis, "9999", "10000", lambda _: None, deadline, files, clock=clock, waits=waits)
    return run_toy(attempt), files


def test_success_has_to_be_confirmed_by_both_sides() -> None:
    host = Side("host", "10000", ends="success", after=5)
    result, files = two_parties(Side("guest", "9999", ends="success", after=2), host)
    assert result.confirmed == ("10000", "9999")
    assert host.looks > 5
    assert host.cleaned
    assert len(files.jobs) == 2


def test_a_peer_that_we_do_not_manage_is_not_asked() -> None:
    result, files = two_parties(Side("guest", "9999", ends="success", after=2), None)
    assert result.confirmed == ("9999",)
    assert files.jobs == [("9999", "1")]


def test_a_side_that_never_ends_after_the_other_is_a_failure() -> None:
    with pytest.raises(ProofFailed, match=r"no task reports an error \(guest 9999 success; host 10000 running"):
        two_parties(Side("guest", "9999", ends="success", after=2), Side("host", "10000", ends="success", after=9999))


def test_the_side_with_the_reason_is_named() -> None:
    host = Side("host", "10000", ends="failed", after=2, report="ModuleNotFoundError: No module named 'fate'")
    with pytest.raises(ProofFailed, match=r"ModuleNotFoundError: .* \(in task toy_0 of party 10000 \(host\)\)"):
        two_parties(Side("guest", "9999", ends="failed", after=2), host)


def test_a_failure_without_any_report_still_names_the_task() -> None:
    with pytest.raises(ProofFailed, match=r"no error report of it \(in task toy_0 of party 9999 \(guest\)\)"):
        two_parties(Side("guest", "9999", ends="failed", after=2), Side("host", "10000", ends="canceled", after=2))


def test_a_job_that_hangs_says_what_each_side_waits_for_before_it_is_stopped() -> None:
    guest, host = (
        Side(role, party, ends="success", after=9999) for role, party in (("guest", "9999"), ("host", "10000"))
    )

    def waits() -> str:
        assert not guest.stopped, "a job that was stopped has no links any more"
        return "9999/rabbitmq@n1 has RABBITMQ_LINK_DOWN: connecting"

    with pytest.raises(ProofFailed) as raised:
        two_parties(guest, host, 30, waits)
    assert (
        "guest 9999 running toy_0; host 10000 running toy_0; 9999/rabbitmq@n1 has RABBITMQ_LINK" in raised.value.message
    )


def test_nodes_that_cannot_be_asked_do_not_hide_why_the_job_failed() -> None:
    def waits() -> str:
        raise FatecloudError("n2: no route")

    with pytest.raises(ProofFailed, match=r"KeyError: 'x' \(in task .*; the services could not be asked: n2: no route"):
        two_parties(Side("guest", "9999", ends="failed", after=1, report="KeyError: 'x'"), None, waits=waits)


class Refusing(Side):
    """A flow whose scheduler abandons the job, and reports why only in its log."""

    def __call__(self, method: str, path: str, /, **given: Any) -> Mapping[str, Any]:
        if path == "/v2/log/query":
            assert given["query"]["log_type"] == "schedule_error"
            return {
                "code": 0,
                "data": [{"line_num": 1, "content": GIVEN_UP}, {"line_num": 2, "content": "NoneType: None"}],
            }
        answer = super().__call__(method, path, **given)
        if path == "/v2/job/task/query" and answer["code"] == 0:
            return {"code": 0, "data": [{**answer["data"][0], "party_status": "waiting"}]}
        return answer


GIVEN_UP = (
    "[ERROR] [2026-11-28 17:00:41,565] [202611281700288195530] [2040:139645920716480] - "
    "[scheduler.rollback_job_resource] [line:144]: guest 9999 resource limit exceeded"
)


def test_flows_own_reason_for_giving_a_job_up_comes_first() -> None:
    with pytest.raises(ProofFailed, match=r"^toy 9999 -> 10000 failed: guest 9999 resource limit exceeded \("):
        two_parties(Refusing("guest", "9999", ends="failed", after=1), None)


def test_a_flow_that_falls_silent_is_named_and_the_job_stopped() -> None:
    guest = Side("guest", "9999", ends="success", after=9999)
    with pytest.raises(ProofFailed, match=r"party 10000 has not answered for 3[0-9] s"):
        two_parties(guest, Silent())
    assert guest.stopped
    assert guest.cleaned


def test_a_job_that_the_peer_did_not_take_is_cleaned_at_home() -> None:
    guest = Side("guest", "9999", ends="failed", after=0)
    refused = {"guest": {"9999": {"code": 0, "message": "ok"}}, "host": {"10000": {"code": 104, "message": "502"}}}
    guest.refusal = {"code": 1002, "job_id": "1", "message": f"Exception: {('create job failed', refused)!r}\n"}
    with pytest.raises(ProofFailed, match=r"the job was not accepted: party 10000 \(host\): 502"):
        two_parties(guest, Side("host", "10000", ends="failed", after=0))
    assert guest.cleaned


class Stubborn(Side):
    """A flow that refuses to clean."""

    def __call__(self, method: str, path: str, /, **given: Any) -> Mapping[str, Any]:
        if path == "/v2/job/clean":
            return {"code": 6000, "message": "BusyError('database is locked')"}
        return super().__call__(method, path, **given)


def test_what_could_not_be_removed_is_reported_and_does_not_hide_the_reason() -> None:
    result, _ = two_parties(Stubborn("guest", "9999", ends="success", after=1), None)
    assert result.left == ("job 1 at 9999: flow, /v2/job/clean: code 6000: BusyError('database is locked')",)
    with pytest.raises(ProofFailed, match="KeyError: 'x'"):
        two_parties(Stubborn("guest", "9999", ends="failed", after=1, report="KeyError: 'x'"), None)


def test_a_ctrl_c_stops_and_cleans_the_job() -> None:
    guest = Side("guest", "9999", ends="success", after=9999)
    time = Time()

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if time.seconds > 1005 and not guest.stopped:
            raise KeyboardInterrupt

    clock = Clock(time.now, sleep)
    with pytest.raises(KeyboardInterrupt):
        run_toy(Attempt({"9999": FlowApi(guest)}, "9999", "9999", lambda _: None, 300, Files(), clock=clock))
    assert guest.stopped
    assert guest.cleaned


def test_a_file_that_cannot_be_written_leaves_no_job() -> None:
    class Full(Files):
        def put(self, party: str, _name: str, _data: bytes) -> str:
            raise FatecloudError(f"{party}: No space left on device")

    flow = Side("local", "0", ends="success", after=1)
    time = Time()
    clock = Clock(time.now, time.sleep)
    attempt = Attempt({"9999": FlowApi(flow)}, "9999", "9999", lambda _: None, 300, Full(), clock=clock)
    with pytest.raises(FatecloudError, match="No space left"):
        lr_proved(attempt, JOBS, tag="t")
    assert flow.looks == 0


def test_tables_are_made_in_our_own_namespace() -> None:
    stage = Stage("lr")
    stage.lr("run2")
    made = [body["namespace"] for body in stage.flow.bodies if "namespace" in body]
    assert made == [NAMESPACE] * 4
