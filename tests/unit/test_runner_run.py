"""Real Ansible on this machine: no secret stays anywhere, and nothing outlives the controller."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from small_cluster import CLUSTER_ID, KEY, PASSWORD, desired, node

from fatecloud.errors import Refused
from fatecloud.model.event import Event
from fatecloud.model.places import REGISTERS
from fatecloud.render.project import RunInfo, write_project, write_variables
from fatecloud.runner.outcome import Outcome
from fatecloud.runner.run import run_playbook
from fatecloud.workflow.failure import failure

CANARY = "canary-7f3a{{ 1 }}'\"\\"
VAULT_PASSWORD = "vault-9c1d"
pytestmark = pytest.mark.timeout(120)

PLACE = """\
- name: Place
  hosts: all
  gather_facts: false
  environment: {FATECLOUD_RUN: "{{ fatecloud_run }}"}
  tasks:
    - name: Place the files
      fatecloud_files:
        base: "{{ fatecloud_node.base }}"
        run: "{{ fatecloud_run }}"
        service: "{{ fatecloud_services[0].key }}"
        files: "{{ fatecloud_services[0].files }}"
        directories: "{{ fatecloud_services[0].directories }}"
        user: root
        group: root
"""
SLEEP = """\
- name: Sleep
  hosts: all
  gather_facts: false
  tasks:
    - name: Sleep for long
      ansible.builtin.command: {argv: [sleep, "300.MARK"]}
"""
FAIL = """\
- name: Fail
  hosts: all
  gather_facts: false
  tasks:
    - name: Say it
      ansible.builtin.command: {argv: [sh, -c, "echo saw the value-of-a-secret >&2; exit 3"]}
"""

SHOW = """\
- name: Show
  hosts: all
  gather_facts: false
  tasks:
    - name: Compare with what the plan showed
      ansible.builtin.fail: {msg: "{{ fatecloud_shown.get(inventory_hostname, {}) }} {{ fatecloud_proofs }}"}
"""

GATE = """\
- name: Stages
  hosts: all
  gather_facts: false
  tasks:
    - name: Fail on one node
      ansible.builtin.fail: {msg: on purpose}
      when: inventory_hostname == 'a1'
    - name: Go on
      ansible.builtin.include_tasks: tasks/stage.yml
      loop: "{{ fatecloud_stages }}"
      loop_control: {loop_var: fatecloud_stage}
