"""The ways in which programs write a value: in JSON, SQL, a shell's command line, a URL, a page, base64, and so on."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import yaml

_MYSQL = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", "\\": "\\\\", "'": "\\'", '"': '\\"'}
_PLAIN = re.compile(r"[A-Za-z0-9]+")
"""What no encoding but base64 changes."""
_WIDE = 1_000_000


def _yaml(value: str, *, unicode: bool) -> str:
    return yaml.safe_dump(value, default_style='"', allow_unicode=unicode, width=_WIDE).rstrip("\n")[1:-1]


def _backslashed(characters: str) -> Callable[[str], str]:
    return lambda value: re.sub(f"([{re.escape(characters)}])", r"\\\1", value)


def _doubled(character: str) -> Callable[[str], str]:
    return lambda value: value.replace(character, character * 2)


def _lower_percent(value: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), value)


ENCODERS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "json": lambda value: json.dumps(value)[1:-1],
    "json, unicode": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json, slashes": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "repr": lambda value: repr(value)[1:-1],
    "repr of bytes": lambda value: repr(value.encode("utf-8", "surrogatepass"))[2:-1],
    "yaml": lambda value: _yaml(value, unicode=False),
    "yaml, unicode": lambda value: _yaml(value, unicode=True),
    "quotes doubled": _doubled("'"),  # SQL, and YAML in single quotes
    "double quotes doubled": _doubled('"'),  # names in SQL, CSV
    "sql": lambda value: value.replace("\\", "\\\\").replace("'", "''"),
    "sql, backslashes": lambda value: "".join(_MYSQL.get(letter, letter) for letter in value),
    "option file": _backslashed('\\"'),
    "shell, double quotes": _backslashed('\\"$`'),
    "shell": lambda value: shlex.quote(f" {value}")[2:-1],
    "shell, backslash": lambda value: value.replace("'", "'\\''"),
    "shell, each character": lambda value: re.sub(r"([^\w%+,./:=@-])", r"\\\1", value, flags=re.ASCII),
    "unit": lambda value: value.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$"),
    "url": lambda value: quote(value, safe="", errors="surrogatepass"),
    "url, path": lambda value: quote(value, errors="surrogatepass"),
    "form": lambda value: quote_plus(value, errors="surrogatepass"),
    "url, lower": lambda value: _lower_percent(quote(value, safe="", errors="surrogatepass")),
    "html": escape,
    "html, decimal": lambda value: escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "xml": lambda value: escape(value, quote=False),
    "properties": lambda value: json.dumps(value)[1:-1].replace('\\"', '"'),
}
"""Name -> how a whole value is written, without quotes around it."""


def forms(value: str) -> frozenset[str]:
    """Every text as which a value appears, also where one encoding is inside another one: SQL in JSON, JSON in a shell.

    Not known is a value with line breaks where YAML folds it, because that depends on the indentation.

    Args:
        value: not empty.
    """
    once = {encode(value) for encode in ENCODERS.values()}
    twice = {encode(form) for form in once for encode in ENCODERS.values()}
    return frozenset(once | twice)


def needle(value: str) -> str:
    """The longest part of a value that each of its forms but those in base64 contains; it may be empty."""
    return max(_PLAIN.findall(value), key=len, default="")


def cores(value: str) -> frozenset[str]:
    """What base64 of any text that contains a value contains itself, in both alphabets, plain and in a URL.

    HTTP's basic authentication encodes `user:password`, so the value begins at any of three places in a group of bytes.
    The characters at both ends depend on the neighbours too and are not in the result. Nothing for values so short that
    the rest would be found by chance.
    """
    data = value.encode("utf-8", "surrogatepass")
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        core = encoded[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
        if len(core) >= _LEAST:
            found |= {core, core.translate(_URL_SAFE)}
    return frozenset(found | {quote(core, safe="") for core in found})


_LEAST = 6
"""Characters: 36 bits."""
_URL_SAFE = str.maketrans("+/", "-_")
