"""A service user that means harm becomes no more than it is, whatever it leaves for root to find."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from faults import Site
from hostile import Intruder
from program import Program
from raised import RAISED
from sampling import LONG, SEED
from two_parties import COMPONENTS, PARTIES, A, cluster_name, home, label

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500), pytest.mark.usefixtures("running")]

PLANTS = 40
"""Things that are replaced in each directory of a service."""
READING = (("check",), ("status",), ("plan",), ("logs", "--since", "5m", f"@{A}"))
PATIENCE = {"check": 60, "status": 60, "plan": 90, "logs": 60, "stop": 120, "start": 240, "restart": 240, "deploy": 600}
"""Seconds after which a verb has gone past its own deadlines."""


@pytest.fixture(scope="module")
def site(program: Program, sandbox: Sandbox) -> Site:
    return Site(sandbox, label(program), A, PARTIES[A], home(program))


def _outside(site: Site) -> str:
    """Owner, mode, links and content of what is not a service's, and could be worth a change."""
    own = " -o ".join(f"-path '{root}'" for component in COMPONENTS for root in Intruder(site, component).roots)
    places = f"/etc /root /usr/local /var/lib/fatecloud /var/spool/cron /opt /srv {site.base}"
    changing = "-path /root/.ansible -o -path '*/.fatecloud' -o -path /etc/mtab"
    return site.shell(
        f"find {places} \\( {own} -o {changing} \\) -prune -o -printf '%p %u:%g %m %y %l\\n' | sort;"
        " find /etc /root /usr/local -type f -not -path '/root/.ansible/*' -exec sha256sum {} + | sort"
    )


@contextmanager
def _unharmed(site: Site) -> Iterator[None]:
    before = _outside(site)
    yield
    was, now = set(before.splitlines()), set(_outside(site).splitlines())
    assert was == now, f"gone: {sorted(was - now)[:10]}\nnew: {sorted(now - was)[:10]}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_service_user_writes_to_its_own_places_only(site: Site, component: str) -> None:
    intruder = Intruder(site, component)
    assert intruder.user != "root"
    pruned = " -o ".join(f"-path {root}" for root in intruder.roots)
    places = f"{site.base} /etc /usr /opt /srv /root /var/lib/fatecloud"
    _, found = intruder.tries(f"find {places} \\( {pruned} \\) -prune -o ! -type l -writable -print 2>/dev/null")
    assert found == ""


FORGERIES = {
    "the interpreter": "cp /bin/true {home}/venv/bin/python",
    "a path file": "echo import os > {home}/venv/lib/python3.10/site-packages/evil.pth",
    "the start script": "echo evil >> {home}/bin/start",
    "a script beside it": "echo evil > {home}/bin/objects",
    "its directory": "mv {home}/bin {home}/bin.old",
    "its run directory": "mv {home}/run {home}/run.old",
    "its home": "mv {home} {home}.old",
    "its data directory": "mv {data} {data}.old",
    "our records": "mv {base}/.fatecloud {base}/old",
    "the manifest": "echo '{{}}' > {base}/.fatecloud/manifest.json",
    "the lease": "echo '{{}}' > {base}/.fatecloud/lease.json",
    "the store": "mv {base}/store {base}/old",
    "uv in the store": "cp /bin/true {base}/store/artifacts/*/uv*.whl",
    "the register": "echo '{{}}' > /var/lib/fatecloud/clusters.d/evil.json",
    "its unit": "echo evil >> /etc/systemd/system/{unit}",
}


@pytest.mark.parametrize("what", FORGERIES)
def test_what_root_runs_or_believes_cannot_be_forged(site: Site, what: str) -> None:
    intruder = Intruder(site, "flow")
    names = {"home": site.home("flow"), "base": site.base, "data": intruder.roots[1], "unit": site.unit("flow")}
    status, said = intruder.tries(FORGERIES[what].format(**names))
    assert status != 0, said


def test_a_process_with_the_mark_of_a_run_holds_nothing(site: Site, program: Program) -> None:
    run = max(path.name for path in program.state.glob("*/runs/*"))
    user = Intruder(site, "nginx").user
    site.shell(f"systemd-run --unit=marked --uid={user} --setenv=FATECLOUD_RUN={run} sleep 900")
    try:
        program.ok("restart", "--yes", f"9999/nginx@{A}", timeout=PATIENCE["restart"])
    finally:
        site.shell("systemctl stop marked")
    with RAISED.anything():  # for a moment after the restart
        assert program.run("check").status in (0, 1, 2)


