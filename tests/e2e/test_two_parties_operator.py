"""What spares an operator a look: waiting, watching, mutes, a node that is to stop, a letter for the network.

Each verb's word is compared with what the nodes then do.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from faults import Site
from program import Program
from raised import RAISED
from two_parties import COMPONENTS, PARTIES, A, B, home, label

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("running")]

NGINX = f"{PARTIES[A]}/nginx@{A}"
STOPPED, DRIFTED = "SERVICE_STOPPED", "FILE_DRIFTED"
WITH_IT = (STOPPED, "NGINX_PEER_UNREACHABLE", "FLOW_PROXY_DOWN")
"""What a table names where nginx is stopped."""
PATIENCE = 120.0
"""Seconds for what comes by itself, also on a busy machine."""
WALL = """
iptables -N {chain}
iptables -A {chain} -{way} lo -j ACCEPT
iptables -A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
{rows}
iptables -A {chain} -j DROP
iptables -I {hook} 1 -j {chain}
"""
NO_WALL = "iptables -D {hook} -j {chain}; iptables -F {chain}; iptables -X {chain}"
WALLS = (("INPUT", "LETTER_IN", "i"), ("OUTPUT", "LETTER_OUT", "o"))
NOT_IN_THE_LETTER = 8099
LISTENER = "fatecloud-test-listener"
LISTEN = f"systemd-run --quiet --collect --unit={LISTENER} python3 -m http.server {NOT_IN_THE_LETTER}"
DIAL = "timeout 3 bash -c '</dev/tcp/{address}/{port}'"


@pytest.fixture
def site(program: Program, sandbox: Sandbox) -> Site:
    return Site(sandbox, label(program), A, PARTIES[A], home(program))


@contextmanager
def stopped(site: Site, component: str) -> Iterator[None]:
    """In this block a component is stopped by hand."""
    site.shell(f"systemctl stop {site.unit(component)}")
    try:
        yield
    finally:
        site.shell(f"systemctl start {site.unit(component)}")


def test_a_wait_ends_when_all_is_well_and_gives_up_in_time(program: Program, site: Site) -> None:
    program.ok("restart", "--yes", "--component", "nginx")
    after = json.loads(program.ok("check", "--wait-healthy", "--timeout", "3m", "-o", "json").out)
    assert (after["findings"], after["settling"]) == ([], [])
    with RAISED.expecting(*WITH_IT):
        with stopped(site, "nginx"):
            late = program.run("check", "--wait-healthy", "--timeout", "1s")
            assert late.status == 2, late
            assert "waited 1 s: it is not healthy" in late.err
            line = program.run("status").out.splitlines()[-1]
            assert f"found: {late_counts(late.out)}" in line, line
            assert f"because of {STOPPED}@{NGINX}" in line, line
            waits = program.start("check", "--wait-healthy", "--timeout", "5m", "--every", "2s")
        out, err = waits.communicate(timeout=300)
        program.hear(("check",), out, err)
    assert waits.returncode == 0, out + err
    assert "all is well" in program.ok("status").out.splitlines()[-1]


def late_counts(table: str) -> str:
    """How many findings of each severity, from the last line of a table."""
    return table.splitlines()[-1].partition(": ")[2].partition(" (")[0].partition(";")[0]


def test_a_watch_shows_what_changes_until_ctrl_c(program: Program, site: Site) -> None:
    with watching(program) as (process, lines):
        until(lines, "checks passed")
        with stopped(site, "nginx"):
            until(lines, "new:")
            assert f"{STOPPED}  {NGINX}" in until(lines, STOPPED)
        until(lines, f"gone: {STOPPED} {NGINX}")
        until(lines, "healthy")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


@contextmanager
def watching(program: Program) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    """A watch, and its lines as they come."""
    process = program.start("check", "--watch", "--every", "2s")
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def until(lines: queue.Queue[str], text: str) -> str:
    """The first line from now on that has this."""
    while text not in (line := lines.get(timeout=PATIENCE)):
        pass
    return line


def test_a_mute_holds_until_it_gets_worse_and_is_always_shown(program: Program, site: Site) -> None:
    conf = f"{site.home('nginx')}/conf/nginx.conf"
    known = f"{DRIFTED}@{NGINX}"
    site.shell(f"cp -p {conf} /var/tmp/before && echo '# by hand' >> {conf}")
    try:
        with RAISED.expecting(DRIFTED, "RESTART_PENDING"):
            assert program.report()["status"] == 1
            program.ok("mute", "add", known, "--reason", "a trial", "--until", "1h")
            report = program.report()
            assert (report["status"], report["findings"]) == (0, [])
            assert [entry["finding"]["id"] for entry in report["muted"]] == [known]
            assert "a trial" in program.ok("check").out
            assert "a trial" in program.ok("mute", "list").out
            site.shell(f"echo 'nonsense' >> {conf}; systemctl restart {site.unit('nginx')} || true")
            worse = program.wait_for(lambda report: report["status"] == 2)
            assert known in {finding["id"] for finding in worse["findings"]}
            assert worse["muted"] == []
            assert any(known in sentence for sentence in worse["fallen"]), worse["fallen"]
    finally:
        with RAISED.expecting(DRIFTED):
            program.ok("mute", "remove", known)
        site.shell(f"mv /var/tmp/before {conf}; systemctl restart {site.unit('nginx')}")
    with RAISED.anything():  # it has just ended again and again, and the checks say so until it serves
        well = program.wait_for(lambda report: report["status"] == 0)
    assert (well["findings"], well["muted"]) == ([], [])
    assert known not in program.ok("mute", "list").out


def test_what_stopping_a_node_would_hit_is_what_a_check_then_finds(program: Program, sandbox: Sandbox) -> None:
    done = program.run("safe-to-stop", A, "-o", "json")
    said = json.loads(done.out)
    assert (done.status, said["safe"], said["unknown"]) == (1, False, [])
    assert sorted(said["stops"]) == sorted(f"{PARTIES[A]}/{component}@{A}" for component in COMPONENTS)
    sandbox.pause(A)
    try:
        with RAISED.anything():
            report = program.report("--deadline", "10")
    finally:
        sandbox.unpause(A)
    found = report["findings"]
    (root,) = [finding["id"] for finding in found if not finding["caused_by"]]
    assert root.endswith(f"@{A}")
    assert all(finding["caused_by"] == [root] for finding in found if finding["id"] != root)
    elsewhere = [finding["subject"] for finding in found if finding["subject"]["node"] != A]
    assert {f"party {subject['owner']}" for subject in elsewhere} == set(said["partners"])
    assert {subject["service"] for subject in elsewhere if subject["owner"] == PARTIES[A]} == set(said["hits"])
    assert program.wait_for(lambda report: report["status"] == 0, 2 * PATIENCE)["findings"] == []


def test_a_deploy_and_a_job_pass_a_firewall_that_lets_in_only_the_rows_of_the_letter(
    program: Program, sandbox: Sandbox, site: Site
) -> None:
    rows = json.loads(program.ok("preflight", "--letter", "-o", "json").out)["routes"]
    dials = DIAL.format(address=sandbox.address(A), port=NOT_IN_THE_LETTER)
    site.shell(LISTEN)
    try:
        site.shell(f"until {dials}; do sleep 0.2; done")
        sandbox.check(B, ["sh", "-c", dials])
        with walls(sandbox, rows):
            assert sandbox.exec(B, ["sh", "-c", f"{dials} || exit 1"]).exit == 1
    finally:
        site.shell(f"systemctl stop {LISTENER}")
    with walls(sandbox, rows):
        assert program.report()["findings"] == []
        site.shell(f"systemctl stop {site.unit('nginx')}")
        deployed = program.ok("deploy", "--yes")
        assert "success" in deployed.out + deployed.err
        assert program.wait_for(lambda report: report["status"] == 0)["findings"] == []


@contextmanager
def walls(sandbox: Sandbox, rows: list[dict[str, Any]]) -> Iterator[None]:
    """In this block each node lets in and out what these rows name, and nothing else."""
    made = []
    try:
        for node in PARTIES:
            for hook, chain, way in WALLS:
                allowed = [_row(chain, row) for row in rows if row["target" if way == "i" else "source"] == node]
                made.append((node, NO_WALL.format(hook=hook, chain=chain)))
                sandbox.check(
                    node, ["sh", "-ec", WALL.format(hook=hook, chain=chain, way=way, rows="\n".join(allowed))]
                )
        yield
    finally:
        for node, script in made:
            sandbox.exec(node, ["sh", "-c", script])


def _row(chain: str, row: dict[str, Any]) -> str:
    ends = [f"{flag} {row[name]}" for flag, name in (("-s", "source_address"), ("-d", "target_address")) if row[name]]
    return f"iptables -A {chain} -p tcp {' '.join(ends)} --dport {row['port']} -j ACCEPT"
