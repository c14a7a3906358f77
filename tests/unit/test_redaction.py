"""No secret survives in a text, in whatever form a program wrote it there."""

from __future__ import annotations

import base64
import json
import shlex
from html import unescape
from urllib.parse import quote, unquote, unquote_plus, urlencode

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fatecloud.render.placeholders import ENCODINGS
from fatecloud.vault.forms import ENCODERS, forms
from fatecloud.vault.redaction import STARS, Redactor

SPECIAL = "'\"\\\\ /+%&<>$`!#:;,=\u00e9\u4e2d\U0001f511\t\n"
ANY = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=24)
MARKED = ANY.map(lambda text: f"{text}Kz9qW{text}")
"""Values with a part that no other text has, so that a leftover is recognised."""
BETWEEN = st.text(st.sampled_from("0 \n\u4e2d,"), max_size=5)


def encoded(text: str) -> list[str]:
    """What common programs and libraries make of a text, without the words around it."""
    written = base64.b64encode(text.encode()).decode()
    return [
        text,
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps(json.dumps({"password": text})),
        yaml.safe_dump({"password": text}, width=10_000) if text.isprintable() else "",
        yaml.safe_dump(text, default_style="'", width=10_000) if text.isprintable() else "",
        repr(text),
        repr({"password": text}),
        repr(text.encode()),
        shlex.join(["mysql", f"-p{text}"]),
        json.dumps({"cmd": shlex.join(["mysql", f"-p{text}"])}),
        quote(text),
        quote(text, safe=""),
        urlencode({"password": text}),
        f"amqp://fate:{quote(text, safe='')}@host:5672/",
        written,
        base64.urlsafe_b64encode(text.encode()).decode(),
        quote(written, safe=""),
        # Secrets have no control characters, which only the other encodings leave as they are.
        *(e(text) for name, e in ENCODINGS.items() if text.isprintable() or name not in ("properties", "xml")),
        json.dumps(f"GRANT ALL ON *.* TO flow IDENTIFIED BY {ENCODINGS['sql'](text)}"),
    ]


@given(MARKED, BETWEEN)
@example("it's", "")
@example("a\\'b\"c", " ")
@example("\u00e9'\\", "")
def test_no_form_of_a_secret_survives(value: str, between: str) -> None:
    redact = Redactor([value])
    for text in encoded(value):
        left = redact(f"{between}{text}{between}")
        assert value not in left
        assert "Kz9qW" not in left
        for reading in (unquote, unquote_plus, unescape):
            assert value not in reading(left)


@given(MARKED, st.text(st.sampled_from("abcdefgh-_@0"), max_size=9), BETWEEN)
def test_basic_authentication_of_any_user_is_redacted(value: str, user: str, between: str) -> None:
    token = base64.b64encode(f"{user}:{value}".encode()).decode()
    left = Redactor([value])(f"{between} Authorization: Basic {token}{between}")
    assert STARS in left
    kept = left.partition("Basic ")[2].partition(STARS)[0]
    # At most the user and the colon are left: nothing that the value alone determines.
    assert len(kept) * 6 // 8 <= len(f"{user}:".encode()) + 1
    assert base64.b64encode(value.encode()).decode()[4:-4] not in left or len(value) < 8


@given(MARKED, st.sampled_from(sorted(ENCODERS)), st.sampled_from(sorted(ENCODERS)))
def test_one_encoding_inside_another_is_redacted_too(value: str, inner: str, outer: str) -> None:
    assert Redactor([value])(ENCODERS[outer](ENCODERS[inner](value))) == STARS


@given(st.lists(st.text("ab'\\", min_size=1, max_size=4), max_size=4), st.text("ab'\\cd ", max_size=30))
def test_what_is_left_contains_no_value_and_all_else_stays_in_order(values: list[str], text: str) -> None:
    left = Redactor(values)(text)
    parts = left.split(STARS)
    assert all(value not in part for value in values for part in parts)
    place = 0
    for part in parts:
        place = text.index(part, place) + len(part)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert Redactor(["Kz9qW-8sPd", 'it\'s "so"'])(text) == text


def test_values_that_overlap_in_a_text_leave_nothing_of_either() -> None:
    assert Redactor(["abcd", "cdef"])("1 abcdef 2 abcd 3") == f"1 {STARS} 2 {STARS} 3"


def test_a_generated_value_has_few_forms() -> None:
    assert len(forms("hR7kXw93mQzT4vLbN2pYs8Dc")) == 1


@pytest.mark.parametrize("value", ["\udc80secret", "s", "", "'", "\\"])
def test_odd_values_break_nothing(value: str) -> None:
    assert Redactor([value])(f"({value})") == (f"({STARS})" if value else "()")
