"""How services and inventories are named on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fatecloud import catalogue, inventory
from fatecloud.cli.verbs import app
from fatecloud.errors import FatecloudError, NoMatch, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.selection import Selection, Selector, listed, select, select_nodes
from fatecloud.resolve.desired import resolve

TWO = """\
apiVersion: fatecloud/v1
cluster: demo
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: rabbitmq
defaults: {ssh: {user: ops}}
nodes:
  a1: {address: 192.0.2.1}
  a2: {address: 192.0.2.2}
  b1: {address: 192.0.2.3}
  empty: {address: 192.0.2.4}
parties:
  "9999": {services: {flow: a1, mysql: a2, rabbitmq: a2, nginx: a2}}
  "10000": {services: {flow: b1}}
peers:
  "20000": {proxy: "192.0.2.9:9370", broker: "192.0.2.9:5672"}
"""


HERE = """\
apiVersion: fatecloud/v1
cluster: here
id: d3f9a2b1d4e5f607
release: fate-2.2.0
architecture: standalone
defaults: {paths: {base: BASE}}
nodes: {here: {address: local}}
parties: {"9999": {}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("place")
    (place / "two").mkdir()
    (place / "two" / "inventory.yml").write_text(TWO)
    return place


@pytest.fixture(scope="module")
def two(place: Path) -> Desired:
    cluster = inventory.load(place / "two" / "inventory.yml")
    return resolve(cluster, catalogue.releases_of(cluster))


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["flow"], ["10000/flow@b1", "9999/flow@a1"]),
        (["9999/flow"], ["9999/flow@a1"]),
        (["9999/flow@a1"], ["9999/flow@a1"]),
        (["flow@b1"], ["10000/flow@b1"]),
        (["@a1"], ["9999/flow@a1"]),
        (["9999/"], ["9999/flow@a1", "9999/mysql@a2", "9999/nginx@a2", "9999/rabbitmq@a2"]),
        (["9999/@a1"], ["9999/flow@a1"]),
        (["9999/flow", "mysql@b1", "flow@a1"], ["10000/mysql@b1", "9999/flow@a1"]),
    ],
)
def test_selectors_name_services(two: Desired, words: Sequence[str], keys: list[str]) -> None:
    assert select(two, Selection(tuple(words))) == tuple(keys)


def test_nothing_selects_everything_and_filters_narrow_it_down(two: Desired) -> None:
    assert len(select(two, Selection())) == 8
    assert select(two, Selection(owners=("9999",), components=("flow", "mysql"))) == ("9999/flow@a1", "9999/mysql@a2")
    assert select(two, Selection(("flow",), nodes=("b1",))) == ("10000/flow@b1",)


