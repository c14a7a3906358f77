"""Our client of MySQL's protocol, against a server of the tests."""

from __future__ import annotations

import socket
import threading

import pytest
from mysql_server import SALT, Server, refusal, sha2

from fatecloud.components.mysql.wire import NoAnswer, NoPlainLogin, NotMysql, Session, SqlError


def test_rows_come_as_text_and_the_session_ends_well() -> None:
    server = Server({"select 1": [("1", None, ""), ("x" * 300, "ü", "2")]})
    with server.at() as where:
        session = Session(where, "fate", "s3cret", 5)
        assert session.rows("select 1") == [("1", None, ""), ("x" * 300, "ü", "2")]
        assert session.rows("use fate_flow") == []
        session.close()
        while not server.ended_well:
            pass


def test_a_wrong_password_is_the_servers_refusal() -> None:
    with Server().at() as where, pytest.raises(SqlError, match="1045 Access denied") as caught:
        Session(where, "fate", "other", 5)
    assert caught.value.number == 1045


def test_an_error_leaves_the_session_usable() -> None:
    with Server({"selekt": refusal(1064, "You have\x1b[31m an error")}).at() as where:
        session = Session(where, "fate", "s3cret", 5)
        with pytest.raises(SqlError, match=r"^1064 You have\[31m an error$"):
            session.rows("selekt")
        assert session.rows("do 1") == []
        session.close()


@pytest.mark.parametrize("remembered", [True, False])
def test_the_newer_way_to_log_in_works_where_the_server_remembers_the_password(remembered: bool) -> None:  # noqa: FBT001
    def login(line: object, proof: bytes) -> bool:
        assert proof == sha2("s3cret", SALT)
        line.send(b"\x01\x03" if remembered else b"\x01\x04")  # type: ignore[attr-defined]
        return remembered

    with Server(login=login, way="caching_sha2_password").at() as where:
        if remembered:
            Session(where, "fate", "s3cret", 5).close()
        else:
            with pytest.raises(NoPlainLogin, match="caching_sha2_password, which needs an encrypted connection"):
                Session(where, "fate", "s3cret", 5)


@pytest.mark.parametrize(("way", "works"), [("mysql_native_password", True), ("client_ed25519", False)])
def test_a_server_may_ask_for_another_way_to_log_in(way: str, works: bool) -> None:  # noqa: FBT001
    def login(line: object, _: bytes) -> bool:
        line.send(b"\xfe" + way.encode() + b"\0" + SALT + b"\0")  # type: ignore[attr-defined]
        return bool(line.receive())  # type: ignore[attr-defined]

    with Server(login=login).at() as where:
        if works:
            Session(where, "fate", "s3cret", 5).close()
        else:
            with pytest.raises(NoPlainLogin, match="logs in by client_ed25519"):
                Session(where, "fate", "s3cret", 5)


@pytest.mark.parametrize(
    "words", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\0\0\0\x09abc\0"]
)
def test_another_program_is_not_taken_for_a_server(words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            line, _ = listener.accept()
            line.sendall(words)
            line.close()

        threading.Thread(target=speak, daemon=True).start()
        with pytest.raises((NotMysql, ConnectionError)):
            Session(f"127.0.0.1:{listener.getsockname()[1]}", "fate", "s3cret", 5)


def test_a_server_that_takes_the_connection_and_says_nothing_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NoAnswer):
        Session(f"127.0.0.1:{listener.getsockname()[1]}", "fate", "s3cret", 0.1)
