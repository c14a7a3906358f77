"""Names that leave the house as pseudonyms, and come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatecloud.errors import UsageError
from fatecloud.model.pseudonyms import Pseudonyms
from fatecloud.state.pseudonyms import FILE, kept_pseudonyms, pseudonyms

KNOWN = (
    ("node", "vault-west"),
    ("node", "a1"),
    ("host", "fate.bank.example"),
    ("address", "10.20.30.4"),
    ("address", "fd00:1::12"),
    ("user", "svc_fate"),
    ("group", "hub"),
    ("party", "12000"),
)


def world() -> Pseudonyms:
    made = Pseudonyms("7c2e", {})
    made.know(KNOWN)
    return made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("9999/nginx@a1 -> peer:10000", "9999/nginx@node1-7c2e -> peer:10000"),
        ("A1 and a1, not a11", "node1-7c2e and node2-7c2e, not a11"),
        ("10.20.30.4:5672 refused; 10.20.30.41 too", "address1-7c2e:5672 refused; address2-7c2e too"),
        ("[fd00:1::12]:9300", "[address1-7c2e]:9300"),
        ("at http://fate.bank.example:9300/x/y?z=1 now", "at http://host1-7c2e:9300/path1-7c2e now"),
        ("file:///home/ada/key", "file:///path1-7c2e"),
        ("open('/data/private/fate/conf')", "open('path1-7c2e')"),
        ("denied for user 'ada'@'10.1.1.1'", "denied for user 'user1-7c2e'@'address1-7c2e'"),
        ("write to ada.l@mail.bank.example", "write to user1-7c2e@host1-7c2e"),
        ("svc_fate may not", "user1-7c2e may not"),
        ("of party 12000", "of party party1-7c2e"),
        ("an unknown db7.internal.bank", "an unknown host1-7c2e"),
        ("vault-west.bank.internal/10.9.9.9:4671", "host1-7c2e/address1-7c2e:4671"),
        ("A1.Bank.Internal refused, a1 too", "host1-7c2e refused, node1-7c2e too"),
        ("a1.log, svc_fate.conf.", "node1-7c2e.log, user1-7c2e.conf."),
        ("at http://portal:8080/x", "at http://host1-7c2e:8080/path1-7c2e"),
        ("at http://a1:8080?key=x", "at http://node1-7c2e:8080?path1-7c2e"),
        ("see http://portal, then http://portal.", "see http://host1-7c2e, then http://host1-7c2e."),
        ("amqp://ada:word@portal:5672", "amqp://user1-7c2e@host1-7c2e:5672"),
        ("http://[fd00:1::12]:9300/", "http://[address1-7c2e]:9300/"),
        ("http://127.0.0.1:9380/", "http://127.0.0.1:9380/"),
    ],
)
def test_what_is_ours_gets_a_pseudonym(text: str, shown: str) -> None:
    assert world().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *(
            "HTTP 502",
            "no answer within 3 s",
            "127.0.0.1:9380: connection refused",
            "version 2.2.0, 3.10.8",
            "08:15:30",
        ),
        *("java.lang.OutOfMemoryError: Java heap space", "io.grpc.StatusRuntimeException: UNAVAILABLE", "9999/ 10000/"),
        *("service_conf.yaml", "application/json", "and/or", "1/2"),
    ],
)
def test_what_is_everyones_stays(text: str) -> None:
    assert world().text(text) == text


def test_a_name_has_one_pseudonym_for_ever_and_it_leads_back() -> None:
    made = world()
    first = made.text("a1 at 10.20.30.4 and 10.9.9.9")
    again = Pseudonyms(made.tag, made.names)
    again.know(reversed(KNOWN))
    assert again.text("a1 at 10.20.30.4 and 10.9.9.9") == first
    assert again.restored(f"Dear partner, ({first}), node9-7c2e.") == (
        "Dear partner, (a1 at 10.20.30.4 and 10.9.9.9), node9-7c2e."
    )


def test_a_pseudonym_of_another_cluster_is_not_taken_for_ours() -> None:
    made = world()
    made.text("a1")
    assert made.restored("node1-7c2e node1-aaaa xnode1-7c2e node1-7c2e-x node11-7c2e") == (
        "a1 node1-aaaa xnode1-7c2e node1-7c2e-x node11-7c2e"
    )


def test_an_endpoint_that_both_know_has_a_name_that_both_can_derive() -> None:
    made = world()
    for pseudonym in ("proxy-of-10000", "broker-of-10000"):
        made.same(pseudonym, "fate.partner.example")
    assert made.text("fate.partner.example:9300") == "proxy-of-10000:9300"
    assert made.of("host", "fate.partner.example") == "proxy-of-10000"
    assert made.restored("proxy-of-10000:5672") == "fate.partner.example:5672"


@given(st.text(max_size=200))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    made = world()
    assert made.restored(made.text(text)) == text


@given(st.lists(st.sampled_from([name for _, name in KNOWN]), min_size=1), st.sampled_from([" ", ":", ", ", "/", '"']))
def test_no_known_name_is_left_in_any_place(names: list[str], between: str) -> None:
    made = world()
    shown = made.text(between.join(names))
    assert not [name for name in set(names) - {"a1", "hub"} if name in shown], shown


def test_the_map_is_private_and_grows(tmp_path: Path) -> None:
    with kept_pseudonyms(tmp_path) as first:
        one = first.of("node", "a1")
    with kept_pseudonyms(tmp_path) as second:
        two = second.of("node", "b1")
    kept = pseudonyms(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert (kept.names, kept.tag) == ({one: "a1", two: "b1"}, first.tag)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"tag": "7c2e", "fatecloud/pseudonyms/v1": []}', b"\xff"])
def test_a_damaged_map_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UsageError, match="damaged"), kept_pseudonyms(tmp_path):
        pytest.fail("nothing may be given")
    assert (tmp_path / FILE).read_bytes() == content
