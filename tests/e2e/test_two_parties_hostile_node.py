"""A node whose root lies: what it says moves no terminal, ends no verb with a defect, and takes no memory.

Its own root put a program in the place of the interpreter that the collector is sent to, so each of our questions gets
the answer that a test writes down.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Done, Program
from raised import RAISED
from two_parties import A, label, user

from fatecloud.collect.shapes import SHAPES
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed, sandbox_down

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NODE = "n1"
TITLE = "\x1b]0;owned\x07\x1b[2J\x1b[8m\x9b1A\r\u202eevil\u2028fatecloud: deployed\nfatecloud: deployed"
SEEN = "owned"
PATIENCE = 60
_LIAR = "#!/bin/sh\ncat >/dev/null &\nexec /bin/cat /srv/said\n"
_VERBS = (
    "check",
    "check -o json",
    "status",
    "plan",
    "preflight",
    "deploy --yes",
    "start",
    "stop",
    "restart",
    "destroy --yes",
    "logs",
    "exec flow -- true",
    "test toy",
)


@pytest.fixture(scope="module")
def handed_alone(new_sandbox: Callable[[str, int], Handed]) -> Iterator[Handed]:
    """One node, which the tests spoil."""
    handed = new_sandbox("liar", 1)
    yield handed
    sandbox_down(handed.sandbox.name)


@pytest.fixture(scope="module")
def liar(handed_alone: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> Program:
    """The operator of a party on that node."""
    home = tmp_path_factory.mktemp("liar")
    shutil.copy(handed_alone.inventory, home / "inventory.yml")
    program = Program(home / "inventory.yml", home / "state", {"FATECLOUD_STORE": str(store)})
    assert program.run("secrets", "init").status == 0
    handed_alone.sandbox.write(NODE, "/usr/local/bin/python3", _LIAR.encode(), mode=0o755)
    say(handed_alone.sandbox, b"nothing\n")
    with RAISED.anything():
        program.run("check", "--accept-new-host-keys")
    return program


def say(sandbox: Sandbox, text: bytes) -> None:
    sandbox.write(NODE, "/srv/said", text)


def document(value: Any, **more: Any) -> bytes:
    """A collector's document whose facts all have one value."""
    now = time.time()
    facts = {name: {"value": value} for name in SHAPES}
    said = {"version": 1, "begun": now, "finished": now, "facts": facts, "probes": {}}
    return b"\n" + json.dumps({**said, **more}).encode() + b"\n"


def assert_harmless(done: Done, verb: str) -> None:
    """No control character reached a stream, and no line of the node's looks like one of ours."""
    done.ensure_no_defect()
    assert "defect of fatecloud" not in done.out + done.err, f"{verb}: {done}"
    assert done.seconds < PATIENCE
    for text in (done.out, done.err):
        assert not [char for char in text if char not in "\n\t" and not char.isprintable()], f"{verb}: {text!r}"
        assert "\nfatecloud: deployed" not in text, f"{verb}: {text}"


def deep(levels: int) -> bytes:
    return b'\n{"version": 1, "facts": ' + b'{"a": ' * levels + b"1" + b"}" * levels + b"}\n"


SAID: dict[str, bytes] = {
    "a text in every place": document(TITLE),
    "an error in every place": document(None, facts={name: {"error": TITLE} for name in SHAPES}),
    "a text as names": document({TITLE: TITLE}, probes={TITLE: {"exit": 1, "data": {}, "error": TITLE, "seconds": 1}}),
    "texts in lists": document([TITLE, {"id": TITLE, "cluster": TITLE, "node": TITLE, "base": TITLE, "there": True}]),
    "a lease of a stranger": document(
        None,
        facts={
            "clock": {"value": {"epoch": 1e9, "boot_epoch": None, "timezone": "UTC", "synchronized": True}},
            "lease": {"value": {"run": TITLE, "owner": TITLE, "controller": "x", "expires": 1e10, "process": {}}},
            "manifest": {"value": {"id": TITLE, "cluster": TITLE, "node": TITLE, "services": {}}},
        },
    ),
    "numbers": document(10**400),
    "nothing": document(None),
    "no document": TITLE.encode(errors="replace"),
    "half a document": document("x")[:-40],
    "a deep document": deep(100000),
    "not a number": b'\n{"version": 1, "begun": NaN, "finished": 1, "facts": {}, "probes": {}}\n',
    "a list": b'\n{"version": 1, "begun": 1, "finished": 1, "facts": [], "probes": []}\n',
}


