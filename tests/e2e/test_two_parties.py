"""Two parties on two nodes, architecture rabbitmq: the tests run in order on one cluster that the first ones build."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from program import PROGRAM, Program, ensure_no_defect
from raised import RAISED
from two_parties import A, B, beside, edit, home, machines, pids, slug, state_of, task

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

POINTS = {
    "packages are installed": "Begin to install packages of the Debian family",
    "artifacts travel": "Ship artifacts",
    "the environment is built": "Build the Python environments of the releases",
    "services start": "Wait until it answers",
}
PREPARES = "Place the files of the node"
"""A task that runs only while a node is prepared."""


DAMAGE = """
import glob, os, sys
os.chdir(sys.argv[1])
for pattern in ("uv-*.whl", "cpython-*.tar.gz", "torch-*.whl"):
    (path,) = glob.glob("artifacts/*/" + pattern)
    with open(path, "r+b") as file:
        file.seek(5000)
        (byte,) = file.read(1)
        file.seek(5000)
        file.write(bytes([byte ^ 1]))
for marker in glob.glob("venv/*/.complete"):
    os.unlink(marker)
"""
"""Changes a bit of three artifacts, and lets the environment that was made of them not count as complete."""
WRONG = "cd {}/store/artifacts && sha256sum */* | awk '{{split($2, part, \"/\"); if ($1 != part[1]) print part[2]}}'"


def kill(program: Program, sandbox: Sandbox, point: str) -> None:
    killed = program.kill_at(task(POINTS[point]), "deploy", "--yes")
    assert killed, "the deploy ended before the point to kill it at"
    assert task(PREPARES)(program.events()) == (point == "services start")
    for node in (A, B):
        deadline = time.monotonic() + 600  # packages are installed to their end
        while (left := sandbox.exec(node, ["pgrep", "-fa", "[A]nsiballZ"]).text) and time.monotonic() < deadline:
            time.sleep(1)
        assert not left, "an orphan of the killed run still works on the node"


@pytest.mark.bare
@pytest.mark.parametrize("point", [point for point in POINTS if point != "services start"])
def test_a_deploy_is_killed(program: Program, sandbox: Sandbox, point: str) -> None:
    kill(program, sandbox, point)


def test_damaged_artifacts_of_the_right_size_heal_before_they_are_used(program: Program, sandbox: Sandbox) -> None:
    wrong = ["sh", "-euc", WRONG.format(home(program))]
    sandbox.check(A, ["python3", "-c", DAMAGE, f"{home(program)}/store"])
    assert len(sandbox.check(A, wrong).split()) == 3
    kill(program, sandbox, "services start")
    assert sandbox.check(A, wrong) == ""


def test_a_deploy_after_kills_goes_on_to_the_end(program: Program) -> None:
    done = program.ok("deploy", "--yes", timeout=900)
    assert "toy 9999 -> 10000: success" in done.err
    report = program.report()
    assert report["findings"] == []
    assert report["status"] == 0


def test_a_second_deploy_plans_nothing(program: Program, sandbox: Sandbox) -> None:
    before = pids(program, sandbox)
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out
    assert "nothing to do" in program.ok("deploy", "--yes").out
    assert pids(program, sandbox) == before


def test_the_history_says_who_deployed_and_what_changed(program: Program) -> None:
    runs = program.ok("runs", "list").out
    assert "killed" in runs
    newest = program.ok("runs", "show", "last").out
    assert re.search(r"outcome +done", newest)
    assert getpass.getuser() in newest
    assert "Place the files of the service" in program.ok("runs", "log", "last").out
    assert str(program.inventory) in program.ok("clusters", "--state-dir", str(program.state)).out


def test_a_command_runs_as_the_services_user_with_its_tools(program: Program) -> None:
    assert program.ok("exec", "9999/mysql", "--", "id", "-un").out.strip() not in ("root", getpass.getuser())
    assert "fate" in program.ok("exec", "9999/rabbitmq", "--", "rabbitmqctl", "list_users").out
    assert program.run("exec", "9999/flow", "--", "sh", "-c", "exit 7").status == 7
    assert "exec" in program.ok("runs", "list").out


def test_without_the_controllers_state_nothing_changes(program: Program) -> None:
    kept = (state_of(program) / "known_hosts").read_bytes()
    shutil.rmtree(program.state)
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode", "--accept-new-host-keys").out
    assert program.report()["status"] == 0
    known = (state_of(program) / "known_hosts").read_bytes()
    assert {line.split()[-1] for line in known.splitlines()} <= {
        word for line in kept.splitlines() for word in line.split()
    }


def test_a_toy_in_the_other_direction(program: Program) -> None:
    assert "success" in program.ok("test", "toy", "--from", "10000", "--to", "9999").out


@pytest.mark.usefixtures("running")
def test_changed_keys_restart_only_their_readers_and_unsigned_jobs_run_too(program: Program, sandbox: Sandbox) -> None:
    def unsigned(document: dict[str, Any]) -> None:
        for party, more in (("9999", {"log_level": 10}), ("10000", {})):
            flow = {"authentication": {"site": False}} | more
            document["parties"][party].setdefault("config", {}).update({"flow": flow})

    before = pids(program, sandbox)
    edit(program, unsigned)
    plan = program.run("plan", "--detailed-exitcode")
    assert plan.status == 2
    assert "log_level: 10" in plan.out
    assert "site: false" in plan.out
    assert pids(program, sandbox) == before
    assert ": success in" in program.ok("deploy", "--yes").err, "the toy runs without signatures"
    after = pids(program, sandbox)
    assert {key for key in before if before[key] != after[key]} == {"9999/flow", "10000/flow"}
    assert not task(PREPARES)(program.events()), "a node of which only services change is not prepared again"


def test_an_edit_by_hand_is_shown_and_refused_and_its_password_is_nowhere(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    conf = f"{home(program)}/{slug(program, '9999', 'flow')}/conf/service_conf.yaml"
    typed = "typed-by-hand-Zxcvb"
    edit_it = f"sed -i -e 's/^\\( *passwd: \\).*/\\1{typed}/' -e 's/^log_level: .*/log_level: 30/' {conf}"
    sandbox.check(A, ["sh", "-ec", f"cp -p {conf} /root/kept; {edit_it}; echo 'admin_token: {typed}' >> {conf}"])
    try:
        # The check asks the database with the password that is in the file now, and the flows do not sign.
        with RAISED.expecting("FILE_DRIFTED", "FLOW_DATABASE_AUTH", "EXPOSURE_FLOW_AUTH"):
            plan = program.run("plan", "--detailed-exitcode")
            assert (plan.status, "REFUSED" in plan.out) == (6, True), plan
            assert "+log_level: 30" in plan.out
            assert "changed; not shown, because it may hold a secret" in plan.out
            assert program.run("deploy", "--yes").status == 6
            document = program.run("plan", "-o", "json")
            assert json.loads(document.out)["refusals"]
            program.run("check", "--save-facts", str(tmp_path / "facts.json"))
        for text in (*program.said, (tmp_path / "facts.json").read_text()):
            assert typed not in text
        kept = [path.read_text(errors="replace") for path in program.state.rglob("*") if path.is_file()]
        assert not any(typed in text for text in kept)
    finally:
        sandbox.check(A, ["sh", "-ec", f"cat /root/kept > {conf}; rm /root/kept"])
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out


def test_the_logs_of_a_job_come_from_both_parties(program: Program, sandbox: Sandbox) -> None:
    job = "202611251932141234560"  # smoke tests remove the logs of their own jobs
    for node, party, role in ((A, "9999", "host"), (B, "10000", "guest")):
        folder = f"{home(program)}/logs/{slug(program, party, 'flow')}/{job}"
        line = f"[ERROR] [2026-11-25 19:32:14,655] [{job}] [1:1] - [a.b] [line:1]: failed as {role}"
        script = f"mkdir -p {folder}/{role}/{party}/lr_0; echo '{line}' > {folder}/{role}/{party}/lr_0/ERROR"
        sandbox.check(node, ["sh", "-ec", script])
    try:
        out = program.ok("logs", "--job", job).out
        assert f"9999/flow@{A} host/9999/lr_0/ERROR | [ERROR]" in out
        assert f"10000/flow@{B} guest/10000/lr_0/ERROR | [ERROR]" in out
        assert program.run("logs", "--job", job[:-1] + "1").status == 1
    finally:
        for node in (A, B):
            sandbox.check(node, ["sh", "-c", f"rm -r {home(program)}/logs/*/{job}"])


def test_killed_between_a_file_and_its_readers_restart(program: Program, sandbox: Sandbox) -> None:
    def signed(document: dict[str, Any]) -> None:
        document["parties"]["9999"]["config"].update({"flow": {"log_level": 20}})
        document["parties"]["10000"]["config"].update({"flow": {}})

    before = pids(program, sandbox)
    edit(program, signed)
    conf = f"{home(program)}/{slug(program, '9999', 'flow')}/conf/service_conf.yaml"

    def written(_: list[dict[str, Any]]) -> bool:
        return "log_level: 20" in sandbox.exec(A, ["cat", conf]).text

    assert program.kill_at(written, "deploy", "--yes")
    assert "restart" in program.run("plan").out or pids(program, sandbox) != before
    program.ok("deploy", "--yes", "--no-verify")
    assert {key for key, pid in pids(program, sandbox).items() if pid != before[key]} == {"9999/flow", "10000/flow"}
    assert program.report()["status"] == 0


@pytest.mark.usefixtures("running")
def test_a_second_operator_is_refused_while_the_first_deploys(
    program: Program, tmp_path: Path, sandbox: Sandbox
) -> None:
    edit(program, lambda d: d["parties"]["10000"].setdefault("config", {}).update({"flow": {"log_level": 10}}))
    other, slow = (beside(program, tmp_path / name, LOGNAME="second") for name in ("other", "slow"))
    edit(slow, lambda d: d["parties"]["10000"]["config"].update({"flow": {"log_level": 30}}))
    with slow.asked("deploy", "--no-verify") as answer:
        others_are_refused(program, other, sandbox)
        outdated = answer()
    assert outdated.status == 6, outdated
    assert "changed since the plan was shown: " in " ".join(outdated.err.split())
    assert "nothing to do" in program.ok("deploy", "--yes", "--no-verify").out


def others_are_refused(program: Program, other: Program, sandbox: Sandbox) -> None:
    """Another operator, and the same one in another window, while the first deploys."""
    first = program.start("deploy", "--yes", "--no-verify")
    lease = f"{home(program)}/.fatecloud/lease.json"
    deadline = time.monotonic() + 180
    while sandbox.exec(B, ["test", "-e", lease]).exit != 0:
        assert first.poll() is None, f"the first deploy ended: {first.communicate()}"
        assert time.monotonic() < deadline, "the first deploy took no lease"
        time.sleep(0.05)
    holder = str(json.loads(sandbox.check(B, ["cat", lease]))["run"])
    refused = [who.start("deploy", "--yes", "--no-verify") for who in (other, program)]
    answers = [process.communicate(timeout=300) for process in refused]
    out, err = first.communicate(timeout=300)
    program.hear(["deploy"], out, err)
    assert first.returncode == 0, out + err
    for process, (said, complained) in zip(refused, answers, strict=True):
        program.hear(["deploy"], said, complained)
        assert process.returncode == 5, said + complained
        holds = f"run {holder} of {getpass.getuser()}@{socket.gethostname()} holds this node"
        assert holds in " ".join(complained.split())
        ensure_no_defect(process.returncode, complained)


def test_the_rendered_project_runs_by_itself_to_the_same_end(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    before, machine = pids(program, sandbox), machines(program, sandbox)
    program.ok("render", "--output", str(tmp_path / "project"))
    password = program.inventory.with_name("inventory.vault-password")
    playbook = Path(PROGRAM).with_name("ansible-playbook")
    done = subprocess.run(
        [playbook, "site.yml", "--vault-password-file", password],
        cwd=tmp_path / "project",
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        # An operator's own home: the sockets of ssh are below it, and their paths must be short.
        env={name: os.environ[name] for name in ("PATH", "HOME")} | {"LANG": "C.UTF-8"},
    )
    program.hear(["ansible-playbook"], done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert pids(program, sandbox) == before
    assert machines(program, sandbox) == machine
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out


def test_all_nodes_reboot_at_once_and_come_back(program: Program, sandbox: Sandbox) -> None:
    sandbox.restart(A, B)
    with RAISED.anything():  # while everything starts, services that do not answer yet are reported, and rightly so
        report = program.wait_for(lambda report: report["status"] == 0, timeout=180)
    assert report["findings"] == []
