"""Templates and placeholders."""

import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fatecloud.errors import FatecloudError
from fatecloud.model.service import FileSpec
from fatecloud.render.files import FILTERS, render_specs
from fatecloud.render.placeholders import ENCODINGS, UnknownSecretError, fill, names, placeholder

HARD = 'it\'s "hard" \\ {{ }} @@fatecloud:other:raw@@ ü\n%'


def test_a_placeholder_is_found_and_filled_in_each_encoding() -> None:
    text = "\n".join(f"{e}={placeholder('9999.mysql.flow', e)}" for e in ENCODINGS)
    assert names(text) == {"9999.mysql.flow"}
    assert fill(text, {"9999.mysql.flow": "a'b\"c\\"}).splitlines() == [
        "raw=a'b\"c\\",
        'json="a\'b\\"c\\\\"',
        "sql='a''b\"c\\\\'",
        'ini="a\'b\\"c\\\\"',
        "properties=a'b\"c\\\\",
        "xml=a&#x27;b&quot;c\\",
    ]


def test_a_value_is_never_searched_for_placeholders_again() -> None:
    assert fill(placeholder("a", "raw"), {"a": HARD, "other": "leak"}) == HARD


@given(st.text())
def test_json_survives_json_and_yaml(value: str) -> None:
    text = '{"password": ' + placeholder("a", "json") + "}"
    assert json.loads(fill(text, {"a": value})) == {"password": value}


@given(
    st.text(
        alphabet=st.characters(
            min_codepoint=32, exclude_characters="\x7f\x85\ufeff", exclude_categories=["Cs", "Cn", "Co", "Cc"]
        )
    )
)
def test_json_is_a_yaml_scalar(value: str) -> None:
    assert yaml.safe_load("password: " + fill(placeholder("a", "json"), {"a": value})) == {"password": value}


def test_an_unknown_secret_is_named_and_no_text_comes_out() -> None:
    with pytest.raises(UnknownSecretError, match=r"no value for secret 9999\.b"):
        fill(placeholder("9999.b", "raw"), {"9999.a": "x"})


@pytest.mark.parametrize(("name", "encoding"), [("a b", "raw"), ("", "raw"), ("a:b", "raw"), ("a", "html")])
def test_a_malformed_placeholder_cannot_be_made(name: str, encoding: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        placeholder(name, encoding)


def of_java(line: str) -> str:
    """The value of a line `a=VALUE`, as `java.util.Properties.load` of JDK 17 reads it from Latin-1."""
    rest = line.partition("=")[2].lstrip(" \t\f")
    units = bytearray()
    while rest:
        step = 1
        unit = ord(rest[0])
        if rest[0] == "\\":
            step = 6 if rest[1] == "u" else 2
            unit = int(rest[2:6], 16) if rest[1] == "u" else ord({"t": "\t", "n": "\n"}.get(rest[1], rest[1]))
        units += unit.to_bytes(2, "big")
        rest = rest[step:]
    return units.decode("utf-16-be", "surrogatepass")


@given(st.text())
@example(" a")
@example("\\b")
@example("C:\\u0041=\u00e9\U0001f511\f")
def test_java_reads_a_value_back(value: str) -> None:
    (line,) = ("a=" + fill(placeholder("a", "properties"), {"a": value})).splitlines()
    assert line.isascii()
    assert of_java(line) == value


@given(
    st.text(
        st.one_of(st.sampled_from("\t\n\r"), st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Co"]))
    )
)
@example('<a b="--">&amp;')
def test_xml_reads_a_value_back_in_text_and_in_an_attribute(value: str) -> None:
    filled = fill(placeholder("a", "xml"), {"a": value})
    read = ET.fromstring(f"<x a='{filled}' b=\"{filled}\">{filled}</x>")  # noqa: S314 - made here
    assert (read.text or "", read.get("a"), read.get("b")) == (value, value, value)


def test_xml_refuses_what_it_cannot_contain() -> None:
    with pytest.raises(ValueError, match="XML cannot contain the character"):
        fill(placeholder("a", "xml"), {"a": "bell \a"})


@given(st.text(st.sampled_from("- a<&>"), max_size=12))
@example("demo--c3f9a2-9999-")
def test_a_comment_of_xml_may_have_any_hyphens(value: str) -> None:
    text = FILTERS["to_xml_comment"](value)
    assert "--" not in text
    ET.fromstring(f"<x><!--{text}--></x>")  # noqa: S314 - made here


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ true | to_properties }} {{ 7 | to_properties }} {{ 'a\\\\b' | to_properties }}", "true 7 a\\\\b"),
        ("<a b='{{ \"x<'y\" | to_xml }}'>{{ false | to_xml }}</a>", "<a b='x&lt;&#x27;y'>false</a>"),
    ],
)
def test_plain_values_are_written_as_java_reads_them(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "a.j2").write_text(text)
    assert render_specs([spec("a.j2")], "node", tmp_path)[0].text == expected


def spec(template: str, **values: object) -> FileSpec:
    return FileSpec("/home/conf/a", template, values, mode=0o600, restarts=False)


def test_a_file_is_rendered_free_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("port: {{ port }}\npassword: {{ secret('9999.a', 'json') }}\n")
    (file,) = render_specs([spec("a.j2", port=9380)], "9999/flow@a1", tmp_path)
    assert file.text == "port: 9380\npassword: @@fatecloud:9999.a:json@@\n"
    assert (file.mode, file.service, file.restarts, file.owner) == (0o600, "9999/flow@a1", False, "root")
    assert file.digest == hashlib.sha256(file.text.encode()).hexdigest()


def test_filters_write_values_for_the_reader_they_are_for(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text(
        "{{ text | to_yaml_scalar }} {{ none | to_yaml_scalar }} {{ text | to_json }} {{ argv | to_sh }} "
        "{{ text | to_sh }} {{ percent | to_systemd }} {{ small | to_yaml_scalar }}"
    )
    values = {"small": 0.000001, "text": "yes: 'x'", "none": None, "argv": ["a b", "c"], "percent": '50% "$x"'}
    (file,) = render_specs([FileSpec("/a", "a.j2", values)], "node", tmp_path)
    assert file.text == ("\"yes: 'x'\" null \"yes: 'x'\" 'a b' c 'yes: '\"'\"'x'\"'\"'' \"50%% \\\"$$x\\\"\" 1.0e-06")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\n{{ missing }}\n", "a.j2:2: 'missing' is undefined"),
        ("{{ port.number }}", "a.j2:1: 'int object' has no attribute 'number'"),
        ("one\n\n{% if %}\n", "a.j2:3"),
        ("{{ secret('a', 'html') }}", "a.j2:1: no encoding 'html'"),
        ("{% include 'absent.j2' %}", "there is no template absent.j2"),
    ],
)
def test_a_wrong_template_is_reported_with_its_line_and_variable(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "a.j2").write_text(text)
    with pytest.raises(FatecloudError) as error:
        render_specs([spec("a.j2", port=1)], "9999/flow@a1", tmp_path)
    assert error.value.message.startswith("9999/flow@a1: /home/conf/a: ")
    assert expected in error.value.message


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(FatecloudError, match=r"there is no template flow/a\.j2"):
        render_specs([spec("flow/a.j2")], "9999/flow@a1", tmp_path)