@pytest.mark.parametrize("component", COMPONENTS)
def test_reading_verbs_bear_whatever_it_plants(site: Site, program: Program, component: str) -> None:
    sys.stderr.write(f"FATECLOUD_SEED={SEED}\n")
    intruder, secret = Intruder(site, component), site.shell("grep ^root: /etc/shadow").strip()
    # Its service has to go on: what it needs at every moment is replaced while it is stopped, below.
    limit = PLANTS if component == "nginx" else 0
    with _unharmed(site), intruder.plants(SEED, limit) as planted, RAISED.anything():
        assert planted
        for verb in READING:
            began = time.monotonic()
            done = program.run(*verb, timeout=PATIENCE[verb[0]])
            done.ensure_no_defect()
            assert time.monotonic() - began < PATIENCE[verb[0]]
            assert secret not in done.out


# A verb waits for a service that cannot start, for as long as its readiness says: the short mode shares the verbs out.
@pytest.mark.parametrize(("component", "verbs"), [("nginx", ("restart", "stop")), ("flow", ("start", "deploy"))])
def test_changing_verbs_bear_whatever_it_plants(
    site: Site, program: Program, component: str, verbs: tuple[str, ...]
) -> None:
    sys.stderr.write(f"FATECLOUD_SEED={SEED}\n")
    intruder, selector = Intruder(site, component), f"{site.party}/{component}@{A}"
    for number in range(5 if LONG else 1):
        with RAISED.anything():
            program.ok("stop", "--yes", selector, timeout=PATIENCE["stop"])
            try:
                with _unharmed(site), intruder.plants(SEED + number, PLANTS) as planted:
                    assert planted
                    for verb in ("start", "restart", "stop", "deploy") if LONG else verbs:
                        words = ("--no-verify",) if verb == "deploy" else (selector,)
                        yes = () if verb == "start" else ("--yes",)
                        program.run(verb, *yes, *words, timeout=PATIENCE[verb]).ensure_no_defect()
            finally:
                # What it met in its start may have stopped it for good.
                program.run("restart", "--yes", selector, timeout=PATIENCE["restart"])
                program.ok("deploy", "--yes", "--no-verify", timeout=PATIENCE["deploy"])
    assert program.report()["findings"] == []


def test_the_data_of_a_smoke_test_cannot_be_aimed_at_a_file_of_root(site: Site, program: Program) -> None:
    intruder = Intruder(site, "flow")
    upload = f"{intruder.roots[1]}/upload"
    racer = (
        f"cd {upload}; end=$(($(date +%s) + 100)); while [ $(date +%s) -lt $end ]; do"
        " for f in fatecloud_*; do [ -L $f ] || [ ! -e $f ] || { rm -f $f; ln -s /etc/shadow $f; }; done; done"
    )
    site.shell(f"systemd-run --unit=racer --uid={intruder.user} sh -c '{racer}'")
    try:
        with _unharmed(site), RAISED.anything():
            program.run("test", "lr", "--deadline", "40", timeout=240).ensure_no_defect()
    finally:
        site.shell(f"systemctl stop racer 2>/dev/null || true; rm -f {upload}/fatecloud_*")
    assert program.report()["status"] == 0


def test_a_base_directory_that_it_could_write_to_is_refused_and_named(site: Site, program: Program) -> None:
    site.shell(f"chown {Intruder(site, 'flow').user} {site.base}")
    try:
        with RAISED.expecting("NODE_RECORDS_UNTRUSTED"):
            assert "NODE_RECORDS_UNTRUSTED" in {finding["code"] for finding in program.report()["findings"]}
            for words in (
                ("deploy", "--yes"),
                ("stop", "--yes", f"9999/nginx@{A}"),
                ("destroy", "--cluster-name", cluster_name(program)),
            ):
                done = program.run(*words, "--interrupt-jobs")
                assert done.status not in (0, 70)
                assert site.base in done.out + done.err
    finally:
        site.shell(f"chown root:root {site.base}")
    assert program.report()["findings"] == []
