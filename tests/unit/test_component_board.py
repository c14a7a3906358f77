"""FATEBoard: what its probes make of its answers and of flow's, its settings, and what it leaves open."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from board_fakes import KEY, NO_PAGE, PUBLIC, FakeBoard, said
from component_world import GOLDEN, desired, rendered, report, say
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from web_fakes import closed_port, saying, serving

from fatecloud import catalogue
from fatecloud.components.board import page
from fatecloud.components.board.probe_state import state
from fatecloud.components.board.rsa import encrypted
from fatecloud.components.board.v2.probe_flow import flow_of
from fatecloud.components.board.way import judge
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.render.placeholders import names
from fatecloud.resolve.desired import resolve

EXAMPLE = "board"
HERE, AWAY = "9999/board@a1", "10000/board@b1"
CONF = "trees/fateboard/conf/application.properties"
OWN_PAGE, TASK = "/v2/server/fateflow", "/v2/partner/task/collect"
FLOW = {TASK: (200, {"code": 2000}), OWN_PAGE: (200, {"code": 0, "data": {"flow-127.0.0.1-9380": {}}})}


@pytest.fixture
def conf(tmp_path: Path) -> str:
    path = tmp_path / "application.properties"
    path.write_text("server.board.login.username=fate\nserver.board.login.password=s3cret\\\\\\ud83d\\ude00\n", "ascii")
    return str(path)


@pytest.mark.parametrize("word", [b"", b"x", bytes(range(1, 200)), b"y" * 245])
def test_only_the_boards_own_key_opens_a_password(word: bytes) -> None:
    first, second = encrypted(word, PUBLIC), encrypted(word, PUBLIC)
    assert KEY.decrypt(first, PKCS1v15()) == KEY.decrypt(second, PKCS1v15()) == word
    assert first != second


def test_a_key_that_is_none_is_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = b64encode(curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    for key in ("", "MIIB", "x y", PUBLIC[:100], other, b64encode(b"0" * 300).decode()):
        with pytest.raises(ValueError, match=r"\w"):
            encrypted(b"x", key)
    assert len(b64decode(PUBLIC)) == 294
    with pytest.raises(ValueError, match="a key of 256 bytes"):
        encrypted(b"y" * 246, PUBLIC)


def test_a_board_that_works_takes_its_own_login_alone_and_keeps_no_session(conf: str) -> None:
    board = FakeBoard()
    with board.at() as port:
        assert state(conf, "127.0.0.1", port) == {
            "ok": True,
            "page": True,
            "answer": "a page",
            "login": True,
            "shipped": [],
        }
    assert (board.begun, board.sessions) == (1, set())


def test_a_key_that_is_renewed_before_the_login_makes_no_refusal(conf: str) -> None:
    board = FakeBoard(renews=1)
    with board.at() as port:
        assert state(conf, "127.0.0.1", port)["ok"]
    refusing = FakeBoard(logins={})
    with refusing.at() as port:
        assert state(conf, "127.0.0.1", port)["kind"] == "login"


@pytest.mark.parametrize(("account", "password", "shown"), [("admin", "admin", "admin"), ("", "", "(no name)")])
def test_an_account_that_everyone_knows_is_tried(conf: str, account: str, password: str, shown: str) -> None:
    board = FakeBoard(logins={account: password})
    with board.at() as port:
        found = state(conf, "127.0.0.1", port)
    assert (found["kind"], found["shipped"]) == ("login", [shown])
    assert not board.sessions


def test_without_its_settings_the_account_in_its_jar_counts(tmp_path: Path) -> None:
    with FakeBoard(logins={"": ""}).at() as port:
        found = state(str(tmp_path / "none"), "127.0.0.1", port)
    assert (found["kind"], found["shipped"]) == ("config", ["(no name)"])


def test_a_key_may_take_longer_than_a_page_and_a_board_that_hangs_is_found_sooner(
    conf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[tuple[str, float]] = []

    def noted(how: Any) -> Any:
        def asked(host: str, port: int, path: str, *given: Any, timeout: float, **more: Any) -> Any:
            waited.append((path, timeout))
            return how(host, port, path, *given, timeout=timeout, **more)

        return asked

    for name in ("get", "post_for_cookies"):
        monkeypatch.setattr(page, name, noted(vars(page)[name]))
    with FakeBoard().at() as port:
        assert state(conf, "127.0.0.1", port)["ok"]
    assert waited[0] == ("/", 6.0)
    assert {seconds for path, seconds in waited if path == "/user/getKey"} == {25.0}


@pytest.mark.parametrize(
    ("home", "answer"), [((404, NO_PAGE), "HTTP 404"), ((200, "<title>Other</title>"), "another page")]
)
def test_a_board_without_its_front_end_differs_from_one_that_is_down(conf: str, home: Any, answer: str) -> None:
    with FakeBoard(home=home).at() as port:
        found = state(conf, "127.0.0.1", port)
    assert (found["kind"], found["answer"], found["login"]) == ("page", answer, True)


def test_what_is_not_a_board_has_a_kind_of_its_own(conf: str) -> None:
    assert state(conf, "127.0.0.1", closed_port())["kind"] == "refused"
    with serving({"/user/getKey": (200, {"code": 6000, "message": "<NotFound '404: Not Found'>"})}) as port:
        assert state(conf, "127.0.0.1", port)["kind"] == "foreign"
    with serving({}) as port:
        assert state(conf, "127.0.0.1", port)["kind"] == "foreign"
    with saying(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        assert state(conf, "127.0.0.1", port)["kind"] == "foreign"
    with FakeBoard(key=said("no key")).at() as port:
        assert state(conf, "127.0.0.1", port)["kind"] == "foreign"


UNREACHED = said(code=10003, message="Fateflow module connection error!")
SIGNED = said(code=5001, message="Invalid parameter: name[appId]")
SYSTEM_ERROR = said(code=10010, message="System error!")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"info": UNREACHED}, "unreached"),
        ({"info": SIGNED, "jobs": SYSTEM_ERROR}, "signed"),
        ({"info": said({"flow-127.0.0.1-9381": {}})}, "other"),
        ({"jobs": SYSTEM_ERROR}, "jobs"),
        ({"jobs": UNREACHED}, "jobs"),
        ({"info": "no envelope"}, "board"),
        ({"logins": {}}, "board"),
    ],
    ids=[
        "well",
        "it asks where no flow is",
        "flow wants signatures",
        "another flow",
        "database",
        "hung",
        "odd",
        "login",
    ],
)
def test_the_way_to_the_jobs_is_followed_to_where_it_fails(
    conf: str, changes: dict[str, Any], kind: str | None
) -> None:
    board = FakeBoard(**changes)
    with board.at() as port, serving(FLOW) as flow:
        found = judge(conf, "127.0.0.1", port, f"127.0.0.1:{flow}", flow_of("9999"))
    assert (found["ok"], found.get("kind")) == (kind is None, kind)
    assert found["direct"] == {"ok": True, "code": 2000}
    assert not board.sessions


def test_an_error_of_flow_is_followed_to_the_list_of_jobs(conf: str) -> None:
    locked = {**FLOW, TASK: (200, {"code": 6000, "message": "BusyError('database is locked')"})}
    with FakeBoard(jobs=SYSTEM_ERROR).at() as port, serving(locked) as flow:
        found = judge(conf, "127.0.0.1", port, f"127.0.0.1:{flow}", flow_of("9999"))
    assert (found["kind"], found["direct"]["kind"]) == ("jobs", "code")


def test_a_flow_that_is_down_is_found_without_the_board(conf: str) -> None:
    found = judge(conf, "127.0.0.1", closed_port(), f"127.0.0.1:{closed_port()}", flow_of("9999"))
    assert (found["kind"], found["direct"]["kind"]) == ("flow", "refused")


def test_flow_itself_is_asked_with_a_question_of_a_real_size(conf: str) -> None:
    seen: list[dict[str, str]] = []
    with FakeBoard().at() as port, serving(FLOW, seen) as flow:
        assert judge(conf, "127.0.0.1", port, f"127.0.0.1:{flow}", flow_of("9999"))["ok"]
    assert max(int(headers.get("content-length", 0)) for headers in seen) > 1400


def test_the_settings_have_a_password_of_the_vault_and_no_key_to_sign_with() -> None:
    text = rendered(HERE, EXAMPLE)[CONF].text
    assert names(text) == {"9999.board.login"}
    values = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert values["server.board.login.username"] == "fate"
    assert values["server.address"] == "127.0.0.1"
    assert values["fateflow.url"] == "http://127.0.0.1:9380"
    assert values["fateflow.http_app_key"] == values["fateflow.http_secret_key"] == ""
    other = rendered(AWAY, EXAMPLE)[CONF].text
    assert "server.address=192.0.2.21\nserver.port=8088\n" in other
    assert "server.board.login.username=scientist\n" in other


def test_the_password_is_in_no_other_file_of_the_cluster() -> None:
    services = desired(EXAMPLE).services
    having = {
        key for key in services for file in rendered(key, EXAMPLE).values() if "board.login" in str(names(file.text))
    }
    assert having == {HERE, AWAY}


def test_it_is_given_no_file_with_logins_by_ssh() -> None:
    argv = desired(EXAMPLE).services[HERE].process.argv
    assert argv[-1] == "org.fedai.fate.board.bootstrap.Bootstrap"
    assert "ssh_config_file" not in " ".join(argv)


def test_what_it_shows_without_a_login_is_an_exposure() -> None:
    found = {str(one.subject): one for one in report(example=EXAMPLE).exposures if one.code == "EXPOSURE_BOARD_OPEN"}
    assert set(found) == {HERE, AWAY}
    assert found[HERE].symptom.startswith("users of the node")
    assert "192.0.2.21, port 8088" in found[AWAY].symptom
    assert {one.severity for one in found.values()} == {"exposure"}


def test_a_flow_that_is_down_explains_what_the_board_lacks() -> None:
    flow = {"ok": False, "kind": "flow", "error": "connection refused", "direct": {"ok": False, "kind": "refused"}}
    down = {"ok": False, "kind": "refused", "error": "nothing listens"}
    found = report(say(f"{HERE}:board.flow", **flow), say("9999/flow@a1:flow.api", **down), example=EXAMPLE).findings
    assert "BOARD_FLOW_DOWN" not in {one.code for one in found if not one.caused_by}


@pytest.mark.parametrize(
    ("example", "without", "named"),
    [
        ("all-in-one", "{}", "{services: {board: here}}"),
        ("two-party", "flow: a1", "flow: a1, board: a1"),
        ("eggroll", "flow: a1", "flow: a1, board: a1"),
    ],
)
def test_a_party_gets_one_in_any_architecture_where_it_is_named_and_nowhere_else(
    tmp_path: Path, example: str, without: str, named: str
) -> None:
    assert not [key for key in desired(example).services if "/board@" in key]
    text = (GOLDEN / f"{example}.yml").read_text()
    file = tmp_path / "inventory.yml"
    file.write_text(text.replace(without, named, 1))
    cluster = load(file)
    services = resolve(cluster, catalogue.releases_of(cluster)).services
    boards = {key: service for key, service in services.items() if "/board@" in key}
    assert len(boards) == 1
    for service in boards.values():
        assert [edge.target.partition("/")[2].partition("@")[0] for edge in service.edges] == ["flow"]
        assert [port.bind for port in service.ports] == ["127.0.0.1"]


def test_a_board_and_a_flow_that_wants_signatures_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yml"
    text = (GOLDEN / "board.yml").read_text()
    file.write_text(text.replace("board: a1}", "board: a1}\n    config: {flow: {authentication: {client: true}}}"))
    with pytest.raises(InventoryError, match="a board, which cannot sign"):
        load(file)
