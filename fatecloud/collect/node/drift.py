"""Compares files that were edited by hand with what was deployed, and shows the difference without any secret.

Only the node has both texts: its record keeps what was deployed with placeholders in place of secrets. A line leaves
the node only if it cannot hold one; other lines are only reported as changed.
"""

import difflib
import hashlib
import json
import os
import re
import signal
import sys
from typing import Any, Dict, Iterator, List, Tuple

from .concealing import LONGEST, looks_secret, secret_lines, values_of
from .opening import opened, require_alone

PLACEHOLDER = re.compile(r"@@fatecloud:[A-Za-z0-9_.-]+:[a-z]+@@")
_BYTES = 1 << 20
# difflib takes time that grows with the square of this.
_LINES = 5000
_SHOWN = 400
WIDEST = 300
MORE = " ..."
_CONTEXT = 2
_SHORTEST = 4  # a shorter value is found in too many lines by chance
_ALTERED = "\0"  # marks the replacement of a line with another secret; no line of a text has it
_SECONDS = 25  # the controller waits 30
_KEY = re.compile(r"\s*(?:- )?[\"']?([\w.-]+)[\"']?\s*[:= ]")

Row = Tuple[str, int, str]
"""`@` (first line of a part), ` `, `-`, `+`, or `!` for what is not shown; a line number; the text."""


class Unshown(Exception):
    """There is no difference to show; the text says why."""


def read(spec: Dict[str, Any]) -> Dict[str, Any]:
    """The differences of the files that the spec names.

    Args:
        spec: `rendered`, the directory with the deployed texts by digest; `files`, each with `path`, `digest`, and
            `filled`: hashes of the lines that hold a secret as they should be, made with `salt`, where the controller
            knows them.

    Returns:
        `files`: path -> `rows` and how many `more` there are, or `reason` why there are none.
    """
    answers = {}
    for file in spec["files"]:
        try:
            rows = _rows(spec, file)
            answers[file["path"]] = {"rows": rows[:_SHOWN], "more": max(0, len(rows) - _SHOWN)}
        except Unshown as error:
            answers[file["path"]] = {"reason": str(error)}
    return {"version": 1, "files": answers}


def main(spec: Dict[str, Any]) -> None:
    """Print the answer as one JSON document; a signal ends the process if that takes too long."""
    # No thread could end a comparison that keeps the interpreter busy.
    signal.alarm(_SECONDS)
    sys.stdout.write("\n" + json.dumps(read(spec)) + "\n")
    sys.stdout.flush()
    signal.alarm(0)


def _rows(spec: Dict[str, Any], file: Dict[str, Any]) -> List[Row]:
    if not file.get("digest"):
        raise Unshown("it was not deployed by fatecloud, so its content is not shown")
    try:
        # Only the last part of what the controller names: no way leads out of this directory.
        old = _data(os.path.join(spec["rendered"], os.path.basename(file["digest"])), believed=True)
    except OSError:
        raise Unshown("the node has no record of what was deployed")
    # A text of another deploy would make lines look edited that are not.
    if hashlib.sha256(old).hexdigest() != file["digest"]:
        raise Unshown("the node's record of what was deployed is damaged")
    try:
        new = _data(file["path"])
    except OSError as error:
        raise Unshown("%s" % error.strerror)
    return list(differences(_lines(old), _lines(new), spec.get("salt", ""), file.get("filled")))


def _data(path: str, *, believed: bool = False) -> bytes:
    with os.fdopen(opened(path, believed=believed), "rb") as stream:
        require_alone(stream.fileno(), path)
        return stream.read(_BYTES + 1)


def _lines(data: bytes) -> List[str]:
    if len(data) > _BYTES:
        raise Unshown("it is larger than 1 MiB now")
    if b"\0" in data:
        raise Unshown("it is not a text file now")
    lines = data.decode("utf-8", "replace").split("\n")
    if len(lines) > _LINES:
        raise Unshown("it has more than %d lines now" % _LINES)
    return lines if lines[-1] else lines[:-1]


