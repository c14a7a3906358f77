"""Runs on the node: asks many endpoints the same question at once, and names what went wrong with each.

An answer has `ok`; if that is false also `kind` and `error`:

    name         the name has no address, or no name server answers
    timeout      no connection: packets are dropped on the route there or back, or the machine is gone
    unreachable  a router or a firewall on the route rejects the connection
    refused      the machine answers, and refuses the port
    reset        the connection was made and broken off
    silent       the connection was made, and nothing came back over it
    foreign      something answers that does not speak the protocol
    large        short questions are answered, and long ones are not: large packets are lost

`party=host:port` pairs come in as arguments and go out as `peers`: party -> its answer, with its `endpoint`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from fatecloud.probing.connecting import connection_to
from fatecloud.probing.patience import patient

PARALLEL = 64
"""Endpoints asked at the same time; a party seldom has more than ten."""


def address_of(endpoint: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[address]:port`."""
    host, _, port = endpoint.rpartition(":")
    # The brackets of an IPv6 address belong to the notation.
    return host.strip("[]"), int(port)


def connected(endpoint: str, seconds: float) -> socket.socket:
    """A socket that is connected. Raises OSError."""
    return connection_to(*address_of(endpoint), patient(seconds))


def readable(text: object, most: int = 200) -> str:
    """What another party sent, as it may be shown: bounded, and without control characters."""
    return "".join(c for c in str(text)[:most] if c.isprintable())


def trouble(error: Exception, seconds: float, after: str = "timeout") -> dict[str, Any]:
    """What an error of a socket means.

    Args:
        error: an OSError.
        seconds: the time limit.
        after: kind of a time-out: `timeout` before there is a connection, `silent` from then on.
    """
    if isinstance(error, (TimeoutError, socket.timeout)):  # two classes before Python 3.10
        what = "connected, then no answer" if after == "silent" else "no answer"
        return {"ok": False, "kind": after, "error": f"{what} within {patient(seconds):g} s"}
    if isinstance(error, socket.gaierror):
        return {"ok": False, "kind": "name", "error": f"the name does not resolve here: {error.strerror}"}
    if isinstance(error, ConnectionRefusedError):
        return {"ok": False, "kind": "refused", "error": "connection refused"}
    if isinstance(error, ConnectionError):
        return {"ok": False, "kind": "reset", "error": f"the connection was broken off: {error}"}
    return {"ok": False, "kind": "unreachable", "error": str(getattr(error, "strerror", None) or error)}


def asked(pairs: list[str], ask: Callable[[str, str], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """The document about every `party=host:port`.

    Args:
        pairs: as they come from the command line.
        ask: returns the answer of one party at its endpoint; called in threads.
        seconds: a party without an answer by then counts as `name`, because only a name server can take that long;
            where no name server is asked, this node has too much to do, and it counts as `timeout`.
    """
    wanted = dict(pair.split("=", 1) for pair in pairs)
    answers: dict[str, dict[str, Any]] = {}
    turns = threading.Semaphore(PARALLEL)

    def put(party: str, endpoint: str) -> None:
        with turns:
            try:
                answers[party] = ask(party, endpoint)
            except Exception as error:  # noqa: BLE001 - what one peer answers must not cost the others their answers
                what = f"its answer cannot be read: {type(error).__name__}"
                answers[party] = {"ok": False, "kind": "foreign", "error": what}

    # A look-up at a name server that does not answer has no time limit: its thread is abandoned.
    threads = [threading.Thread(target=put, args=pair, daemon=True) for pair in wanted.items()]
    for thread in threads:
        thread.start()
    until = time.monotonic() + patient(seconds)
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    peers = {
        party: dict(answers.get(party) or _late(endpoint, seconds), endpoint=endpoint)
        for party, endpoint in wanted.items()
    }
    failed = sorted(party for party, answer in peers.items() if not answer["ok"])
    if failed:
        return {"ok": False, "kind": "unreachable", "error": "not reached: " + ", ".join(failed), "peers": peers}
    return {"ok": True, "peers": peers}


def _late(endpoint: str, seconds: float) -> dict[str, Any]:
    if _is_address(address_of(endpoint)[0]):
        return {"ok": False, "kind": "timeout", "error": f"no answer within {patient(seconds):g} s"}
    return {
        "ok": False,
        "kind": "name",
        "error": f"no answer, perhaps from the name server, within {patient(seconds):g} s",
    }


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False
