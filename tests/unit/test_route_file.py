"""`route_table.json` as OSX 1.1.0 reads it: what it refuses, and what it passes over in silence.

Both were compared with OSX's own class on hundreds of made-up tables.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from route_world import HUB, mesh, table, to

from fatecloud.components.route_file import Note, read_route_table
from fatecloud.components.route_tables import route_table_json
from fatecloud.errors import InputError
from fatecloud.model.routes import FLOW, RouteTable


def read(text: str, of: str = "1") -> tuple[RouteTable, tuple[Note, ...]]:
    return read_route_table(text, table(of), "route_table.json")


def written(roles: Any, **more: Any) -> str:
    return json.dumps({"route_table": {"2": roles}, "self_party": ["1"], **more})


@pytest.mark.parametrize("name", ["1", HUB])
def test_what_is_written_is_read_again(name: str) -> None:
    found, notes = read(json.dumps(mesh()[name]), name)
    assert (route_table_json(found), notes) == (mesh()[name], ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "no object `route_table`"),
        ('{"route_table": {}}', "no list `self_party`"),
        ('{"route_table": {}, "self_party": "1"}', "no list `self_party`"),
        (written([]), "2 is not an object"),
        (written({"default": {}}), "2.default is not a list"),
        (written({"default": ["a"]}), "2.default has a target that is not an object"),
        (written({"default": [{"ip": "10.0.0.2"}]}), "2.default needs `ip` and a number as `port`"),
        (written({"default": [{"ip": "10.0.0.2", "port": "9370"}]}), "2.default needs `ip` and a number as `port`"),
        (written({"default": [{"ip": "10.0.0.2", "port": 9370, "protocol": "http"}]}), "over HTTP and has no `url`"),
    ],
)
def test_a_table_that_osx_refuses_is_an_error_with_its_place(text: str, why: str) -> None:
    with pytest.raises(InputError, match="OSX refuses this table and keeps the one that it has") as error:
        read(text)
    assert why in str(error.value)


def test_without_an_own_party_osx_fails_at_each_packet() -> None:
    with pytest.raises(InputError, match="fails at each packet while `self_party` is empty"):
        read('{"route_table": {}, "self_party": []}')


@pytest.mark.parametrize(
    ("target", "encrypted", "noted"),
    [
        ({}, False, False),
        ({"useSSL": True, "caFile": "/ca"}, True, False),
        ({"useSSL": "true"}, True, False),
        ({"useSSL": False}, False, False),
        ({"useSSL": "yes"}, False, True),
        ({"is_secure": True}, False, True),
        ({"caFile": "/ca"}, False, True),
    ],
)
def test_tls_that_was_meant_and_is_not_read_is_noted(target: Any, *, encrypted: bool, noted: bool) -> None:
    found, notes = read(written({"default": [to("2", **target)]}))
    assert [one.tls is not None for entry in found.entries for one in entry.targets] == [encrypted]
    assert [(note.code, note.entry) for note in notes] == ([("ROUTE_PLAINTEXT", "2.default")] if noted else [])


def test_of_what_is_written_twice_the_last_counts() -> None:
    text = '{"route_table": {"2": {"default": []}, "2": {"fateflow": [], "fateflow": []}}, "self_party": ["1"]}'
    found, notes = read(text)
    assert [entry.name for entry in found.entries] == ["2.fateflow"]
    assert [(note.code, note.entry) for note in notes] == [
        ("ROUTE_SHADOWED", "2.default"),
        ("ROUTE_SHADOWED", "2.fateflow"),
    ]


def test_a_way_over_http_leads_to_its_url_and_times_are_not_roles() -> None:
    way = {"protocol": "http", "url": "http://10.0.0.2:8807/v1/interconn/chan/invoke"}
    found, _ = read(written({FLOW: [way], "createTime": 17}))
    assert [(entry.role, str(entry.targets[0])) for entry in found.entries] == [(FLOW, "10.0.0.2:8807")]


def test_an_exchange_is_not_its_own_party() -> None:
    assert read(json.dumps(mesh()[HUB]), HUB)[0].own == ()
