"""A file that was edited by hand is shown as a difference, and no secret leaves the node with it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fake_transport import FakeTransport
from preflight_world import a_desired

from fatecloud.collect.drift import EditedFile, read_drift
from fatecloud.collect.node import drift as on_node
from fatecloud.collect.node.concealing import looks_secret, values_of
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.node import Node

TYPED = "Zxcvbn-by-hand"
"""A password that was typed by hand; no vault has it."""
OURS = "value-from-the-vault-1"

DEPLOYED = """\
# flow
http:
  host: 10.0.0.11
  port: 9380
database:
  user: fate
  passwd: @@fatecloud:9999.mysql.fate_flow:json@@
  name: fate_flow
logs:
  level: 20
"""
ON_NODE = DEPLOYED.replace("@@fatecloud:9999.mysql.fate_flow:json@@", f'"{OURS}"')


class Local(FakeTransport):
    """Runs the shipped script on this machine, as a node would, and keeps what came over the wire."""

    def __init__(self) -> None:
        super().__init__("a1", lambda _: b"")
        self.wire = ""

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        assert become
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout, check=False, env=environment)
        self.wire += done.stdout.decode() + done.stderr.decode()
        return Completed(done.returncode, done.stdout, done.stderr, 0.0)


def _always(answer: bytes, _: object) -> bytes:
    return answer


@pytest.fixture
def node(tmp_path: Path) -> Node:
    node = a_desired().node("a1")
    return replace(node, paths=replace(node.paths, base=str(tmp_path)))


def drift(
    node: Node, text: str, deployed: str = DEPLOYED, secret_lines: tuple[str, ...] | None = (f'  passwd: "{OURS}"',)
) -> str:
    """What is shown of a file that has this text now; no planted value may be on the wire."""
    base = Path(node.paths.base)
    digest = hashlib.sha256(deployed.encode()).hexdigest()
    rendered = base / ".fatecloud" / "rendered"
    rendered.mkdir(parents=True, exist_ok=True)
    (rendered / digest).write_text(deployed)
    file = base / "service_conf.yaml"
    file.write_text(text)
    wire = Local()
    (shown,) = read_drift(wire, node, [EditedFile(str(file), digest, secret_lines)]).values()
    for value in (TYPED, OURS):
        assert value not in wire.wire
        assert value not in shown
    return shown


def test_an_edited_value_is_shown_with_its_surroundings(node: Node) -> None:
    assert drift(node, ON_NODE.replace("9380", "9381")).splitlines() == [
        "@@ line 2 @@",
        " http:",
        "   host: 10.0.0.11",
        "-  port: 9380",
        "+  port: 9381",
        " database:",
        "   user: fate",
    ]


def test_a_password_that_replaced_ours_is_reported_only_as_changed(node: Node) -> None:
    shown = drift(node, ON_NODE.replace(OURS, TYPED)).splitlines()
    assert "! line 7: changed; not shown, because it may hold a secret" in shown
    assert [line for line in shown if line[0] in "+-"] == []


def test_without_the_deployed_text_the_controller_cannot_tell_and_says_so(node: Node) -> None:
    shown = drift(node, ON_NODE.replace(OURS, TYPED), secret_lines=None)
    assert shown == "only a secret value, or the end of the last line, differs"


@pytest.mark.parametrize(
    "edit",
    [
        f"admin_password: {TYPED}",
        f"  passwd : {TYPED}",
        f"# old passwd: {TYPED}",
        f'"token":"{TYPED}"',
        f"export DB_PASS={TYPED}",
        f"url: mysql://fate:{TYPED}@db/flow",
        f"CREATE USER 'x' IDENTIFIED BY '{TYPED}';",
        f'<property name="secret" value="{TYPED}"/>',
        f"secret:\n  value: {TYPED}",
        f"passwords:\n- {TYPED}\n- {TYPED}",
        f"password: |\n  {TYPED}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{TYPED}\n-----END RSA PRIVATE KEY-----",
        f"backup_of_it: {OURS}",
        f"adminKey: {TYPED}",
        "anything: aB3dE6gH9jK2mN5pQ8sT",
    ],
)
def test_a_new_line_that_may_hold_a_secret_is_not_shown(node: Node, edit: str) -> None:
    shown = drift(node, ON_NODE + edit + "\n")
    assert "! line 11: added; not shown, because it may hold a secret" in shown
    assert "aB3dE6gH9jK2mN5pQ8sT" not in shown


@pytest.mark.parametrize("line", [f"  phrase: {TYPED}", f"  {TYPED}", f"phrase = {TYPED}"])
def test_a_value_in_place_of_a_secret_is_not_shown_under_any_key(node: Node, line: str) -> None:
    assert "not shown" in drift(node, ON_NODE.replace(f'  passwd: "{OURS}"', line))


def test_a_secret_that_moved_is_not_shown_and_a_known_key_still_is(node: Node) -> None:
    text = ON_NODE.replace(f'  passwd: "{OURS}"\n', "").replace("level: 20", "level: 10") + f"phrase: {TYPED}\n"
    shown = drift(node, text).splitlines()
    assert "! line 7: removed; not shown, because it may hold a secret" in shown
    assert "+  level: 10" in shown
    assert "! line 10: changed; not shown, because it may hold a secret" in shown


def test_a_file_that_is_one_secret_shows_nothing_of_it(node: Node) -> None:
    shown = drift(node, f"{TYPED}\n{TYPED}\n", "@@fatecloud:9999.rabbitmq.cookie:raw@@\n", (OURS,))
    assert {line[:1] for line in shown.splitlines()} == {"@", "!"}


def test_control_characters_and_long_lines_are_made_safe(node: Node) -> None:
    shown = drift(node, ON_NODE + "note: \x1b]0;owned\x07\u202e\r\n" + "long: " + "x " * 5000 + "\n")
    assert "+note: \\x1b]0;owned\\x07\\u202e\\r" in shown
    assert all(line.isprintable() and len(line) < 320 for line in shown.splitlines())


@pytest.mark.parametrize(
    "line", ["a" * 5000, "x: " + " " * 5000, f"passwd: {OURS}" + " " * 5000, "=" * 5000 + f"\n  below: {TYPED}"]
)
def test_a_very_long_line_counts_as_secret_and_no_pattern_is_tried_on_it(node: Node, line: str) -> None:
    tried = Untried()
    assert list(values_of([tried], [line.partition("\n")[0]])) == []
    shown = drift(node, ON_NODE + line + "\n").splitlines()
    assert "! line 11: added; not shown, because it may hold a secret" in shown
    assert not [row for row in shown if row[0] == "+"]


class Untried:
    """A pattern that must not be matched with anything."""

    def match(self, line: str) -> None:
        raise AssertionError(len(line))


def test_the_comparison_ends_by_a_signal_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[int] = []
    monkeypatch.setattr("signal.alarm", alarms.append)
    on_node.main({"rendered": "/nowhere", "files": []})
    assert alarms == [25, 0]


def test_a_difference_is_bounded(node: Node) -> None:
    shown = drift(node, ON_NODE + "n: 1\n" * 3000).splitlines()
    assert len(shown) == 401
    assert shown[-1].endswith("more lines)")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0\1", "it is not a text file now"),
        (b"x" * (1 << 20) + b"x", "it is larger than 1 MiB now"),
        (b"x\n" * 5001, "it has more than 5000 lines now"),
    ],
)
def test_what_cannot_be_compared_says_why(node: Node, content: bytes, reason: str) -> None:
    drift(node, ON_NODE)
    file = Path(node.paths.base) / "service_conf.yaml"
    file.write_bytes(content)
    digest = hashlib.sha256(DEPLOYED.encode()).hexdigest()
    assert read_drift(Local(), node, [EditedFile(str(file), digest, ())]) == {str(file): reason}


def test_a_link_is_not_followed_and_a_file_of_others_not_opened(node: Node) -> None:
    drift(node, ON_NODE)
    digest = hashlib.sha256(DEPLOYED.encode()).hexdigest()
    base = Path(node.paths.base)
    (base / "other").write_text(f"phrase {TYPED}\n")
    (base / "link").symlink_to(base / "other")
    asked = [EditedFile(str(base / "link"), digest, ()), EditedFile(str(base / "other"), "", None)]
    asked += [EditedFile(str(base / "other2"), digest, ()), EditedFile(str(base / "service_conf.yaml"), "f" * 64, ())]
    assert list(read_drift(Local(), node, asked).values()) == [
        "it is a symbolic link",
        "it was not deployed by fatecloud, so its content is not shown",
        "No such file or directory",
        "the node has no record of what was deployed",
    ]


def test_what_a_node_answers_is_input(node: Node) -> None:
    rows = [["+", 1, "\x1b[2Jx"], ["?", 2, "odd"], ["!", 3, "changed"]]
    answer = json.dumps({"version": 1, "files": {"/x": {"rows": rows, "more": 0}}}).encode()
    shown = read_drift(FakeTransport("a1", lambda _: answer), node, [EditedFile("/x", "d", ())])["/x"]
    assert shown.splitlines()[0] == "+\\x1b[2Jx"
    assert "odd" not in shown
    for broken in (b'{"version": 1, "files": {}}', b'{"version": 1, "files": {"/x": {"rows": 3}}}', b"no answer"):
        connection = FakeTransport("a1", partial(_always, broken))
        with pytest.raises(TransportError) as caught:
            read_drift(connection, node, [EditedFile("/x", "d", ())])
        assert caught.value.code == "NODE_COLLECTOR_FAILED"


@pytest.mark.parametrize(
    "line",
    [
        *("password=x", "Passwd: x", "PWD x", "db_pass: x", "pass: x", "secret_key: x", "access_token: x", "cookie x"),
        *("admin_key: x", "apikey x", "accesskey=x", "Authorization: Basic x", "auth: x", "passphrase x", "salt: x"),
        *("password_hash: x", "IDENTIFIED  BY x", "private x", "credentials: x", "bearer x", "amqp://u:p@h/"),
    ],
)
def test_the_list_knows_it(line: str) -> None:
    assert looks_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        *("port: 9380", "host: 10.0.0.11", "keepalive_timeout 65;", "bypass: true", "compass=1", "http://10.0.0.1:93/"),
        *("max_connections = 100", "path: /data/fate/conf/service_conf.yaml", "types_hash_max_size 2048;"),
    ],
)
def test_the_list_leaves_harmless_lines_alone(line: str) -> None:
    assert not looks_secret(line)
