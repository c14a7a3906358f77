"""Secret placeholders in rendered text. They are filled in when a file is sent to a node.

A placeholder is `@@fatecloud:<secret name>:<encoding>@@`. The encoding says how the value is written in the file:

    raw         the value as it is
    json        a whole JSON string literal, quotes included (also a valid YAML scalar)
    sql         a whole SQL string literal, quotes included
    ini         a whole double-quoted value of an option file such as my.cnf, quotes included
    properties  the value of a key in a file of Java's `Properties`
    xml         text between two tags, or inside the quotes of an attribute

This file imports nothing from fatecloud and runs under Python 3.8, because it is copied into the Ansible project.
"""

from __future__ import annotations

import json
import re
from html import escape

# A type checker takes it for true under this name. `typing` need not be loaded on a node for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class UnknownSecretError(KeyError):
    """A text asks for a secret that has no value; the name is in `args[0]`."""

    def __str__(self) -> str:
        return f"no value for secret {self.args[0]}"


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sql(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _ini(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_properties(value: str) -> str:
    """A value as `java.util.Properties.load` reads it back, from a stream in Latin-1 and from a reader in UTF-8 alike.

    Only its beginning may be taken for something else: blanks there are skipped. Inside, `=`, `:`, `#` and `!` stand
    for themselves, and so stay as they are for other readers of the file, which do not know Java's escapes.
    """
    text = _NOT_ASCII.sub(lambda match: _UNIT.sub(r"\\u\g<0>", _utf16(match.group())), value.replace("\\", "\\\\"))
    return "\\" + text if text.startswith(" ") else text


def _utf16(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def as_xml(value: str) -> str:
    """A value as an XML parser reads it back, between tags or in an attribute, where line breaks would become blanks.

    Raises:
        ValueError: it has a character that no XML document can have.
    """
    if unfit := _NOT_XML.search(value):
        raise ValueError(f"XML cannot contain the character {unfit.group()!r}")
    return escape(value).translate(_BLANKS)


_NOT_ASCII = re.compile("[^ -~]")
_UNIT = re.compile("....")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = {ord(blank): f"&#{ord(blank)};" for blank in "\t\n\r"}
ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "raw": str,
    "json": _json,
    "sql": _sql,
    "ini": _ini,
    "properties": as_properties,
    "xml": as_xml,
}
_NAME = r"[A-Za-z0-9_.-]+"
_PLACEHOLDER = re.compile(f"@@fatecloud:({_NAME}):({'|'.join(ENCODINGS)})@@")


def placeholder(name: str, encoding: str) -> str:
    """The text that is written instead of a secret.

    Raises:
        ValueError: the name has other characters than letters, digits, `_`, `.` and `-`, or the encoding is unknown.
    """
    if not re.fullmatch(_NAME, name):
        raise ValueError(f"invalid name of a secret: {name!r}")
    if encoding not in ENCODINGS:
        raise ValueError(f"no encoding {encoding!r} for a secret: use one of {', '.join(ENCODINGS)}")
    return f"@@fatecloud:{name}:{encoding}@@"


def names(text: str) -> set[str]:
    """The names of all secrets that a text asks for."""
    return {match.group(1) for match in _PLACEHOLDER.finditer(text)}


def masked(text: str, shown: Callable[[str], str]) -> str:
    """The text with a word for people in place of every placeholder, made from the secret's name."""
    return _PLACEHOLDER.sub(lambda match: shown(match.group(1)), text)


def fill(text: str, secrets: Mapping[str, str]) -> str:
    """The text with every placeholder replaced by its encoded value.

    Values are not searched again, so a secret may itself look like a placeholder.

    Raises:
        UnknownSecretError: the text asks for a secret that `secrets` lacks.
    """

    def value(match: re.Match[str]) -> str:
        name, encoding = match.groups()
        if name not in secrets:
            raise UnknownSecretError(name)
        return ENCODINGS[encoding](str(secrets[name]))

    return _PLACEHOLDER.sub(value, text)
