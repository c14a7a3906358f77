"""From the options that were typed to what the workflow takes, alike for many verbs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fatecloud.report.console import Console
    from fatecloud.workflow.changing import Changing
    from fatecloud.workflow.session import Session


def session_given(
    inventory: Path,
    secrets: Path | None,
    vault_password_file: Path | None,
    state_dir: Path | None,
    accept_new_host_keys: bool = False,  # noqa: FBT001, FBT002 - in the order of the options of each verb
    *,
    need_secrets: bool = False,
) -> Session:
    """The session of a verb that ships nothing. Arguments are those of `Options`; for errors see `load_session`.

    Args:
        need_secrets: whether missing secrets are an error.
    """
    from fatecloud.workflow.load import load_session  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    return load_session(options, need_secrets=need_secrets)


def changing_given(verb: str, console: Console, *, yes: bool, wait_lock: str | None, deadline: float) -> Changing:
    """How a verb that changes something inside services is called. Raises UsageError for a duration of another form.

    Args:
        verb: for the history.
        console: shows what happens, and asks unless `yes`.
        wait_lock: how long to wait for another run, such as `30m`; None refuses at once.
        deadline: seconds for each node to answer when it is read.
    """
    from fatecloud.model.duration import seconds  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.changing import Changing  # noqa: PLC0415

    ask = None if yes else console.confirm
    return Changing(verb, console, ask, seconds(wait_lock), deadline, tuple(sys.argv))