@pytest.mark.parametrize("said", sorted(SAID))
def test_a_check_and_a_plan_survive_whatever_a_node_says(liar: Program, handed_alone: Handed, said: str) -> None:
    say(handed_alone.sandbox, SAID[said])
    with RAISED.anything():
        for verb in ("check", "plan"):
            assert_harmless(liar.run(*verb.split(), timeout=PATIENCE), verb)


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_survives_texts_in_every_place(liar: Program, handed_alone: Handed, verb: str) -> None:
    for said in ("a text in every place", "a lease of a stranger"):
        say(handed_alone.sandbox, SAID[said])
        with RAISED.anything():
            assert_harmless(liar.run(*verb.split(), timeout=PATIENCE), verb)


def test_an_endless_answer_takes_neither_the_time_nor_the_memory_of_the_controller(
    liar: Program, handed_alone: Handed
) -> None:
    handed_alone.sandbox.write(NODE, "/usr/local/bin/python3", b"#!/bin/sh\nexec /usr/bin/yes x\n", mode=0o755)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    try:
        with RAISED.expecting("NODE_OUTPUT_LIMIT", "NODE_TIMEOUT"):
            done = liar.run("check", timeout=PATIENCE)
    finally:
        handed_alone.sandbox.write(NODE, "/usr/local/bin/python3", _LIAR.encode(), mode=0o755)
    assert done.status in (2, 3)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after - before < 300 * 1024, f"{before} KiB became {after} KiB"


@pytest.mark.usefixtures("running")
def test_what_a_service_writes_into_its_log_is_shown_without_its_control_characters(
    program: Program, sandbox: Sandbox
) -> None:
    party, logs = "9999", f"/data/projects/fate/logs/{label(program)}-9999-flow/fate_flow"
    secret = sandbox.check(A, ["grep", "^root:", "/etc/shadow"]).strip()
    log, account = f"{logs}/fate_flow_stat.log", user(program, party, "flow")
    # Of now: only the newest thousands of lines are shown, and by this test flow has written many.
    line = f"[ERROR] [{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S},000] [1] [x] : {TITLE}\n"
    sandbox.write(A, "/srv/line", line.encode())
    names = "stat.log fate_flow_detect.log"
    sandbox.check(A, ["sh", "-c", f"cd {logs} && for f in {names}; do touch $f && mv $f $f.kept; done"])
    try:
        sandbox.check(A, ["sh", "-c", f"cat /srv/line >> {log}"])
        sandbox.check(A, ["su", "-s", "/bin/sh", account, "-c", f"ln -s /etc/shadow {logs}/stat.log"])
        sandbox.check(A, ["ln", "/etc/shadow", f"{logs}/fate_flow_detect.log"])
        with RAISED.anything():
            for verb in (f"logs {party}/flow --since 1000d --all", f"logs {party}/flow --since 1000d --all -o json"):
                done = program.run(*verb.split(), timeout=PATIENCE)
                assert_harmless(done, verb)
                assert SEEN in done.out
                assert secret not in done.out
                assert "stat.log: it is a symbolic link" in done.err
                assert "fate_flow_detect.log: it has a second name (a hard link)" in done.err
            assert_harmless(program.run("check"), "check")
    finally:
        sandbox.check(A, ["sh", "-c", f"cd {logs} && for f in {names}; do mv -f $f.kept $f; done"])
        sandbox.check(A, ["sed", "-i", "/owned/d;/deployed/d", log])
