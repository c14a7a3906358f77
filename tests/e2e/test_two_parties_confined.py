"""What units deny is in force: a process with each service's unit tries it, and has the same limits as the service."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Program
from raised import RAISED
from refused_writes import refused_writes
from two_parties import COMPONENTS, PARTIES, A, B, home, pids, slug, unit, user

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.usefixtures("running")]

PROBE = "/usr/local/lib/confinement_probe.py"
ATTEMPT = "confinement-probe.service"
HIGHEST_SCORE = 30
"""In tenths: 3.0."""
WORKS = {"write own data", "open a TCP socket"}
REFUSED = {
    "write below /etc": "EROFS",
    "write below /var": "EROFS",
    "read data of another service": "EACCES",
    "read a home": "EACCES",
    "read the node's /tmp": "ENOENT",
    "mount": "EPERM",
    "attach to a foreign process": "EPERM",
    "see a foreign process": "ENOENT",
    "signal a foreign process": "EPERM",
    "open a raw socket": "EPERM",
    "open a packet socket": "EAFNOSUPPORT",
    "open a netlink socket": "EAFNOSUPPORT",
    "make a set-user-id file": "EPERM",
    "make a user namespace": "EPERM",
    "change the node's name": "EPERM",
    "read the kernel's log": "EPERM",
    "raise its priority": "EPERM",
    "start io_uring": "EPERM",
    "map memory to write and run": "EPERM",
    "read what /proc says of the machine": "ENOENT",
    "open a device": "ENOENT",
}
EXCEPTIONS = {
    "flow": {"map memory to write and run", "read what /proc says of the machine"},
    "mysql": {"start io_uring"},
    "nginx": set[str](),
    "rabbitmq": {"map memory to write and run", "read what /proc says of the machine"},
}
"""What a component's own lines in the unit allow again."""
OPEN_TO_OTHERS = {
    "write below /etc",
    "write below /var",
    "read a home",
    "read the node's /tmp",
    "see a foreign process",
    "open a netlink socket",
    "make a set-user-id file",
    "map memory to write and run",
    "read what /proc says of the machine",
    "open a device",
}
"""What any user of the node may do: these refusals come from the unit alone."""

ALLOWED_REFUSALS = {
    r"EROFS \S+/__pycache__(/\S+)?": "bytecode of modules that the trial imports of the environment do not reach: "
    "the store is read only, so each task compiles them in memory (0.3 s of its 2.3 s of CPU)",
}
"""What flow may be refused while a job runs, as a regular expression -> why that does no harm. Seen on 2.2.0."""