def differences(old: List[str], new: List[str], salt: str, filled: Any) -> Iterator[Row]:
    """The parts that differ, with some lines around them.

    Args:
        old: what was deployed, with placeholders.
        new: what is there, with secrets.
        salt: of the hashes.
        filled: hashes of lines as they are when their secrets are right; None if they are not known.
    """
    held = {place: _pattern(line) for place, line in enumerate(old) if PLACEHOLDER.search(line)}
    tokens = [_token(line, list(held.values()), salt, filled) for line in new]
    wanted = [held[place].pattern if place in held else line for place, line in enumerate(old)]
    concealed = _Concealed(old, new, held, tokens)
    matcher = difflib.SequenceMatcher(None, wanted, tokens, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        yield ("@", group[0][3] + 1, "")
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                for place in range(new_to - new_from):
                    yield from concealed.context(old_from + place, new_from + place)
                continue
            yield from concealed.removed(old_from, old_to, new_from == new_to)
            yield from concealed.added(new_from, new_to, old_from, old_to)


def _pattern(line: str) -> Any:
    """What a line with placeholders looks like when they are filled in: the same for all secrets."""
    return re.compile("(.*)".join(re.escape(part) for part in PLACEHOLDER.split(line)) + r"\Z", re.DOTALL)


def _token(line: str, patterns: List[Any], salt: str, filled: Any) -> str:
    """The line, or the pattern of the line with a placeholder that it fills in as it should be."""
    # The controller sends hashes, because the values themselves would be one more place to leak from.
    known = filled is not None and hashlib.sha256((salt + line).encode("utf-8", "replace")).hexdigest() in filled
    for pattern in patterns if len(line) <= LONGEST else ():
        if pattern.match(line):
            return str(pattern.pattern) if known or filled is None else _ALTERED + str(pattern.pattern)
    return _ALTERED if known else line  # known: a line of a secret that has several


class _Concealed(object):
    """Shows lines, or reports that they are not shown."""

    def __init__(self, old: List[str], new: List[str], held: Dict[int, Any], tokens: List[str]) -> None:
        self._old, self._new, self._held = old, new, held
        self._secret_old = secret_lines(old)
        self._secret_new = secret_lines(new)
        patterns = {pattern.pattern for pattern in held.values()}
        self._fills = {place for place, token in enumerate(tokens) if token in patterns or token.startswith(_ALTERED)}
        # A copy of a secret that is here now, elsewhere in the file.
        values = {v for v in values_of(list(held.values()), new) if len(v) >= _SHORTEST}
        self._secret_new |= {place for place, line in enumerate(new) if any(value in line for value in values)}
        self._misplaced = patterns - set(tokens)
        self._known_keys = {_key(line) for place, line in enumerate(old) if place not in held}

    def context(self, place_old: int, place_new: int) -> Iterator[Row]:
        """A line that is as it was: shown as it was deployed, with its placeholder."""
        shown = place_old in self._held or place_old not in self._secret_old
        yield (" ", place_new + 1, cut(self._old[place_old]) if shown else "(not shown: it may hold a secret)")

    def removed(self, first: int, end: int, alone: bool) -> Iterator[Row]:  # noqa: FBT001
        """Lines that are gone; `added` reports those with a secret as changed, unless nothing was added."""
        for place in range(first, end):
            if place not in self._held and place not in self._secret_old:
                yield ("-", place + 1, cut(self._old[place]))
            elif alone:
                yield ("!", place + 1, "removed")

    def added(self, first: int, end: int, old_first: int, old_end: int) -> Iterator[Row]:
        """Lines that are new or changed."""
        replaces = any(place in self._held or place in self._secret_old for place in range(old_first, old_end))
        word = "changed" if old_end > old_first else "added"
        for place in range(first, end):
            if self._may_hold(place, replaces):
                yield ("!", place + 1, word)
            else:
                yield ("+", place + 1, cut(self._new[place]))
        if replaces and first < end and not any(self._may_hold(place, replaces) for place in range(first, end)):
            yield ("!", first + 1, "changed")

    def _may_hold(self, place: int, replaces: bool) -> bool:  # noqa: FBT001
        if place in self._fills or place in self._secret_new:
            return True
        # Where a secret is not in its place any more, it may be in any new line whose key says nothing else.
        return (replaces or bool(self._misplaced)) and _key(self._new[place]) not in self._known_keys


def _key(line: str) -> str:
    match = _KEY.match(line)
    return match.group(1) if match and not looks_secret(line) else _ALTERED + line


def cut(line: str) -> str:
    """The line, not endless. Who shows it makes its characters safe."""
    return line if len(line) <= WIDEST else line[:WIDEST] + MORE
