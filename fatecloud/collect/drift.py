"""Asks one node how files that were edited by hand differ from the deployed ones; no secret leaves the node."""

from __future__ import annotations

import contextlib
import hashlib
import secrets as randomness
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fatecloud.collect import shipment
from fatecloud.collect.gather import Runs
from fatecloud.collect.incoming import document_of
from fatecloud.collect.node.drift import MORE, WIDEST
from fatecloud.errors import TransportError
from fatecloud.model.layout import private_of
from fatecloud.model.node import Node
from fatecloud.model.places import RENDERED
from fatecloud.plain import plain

PARTS = ("opening", "concealing", "drift")
"""Files below `node/` that compare."""
# The comparison on the node ends itself after 25 s, so that its reason arrives before this is over.
SECONDS = 30.0
_SIGNS = frozenset("@ -+!")


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file that is not what was deployed."""

    path: str
    digest: str
    """Of the secret-free text that was deployed; empty if fatecloud deployed none."""
    secret_lines: tuple[str, ...] | None
    """Its lines that hold a secret, filled in as they should be; only hashes of them leave the controller. None where
    the controller does not have the text that was deployed."""


def read_drift(connection: Runs, node: Node, files: Sequence[EditedFile]) -> dict[str, str]:
    """Path -> the difference as text, or why there is none to show.

    Raises:
        TransportError: the node could not be asked, or did not answer.
    """
    # Fresh for each question: the hashes of lines with short passwords could be looked up in a table otherwise.
    salt = randomness.token_hex(16)
    spec = {
        "rendered": f"{private_of(node)}/{RENDERED}",
        "salt": salt,
        "files": [
            {"path": file.path, "digest": file.digest, "filled": _hashes(salt, file.secret_lines)} for file in files
        ],
    }
    stdin = shipment.stdin(spec, PARTS)
    done = connection.run(shipment.command(node.paths.base), stdin=stdin, timeout=SECONDS, become=node.become == "root")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        answers = (document_of(done.stdout) or {})["files"]
        return {file.path: _text(answers[file.path]) for file in files}
    said = f"the comparison of edited files ended with exit {done.exit}: {done.error or 'no answer'}"
    raise TransportError(node.name, "NODE_COLLECTOR_FAILED", said)


def _hashes(salt: str, lines: Iterable[str] | None) -> list[str] | None:
    if lines is None:
        return None
    return sorted({hashlib.sha256((salt + line).encode("utf-8", "replace")).hexdigest() for line in lines})


def _text(answer: Mapping[str, Any]) -> str:
    if "reason" in answer:
        return _cut(answer["reason"])
    rows = list(_rows(answer["rows"]))
    more = int(answer["more"])
    if more:
        rows.append(f"({more} more lines)")
    return "\n".join(rows) or "only a secret value, or the end of the last line, differs"


def _rows(rows: Iterable[Any]) -> Iterator[str]:
    """What a node says is input: only rows of the kinds that we know, and no control characters."""
    for sign, number, text in rows:
        # A row of another kind would be printed as it is, and could look like a line of ours.
        if sign not in _SIGNS:
            continue
        if sign == "@":
            yield f"@@ line {int(number)} @@"
        elif sign == "!":
            yield f"! line {int(number)}: {_cut(text)}; not shown, because it may hold a secret"
        else:
            yield f"{sign}{_cut(text)}"


def _cut(text: Any) -> str:
    """A line, made plain and not endless."""
    shown = plain(str(text)[: 2 * WIDEST])
    return shown if len(shown) <= WIDEST + len(MORE) else shown[:WIDEST] + MORE
