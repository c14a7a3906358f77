"""Files of a smoke test: the service's user writes and removes them, and no link makes them land elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import small_cluster

from fatecloud.errors import ProofFailed
from fatecloud.transport.fake import FakeTransport
from fatecloud.transport.local import LocalTransport
from fatecloud.workflow.job_runners import JobRunner
from fatecloud.workflow.jobs import JobApis
from fatecloud.workflow.load import Session
from fatecloud.workflow.prove import ProofFiles


def files_of(tmp_path: Path, transport: Any = None, **changes: Any) -> ProofFiles:
    where = small_cluster.node(tmp_path / "base", **changes)
    desired = small_cluster.desired(where)
    (service,) = desired.services.values()
    facts = {"upload_directory": str(tmp_path), "job_traces": (f"{tmp_path}/jobs/{{job}}",)}
    apis = SimpleNamespace(
        services={"9999": dataclasses.replace(service, facts=facts)},
        seconds_for=lambda seconds: seconds,
        transport=lambda _: transport or LocalTransport(where, lambda: None),
    )
    return ProofFiles(cast("JobApis", apis), cast("Session", SimpleNamespace(cluster=desired.cluster)))


def test_a_link_in_the_place_of_a_new_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "of-root"
    target.write_text("kept")
    (tmp_path / "rows.csv").symlink_to(target)
    with pytest.raises(ProofFailed):
        files_of(tmp_path).put("9999", "rows.csv", b"x")
    assert target.read_text() == "kept"


def test_a_file_is_written_for_the_service_alone(tmp_path: Path) -> None:
    path = Path(files_of(tmp_path).put("9999", "rows.csv", b"a,b\n"))
    assert path.read_bytes() == b"a,b\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_root_only_becomes_the_services_user(tmp_path: Path) -> None:
    transport = FakeTransport("a1", lambda _: b"")
    files = files_of(tmp_path, transport, become="root", service_user="fate")
    files.put("9999", "rows.csv", b"x")
    files.discard("9999", "rows.csv")
    files.discard_job("9999", "2026")
    assert {call.argv[:4] for call in transport.calls} == {("runuser", "-u", "fate", "--")}


@pytest.mark.parametrize(("user", "asks"), [("fc-flow", "fc-flow"), ("", "nobody"), ("root", "nobody")])
def test_root_asks_no_flow_itself(tmp_path: Path, user: str, asks: str) -> None:
    where = small_cluster.node(tmp_path / "base", become="root")
    transport = FakeTransport("a1", lambda _: b'{"status": 200, "body": {"code": 0, "data": {"data": []}}}')
    cluster = small_cluster.desired(where).cluster
    session = SimpleNamespace(cluster=cluster, desired=SimpleNamespace(services={}), connect=lambda *_: transport)
    runner = JobRunner("9999/flow@a1", "9999", where.name, "/home", "http://127.0.0.1:9380", user=user)
    with JobApis(cast("Session", session)) as apis:
        apis.of(runner).active(("running",))
    assert {call.argv[:4] for call in transport.calls} == {("runuser", "-u", asks, "--")}
