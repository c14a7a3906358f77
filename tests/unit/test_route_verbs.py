"""`route show`, `lint` and `explain` on an inventory of two parties, and with tables of the operator's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from component_world import GOLDEN
from typer.testing import CliRunner

from fatecloud.cli.verbs import app

NGINX, THEIRS = "9999/nginx@a1", "10000/nginx@b1"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(GOLDEN / "two-party.yml", "inventory.yml")


def said(words: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["route", *words.split()], standalone_mode=False)
    assert done.exception is None
    assert (done.return_value or 0, done.stderr) == (status, ""), done.output
    return done.stdout


def written(other: str) -> str:
    """A table for party 9999's nginx, which sends party 10000's requests to an address."""
    Path("mine.json").write_text(
        json.dumps(
            {
                "route_table": {
                    "9999": {"default": [{"ip": "127.0.0.1", "port": 9380}]},
                    "10000": {"default": [{"ip": other, "port": 9300}]},
                },
                "self_party": ["9999"],
            }
        )
    )
    return f"--table {NGINX}=mine.json"


def test_show_prints_what_each_router_sends_where() -> None:
    (mine,) = said(f"show {NGINX}").strip().split("\n\n")
    assert mine.splitlines()[0] == f"{NGINX}: router of party 9999, carries requests between flows"
    assert [line.split() for line in mine.splitlines()[2:]] == [
        ["PARTY", "ROLE", "LEADS", "TO", "THAT", "IS"],
        ["9999", "default", "127.0.0.1:9380", "9999/flow@a1"],
        ["10000", "default", "192.0.2.21:9300", THEIRS],
    ]
    assert len(said("show").strip().split("\n\n")) == 4


def test_show_of_what_is_not_a_router_names_the_routers() -> None:
    done = CliRunner().invoke(app, ["route", "show", "mysql"])
    assert done.exit_code != 0
    assert NGINX in getattr(done.exception, "remedy", "")


@pytest.mark.parametrize(
    ("role", "hops", "end"),
    [("fateflow", [NGINX, THEIRS], "10000/flow@b1"), ("default", ["9999/flow@a1"], "10000/rabbitmq@b1")],
)
def test_explain_follows_requests_and_data_to_what_takes_them(role: str, hops: list[str], end: str) -> None:
    document = json.loads(said(f"explain --from 9999 --to 10000 --role {role} -o json"))
    (way,) = document["items"]
    assert ([hop["router"] for hop in way["hops"]], way["end"], way["at"]) == (hops, "arrived", end)
    assert f"arrived: {end} takes" in said(f"explain --from 9999 --to 10000 --role {role}")


def test_explain_of_a_party_that_no_one_knows_says_where_it_ends() -> None:
    assert "does not arrive (no route): 9999/nginx@a1 has no entry for party 7" in said("explain --from 9999 --to 7", 1)


def test_lint_of_a_healthy_inventory_finds_nothing() -> None:
    assert said("lint") == "no flaw in the routes of 4 routers\n"


def test_lint_names_router_entry_and_the_file_to_edit() -> None:
    # To its own port for partners, which takes nothing for others.
    found = json.loads(said(f"lint {written('192.0.2.11')} -o json", 1))["items"]
    assert [(flaw["code"], flaw["router"], flaw["entry"]) for flaw in found] == [
        ("ROUTE_WRONG_PARTY", NGINX, "10000.default")
    ]
    assert found[0]["packets"] == ["9999 -> 10000 (fateflow)"]
    assert [(one["type"], one["file"]) for one in found[0]["remedy"]] == [("edit", "mine.json")]
    text = said(f"lint {written('192.0.2.11')}", 1)
    assert text.startswith(f"ROUTE_WRONG_PARTY  {NGINX}  10000.default\n")
    assert "-> in mine.json: " in text


def test_lint_of_an_inventory_that_sends_a_peer_to_itself_names_the_key() -> None:
    text = Path("inventory.yml").read_text()
    Path("inventory.yml").write_text(text + 'peers:\n  "11000": {proxy: "192.0.2.11:9300", broker: "192.0.2.9:5672"}\n')
    found = said("lint", 1)
    assert "ROUTE_WRONG_PARTY  9999/nginx@a1  11000.default" in found
    assert "in the inventory: peers.11000.proxy" in " ".join(found.split())


def test_a_table_replaces_the_one_of_a_deploy_and_says_so() -> None:
    assert "mine.json" in said(f"show {NGINX} {written('192.0.2.21')}")
    assert "arrived" in said(f"explain --from 9999 --to 10000 {written('192.0.2.21')}")
    assert "does not arrive (no place)" in said(f"explain --from 9999 --to 10000 {written('192.0.2.77')}", 1)


def test_lint_shows_what_a_file_says_in_vain_beside_where_it_leads() -> None:
    words = written("192.0.2.77")
    text = Path("mine.json").read_text()
    Path("mine.json").write_text(text.replace('"port": 9300', '"port": 9300, "is_secure": true'))
    flaws = json.loads(said(f"lint {words} -o json", 1))["items"]
    assert sorted((flaw["code"], flaw["entry"]) for flaw in flaws) == [
        ("ROUTE_PLAINTEXT", "10000.default"),
        ("ROUTE_WRONG_PARTY", "10000.default"),
    ]


@pytest.mark.parametrize("words", ["9999/mysql@a1=mine.json", NGINX, f"{NGINX}=absent.json"])
def test_a_table_that_cannot_be_used_is_refused(words: str) -> None:
    written("192.0.2.21")
    done = CliRunner().invoke(app, ["route", "lint", "--table", words])
    assert done.exit_code != 0
    assert type(done.exception).__name__ in ("NoMatch", "InputError")
