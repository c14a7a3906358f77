import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from web_fakes import serving

from fatecloud.components.flow.exchange import NO_ANSWER, FlowApiError, Query
from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.components.flow.v2.api import FlowApi
from fatecloud.components.flow.v2.http_exchange import LIMIT, exchange
from fatecloud.components.flow.v2.probe_jobs import STATES
from fatecloud.model.jobs import Attempt


class Fixed:
    def __init__(self, envelope: Mapping[str, Any]) -> None:
        self.envelope = envelope
        self.asked: list[Query] = []

    def __call__(self, _method: str, _path: str, **given: Any) -> Mapping[str, Any]:
        self.asked.append(given["query"])
        return self.envelope


def test_a_code_other_than_zero_is_an_error_with_any_http_status() -> None:
    with pytest.raises(FlowApiError, match="code 6000: <NotFound '404: Not Found'>") as raised:
        FlowApi(Fixed({"code": 6000, "message": "<NotFound '404: Not Found'>"})).version()
    assert (raised.value.code, raised.value.path) == (6000, "/v2/server/fateflow")


def test_an_answer_without_a_code_is_not_flows() -> None:
    with pytest.raises(FlowApiError, match="no code") as raised:
        FlowApi(Fixed({"status": 404, "error": "Not Found"})).version()
    assert raised.value.code == NO_ANSWER


def test_a_refused_job_that_exists_nevertheless_is_named() -> None:
    with pytest.raises(FlowApiError) as raised:
        FlowApi(Fixed({"code": 1002, "message": "create job failed", "job_id": "202611251941455280150"})).submit({})
    assert raised.value.job == "202611251941455280150"


def test_nothing_found_is_an_answer() -> None:
    assert FlowApi(Fixed({"code": 1001, "message": "No found job"})).roles("1") == ()
    assert FlowApi(Fixed({"code": 2000, "message": "No found task"})).tasks("1") == ()
    assert FlowApi(Fixed({"code": 1001, "message": "No found job"})).known("1") == ()
    assert FlowApi(Fixed({"code": 2000, "message": "No found task"})).measures("1", "guest", "1", "t") == ()
    assert not FlowApi(Fixed({"code": 7001, "message": "No found table"})).table_exists("n", "t")
    FlowApi(Fixed({"code": 7001, "message": "No found table"})).delete_table("n", "t")
    FlowApi(Fixed({"code": 1001, "message": "No found job"})).clean("1")


def test_a_database_that_is_down_does_not_read_as_an_empty_list() -> None:
    down = {"code": 2003, "message": "Can't connect to MySQL server on '127.0.0.1'"}
    for ask in (FlowApi(Fixed(down)).roles, FlowApi(Fixed(down)).tasks, FlowApi(Fixed(down)).clean):
        with pytest.raises(FlowApiError, match="Can't connect"):
            ask("1")


def test_only_the_end_of_a_schedule_log_is_read() -> None:
    asked: list[tuple[str, Query]] = []

    def flow(_method: str, path: str, **given: Any) -> Mapping[str, Any]:
        asked.append((path, given["query"]))
        return {"code": 0, "data": 18000 if path == "/v2/log/count" else [{"line_num": 1, "content": "x"}]}

    assert FlowApi(flow).attempt("1", "guest", "9999") == Attempt()
    assert [path for path, _ in asked] == ["/v2/log/count", "/v2/log/query"]
    assert asked[1][1]["begin"] == "17701"


def test_active_jobs_are_asked_for_by_all_their_statuses() -> None:
    flow = Fixed({"code": 0, "data": {"count": 0, "data": []}})
    assert FlowApi(flow).active() == ()
    assert flow.asked[0]["status"] == STATES


ODD: tuple[Any, ...] = (None, 7, "x", [], [None], [7], {}, {"data": 7}, {"data": [{}]}, [{"job_id": 1, "cores": "x"}])


@pytest.mark.parametrize("data", ODD, ids=str)
def test_an_answer_of_another_form_is_an_error_and_no_crash(data: Any) -> None:
    flow = FlowApi(Fixed({"code": 0, "data": data}))
    asks: tuple[Callable[[], object], ...] = (
        flow.version,
        flow.active,
        lambda: flow.submit({}),
        lambda: flow.upload({}),
        lambda: flow.roles("1"),
        lambda: flow.tasks("1"),
        lambda: flow.refused("1", "host", "1"),
        lambda: flow.newest(5),
        lambda: flow.known("1"),
        lambda: flow.attempt("1", "host", "1"),
        lambda: flow.blamed("1", "host", "1"),
        lambda: flow.measures("1", "host", "1", "t"),
        lambda: flow.table_exists("n", "t"),
    )
    for ask in asks:
        with suppress(FlowApiError):
            ask()
    with pytest.raises(FlowApiError, match="another form") as raised:
        flow.submit({})
    assert raised.value.code == NO_ANSWER


