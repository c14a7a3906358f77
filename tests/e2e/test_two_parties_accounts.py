"""Each service has an account of its own, which reads nothing of the others and becomes no one else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from program import Program
from raised import RAISED, TRUE_OF_EVERY_SANDBOX
from repairs import repair
from sampling import LONG
from two_parties import COMPONENTS, A, home, slug, user

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("running")]

PARTY = "9999"
REFUSED = 6
FOUND = ("PREFLIGHT_DIRECTORY_OPEN", "PREFLIGHT_SYSCTL_SOMAXCONN", "PREFLIGHT_USER_PRIVILEGED")
FAULTS = """
chmod o+w {home}/{slug}/conf
mount -o remount,bind,rw /proc/sys
sysctl -w net.core.somaxconn=128
usermod -aG shadow {user}
"""
UNDO = "rm -f /etc/sysctl.d/90-fatecloud.conf; mount -o remount,bind,ro /proc/sys"
_OWNERS = r"""
import json, os, pwd, re, sys
found = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open("/proc/%s/cgroup" % pid) as file:
            unit = re.search(r"/fatecloud-([^/\n]+)\.service", file.read())
        if unit:
            found.setdefault(unit[1], set()).add(pwd.getpwuid(os.stat("/proc/" + pid).st_uid)[0])
    except OSError:
        pass
json.dump({unit: sorted(users) for unit, users in found.items()}, sys.stdout)
"""


def own_places(program: Program, component: str) -> list[str]:
    base, name = home(program), slug(program, PARTY, component)
    return [f"{base}/{name}", f"{base}/data/{name}", f"{base}/logs/{name}"]


def test_every_process_of_a_service_is_its_own_users(program: Program, sandbox: Sandbox) -> None:
    seen = json.loads(sandbox.check(A, ["python3", "-c", _OWNERS]))
    assert seen == {slug(program, PARTY, component): [user(program, PARTY, component)] for component in COMPONENTS}


def test_the_users_have_no_home_no_shell_and_no_group_of_others(program: Program, sandbox: Sandbox) -> None:
    for component in COMPONENTS:
        name = user(program, PARTY, component)
        _, _, _, _, stamp, folder, shell = sandbox.check(A, ["getent", "passwd", name]).strip().split(":")
        assert (folder, shell) == ("/nonexistent", "/usr/sbin/nologin")
        assert stamp.endswith(f"owner={PARTY} service={component}")
        assert sandbox.check(A, ["id", "-Gn", name]).split() == [name]
        assert "not allowed" in sandbox.check(A, ["sudo", "-l", "-U", name])


def test_no_user_reads_or_writes_what_is_another_services(program: Program, sandbox: Sandbox) -> None:
    for component in COMPONENTS:
        others = [path for other in COMPONENTS if other != component for path in own_places(program, other)]
        others.append(f"{home(program)}/.fatecloud")
        look = ["find", *others, "(", "-readable", "-o", "-writable", ")", "-print"]
        seen = sandbox.exec(A, ["runuser", "-u", user(program, PARTY, component), "--", *look]).text
        opened = [line for line in seen.splitlines() if line.startswith("/")]
        assert opened == [], f"{component} can open these"


def test_a_user_with_a_right_of_roots_is_refused(program: Program, sandbox: Sandbox) -> None:
    name = user(program, PARTY, "flow")
    sandbox.check(A, ["usermod", "-aG", "shadow", name])
    try:
        with RAISED.anything():
            done = program.run("deploy", "--yes")
    finally:
        sandbox.check(A, ["gpasswd", "-d", name, "shadow"])
    assert done.status == REFUSED, done
    assert "PREFLIGHT_USER_PRIVILEGED" in done.out + done.err
    assert "nothing to do" in program.ok("deploy", "--yes", "--no-verify").out


def test_what_preflight_finds_on_a_cluster_that_runs_goes_as_it_says(program: Program, sandbox: Sandbox) -> None:
    script = FAULTS.format(user=user(program, PARTY, "flow"), home=home(program), slug=slug(program, PARTY, "flow"))
    try:
        sandbox.check(A, ["sh", "-ec", script])
        for finding in found_by_preflight(program, *FOUND):
            repair(program, sandbox, finding)
        assert found_by_preflight(program) == []
    finally:
        sandbox.check(A, ["sh", "-ec", UNDO])
    assert program.report()["findings"] == []


def found_by_preflight(program: Program, *codes: str) -> list[dict[str, Any]]:
    """The findings: one of each of these codes, and of no other."""
    with RAISED.expecting(*codes):
        findings = json.loads(program.run("preflight", "-o", "json").out)["findings"]
    ours = [finding for finding in findings if finding["code"] not in TRUE_OF_EVERY_SANDBOX]
    assert sorted(finding["code"] for finding in ours) == sorted(codes)
    return ours


# With its number taken, all that it owned is given to the new one as well: the long mode tries the simpler case too.
@pytest.mark.parametrize("taken", [True, False] if LONG else [True])
def test_a_user_that_was_lost_has_its_files_again(program: Program, sandbox: Sandbox, taken: bool) -> None:  # noqa: FBT001
    name = user(program, PARTY, "mysql")
    number = sandbox.check(A, ["id", "-u", name]).strip()
    files = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"]
    sandbox.check(A, ["sed", "-i", f"/^{name}:/d", *files])
    if taken:
        sandbox.check(A, ["useradd", "--system", "--uid", number, "squatter"])
    with RAISED.anything():
        assert f"user {name}" in program.run("plan").out
        program.ok("deploy", "--yes", timeout=600)
        report = program.wait_for(lambda report: report["status"] == 0, timeout=120)
    assert report["findings"] == []
    assert (sandbox.check(A, ["id", "-u", name]).strip() == number) != taken
    if taken:
        assert sandbox.check(A, ["find", home(program), "-user", "squatter"]) == ""
        sandbox.check(A, ["userdel", "squatter"])
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out
