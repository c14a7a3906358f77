"""What services need inside others: who gives it, and what the error says where no one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from component_world import FLOW, MYSQL, desired
from inventory_fakes import GOOD

from fatecloud import catalogue
from fatecloud.components.mysql.database import Database, database
from fatecloud.components.registry import all_components
from fatecloud.errors import InventoryError
from fatecloud.inventory.loader import load
from fatecloud.model.component import Component
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.endpoint import Endpoint
from fatecloud.resolve.contributions import gather
from fatecloud.resolve.placed import contexts_of
from fatecloud.vault.changes import needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(Contribution):
    kind: ClassVar[str] = "mysql.databse"


def wanting(component: str, requires: Callable[[Context], tuple[Contribution, ...]]) -> Mapping[str, Component]:
    """The real components, where one needs something else than usual."""
    known = all_components()
    return {**known, component: replace(known[component], requires=requires)}


def refusal(directory: Path, text: str, components: Mapping[str, Component]) -> str:
    file = directory / "inventory.yml"
    file.write_text(text)
    with pytest.raises(InventoryError) as caught:
        load(file, components=components)
    return caught.value.message.removeprefix(str(file))


def test_the_database_of_flow_is_given_by_its_own_partys_server() -> None:
    given = {one.contribution.service: one for one in desired().given}
    assert given[FLOW].giver == MYSQL
    assert isinstance(given[FLOW].contribution, Database)
    assert given[FLOW].contribution.claims == ("database fate_flow", "account fate")
    assert given["10000/flow@b1"].giver == "10000/mysql@b1"


def test_without_a_server_flow_needs_no_database() -> None:
    assert desired("all-in-one").given == ()


def test_each_contribution_brings_its_own_secret() -> None:
    generated = needs(desired().cluster).generated
    assert {name for name in generated if ".mysql." in name} == {"9999.mysql.fate_flow", "10000.mysql.fate_flow"}


def test_two_that_want_one_name_are_both_named(tmp_path: Path) -> None:
    def second(ctx: Context) -> tuple[Contribution, ...]:
        return (database(ctx, "fate_flow", "other"),)

    assert refusal(tmp_path, GOOD, wanting("nginx", second)) == (
        ":19:7: 9999/flow@a1 and 9999/nginx@a2 both want the database fate_flow at 9999/mysql@a1,"
        " expected another name for one of them, or a server for each"
    )


def test_two_that_want_one_account_are_both_named(tmp_path: Path) -> None:
    def second(ctx: Context) -> tuple[Contribution, ...]:
        return (database(ctx, "rules", "fate"),)

    said = refusal(tmp_path, GOOD, wanting("nginx", second))
    assert "9999/flow@a1 and 9999/nginx@a2 both want the account fate at 9999/mysql@a1" in said


def test_a_kind_without_a_giver_is_refused_with_the_nearest_word(tmp_path: Path) -> None:
    def room(ctx: Context) -> tuple[Contribution, ...]:
        return (Room(name="rules", service=ctx.id.key),)

    assert refusal(tmp_path, GOOD, wanting("nginx", room)) == (
        ":19:7: 9999/nginx@a2 needs a mysql.databse (rules), and no component gives such a thing,"
        " expected mysql.database, redis.keys, serving-server.source or zookeeper.tree; did you mean 'mysql.database'?"
    )


def test_a_service_whose_giver_is_not_placed_is_refused(tmp_path: Path) -> None:
    def rules(ctx: Context) -> tuple[Contribution, ...]:
        return (database(ctx, "rules", "rules"),)

    text = GOOD.replace("architecture: rabbitmq", "architecture: standalone").partition("peers:")[0]
    text = "\n".join(
        line for line in text.splitlines() if not line.strip().startswith(("mysql:", "rabbitmq:", "nginx:"))
    )
    text = text.replace('    public:\n      broker: "fate.us.example:5672"\n', "") + "\nid: c3f9a2b1d4e5f607\n"
    said = refusal(tmp_path, text, wanting("flow", rules))
    assert "9999/flow@a1 needs a mysql.database (rules), and there is no mysql for it, expected mysql among" in said


@pytest.mark.parametrize(("component", "address"), [("flow", "127.0.0.1"), ("nginx", "10.0.0.11")])
def test_a_server_listens_for_the_nodes_of_the_services_that_need_it(
    tmp_path: Path, component: str, address: str
) -> None:
    def rules(ctx: Context) -> tuple[Contribution, ...]:
        return (database(ctx, "rules", "rules"),)

    (tmp_path / "inventory.yml").write_text(GOOD)
    known = wanting(component, rules)
    cluster = load(tmp_path / "inventory.yml", components=known)
    contexts = contexts_of(cluster, catalogue.releases_of(cluster), {"9999": known})
    given, unmet = gather(contexts.values(), {"9999": known})
    assert unmet == ()
    server = replace(contexts["9999/mysql@a1"], given=given)
    assert server.listen("mysql").host == address
    assert replace(contexts[f"9999/{component}@{'a1' if component == 'flow' else 'a2'}"], given=given).endpoints(
        "mysql", "mysql"
    ) == (Endpoint(address, 3306),)


def test_a_server_that_only_a_name_is_known_of_must_say_where_it_listens(tmp_path: Path) -> None:
    def rules(ctx: Context) -> tuple[Contribution, ...]:
        return (database(ctx, "rules", "rules"),)

    text = GOOD.replace("a1: {address: 10.0.0.11}", "a1: {address: db.example}").replace("flow: a1", "flow: a2")
    said = refusal(tmp_path, text, wanting("nginx", rules))
    assert "9999/mysql@a1 is used from other nodes, and of a1 only a name is known" in said
