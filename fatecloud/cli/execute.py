"""`fatecloud exec`: one command next to services."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given

if TYPE_CHECKING:
    from typing import TextIO

    from fatecloud.model.event import Event
    from fatecloud.workflow.execute import Executed


def exec(  # noqa: A001 - a verb is named by its function
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="[OWNER/]COMPONENT[@NODE], OWNER/ or @NODE.")],
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    deadline: Annotated[float, typer.Option("--deadline", min=1, max=3600, help="Seconds for the command.")] = 60.0,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Run a command next to services, as their user and in their environment. Exits with the command's status."""
    from fatecloud.model.selection import select  # noqa: PLC0415 - keeps --help fast
    from fatecloud.plain import plain_lines  # noqa: PLC0415
    from fatecloud.workflow.execute import execute  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    services = [session.resolved.services[key] for key in select(session.resolved, o.selection([selector]))]

    def show(done: Executed) -> None:
        """Print an outcome. If there are several services, each line begins with the name of its service."""
        lead = f"{done.service}: " if len(services) > 1 else ""
        for text, stream in ((done.out, sys.stdout), (done.err, sys.stderr)):
            write_output(text, lead, stream)

    def note(event: Event) -> None:
        sys.stderr.write(f"fatecloud: {plain_lines(event.text)}\n")

    return execute(session, services, command, deadline=deadline, argv=tuple(sys.argv), show=show, events=note)


def write_output(text: str, lead: str, stream: TextIO) -> None:
    """Write what a command wrote: made safe for a terminal, and as the same bytes to a file or a pipe.

    Args:
        text: with surrogates for bytes that are not UTF-8.
        lead: begins each line.
    """
    from fatecloud.plain import plain_lines  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.screen import bytes_of  # noqa: PLC0415

    if not text:
        return
    if stream.isatty():
        text = plain_lines(text) + "\n"
    if lead:
        lines = text.removesuffix("\n").split("\n")
        text = "".join(f"{lead}{line}\n" for line in lines)
    stream.flush()
    below = bytes_of(stream)
    below.write(text.encode(errors="surrogateescape"))
    below.flush()
