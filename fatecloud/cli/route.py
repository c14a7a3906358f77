"""`fatecloud route`: the routes between parties."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli import route_trial
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from pathlib import Path

    from fatecloud.workflow.route import Routes

app = Group()

_Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        metavar="ROUTER=FILE",
        help="Use this route_table.json in a router; repeatable. Default: what a deploy writes.",
        show_default=False,
    ),
]


@app.command()
def show(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    tables: _Tables = None,
    output: o.Format = o.TABLE,
) -> None:
    """Show the table of each router: which party and role it sends where. Touches no node."""
    from fatecloud.report.route import tables_document, tables_text  # noqa: PLC0415 - keeps --help fast

    network = _routes(inventory, tables, tuple(selectors or ())).network
    present("RouteTableList", output, lambda width: tables_text(network, width), lambda: tables_document(network))


@app.command()
def lint(*, inventory: o.Inventory = o.DEFAULT_INVENTORY, tables: _Tables = None, output: o.Format = o.TABLE) -> int:
    """Find loops, missing and hidden entries, and packets that end at a wrong place. Touches no node."""
    from fatecloud.report.route import flaws_document, flaws_text  # noqa: PLC0415 - keeps --help fast

    routes = _routes(inventory, tables)
    found = routes.flaws()
    present(
        "RouteFlawList", output, lambda width: flaws_text(found, routes.network, width), lambda: flaws_document(found)
    )
    return 1 if found else 0


@app.command()
def explain(
    *,
    from_: Annotated[
        str, typer.Option("--from", metavar="PARTY", help="The party that sends, one of the inventory's.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="The party that it is for.")],
    role: Annotated[
        str,
        typer.Option("--role", help="What is sent: fateflow for requests between flows, default for data of tasks."),
    ] = "fateflow",
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    tables: _Tables = None,
    output: o.Format = o.TABLE,
) -> int:
    """Follow a packet from router to router, with the reason for each step and where it ends. Touches no node."""
    from fatecloud.report.route import ways_document, ways_text  # noqa: PLC0415 - keeps --help fast

    ways = _routes(inventory, tables).ways(from_, to, role)
    present(
        "RouteWayList",
        output,
        lambda width: ways_text(from_, ways, width),
        lambda: ways_document(from_, to, role, ways),
    )
    return 0 if all(way.arrives for way in ways) else 1


app.command()(route_trial.test)


@app.command()
def undo(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    node: o.NodeName = None,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="Undo what this run changed. Default: the last that changed routes."),
    ] = None,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Put back the tables that a run replaced; nothing is restarted. The inventory stays as it is."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.route_undo import undo_routes  # noqa: PLC0415

    with Console() as console:
        return undo_routes(
            Options(inventory, secrets, vault_password_file, state_dir),
            o.selection(selectors, owner, node, None),
            console,
            run_id=run,
            confirm=None if yes else console.confirm,
            wait_lock=wait_lock,
            deadline=deadline,
            argv=tuple(sys.argv),
        )


def _routes(inventory: Path, tables: list[str] | None, selectors: tuple[str, ...] = ()) -> Routes:
    from fatecloud.workflow.options import Options  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.route import load_routes  # noqa: PLC0415

    return load_routes(Options(inventory), tables or (), selectors)
