"""What the tests of contracts share: questions on a node, and answers without what differs from run to run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract_messages import SCHEMAS, named
from jvm import SOURCES
from raised import RAISED
from rolling import Rolling
from two_parties import A, home

from fatecloud import components
from fatecloud.components.script import script_text

_MEASURED: dict[str, Callable[[Any], Any]] = {
    "id": lambda _: "one",
    "rows": lambda _: "some",
    "sessions": lambda _: "some",
    "resources": sorted,
    "heartbeats": lambda beats: {where: status for where, (status, _) in beats.items()},
}
"""Of answers of probes: what is left of a part."""


def script(name: str) -> str:
    """What asks on the node."""
    components.__path__.append(str(SOURCES))
    try:
        return script_text("contract", name)
    finally:
        components.__path__.remove(str(SOURCES))


def printed(rolling: Rolling, text: str, places: dict[str, str], questions: tuple[str, ...]) -> dict[str, Any]:
    """Answers by their questions, as the node has them."""
    rolling.nodes.write(A, "/srv/ask.py", text.encode())
    found = rolling.nodes.check(A, ["python3", "-IS", "/srv/ask.py", json.dumps(places), *questions], timeout=600)
    return {
        f"{name}: {question}": answer
        for name, answers in json.loads(found).items()
        for question, answer in answers.items()
    }


def message_of(answer: dict[str, Any]) -> dict[str, Any]:
    """A message by the names of its fields."""
    return named(bytes.fromhex(answer["octets"]), SCHEMAS[answer["message"]])


def rows(rolling: Rolling, tables: dict[str, tuple[str, ...]], where: str = "true") -> dict[str, Any]:
    """Rows of a database, without what differs from run to run: tables with the names of their databases."""
    found = {}
    for table, columns in tables.items():
        pairs = ", ".join(f"'{column}', {column}" for column in columns)
        select = f"select json_object({pairs}) from {table} where {where}"  # noqa: S608 - names of our own
        found[table.split(".")[-1]] = [json.loads(line) for line in rolling.site.sql(select).splitlines()]
    return found


def probed(rolling: Rolling, place: Path, services: dict[str, tuple[str, ...]], *measured: str) -> dict[str, Any]:
    """What the probes of a check find on a party's nodes.

    Args:
        rolling: the cluster.
        place: an empty directory.
        services: components by their nodes.
        measured: names of further parts that differ from run to run.
    """
    left = {**_MEASURED, **dict.fromkeys(measured, lambda _: "some")}
    with RAISED.anything():
        rolling.program.run("check", "--save-facts", str(place / "facts.json"))
    facts = json.loads((place / "facts.json").read_text())
    return {
        key: _left(answer["data"], left)
        for node in facts["nodes"].values()
        for key, answer in node["probes"].items()
        if any(f"/{component}" in key for component in services.get(node["node"], ()))
    }


def _left(data: Any, parts: dict[str, Callable[[Any], Any]]) -> Any:
    if isinstance(data, dict):
        return {name: parts[name](value) if name in parts else _left(value, parts) for name, value in data.items()}
    return [_left(part, parts) for part in data] if isinstance(data, list) else data


def commands(rolling: Rolling, node: str) -> list[str]:
    """Command lines of eggs."""
    found = rolling.nodes.check(node, ["pgrep", "-af", "[e]gg_pair.py --config"])
    return [re.sub(r"(-id|^) ?\d+", r"\1 N", line) for line in found.splitlines()]


def files(rolling: Rolling, node: str, session: str) -> list[str]:
    """What a session has written."""
    logs = f"{home(rolling.program)}/logs/{rolling.slug('9999', 'nodemanager')}/{session}"
    found = rolling.nodes.check(node, ["find", logs, "-type", "f", "-printf", "%P\n"]).splitlines()
    return sorted(re.sub(r"\d+", "N", name) for name in found)