@pytest.mark.parametrize("printed", ["", "7", "[]", "[" * 100000, "{}", '{"body": 1}', '{"error": []}'])
def test_whatever_the_exchange_prints_is_an_answer_or_an_error(printed: str) -> None:
    ask = NodeExchange(lambda *_: printed.encode(), "http://127.0.0.1:1", "v2/http_exchange.py")
    with pytest.raises(FlowApiError):
        ask("GET", "/v2/x", query=None, body=None, timeout=1)


class Elsewhere(BaseHTTPRequestHandler):
    """Sends each question on to a path of its own, and counts those that follow."""

    followed = 0

    def do_GET(self) -> None:
        type(self).followed += self.path == "/there"
        self.send_response(302)
        self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_an_answer_too_deep_to_read_is_refused(address: str) -> None:
    assert "HTTP 200 without JSON" in exchange({"method": "GET", "url": f"{address}/deep"})["error"]


def test_no_redirection_is_followed() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = exchange({"method": "GET", "url": f"http://127.0.0.1:{server.server_port}/v2/x"})
        server.shutdown()
    assert "HTTP 302" in answer["error"]
    assert Elsewhere.followed == 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        said = {"path": url.path, "query": parse_qs(url.query), "body": json.loads(body or b"null")}
        data = {"/big": b"x" * (LIMIT + 1), "/html": b"<html>", "/deep": b"[" * 100_000}.get(
            url.path, json.dumps(said).encode()
        )
        self.send_response(502 if url.path == "/html" else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1", "v2/http_exchange.py")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_script_sends_query_and_body_past_any_proxy(address: str) -> None:
    answer = exchange({"method": "GET", "url": f"{address}/a", "query": {"status": ["x y", "z"]}, "timeout": 5})
    assert answer == {"status": 200, "body": {"path": "/a", "query": {"status": ["x y", "z"]}, "body": None}}
    assert exchange({"method": "POST", "url": f"{address}/b", "body": {"k": 1}})["body"]["body"] == {"k": 1}


def test_the_script_reports_what_is_not_an_answer(address: str) -> None:
    assert exchange({"method": "GET", "url": f"{address}/html"})["error"] == "HTTP 502 without JSON: b'<html>'"
    assert "more than" in exchange({"method": "GET", "url": f"{address}/big"})["error"]
    assert "refused" in exchange({"method": "GET", "url": "http://127.0.0.1:1/a"})["error"]


def on_this_machine(argv: tuple[str, ...], text: bytes, timeout: float) -> bytes:
    return subprocess.run(argv, input=text, stdout=subprocess.PIPE, timeout=timeout, check=True).stdout


def test_the_script_runs_as_it_is_shipped(address: str) -> None:
    send = NodeExchange(on_this_machine, address, "v2/http_exchange.py", python=sys.executable)
    assert send("POST", "/c", query=None, body={"it's": 'a "quote"'}, timeout=5)["body"] == {"it's": 'a "quote"'}
    with pytest.raises(FlowApiError, match="HTTP 502 without JSON") as raised:
        send("GET", "/html", query=None, body=None, timeout=5)
    assert raised.value.code == NO_ANSWER


def test_a_request_is_signed_with_flows_own_settings(tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.write_text('ADMIN_KEY = "its-token"\n')
    said: list[str] = []

    def run(argv: tuple[str, ...], text: bytes, timeout: float) -> bytes:
        said.append(" ".join(argv) + text.decode())
        return on_this_machine(argv, text, timeout)

    seen: list[dict[str, str]] = []
    with serving({"/page": (200, {"code": 0})}, seen) as port:
        url = f"http://127.0.0.1:{port}"
        NodeExchange(run, url, "v2/http_exchange.py", settings=str(settings), python=sys.executable)(
            "GET", "/page", query=None, body=None, timeout=5
        )
    assert (seen[0]["appid"], len(seen[0]["signature"])) == ("admin", 32)
    assert "its-token" not in "".join(said) + str(seen)


@pytest.mark.parametrize("output", ["", "bash: python3: command not found", '{"status": 200, "body": [1]}'])
def test_a_script_that_gives_no_envelope(output: str) -> None:
    with pytest.raises(FlowApiError) as raised:
        NodeExchange(lambda *_: output.encode(), "http://x", "v2/http_exchange.py")(
            "GET", "/p", query=None, body=None, timeout=5
        )
    assert raised.value.code == NO_ANSWER
