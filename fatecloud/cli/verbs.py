"""The verbs. Each is built only when it is used: `--help` needs no more than their names and first sentences."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from fatecloud import __version__
from fatecloud.cli import (
    inventory,
    job,
    key,
    model,
    mute,
    objects,
    release,
    route,
    runs,
    sandbox,
    secrets,
    serving,
    session,
)
from fatecloud.cli.check import check
from fatecloud.cli.clusters import clusters
from fatecloud.cli.completion import completion, install_script, print_script
from fatecloud.cli.deploy import deploy
from fatecloud.cli.destroy import destroy
from fatecloud.cli.diagnose import diagnose
from fatecloud.cli.execute import exec as exec_
from fatecloud.cli.explain import explain
from fatecloud.cli.help import help_
from fatecloud.cli.init import init
from fatecloud.cli.logs import logs
from fatecloud.cli.open_page import open as open_
from fatecloud.cli.plan import plan
from fatecloud.cli.preflight import preflight
from fatecloud.cli.proof import test
from fatecloud.cli.quickstart import quickstart
from fatecloud.cli.render import render
from fatecloud.cli.safe_to_stop import safe_to_stop
from fatecloud.cli.services import restart, start, stop
from fatecloud.cli.status import status
from fatecloud.cli.verb import Verb
from fatecloud.cli.version import version

_SINGLE: tuple[Callable[..., object], ...] = (
    *(quickstart, init, plan, preflight, deploy, check, diagnose, status, logs, test),
    *(start, stop, restart, safe_to_stop, exec_, open_, destroy, render, clusters, explain, completion, version, help_),
)
_GROUPS: Mapping[str, tuple[typer.Typer, str]] = {
    "job": (job.app, "Show, explain and end the jobs of all parties."),
    "model": (model.app, "Carry trained models between environments, as one signed archive each."),
    "session": (session.app, "Show and end the sessions of EggRoll, with the workers of jobs."),
    "serving": (serving.app, "Show, publish and try the models that answer requests."),
    "mute": (mute.app, "Keep known findings from counting for some time."),
    "runs": (runs.app, "Show who did what, when, from where, and how it ended."),
    "inventory": (inventory.app, "Validate and show inventories."),
    "secrets": (secrets.app, "Generate, show and rotate secrets."),
    "route": (route.app, "Show, check and follow the routes between parties."),
    "objects": (objects.app, "Show what services need inside others, such as databases."),
    "key": (key.app, "Show and replace the key that a cluster signs with."),
    "release": (release.app, "Fill and inspect the artifact store."),
    "sandbox": (sandbox.app, "Throw-away nodes on Docker."),
}


def _name(verb: Callable[..., object]) -> str:
    return verb.__name__.rstrip("_").replace("_", "-")


VERBS: Mapping[str, str] = MappingProxyType(
    {_name(verb): (inspect.getdoc(verb) or "").partition("\n")[0] for verb in _SINGLE}
    | {name: summary for name, (_, summary) in _GROUPS.items()}
)
"""Name -> what it does, in one sentence."""


def commands() -> Mapping[str, bool]:
    """Every command ("check", "secrets rotate") -> whether it takes an inventory."""
    found = {_name(verb): "inventory" in inspect.signature(verb).parameters for verb in _SINGLE}
    for name, (app, _) in _GROUPS.items():
        for command in app.registered_commands:
            if command.callback is not None:
                words = f"{name} {command.name or command.callback.__name__}"
                found[words] = "inventory" in inspect.signature(command.callback).parameters
    return found


def _built(name: str) -> Any:
    if name in _GROUPS:
        app, summary = _GROUPS[name]
        group = get_group(app)
        group.name, group.help = name, summary
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name, cls=Verb)(next(verb for verb in _SINGLE if _name(verb) == name))
    return get_command(single)


class Verbs(TyperGroup):
    """Builds the options of one verb. Those of all thirty would take as long as everything else of `--help`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Names are enough for the list and for suggestions.
        self.commands: MutableMapping[str, Any] = dict.fromkeys(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb, or None if there is no such verb."""
        del ctx
        if cmd_name in VERBS and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _built(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of verbs."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


_CLICKS_NARROWEST = 50
"""The fewest columns that Click's help uses by default."""


def _narrow() -> int | None:
    """The width of a terminal that is narrower than Click's help; None lets Click decide."""
    columns = shutil.get_terminal_size().columns
    return max(columns, 20) if columns < _CLICKS_NARROWEST else None


app = typer.Typer(
    name="fatecloud",
    cls=Verbs,
    add_completion=False,
    help="Deploy, verify and run FATE federated-learning clusters.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": _narrow()},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - a Typer callback
    if value:
        typer.echo(f"fatecloud {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option("--show-completion", callback=print_script, is_eager=True, help="The same as `completion`."),
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion", callback=install_script, is_eager=True, help="The same as `completion --install`."
        ),
    ] = False,
) -> None:
    """Deploy, verify and run FATE federated-learning clusters."""