@pytest.mark.parametrize(
    ("selection", "message", "remedy"),
    [
        (Selection(("",)), r"invalid selector '': use \[OWNER/\]COMPONENT\[@NODE\], OWNER/ or @NODE", ""),
        (Selection(("9999/flow@",)), "invalid selector '9999/flow@'", ""),
        (Selection(("a/b/c",)), "invalid selector", ""),
        (Selection(("fl ow",)), "invalid selector", ""),
        (
            Selection(("9998/flow",)),
            "selector '9998/flow': no party or group '9998' in this inventory; did you mean '9999/flow'",
            "choose from the parties and groups 9999, 10000",
        ),
        (
            Selection(("20000/",)),
            "no party or group '20000' in this inventory: 20000 is a peer, which others manage",
            "parties",
        ),
        (Selection(("flw",)), "no component 'flw' in this inventory; did you mean 'flow'", "components flow, mysql"),
        (Selection(("a1",)), "did you mean '@a1'", "components"),
        (Selection(("9999",)), "did you mean '9999/'", "components"),
        (Selection(("flow/",)), "did you mean 'flow'", "parties"),
        (Selection(("flow@a3",)), "no node 'a3' in this inventory", "choose from the nodes a1, a2, b1, empty"),
        (Selection(("9999/flow@b1",)), "no service matches '9999/flow@b1'; did you mean '9999/flow@a1'", "choose from"),
        (Selection(("@empty",)), "no service matches '@empty'", "choose from 10000/flow@b1"),
        (Selection(owners=("9998",)), "no party or group '9998' in this inventory; did you mean '9999'", "9999, 10000"),
        (Selection(nodes=("c",)), "no node 'c'", "nodes"),
        (Selection(components=("mysqld",)), "no component 'mysqld' in this inventory; did you mean 'mysql'", "flow"),
        (Selection(("flow",), nodes=("a2",)), "no service matches flow --node a2", "choose from"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_unknown_name_is_answered_with_those_that_there_are(
    two: Desired, selection: Selection, message: str, remedy: str
) -> None:
    with pytest.raises(NoMatch, match=message) as caught:
        select(two, selection)
    assert remedy in caught.value.remedy


def test_a_limit_leaves_out_other_nodes(two: Desired) -> None:
    assert select(two, Selection(), ["a1"]) == ("9999/flow@a1",)
    with pytest.raises(NoMatch, match="no service matches mysql --limit a1"):
        select(two, Selection(("mysql",)), ["a1"])
    with pytest.raises(NoMatch, match="no node 'a3'"):
        select(two, Selection(), ["a3"])


def test_a_selector_is_written_as_it_was_read() -> None:
    for word in ("flow", "9999/flow", "9999/flow@a1", "flow@a1", "9999/", "@a1", "9999/@a1"):
        assert str(Selector.parse(word)) == word


def test_whole_nodes_are_selected_by_name_or_by_all_that_they_have(two: Desired) -> None:
    assert select_nodes(two, Selection()) == ()
    assert select_nodes(two, Selection(("@a1", "@empty")), ("b1",)) == ("a1", "b1", "empty")
    assert select_nodes(two, Selection(("9999/",))) == ("a1", "a2")
    assert select_nodes(two, Selection(("9999/flow",))) == ("a1",)
    assert select_nodes(two, Selection(("mysql@a2", "9999/nginx", "rabbitmq@a2"))) == ("a2",)
    with pytest.raises(UsageError, match="handles whole nodes, and a2 has 9999/nginx@a2, 9999/rabbitmq@a2 as well"):
        select_nodes(two, Selection(("9999/mysql",)))
    for selection, limit in ((Selection(), ["a3"]), (Selection(("@a3",)), [])):
        with pytest.raises(NoMatch, match="no node 'a3' in this inventory"):
            select_nodes(two, selection, limit)


def test_long_lists_are_cut() -> None:
    assert listed("abc") == "a, b, c"
    assert listed("abcdefghijklmnop") == "a, b, c, d, e, f, g, h, i, j, k, l and 4 more"


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [
        ("status two", "fatecloud status -i two"),
        ("check two/inventory.yml flow", "fatecloud check -i two/inventory.yml flow"),
        ("restart flow two", "fatecloud restart flow -i two"),
        ("logs two/inventory.yml flow --since 1h", "fatecloud logs -i two/inventory.yml flow --since 1h"),
        ("destroy two --cluster-name x", "fatecloud destroy -i two --cluster-name x"),
        ("inventory validate two", "fatecloud inventory validate -i two"),
        ("secrets rotate two 9999.mysql.fate_flow", "fatecloud secrets rotate -i two 9999.mysql.fate_flow"),
        ("test toy two", "fatecloud test toy -i two"),
        ("render two -o out", "fatecloud render -i two -o out"),
    ],
)
def test_a_misplaced_inventory_is_answered_with_the_command(
    place: Path, monkeypatch: pytest.MonkeyPatch, typed: str, corrected: str
) -> None:
    monkeypatch.chdir(place)
    raised = CliRunner().invoke(app, shlex.split(typed)).exception
    assert isinstance(raised, UsageError)
    assert raised.message.endswith("is an inventory: pass it with -i")
    assert raised.remedy == corrected


@pytest.mark.parametrize("way", ["option", "variable", "default", "directory as variable"])
def test_an_inventory_comes_from_the_option_the_variable_or_the_directory(
    place: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.chdir(place / "two" if way == "default" else place)
    if "variable" in way:
        monkeypatch.setenv("FATECLOUD_INVENTORY", "two" if "directory" in way else "two/inventory.yml")
    done = CliRunner().invoke(app, ["inventory", "validate", *(["-i", "two"] if way == "option" else [])])
    assert done.exit_code == 0, done.output
    assert "valid: cluster demo" in done.output


def test_a_word_too_many_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for typed in ("destroy flow -i two", "explain SERVICE_STOPPED other", "release list x"):
        raised = CliRunner().invoke(app, typed.split()).exception
        assert isinstance(raised, UsageError)
        assert raised.message.startswith("unexpected argument ")
        assert raised.remedy.endswith(" --help")


def test_without_an_inventory_the_option_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raised = CliRunner().invoke(app, ["check", "flow"]).exception
    assert isinstance(raised, FatecloudError)
    assert raised.remedy == "pass the path of an inventory with -i, or write one with `fatecloud init`"


def test_verbose_reports_a_line_per_phase_and_only_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "inventory.yml").write_text(HERE.replace("BASE", str(tmp_path / "base")))
    assert CliRunner().invoke(app, ["status"]).stderr == ""
    lines = CliRunner().invoke(app, ["status", "-v"]).stderr.splitlines()
    assert [line.split(" s  ")[1] for line in lines] == [
        "read the inventory",
        "worked out what should be",
        "rendered the files",
        "read 1 nodes",
        "  here answered",
    ]
