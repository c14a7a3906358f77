"""`fatecloud render`: the Ansible project, to read or to run by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o


def render(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Directory to write: new, empty, or one that an earlier render wrote."),
    ],
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    store: o.Store = None,
) -> int:
    """Write a self-contained Ansible project, so that `ansible-playbook site.yml` deploys the same."""
    from fatecloud.workflow.options import Options  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.render import render_project  # noqa: PLC0415

    render_project(Options(inventory, secrets, vault_password_file, state_dir, store), output)
    typer.echo(f"{output}: run it with: cd {output} && ansible-playbook site.yml --ask-vault-pass")
    return 0
