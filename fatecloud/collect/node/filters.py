"""The packet filters of services, as nftables holds them: what a file says may not be what is in force."""

import json
import os
from typing import Any, Dict, List

from .reading import Spec, Unreadable, spawn
from .system import which

_PORT = {"payload": {"protocol": "tcp", "field": "dport"}}
_INTERFACE = {"meta": {"key": "iif"}}
_MOST = 1 << 20
"""Bytes of a table: thousands of networks take less."""


def filters(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Each service that should have a packet filter: the rules that see what comes in, and why there are none.

    A rule has a port (or None), networks or an interface that packets come `from`, and what it `does` with them.
    """
    asked = spec.get("filters", {})
    if asked and os.geteuid() != 0:
        raise Unreadable("only root may read what nftables holds")
    program = which("nft") if asked else None
    if asked and not program:
        return {key: {"rules": [], "error": "nft is not installed"} for key in asked}
    return {key: _held(str(program), table) for key, table in asked.items()}


def _held(program: str, table: str) -> Dict[str, Any]:
    ended = spawn([program, "-j", "list", "table", "inet", table], most=_MOST)
    if ended.error:
        raise Unreadable("nft: " + ended.error)
    if ended.exit:
        said = (ended.stderr.strip().splitlines() or ["exit %s" % ended.exit])[0]
        return {"rules": [], "error": "nftables has no such table" if "No such file" in said else said[:200]}
    try:
        entries = json.loads(ended.stdout)["nftables"]
        hooked = {e["chain"]["name"] for e in entries if "chain" in e and _sees_all(e["chain"])}
        rules = [_rule(e["rule"]["expr"]) for e in entries if "rule" in e and e["rule"]["chain"] in hooked]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Unreadable("nft printed something else than its rules")
    return {"rules": rules, "error": "" if hooked else "no chain of it sees what comes in"}


def _sees_all(chain: Dict[str, Any]) -> bool:
    return chain.get("type") == "filter" and chain.get("hook") == "input"


def _rule(parts: List[Dict[str, Any]]) -> Dict[str, Any]:
    """One rule; `other` for what our filters do not have."""
    rule: Dict[str, Any] = {"port": None, "from": [], "does": "other"}
    for part in parts:
        match = part.get("match")
        if match is None:
            (word,) = part or {"other": None}
            rule["does"] = word if word in ("accept", "drop") else "other"
            continue
        left, right = match["left"], match["right"]
        source = left.get("payload", {}).get("field") == "saddr"
        if match.get("op") != "==" or not (left in (_PORT, _INTERFACE) or source):
            return {"port": None, "from": [], "does": "other"}
        if left == _PORT and isinstance(right, int):
            rule["port"] = right
        else:
            several = isinstance(right, dict) and "set" in right
            rule["from"] = [_word(one) for one in (right["set"] if several else [right])]
    return rule


def _word(value: Any) -> str:
    """A network, a range of addresses, or the name of an interface."""
    if isinstance(value, dict) and "prefix" in value:
        return "%s/%s" % (value["prefix"]["addr"], value["prefix"]["len"])
    if isinstance(value, dict) and "range" in value:
        return "%s-%s" % tuple(value["range"])
    return str(value)
