"""The shipped examples load, the JSON Schema agrees with the loader, and what is shown loads again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from inventory_fakes import ALONE, COMPONENTS, GOOD, loaded

from fatecloud.inventory import load
from fatecloud.inventory.json_schema import json_schema
from fatecloud.inventory.reference import markdown
from fatecloud.inventory.show import show
from fatecloud.inventory.starter import templates
from fatecloud.shipped import folder

EXAMPLES = sorted(folder("inventories").glob("*.yml"))
_ROLLING = ("exchange", "rollsite", "rollsite-1.4", "shared-nodes", "two-releases", "workers")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_examples_are_the_templates_of_init() -> None:
    rolling = ("eggroll", *(f"eggroll-{name}" for name in _ROLLING))
    assert templates() == ("all-in-one", *rolling, "multi-node", "serving", "serving-pair", "two-party")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_and_fits_the_schema(example: Path) -> None:
    cluster = load(example)
    assert all(party.placement for party in cluster.parties.values())
    jsonschema.validate(yaml.safe_load(example.read_text()), json_schema())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_value_has_an_origin(example: Path) -> None:
    cluster = load(example)
    lines = [line for line in show(cluster, full=True).splitlines() if not line.rstrip().endswith((":", "{}"))]
    assert all(line.partition("  # ")[2].strip() for line in lines[1:]), lines


def test_the_examples_say_what_their_names_say() -> None:
    examples = [load(path) for path in EXAMPLES]
    alone, star, oldest, older, shared, mixed, workers, rolling, spread, pair, serving, two = examples
    assert (rolling.architecture, sorted(rolling.parties), len(rolling.nodes)) == ("eggroll", ["10000", "9999"], 2)
    assert {party.release for party in older.parties.values()} == {"fate-1.11.4"}
    assert {party.release for party in oldest.parties.values()} == {"fate-1.4.5"}
    assert all(party.instances("rollsite") and not party.instances("osx") for party in older.parties.values())
    assert {name: party.release for name, party in mixed.parties.items()} == {
        "9999": "fate-1.11.4",
        "19999": "fate-2.2.0",
    }
    assert (mixed.others("9999"), mixed.others("19999")) == (("10000",), ("20000",))
    assert {party.config["osx"]["exchange"] for party in star.parties.values()} == set(star.groups) == {"hub"}
    assert (len(star.parties), sorted(star.peers)) == (3, ["12000"])
    assert [party.nodes for party in shared.parties.values()] == [("n1", "n2"), ("n1", "n2")]
    assert [placed.node for placed in workers.parties["9999"].instances("nodemanager")] == ["w1", "w2", "w3"]
    assert (len(workers.parties["9999"].nodes), sorted(workers.peers)) == (7, ["10000"])
    assert (alone.architecture, len(alone.nodes), alone.nodes["here"].become) == ("standalone", 1, "none")
    assert (two.architecture, sorted(two.parties), len(two.nodes)) == ("rabbitmq", ["10000", "9999"], 2)
    assert all(len(party.nodes) == 1 for party in two.parties.values())
    assert (len(spread.nodes), sorted(spread.peers)) == (4, ["10000"])
    assert len(spread.parties["9999"].nodes) == 4
    assert (serving.parties, serving.architecture, len(serving.nodes)) == ({}, None, 3)
    assert len(serving.groups["serving"].instances("zookeeper")) == 3
    assert [group.config["serving-proxy"]["party"] for group in pair.groups.values()] == [9999, 10000]


@pytest.mark.parametrize("text", [GOOD, ALONE], ids=["spread", "alone"])
@pytest.mark.parametrize("full", [True, False])
def test_what_is_shown_loads_to_the_same_cluster(tmp_path: Path, text: str, full: bool) -> None:  # noqa: FBT001
    text = text.replace("{cores: 16}", "{cores: 16}\n        log: {keep: 1G}\n        auth: yes")
    text = text.replace("port: 2222", "password: {secret: a.b}, jump: bastion").replace(
        "service_user: app", "become: root"
    )
    cluster = loaded(tmp_path, text)
    again = loaded(tmp_path, show(cluster, full=full))
    assert replace(again, origins={}) == replace(cluster, origins={})


def test_only_full_shows_what_is_built_in(tmp_path: Path) -> None:
    cluster = loaded(tmp_path, GOOD)
    assert "built in" not in show(cluster, full=False)
    assert "supervision: systemd" in show(cluster, full=True)


def test_schema_and_loader_accept_the_same(tmp_path: Path) -> None:
    loaded(tmp_path, GOOD)
    jsonschema.Draft202012Validator.check_schema(json_schema(COMPONENTS))
    jsonschema.validate(yaml.safe_load(GOOD), json_schema(COMPONENTS))


BROKEN: dict[str, tuple[str, str]] = {
    "unknown key": ("cluster:", "clster:"),
    "missing key": ("cluster: demo\n", ""),
    "wrong word": (": rabbitmq\n", ": rabitmq\n"),
    "wrong type": ("cores: 32", "cores: many"),
    "out of range": ("port: 2222", "port: 70000"),
    "party id": ('"9999":', '"x":'),
    "unknown component": ("mysql: a1", "mysq: a1"),
    "unknown setting": ("{cores: 16}", "{cors: 16}"),
    "setting out of range": ("{cores: 16}", "{cores: 0}"),
    "endpoint": ("fate.us.example:5672", "fate us"),
    "password in the file": ("port: 2222", "password: hunter2"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=BROKEN.keys())
def test_the_schema_rejects_what_the_loader_rejects(old: str, new: str) -> None:
    document: Any = yaml.safe_load(GOOD.replace(old, new, 1))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema(COMPONENTS))


def test_the_published_schema_and_reference_are_current() -> None:
    schema = json.loads((REFERENCE / "inventory.schema.json").read_text())
    assert schema == json_schema(), "run: fatecloud inventory schema > docs/reference/inventory.schema.json"
    page = (REFERENCE / "inventory.md").read_text()
    assert page == markdown(), "run: fatecloud inventory schema --markdown > docs/reference/inventory.md"
