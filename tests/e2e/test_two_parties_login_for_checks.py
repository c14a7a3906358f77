"""A login that may run nothing but the installed collector as root: it can check, and can read nothing else."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from program import Program, ensure_no_defect
from two_parties import A, B, home, label

from fatecloud.model.completed import Completed
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("running")]
LOGIN = "monitor"


@dataclass(frozen=True)
class Monitor:
    """The login, and the program that it may run."""

    program: Program
    sandbox: Sandbox
    path: str

    def shell(self, script: str) -> Completed:
        """Run something as this login."""
        return self.sandbox.exec(A, ["su", "-s", "/bin/sh", LOGIN, "-c", script])


@pytest.fixture(scope="module")
def monitor(program: Program, sandbox: Sandbox, handed: Handed) -> Iterator[Monitor]:
    """The login on both nodes, set up as the page says; the inventory is put back at the end."""
    original = program.inventory.read_text()
    document = yaml.safe_load(original)
    document["defaults"]["check"] = {"user": LOGIN, "key": "monitor-key"}
    program.inventory.write_text(yaml.safe_dump(document, sort_keys=False))
    shutil.copy(handed.key, program.inventory.with_name("monitor-key"))
    public = Path(f"{handed.key}.pub").read_bytes()
    for node in (A, B):
        sandbox.check(node, ["useradd", "-m", "-s", "/bin/sh", LOGIN])
        sandbox.check(node, ["install", "-d", "-m", "700", "-o", LOGIN, f"/home/{LOGIN}/.ssh"])
        sandbox.write(node, f"/home/{LOGIN}/.ssh/authorized_keys", public, mode=0o600, user=LOGIN)
    program.ok("deploy", "--yes", "--no-verify", timeout=600)
    path = f"/usr/local/lib/fatecloud/{label(program)}/check"
    for node in (A, B):
        digest = sandbox.check(node, ["sha256sum", path]).split()[0]
        line = f'{LOGIN} ALL=(root) NOPASSWD: sha256:{digest} {path} ""\n'
        sandbox.write(node, "/etc/sudoers.d/fatecloud-check", line.encode(), mode=0o440)
    yield Monitor(program, sandbox, path)
    for node in (A, B):
        sandbox.check(node, ["rm", "-f", "/etc/sudoers.d/fatecloud-check"])
        sandbox.check(node, ["userdel", "-r", LOGIN])
    program.inventory.write_text(original)
    program.ok("deploy", "--yes", "--no-verify", timeout=600)
    for node in (A, B):
        assert sandbox.exec(node, ["test", "-e", path]).exit != 0


def test_it_checks_and_shows_the_cluster(monitor: Monitor) -> None:
    report = monitor.program.report()
    assert (report["status"], report["findings"]) == (0, [])
    assert monitor.program.run("status").status == 0
    assert "root" not in monitor.shell("id -Gn").text


def test_the_program_and_its_list_are_roots(monitor: Monitor) -> None:
    for path in (monitor.path, f"{home(monitor.program)}/.fatecloud/check.json"):
        shown = monitor.sandbox.check(A, ["namei", "-l", path])
        assert not [line for line in shown.splitlines()[1:] if " root root " not in f"{line} ".replace("  ", " ")]
    assert monitor.shell(f"echo x >> {monitor.path}").exit != 0


@pytest.mark.parametrize(
    "asked",
    [
        {"files": ["/etc/shadow"], "want": ["files"]},
        {"want": ["files"], "base": "/etc"},
        {"want": ["/etc/shadow"]},
        {"want": ["users", "sysctl", "privileges"]},
        {"want": ["logs"], "services": [{"key": "x", "logs": [{"path": "/etc/shadow"}]}]},
        {"probes": [{"id": "x", "argv": ["cat", "/etc/shadow"]}]},
        {"probes": True, "asker": "print(open('/etc/shadow').read())"},
        {"codes": "x", "want": []},
    ],
)
def test_no_question_makes_it_read_anything_else(monitor: Monitor, asked: dict[str, object]) -> None:
    secret = monitor.sandbox.check(A, ["sh", "-c", "grep ^root: /etc/shadow"]).strip()
    done = monitor.shell(f"echo {shlex.quote(json.dumps(asked))} | sudo -n {monitor.path}")
    assert secret not in done.text + done.stderr.decode()
    assert "/etc/shadow" not in done.text
    ensure_no_defect(done.exit, done.stderr.decode())


@pytest.mark.parametrize(
    "command",
    [
        "sudo -n cat /etc/shadow",
        "sudo -n {path} /etc/shadow",
        "sudo -n /usr/bin/python3 {path}",
        "sudo -n sh -c {path}",
        "cp {path} /tmp/check; sudo -n /tmp/check",
        "cat /etc/shadow",
        "cat {base}/.fatecloud/check.json",
        "cat {base}/.fatecloud/manifest.json",
        "sudo -n -u daemon id",
    ],
)
def test_it_has_no_other_right(monitor: Monitor, command: str) -> None:
    words = command.format(path=monitor.path, base=home(monitor.program))
    done = monitor.shell(f"{words} </dev/null")
    assert done.exit != 0, done.text
    assert done.text == ""


@pytest.mark.parametrize(
    "surroundings",
    [
        "PYTHONPATH=/srv/own PYTHONSTARTUP=/srv/own/json.py PYTHONHOME=/srv/own",
        "PATH=/srv/own",
        "LD_PRELOAD=/srv/own/x.so LD_LIBRARY_PATH=/srv/own",
    ],
)
def test_its_own_files_and_variables_are_not_used(monitor: Monitor, surroundings: str) -> None:
    evil = "import os; os.system('touch /srv/own/taken')"
    for name in ("json", "types", "os", "socket", "collector"):
        monitor.sandbox.write(A, f"/srv/own/{name}.py", evil.encode(), user=LOGIN)
    script = f'cd /srv/own && echo \'{{"want": ["clock"]}}\' | env {surroundings} /usr/bin/sudo -n {monitor.path}'
    done = monitor.shell(script)
    assert '"clock"' in done.text, done.stderr.decode()
    assert monitor.sandbox.exec(A, ["test", "-e", "/srv/own/taken"]).exit != 0


def test_a_program_with_another_content_is_refused(monitor: Monitor) -> None:
    monitor.sandbox.check(A, ["sh", "-c", f"cp -p {monitor.path} /root/kept; echo '# more' >> {monitor.path}"])
    try:
        assert monitor.shell(f"echo '{{}}' | sudo -n {monitor.path}").exit != 0
    finally:
        monitor.sandbox.check(A, ["cp", "-p", "/root/kept", monitor.path])