"""


@pytest.fixture(autouse=True)
def _register_as_it_was() -> Iterator[None]:
    """Real modules write to this machine's own register, and an entry of an earlier run would count as a neighbour."""
    shared, own = REGISTERS
    folder = Path(shared if os.geteuid() == 0 else own).expanduser()
    entry = folder / f"{CLUSTER_ID}.json"
    entry.unlink(missing_ok=True)
    yield
    entry.unlink(missing_ok=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    wanted = desired(node(tmp_path / "fate"))
    kept = tuple(f for f in wanted.files["a1"] if f.path.startswith(str(tmp_path)))
    nodes = {name: node(tmp_path / "fate", name=name, python=sys.executable) for name in ("a1", "a2")}
    cluster = dataclasses.replace(wanted.cluster, nodes=nodes)
    wanted = dataclasses.replace(wanted, cluster=cluster, files={"a1": kept})
    secret = VaultSecret(VAULT_PASSWORD.encode())
    text = "fatecloud_secrets:\n  " + PASSWORD + ": !unsafe " + json.dumps(CANARY) + "\n"
    directory = tmp_path / "project"
    write_project(
        wanted,
        directory,
        ssh_config="",
        known_hosts=None,
        store=Path,
        vault_text=VaultLib([("default", secret)]).encrypt(text, secret).decode(),
        run=RunInfo("r1", "me@here", "c1", os.getpid()),
    )
    mark = str(time.time_ns())
    for name, playbook in (
        ("place", PLACE),
        ("sleep", SLEEP.replace("MARK", mark)),
        ("fail", FAIL),
        ("show", SHOW),
        ("gate", GATE),
    ):
        (directory / f"{name}.yml").write_text(playbook)
    (tmp_path / "mark").write_text(mark)
    return directory


def run(
    project: Path, playbook: str, on_event: Callable[[Event], None] = lambda _event: None, **changes: Any
) -> Outcome:
    plain: dict[str, Any] = {
        "vault_password": VAULT_PASSWORD,
        "on_event": on_event,
        "cancel": threading.Event(),
        "artifacts_dir": project.parent / "artifacts",
        "limit": ["a1"],
        "redact": lambda text: text.replace("value-of-a-secret", "<hidden>"),
    }
    return run_playbook(project, playbook, **(plain | changes))


def processes(*words: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if any(word.encode() in text for word in words):
                found.append(text.decode(errors="replace"))
    return found


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def mark(project: Path) -> Iterator[str]:
    found = "300." + (project.parent / "mark").read_text()
    yield found
    assert processes(found) == []


def test_a_secret_reaches_its_file_and_nothing_else(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "no-such-callback")
    monkeypatch.setenv("SOME_TOKEN", "token-of-the-operator")
    events: list[Event] = []
    seen: list[str] = []

    def watch(event: Event) -> None:
        events.append(event)
        seen.extend(processes("canary-7f3a", VAULT_PASSWORD))

    assert run(project, "lease.yml", watch).ok
    outcome = run(project, "place.yml", watch)
    assert outcome.ok, outcome
    assert outcome.changed == {"a1": 1}
    conf = tmp_path / "fate" / "tiny-c3f9a2-9999-flow" / "conf" / "site.json"
    assert json.loads(conf.read_text()) == {"password": CANARY, "braces": "{{ not a template }}"}
    assert seen == []
    recorded = json.dumps([dataclasses.asdict(event) for event in events])
    assert "Place the files" in recorded
    kept = [p for p in tmp_path.rglob("*") if p.is_file() and p != conf]
    assert any(p.name == "command" for p in kept)
    for word in ("canary-7f3a", VAULT_PASSWORD, "token-of-the-operator"):
        assert word not in recorded
        assert [p for p in kept if word.encode() in p.read_bytes()] == []
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not run(project, "place.yml").changed


def test_what_a_node_wrote_is_not_a_template_on_this_machine(project: Path, tmp_path: Path) -> None:
    signs = {"{{": "}}", "{%": "%}", "{#": "#}"}
    planted = [
        f"{first} lookup('pipe', 'touch {tmp_path}/pwned') {last}{end}"
        for first, last in signs.items()
        for end in ("", "\n", "\ud800\x07: #'\"")
    ]
    write_variables(
        tmp_path / "variables.yml",
        {"fatecloud_shown": {"a1": {"paths": planted, "digest": planted[0]}}, "fatecloud_proofs": {"job": planted[0]}},
    )
    (failed,) = run(project, "show.yml", extra_vars_file=tmp_path / "variables.yml").failed
    assert failed.message.count("lookup(") == len(planted) + 2
    assert not (tmp_path / "pwned").exists()


def test_one_machine_is_not_taken_under_two_names(project: Path) -> None:
    outcome = run(project, "lease.yml", limit=["a1", "a2"])
    (failed,) = outcome.failed
    error = failure(outcome)
    other = {"a1": "a2", "a2": "a1"}[failed.node]
    assert isinstance(error, Refused)
    assert error.message.startswith(f"{failed.node}: {project.parent / 'fate'} on this machine is node {other}'s")
    assert error.remedy == f"keep one name for the machine under `nodes`; its services are those of {other}"


def test_a_failure_says_where_and_why_and_is_redacted(project: Path) -> None:
    events: list[Event] = []
    outcome = run(project, "fail.yml", events.append)
    assert (outcome.status, outcome.ok) == ("failed", False)
    (failed,) = outcome.failed
    assert (failed.node, failed.task) == ("a1", "Say it")
    assert failed.result["rc"] == 3
    assert failed.result["stderr"] == "saw the <hidden>"
    assert [e.kind for e in events if e.kind == "failed"] == ["failed"]
    assert "value-of-a-secret" not in repr((events, outcome))


def test_a_refusal_carries_the_details_of_the_module(project: Path) -> None:
    outcome = run(project, "place.yml")
    (failed,) = outcome.failed
    assert failed.service == KEY
    assert "run r1 does not hold this node" in failed.message


def test_a_node_that_failed_stops_the_others_before_the_next_stage(project: Path) -> None:
    events: list[Event] = []
    outcome = run(project, "gate.yml", events.append, limit=())
    assert outcome.status == "failed"
    assert [(f.node, f.message) for f in outcome.failed] == [("a1", "on purpose")]
    assert "stopped, because a1 failed before" in [e.text for e in events if e.kind == "note"]


def test_a_wrong_vault_password_is_reported_in_words(project: Path) -> None:
    outcome = run(project, "lease.yml", vault_password="wrong")
    assert not outcome.ok
    assert "Decryption failed" in outcome.output


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_it_ends_on_request_and_leaves_nothing(project: Path, mark: str, how: str) -> None:
    cancel = threading.Event()

    def stop() -> None:
        until(lambda: bool(processes(mark)), 30)
        cancel.set()

    threading.Thread(target=stop).start()
    began = time.monotonic()
    outcome = run(
        project,
        "sleep.yml",
        cancel=cancel if how == "cancel" else threading.Event(),
        timeout=6 if how == "timeout" else 60,
    )
    assert outcome.status == ("canceled" if how == "cancel" else "timeout")
    assert time.monotonic() - began < 40


CONTROLLER = """\
import sys, threading
from pathlib import Path
from fatecloud.runner.run import run_playbook
run_playbook(Path(sys.argv[1]), "sleep.yml", vault_password=sys.argv[2], on_event=lambda event: None,
    cancel=threading.Event(), artifacts_dir=Path(sys.argv[1]).parent / "artifacts", redact=str)
"""


def test_when_the_controller_is_killed_nothing_lives_on(project: Path, mark: str) -> None:
    # Without terminal and standard input, as under cron.
    controller = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(project), VAULT_PASSWORD],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert until(lambda: bool(processes(mark)), 60)
    os.kill(controller.pid, signal.SIGKILL)
    controller.wait()
    assert until(lambda: not processes(mark), 10)
    assert until(lambda: not processes(str(project)), 10)
