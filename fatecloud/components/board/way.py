"""Runs on the node: does flow answer the own FATEBoard, and is it the flow of its party?

First flow itself is asked from here, with a question of a real size; then FATEBoard, about flow and about its jobs. Its
first answer comes from flow's memory, and the second from flow's database. What flow is asked belongs to a generation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container
from typing import Any

from fatecloud.components.board.page import Board, logged_in
from fatecloud.components.board.probe_state import login_of
from fatecloud.probing.dialing import address_of, readable, trouble
from fatecloud.probing.http_get import NoHttp
from fatecloud.probing.sized import sized

LIMITS = (8.0, 4.0, 3.0)
SECONDS = 6.0
BOARD_SECONDS = 13.0
"""FATEBoard itself waits 10 s for flow."""
INFO, JOBS = "/v1/server/fateflow/info", "/job/query/status"


class Flow:
    """How one generation of flow is asked.

    Args:
        ask: asks it a question, with so much padding and within so many seconds, and judges its answer.
        own: what it says of its processes: objects by name. Raises what a bad answer raises.
        padding: bytes of the longest question.
        signed: codes of a flow that takes signed requests only; FATEBoard passes them on.
    """

    def __init__(
        self,
        ask: Callable[[str, int, int, float], dict[str, Any]],
        own: Callable[[str, int, float], Any],
        padding: int,
        signed: Container[int],
    ) -> None:
        self.ask, self.own, self.padding, self.signed = ask, own, padding, signed


def judge(path: str, host: str, port: int, endpoint: str, flow: Flow) -> dict[str, Any]:
    """`direct` is flow's answer to this node; `kind` says where it fails on FATEBoard's way to the jobs.

    Args:
        path: of FATEBoard's settings.
        host: of FATEBoard.
        port: of FATEBoard.
        endpoint: of flow.
        flow: how it is asked.
    """
    direct = asked_directly(endpoint, flow)
    # An error that flow itself reports is one of its database: what that means for the jobs is asked through the board.
    if not direct["ok"] and direct["kind"] != "code":
        return {"ok": False, "kind": "flow", "error": direct["error"], "direct": direct}
    try:
        account, password = login_of(path)
    except (OSError, KeyError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}", "direct": direct}
    board = Board(host, port)
    with logged_in(board, account, password, SECONDS) as login:
        if login.get("data") is not True:
            # What that means is for the question about the board itself.
            return {"ok": False, "kind": "board", "error": "FATEBoard takes no login", "direct": direct}
        through = _through(board, endpoint, flow)
    return {**through, "direct": direct}


def asked_directly(endpoint: str, flow: Flow) -> dict[str, Any]:
    """What flow answers to this node."""
    return sized(functools.partial(_direct, flow, *address_of(endpoint)), flow.padding, LIMITS)


def _through(board: Board, endpoint: str, flow: Flow) -> dict[str, Any]:
    info = board.call(INFO, BOARD_SECONDS, {})
    if info.get("code") != 0:
        kind = "signed" if info.get("code") in flow.signed else "board" if "kind" in info else "unreached"
        return {"ok": False, "kind": kind, "error": words(info)}
    shown, own = _instances(info["data"]), _instances(_own(endpoint, flow))
    if own and shown != own:
        names = f"FATEBoard shows flow {' and '.join(shown) or 'none'}, and at {endpoint} is {' and '.join(own)}"
        return {"ok": False, "kind": "other", "error": names}
    jobs = board.call(JOBS, BOARD_SECONDS, verb="GET")
    if jobs.get("code") != 0:
        return {"ok": False, "kind": "board" if "kind" in jobs else "jobs", "error": words(jobs)}
    return {"ok": True, "flow": shown}


def _direct(flow: Flow, host: str, port: int, padding: int, seconds: float) -> dict[str, Any]:
    try:
        return flow.ask(host, port, padding, seconds)
    except OSError as error:
        return trouble(error, seconds)
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}


def _own(endpoint: str, flow: Flow) -> object:
    """What flow says of itself; None where it says nothing, about which other questions are."""
    try:
        return flow.own(*address_of(endpoint), SECONDS)
    except (OSError, NoHttp, ValueError, KeyError, TypeError, RecursionError):
        return None


def _instances(data: object) -> list[str]:
    """The names of flow's processes: its host and port are in them."""
    return sorted(readable(name) for name in data) if isinstance(data, dict) else []


def words(answer: dict[str, Any]) -> str:
    """What FATEBoard answered, for people."""
    return str(answer["error"]) if "kind" in answer else f"code {answer['code']}: {answer['message']}"