@pytest.fixture(scope="module")
def node(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A node with the probe, and with places that its file modes open to every user."""
    sandbox.write(A, PROBE, (Path(__file__).with_name("confinement_probe.py")).read_bytes())
    places = "/etc/for-all /var/for-all /tmp/for-all /dev/for-all"
    sandbox.check(A, ["sh", "-c", f"touch {places}; chmod 666 {places}; mkdir -m 777 /home/for-all"])
    yield sandbox
    sandbox.check(A, ["sh", "-c", f"rm -rf {places} /home/for-all {PROBE} /run/systemd/system/{ATTEMPT}"])
    sandbox.check(A, ["systemctl", "daemon-reload"])


def data_of(program: Program, component: str) -> str:
    return f"{home(program)}/data/{slug(program, PARTIES[A], component)}"


def attempts(program: Program, node: Sandbox, component: str, lines: str) -> dict[str, Any]:
    """What the probe says in a unit with these lines."""
    other = "nginx" if component == "mysql" else "mysql"
    own, foreign = data_of(program, component), data_of(program, other)
    pid = pids(program, node)[f"{PARTIES[A]}/{other}"]
    text = f"{lines}\nType=oneshot\nExecStart=/usr/bin/python3 -I {PROBE} {own} {foreign} {pid}\n"
    # `/run` is a tmpfs, which Docker cannot write to.
    node.check(A, ["sh", "-c", 'printf %s "$1" > "$2"', "sh", text, f"/run/systemd/system/{ATTEMPT}"])
    node.check(A, ["systemctl", "daemon-reload"])
    node.check(A, ["systemctl", "start", ATTEMPT])
    found: dict[str, Any] = json.loads(node.check(A, ["cat", f"{own}/probe.json"]))
    node.check(A, ["rm", f"{own}/probe.json", f"{own}/own"])
    return found


def own_lines(program: Program, node: Sandbox, component: str) -> str:
    """A service's unit without what it starts."""
    text = node.check(A, ["cat", f"/etc/systemd/system/{unit(program, PARTIES[A], component)}"])
    return re.sub(r"(?m)^(?:ExecStart(?:Pre)?|Type|Restart|RestartSec)=.*\n|^\[Install\][^$]*", "", text)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_service_is_refused_what_it_does_not_need(program: Program, node: Sandbox, component: str) -> None:
    said = attempts(program, node, component, own_lines(program, node, component))["said"]
    allowed = WORKS | EXCEPTIONS[component]
    assert said == {name: "done" if name in allowed else REFUSED[name] for name in said}
    assert said.keys() == WORKS | REFUSED.keys()


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_running_service_has_the_limits_of_its_unit(program: Program, node: Sandbox, component: str) -> None:
    status, mounts = attempts(program, node, component, own_lines(program, node, component))["confinement"]
    pid = pids(program, node)[f"{PARTIES[A]}/{component}"]
    theirs = node.check(A, ["cat", f"/proc/{pid}/status"]).splitlines(keepends=True)
    assert [row for row in theirs if row in status] == status
    rows = node.check(A, ["cat", f"/proc/{pid}/mountinfo"]).splitlines()
    assert sorted(" ".join(row.split(" ")[4:6]) for row in rows) == mounts


def test_the_same_user_may_do_it_without_the_unit(program: Program, node: Sandbox) -> None:
    """Otherwise the refusals above would show nothing about the unit."""
    user = re.search(r"(?m)^User=.*\nGroup=.*$", own_lines(program, node, "nginx"))
    assert user
    said = attempts(program, node, "nginx", f"[Service]\n{user[0]}")["said"]
    assert {name for name, answer in said.items() if answer == "done"} >= WORKS | OPEN_TO_OTHERS


@pytest.mark.parametrize("component", COMPONENTS)
def test_systemd_scores_the_exposure_of_each_service_below_three(
    program: Program, node: Sandbox, component: str
) -> None:
    name = unit(program, PARTIES[A], component)
    said = node.exec(A, ["systemd-analyze", "security", "--no-pager", f"--threshold={HIGHEST_SCORE}", name])
    sys.stderr.write(said.text.strip().splitlines()[-1] + "\n")
    assert said.exit == 0, said.text


def test_an_overridden_protection_is_reported_until_the_service_has_it_again(program: Program, node: Sandbox) -> None:
    name = unit(program, PARTIES[A], "nginx")
    drop_in = f"/run/systemd/system/{name}.d"
    write = f"mkdir -p {drop_in}; printf '[Service]\\nProtectHome=no\\n' > {drop_in}/soft.conf"
    try:
        node.check(A, ["sh", "-c", f"{write}; systemctl daemon-reload; systemctl restart {name}"])
        assert_reported(program, "its unit is overridden: ProtectHome=no")
        node.check(A, ["sh", "-c", f"rm -r {drop_in}; systemctl daemon-reload"])
        assert_reported(program, "it was started before its unit asked for it")
    finally:
        node.check(A, ["sh", "-c", f"rm -rf {drop_in}; systemctl daemon-reload; systemctl restart {name}"])
    assert program.report()["findings"] == []


def assert_reported(program: Program, cause: str) -> None:
    with RAISED.expecting("UNIT_PROTECTION_MISSING"):
        (finding,) = program.report()["findings"]
    assert finding["id"] == f"UNIT_PROTECTION_MISSING@{PARTIES[A]}/nginx@{A}"
    assert finding["symptom"] == "it runs without ProtectHome"
    assert finding["cause"].startswith(cause)


def test_a_job_is_refused_no_write_that_matters(program: Program, node: Sandbox) -> None:
    with refused_writes(node, A, {"flow": user(program, PARTIES[A], "flow")}) as found:
        assert "success" in program.ok("test", "toy", "--from", PARTIES[A], "--to", PARTIES[B], timeout=900).out
    sys.stderr.write(json.dumps(found, indent=1) + "\n")
    assert [line for line in found["flow"] if not any(re.fullmatch(one, line) for one in ALLOWED_REFUSALS)] == []
