"""The README's first command on a node that has only git, python3 and sudo."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import NewSandbox
from raised import RAISED
from sampling import LONG

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import sandbox_down

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
CLIENT_SETTINGS = re.compile(
    r"(PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT)|UV_(INDEX_URL|DEFAULT_INDEX)|https?_proxy|no_proxy)",
    re.IGNORECASE,
)
"""How this machine's clients reach their registries; the node gets the same settings."""
OF_A_BARE_MACHINE = ("PREFLIGHT_BOOT_START", "PREFLIGHT_NOFILE", "PREFLIGHT_NPROC")
"""Warnings that are true of such a node: it has no cron, and the limits that the container engine gives to it."""
PROGRAM, LINK = "/srv/checkout/.venv/bin/fatecloud", "/home/ops/.local/bin/fatecloud"
INVENTORY = "/home/ops/fatecloud/inventory.yml"
OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")


def command() -> str:
    """The first code block below `## Quick start`."""
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"## Quick start\n+```sh\n(.+?)\n```", readme, re.DOTALL)
    assert block
    assert "\n" not in block[1]
    return block[1]


@pytest.fixture(scope="module")
def node(new_sandbox: NewSandbox) -> Iterator[Sandbox]:
    """The newest supported distribution; `test_oldest_distribution.py` has the oldest."""
    sandbox = new_sandbox("quick", 1, "debian-13", cache_packages=False).sandbox
    for certificate in OWN_CERTIFICATES.glob("*.crt"):
        sandbox.write("n1", str(certificate), certificate.read_bytes())
    sandbox.check("n1", ["update-ca-certificates"])
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", "HEAD"], check=True, capture_output=True
    ).stdout
    sandbox.write("n1", "/srv/checkout.tar", archive)
    sandbox.check(
        "n1", ["sh", "-ec", "mkdir /srv/checkout; tar -xf /srv/checkout.tar -C /srv/checkout; chown -R ops: /srv"]
    )
    yield sandbox
    sandbox_down(sandbox.name)  # its memory is needed for what comes next


def as_ops(node: Sandbox, script: str, timeout: float) -> tuple[int, str]:
    settings = {name: value for name, value in os.environ.items() if CLIENT_SETTINGS.fullmatch(name)}
    settings |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), CERTIFICATES)
    settings |= {"HOME": "/home/ops", "USER": "ops", "LANG": "C.UTF-8"}
    done = node.exec("n1", ["sh", "-c", script], user="ops", timeout=timeout, environment=settings)
    said = (done.stdout + done.stderr).decode(errors="replace")
    with RAISED.expecting(*OF_A_BARE_MACHINE):
        RAISED.hear(script, said)
    return done.exit, said


def test_the_node_has_no_compiler_and_no_tools_of_ours(node: Sandbox) -> None:
    for program in ("gcc", "uv", "mvn", "ansible", "docker", "pip3", "pyenv"):
        assert node.exec("n1", ["sh", "-c", f"command -v {program}"]).exit != 0, program


def test_one_command_brings_up_a_checked_fate_with_a_toy_job(node: Sandbox) -> None:
    status, said = as_ops(node, f"cd /srv/checkout && {command()}", timeout=1200)
    assert status == 0, said[-6000:]
    assert "toy 9999 -> 9999: success" in said
    assert "healthy" in said
    assert "no CPython 3.10 on this machine" in said
    assert "installing the system package maven" in said
    assert "building wheel 1 of" in said
    assert "there is no cron here" in said
    assert "after a reboot" in said
    assert "/v2 (9999/flow@here)" in said
    assert f"made the link {LINK}" in said
    assert f"{PROGRAM} destroy -i {INVENTORY} --remove-data" in said
    if LONG:
        status, said = as_ops(node, f"{PROGRAM} test lr -i {INVENTORY}", timeout=900)
        assert (status, "AUC" in said) == (0, True), said


def test_it_is_safe_to_run_again_and_says_so(node: Sandbox) -> None:
    before = node.check("n1", ["pgrep", "-f", "[f]ate_flow_server"])
    status, said = as_ops(node, f"cd /srv/checkout && {command()}", timeout=300)
    assert status == 0, said[-6000:]
    assert "nothing to do" in said
    assert node.check("n1", ["pgrep", "-f", "[f]ate_flow_server"]) == before


def test_a_service_that_lost_its_supervisor_is_found_and_gets_no_second_copy(node: Sandbox) -> None:
    base = "/home/ops/fatecloud/base"
    before = node.check("n1", ["pgrep", "-f", "[f]ate_flow_server"])
    node.check("n1", ["sh", "-ec", f"kill -KILL $(cat {base}/.fatecloud/supervisor/supervisord.pid)"])
    with RAISED.expecting("SERVICE_UNSUPERVISED"):
        status, said = as_ops(node, f"{PROGRAM} check -i {INVENTORY}", timeout=120)
    assert status == 1, said
    assert "SERVICE_UNSUPERVISED" in said
    status, said = as_ops(node, f"{PROGRAM} start -i {INVENTORY} && {PROGRAM} check -i {INVENTORY}", timeout=300)
    assert status == 0, said[-6000:]
    after = node.check("n1", ["pgrep", "-f", "[f]ate_flow_server"])
    assert len(after.split()) == len(before.split())
    assert after != before


def test_what_stopped_a_service_is_named(node: Sandbox) -> None:
    status, said = as_ops(node, f"{PROGRAM} stop -i {INVENTORY} --yes", timeout=300)
    assert status == 0, said[-6000:]
    with RAISED.expecting("SERVICE_STOPPED"):
        _, said = as_ops(node, f"{PROGRAM} check -i {INVENTORY}", timeout=120)
    assert "stopped by fatecloud stop, run " in " ".join(said.split())
    status, said = as_ops(node, f"{PROGRAM} start -i {INVENTORY}", timeout=300)
    assert status == 0, said[-6000:]
    node.restart("n1")
    with RAISED.expecting("SERVICE_STOPPED"):
        _, said = as_ops(node, f"{PROGRAM} check -i {INVENTORY}", timeout=120)
    assert "the node was rebooted at " in " ".join(said.split())


def test_after_a_reboot_one_command_starts_it_and_another_removes_it(node: Sandbox) -> None:
    status, said = as_ops(node, f"{PROGRAM} start -i {INVENTORY} && {PROGRAM} check -i {INVENTORY}", timeout=300)
    assert status == 0, said[-6000:]
    status, said = as_ops(node, f"{PROGRAM} destroy -i {INVENTORY} --remove-data --cluster-name local", timeout=300)
    assert status == 0, said[-6000:]
    assert node.exec("n1", ["pgrep", "-f", "[f]ate_flow_server|[s]upervisord"]).exit != 0
    assert node.exec("n1", ["sh", "-c", "ls -A /home/ops/fatecloud/base"]).text.strip() == ""
