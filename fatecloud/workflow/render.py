"""`render`: the Ansible project of a cluster, to read or to run by hand."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

from fatecloud.vault.password import ask_on_terminal, find_password
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options
from fatecloud.workflow.project import project, run_info

BY_HAND = "by-hand-"
"""Prefix of the run id of a rendered project. The random rest makes two such projects lock each other out."""


def render_project(options: Options, directory: Path) -> None:
    """Write the project; its vault file opens with the operator's own vault password.

    Raises:
        Refused: the directory contains something else.
        ArtifactMissing: the store lacks what a deployment needs.
    """
    session = load_session(options, need_store=True)
    password = find_password(options.inventory, options.vault_password_file, ask_on_terminal)
    project(session, directory, run_info(session, BY_HAND + token_hex(4), 0), password.decode())
