"""`fatecloud serving`: the models that servers answer requests with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import changing_given, session_given
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from fatecloud.model.serving import ServingChange
    from fatecloud.report.console import Console

app = Group()

SAMPLE = "predict"
"""The smoke test that `smoke` runs."""
_Service = Annotated[str, typer.Argument(metavar="SERVICE_ID", help="What applications call a model by.")]
_One = Annotated[
    str | None,
    typer.Option("--owner", help="Whose servers, the guest's; default: those that have the service id or the model."),
]


@app.command()
def models(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show what each server has loaded, for which service ids, and how servers of one owner differ."""
    from fatecloud.report.serving import models_document, models_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.serving_look import show_models  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    page = show_models(session, owners=owner or (), deadline=deadline)
    present("ServingModelList", output, lambda width: models_text(page, width), lambda: models_document(page))
    return page.exit_status


@app.command()
def predict(
    service: _Service,
    *,
    guest_features: Annotated[
        Path,
        typer.Option(
            "--guest-features",
            metavar="FILE",
            help='JSON: an object of features, {"x0": 0.5}, or for a batch a list of these, or of {"features": ..., '
            '"send": ...}.',
        ),
    ],
    send: Annotated[
        list[str] | None,
        typer.Option(
            "--send",
            metavar="NAME=VALUE",
            help="By what other parties find their own features; repeatable. Default: an id that no one has.",
        ),
    ] = None,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: _One = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Ask for scores as an application does, one request or a batch, and show where the time goes."""
    from fatecloud.report.prediction import exit_of, prediction_document, prediction_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow import serving_predict  # noqa: PLC0415

    questions = serving_predict.questions_in(guest_features, send or ())
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    calls = serving_predict.predict(session, service, questions, owner=owner, deadline=deadline)
    present(
        "ServingPrediction",
        output,
        lambda width: prediction_text(service, calls, width),
        lambda: prediction_document(service, calls),
    )
    return exit_of(calls)


@app.command()
def publish(
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="Id of a job of FATE 1.x, or of a deployment of its model.")
    ],
    service: _Service,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Bring the model of a job into servers: deploy it, load it at all parties, bind it. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow import serving_publish  # noqa: PLC0415
    from fatecloud.workflow.job_id import job_id  # noqa: PLC0415

    wanted = job_id(job)
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys, need_secrets=True)
    with Console() as console:
        changing = changing_given("serving publish", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
        _show(serving_publish.publish(session, wanted, service, changing=changing), console, output)


@app.command()
def bind(
    service: _Service,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Of a model that is loaded.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: _One = None,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Let another model that is loaded answer a service id, in all servers of its guest. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow import serving_change  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys, need_secrets=True)
    with Console() as console:
        changing = changing_given("serving bind", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
        _show(serving_change.bind(session, service, version, owner=owner, changing=changing), console, output)


@app.command()
def unpublish(
    service: _Service,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: _One = None,
    keep: Annotated[bool, typer.Option("--keep-model", help="Leave the model loaded.")] = False,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Let nothing answer a service id, and remove its model unless another one needs it. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow import serving_unpublish  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys, need_secrets=True)
    with Console() as console:
        changing = changing_given("serving unpublish", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
        _show(serving_unpublish.unpublish(session, service, owner=owner, keep=keep, changing=changing), console, output)


@app.command()
def cache(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    ttl: Annotated[
        int | None,
        typer.Option(
            "--ttl", min=0, max=7 * 86400, help="Let what is there stay so many seconds from now; 0 removes it."
        ),
    ] = None,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show what servers keep of other parties' answers, and for how long, or change that. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.kept_answers import kept_document, kept_text  # noqa: PLC0415
    from fatecloud.workflow import serving_cache  # noqa: PLC0415

    changes = ttl is not None
    session = session_given(
        inventory, secrets, vault_password_file, state_dir, accept_new_host_keys, need_secrets=changes
    )
    with Console() as console:
        if ttl is None:
            found = serving_cache.show_kept(session, owners=owner or ())
        else:
            changing = changing_given("serving cache", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
            found = serving_cache.change_kept(session, ttl, owners=owner or (), changing=changing)
        present("ServingCache", output, lambda width: kept_text(found, width), lambda: kept_document(found), console)
    return 3 if any(one.error for one in found) else 0


@app.command()
def smoke(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: Annotated[str | None, typer.Option("--from", help="Owner of the guest; default: the first.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Owner of the host; default: the next.")] = None,
    deadline: Annotated[
        int | None, typer.Option("--deadline", help="Seconds for everything; default: the test's own.", min=10)
    ] = None,
    wait_lock: o.WaitLock = None,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Load a sample model into two parties that have none, predict, compare the score, and remove it."""
    from fatecloud.cli.proof import test  # noqa: PLC0415 - keeps --help fast

    return test(
        SAMPLE,
        inventory=inventory,
        from_=from_,
        to=to,
        deadline=deadline,
        wait_lock=wait_lock,
        output=output,
        secrets=secrets,
        vault_password_file=vault_password_file,
        state_dir=state_dir,
    )


def _show(change: ServingChange, console: Console, output: o.Output) -> None:
    from fatecloud.report.serving import change_document, change_text  # noqa: PLC0415 - keeps --help fast

    present("ServingChange", output, lambda width: change_text(change, width), lambda: change_document(change), console)
