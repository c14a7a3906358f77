"""Ways to spoil an inventory: its bytes, its text, and its tree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from inventory_sources import SOURCES
from sampling import LONG, SEED

Draw = Callable[[st.SearchStrategy[Any]], Any]

# fmt: off - long lists of short words
WORDS = (
    "local",
    "none",
    "root",
    "service",
    "supervisor",
    "systemd",
    "standalone",
    "rabbitmq",
    "eggroll",
    "store",
    "external",
    "prompt",
    "9999",
    "10000",
    "8888",
    "a1",
    "here",
    "nod\u0435s",
    "flow",
    "nginx",
    "fate-2.2.0",
    "fate-1.11.4",
    "127.0.0.1",
    "::1",
    "fd00::11",
    "fe80::1%eth0",
    "10.0.0.11",
    "10.0.0.011",
    "0x7f.1",
    "999.1.1.1",
    "localhost",
    "[fd00::7]:5672",
    "fd00::7:5672",
    "h.example:0",
    "h.example:65535",
    "h.example:65536",
    "h.example",
    ":1",
    "h:",
    "\uff48:1",
    "~/fate",
    "~ops/fate",
    "~",
    "/",
    "/etc/fate",
    "/data/../etc",
    "/data/机构",
    "//x",
    "/d ata",
    "a/b",
    "C:\\f",
    "DOM\\ops",
    "ops@bank.example",
    "Ops",
    "domain users",
    "-rf",
    "$(id)",
    "`id`",
    "{{ 7 * 7 }}",
    "%n",
    "a;b",
    "a\nb",
    "1",
    "0",
    "-1",
    "\u0663",
    "\uff10",
    "1_000",
    "0o17",
    "0x1F",
    "1e9",
    "22:22",
    ".inf",
    ".nan",
    "65536",
    "1" * 30,
    "1" * 5000,
    "1G",
    "512 MiB",
    "1e3M",
    "-1G",
    "99999999999999T",
    "yes",
    "No",
    "ON",
    "true",
    "null",
    "",
    " ",
    "é",
    "\u202e",
    "机构甲",
    "😀",
    "2024-01-01",
    "2024-13-45",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "<<",
    "x" * 300,
    "a." * 200,
)
_SNIPPETS = (
    *":-[]{}'\"#&*!|>%@`,?~ \t\n\r\\\0\x07\x1b\x7f\x85\u2028\u00a0\N{BYTE ORDER MARK}\ud800\uffff",
    "- ",
    ": ",
    "? ",
    " #",
    "\n\n",
    "\r\n",
    "---\n",
    "\n...\n",
    "\n---\n{}\n",
    "%YAML 1.1\n---\n",
    "%YAML 9.9\n---\n",
    "&a ",
    "*a",
    "&a [*a]",
    "<<: *a",
    "<<: {cluster: x}\n",
    "!!int ",
    "!!binary ",
    "!local ",
    "! ",
    "!<tag:x> ",
    "!!python/object/apply:os.system [id]",
    "!!python/name:os.system ",
    "!!set {a, b}",
    "!!timestamp ",
    "|\n",
    ">-\n",
    "|+9\n",
    '"\\x41\\u4e2d\\U0001F600\\/"',
    '"\\ud83d\\ude00"',
    "'it''s'",
    '"open',
    "{a: [b, {c: d}]}",
    "[" * 40,
    "{a: " * 40,
    "- " * 40,
    "[" * 2000,
    "é" * 100,
    "x" * 20000,
    "k: v\n" * 500,
    "*a, " * 500,
)
BYTES = st.sampled_from(
    (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88", b"\xc0\x80", b"\0", b"\xef\xbb\xbf", b"\xfe\xff", b"\x1f\x8b")
)
# fmt: on
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=6),
    st.dates(min_value=dt.date(1900, 1, 1)),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=6
)
FRAGMENTS = st.one_of(st.sampled_from(_SNIPPETS), st.sampled_from(WORDS), st.text(max_size=5))
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "gb18030", "utf-7")


def examples(
    short: int, long: int, phases: Sequence[Phase] = tuple(Phase)
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How many files a property is tried on. The short mode always takes the same."""
    how = settings(
        max_examples=long if LONG else short,
        derandomize=not LONG,
        database=None,
        deadline=None,
        print_blob=True,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: how(seed(SEED)(test) if LONG else test)


@st.composite
def spoiled_files(draw: Draw) -> bytes:
    """A file whose text or bytes were tampered with."""
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from((_splice, _splice, _cut, _repeat_lines, _swap_lines, _indent, _ends)))(draw, text)
    encoding = draw(st.sampled_from(ENCODINGS))
    content: bytes = text.encode(
        encoding, "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace"
    )
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(BYTES) + content[at:]
    return content if draw(st.integers(0, 9)) else content[: draw(st.integers(0, len(content)))]


