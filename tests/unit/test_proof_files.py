"""Files of a smoke test: the service's user writes and removes them, and no link makes them land elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import small_cluster
from fake_transport import FakeTransport
from sessions import stand_in

from fatecloud.components.flow.proof_files import ProofFiles
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.errors import FatecloudError
from fatecloud.model.identity import ServiceId
from fatecloud.model.jobs import JobRunner
from fatecloud.transport.local import LocalTransport
from fatecloud.workflow.service_commands import ServiceCommands


def files_of(tmp_path: Path, transport: Any = None, **changes: Any) -> ProofFiles:
    where = small_cluster.node(tmp_path / "base", **changes)
    desired = small_cluster.desired(where)
    (service,) = desired.services.values()
    facts = {"upload_directory": str(tmp_path), "job_traces": (f"{tmp_path}/jobs/{{job}}",)}
    commands = ServiceCommands(stand_in(desired, connect=lambda *_: transport or LocalTransport(where, lambda: None)))
    return ProofFiles({"9999": dataclasses.replace(service, facts=facts)}, commands.of)


def test_a_link_in_the_place_of_a_new_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "of-root"
    target.write_text("kept")
    (tmp_path / "rows.csv").symlink_to(target)
    with pytest.raises(FatecloudError):
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
    session = stand_in(small_cluster.desired(where), connect=lambda *_: transport)
    ident = ServiceId("tiny-c3f9a2", "9999", "flow", where.name)
    runner = JobRunner(ident, "flow/v2", "/home", "http://127.0.0.1:9380", user=user)
    with ServiceCommands(session) as commands:
        flow_api(runner, commands.at(ident, user)).active()
    assert {call.argv[:4] for call in transport.calls} == {("runuser", "-u", asks, "--")}