@st.composite
def spoiled_trees(draw: Draw) -> bytes:
    """A well-formed file that says something else than it should."""
    document = yaml.load(draw(st.sampled_from(SOURCES)), yaml.CSafeLoader)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        places = _places(document)
        if places:
            draw(st.sampled_from((_replace, _replace, _drop, _rename, _move, _double, _unknown)))(draw, places)
    flow = draw(st.sampled_from((None, None, False, True)))
    text: bytes = yaml.dump(
        document, Dumper=yaml.CSafeDumper, allow_unicode=True, default_flow_style=flow, encoding="utf-8"
    )
    return text


def _at(draw: Draw, text: str) -> int:
    return int(draw(st.integers(0, len(text))))


def _splice(draw: Draw, text: str) -> str:
    at = _at(draw, text)
    return f"{text[:at]}{draw(FRAGMENTS)}{text[at + draw(st.integers(0, 20)) :]}"


def _cut(draw: Draw, text: str) -> str:
    at = _at(draw, text)
    return text[:at] + text[at + draw(st.integers(1, 200)) :]


def _repeat_lines(draw: Draw, text: str) -> str:
    lines = text.splitlines(keepends=True)
    first = draw(st.integers(0, len(lines)))
    some = lines[first : first + draw(st.integers(1, 6))]
    where = draw(st.integers(0, len(lines)))
    return "".join([*lines[:where], *some * draw(st.sampled_from((1, 1, 2, 100))), *lines[where:]])


def _swap_lines(draw: Draw, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def _indent(draw: Draw, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = draw(st.integers(0, len(lines) - 1))
    lines[at] = draw(st.sampled_from(("", " ", "  ", "    ", "\t", "\u00a0", "\u3000"))) + lines[at].lstrip(" ")
    return "".join(lines)


def _ends(draw: Draw, text: str) -> str:
    return text.replace("\n", draw(st.sampled_from(("\r\n", "\r", "\n\n", "\x85", "\u2028", " \n"))))


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index in it, outermost first."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    for value in waiting:
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        found += [(value, key) for key in keys]
        waiting += [value[key] for key in keys]
        if len(waiting) > 5000:  # shared branches have doubled too often
            break
    return found


def _replace(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    inside, key = draw(st.sampled_from(places))
    inside[key] = draw(SCALARS if draw(st.integers(0, 3)) else VALUES)


def _drop(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    inside, key = draw(st.sampled_from(places))
    del inside[key]


def _rename(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    """A near miss, or another name altogether."""
    inside, key = draw(st.sampled_from(places))
    if isinstance(inside, dict):
        word = str(key)
        near = {
            word[1:],
            word[:-1],
            f"{word}s",
            word.upper(),
            word.replace("e", "\u0435"),
            word[::-1],
            f" {word}",
            f"{word}\n",
        }
        inside[draw(st.one_of(st.sampled_from(sorted(near)), SCALARS))] = inside.pop(key)


def _move(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    """Two branches change places, or one is in both places."""
    (inside, key), (other, place) = draw(st.sampled_from(places)), draw(st.sampled_from(places))
    if draw(st.booleans()):
        inside[key], other[place] = deepcopy(other[place]), deepcopy(inside[key])
    else:
        inside[key] = deepcopy(other[place])


def _double(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    """An entry once more under another name, by an alias or as a copy."""
    inside, key = draw(st.sampled_from(places))
    twin = inside[key] if draw(st.booleans()) else deepcopy(inside[key])
    if isinstance(inside, dict):
        inside[draw(st.sampled_from((f"{key}2", "a9", "12345", key)))] = twin
    else:
        inside.append(twin)


def _unknown(draw: Draw, places: list[tuple[Any, Any]]) -> None:
    """A name is changed where it is used, but not where it is defined."""
    used = [
        (inside, key)
        for inside, key in places
        if isinstance(inside, dict) and key in ("flow", "mysql", "nginx", "secret")
    ]
    if used:
        inside, key = draw(st.sampled_from(used))
        inside[key] = draw(st.sampled_from(("a3", "A1", "hera", ["a1", "a1"], ["a1", "a2"], ["a1", "nowhere"], [], {})))
