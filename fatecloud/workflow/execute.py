"""`exec`: run one command next to services, as their user and in their environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from fatecloud.errors import FatecloudError
from fatecloud.model.completed import Completed
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event, Listener
from fatecloud.model.node import Node
from fatecloud.threads import begun
from fatecloud.transport import Transport
from fatecloud.workflow.as_service import as_service
from fatecloud.workflow.recorded import new_run
from fatecloud.workflow.session import Session

_ENTER = """\
cd "$0" 2>/dev/null || { echo "not deployed here: there is no $0; run fatecloud deploy" >&2; exit 3; }
exec "$@"
"""
"""Run by a shell in the service's environment: goes to the service's directory, then becomes the command."""
_AT_ONCE = 16
_MARGIN = 15.0
"""Seconds that the connection to a node may take in addition to the command's own deadline."""


@dataclass(frozen=True, slots=True)
class Executed:
    """How the command ended for one service."""

    service: str
    """Key."""
    status: int | None
    """Its exit status; None where it could not be run or did not end in time."""
    out: str
    """What it wrote, secrets removed. Bytes that are not UTF-8 are surrogates, so that a file gets them unchanged."""
    err: str


def command_of(service: DesiredService, node: Node, words: Sequence[str], deadline: float) -> tuple[str, ...]:
    """The whole argv on the node.

    Args:
        words: the operator's command and its arguments. No shell reads them.
        deadline: seconds after which the node itself ends it.
    """
    environment = service.process.environment_in(service.home)
    # The service's own tools (`rabbitmqctl`, `python`) are found without their paths.
    environment["PATH"] = f"{service.home}/bin:{environment['PATH']}"
    pairs = (f"{name}={value}" for name, value in environment.items())
    # The node ends it: a connection that is given up leaves its command running.
    inside = ("timeout", "-k", "5", f"{deadline:g}", "env", "-i", *pairs, "sh", "-c", _ENTER, service.home, *words)
    return as_service(service, node, inside)


def execute(
    session: Session,
    services: Sequence[DesiredService],
    words: Sequence[str],
    *,
    deadline: float,
    argv: tuple[str, ...],
    show: Callable[[Executed], None],
    events: Listener,
) -> int:
    """Run a command for all of the services at the same time, and record it in the history.

    Args:
        deadline: seconds for the command on one node.
        argv: the operator's command line, for the history.
        show: takes each outcome, in the order of the services.
        events: gets notes about earlier runs.

    Returns:
        The highest exit status of the command; 3 where it could not be run somewhere.

    Raises:
        RunError: the history cannot be written, so nothing was run.
        SecretsError: there is no way to get a node's password.
        KeyboardInterrupt: Ctrl-C; it waits for no node.
    """
    session.access.logins.ask([session.resolved.node(name) for name in sorted({s.id.node for s in services})])
    log = new_run(session, "exec", argv, events)
    outcome = "failed"
    futures: list[Future[Executed]] = []
    try:
        worst = 0
        for future in (futures := begun("exec", services, partial(_execute, session, words, deadline), _AT_ONCE)):
            done = future.result()
            show(done)
            log.record(_event(done, words))
            worst = max(worst, 3 if done.status is None else done.status)
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    else:
        outcome = "failed" if worst else "done"
        return worst
    finally:
        for future in futures:
            future.cancel()
        log.finish(outcome)


def _execute(session: Session, words: Sequence[str], deadline: float, service: DesiredService) -> Executed:
    node = session.resolved.node(service.id.node)
    try:
        done = _run(session.access.connect(node), node, command_of(service, node, words, deadline), deadline)
    except FatecloudError as error:
        return Executed(service.id.key, None, "", error.message)
    # Undecodable bytes come through unchanged, because output may go to a file.
    text = [session.redact(stream.decode(errors="surrogateescape")) for stream in (done.stdout, done.stderr)]
    return Executed(service.id.key, done.exit, *text)


def _run(transport: Transport, node: Node, argv: Sequence[str], deadline: float) -> Completed:
    try:
        return transport.run(argv, timeout=deadline + _MARGIN, become=node.become == "root")
    finally:
        transport.close()


def _event(done: Executed, words: Sequence[str]) -> Event:
    text = f"{' '.join(words)}: " + ("did not run" if done.status is None else f"exit {done.status}")
    return Event("ok" if done.status == 0 else "failed", text, service=done.service, detail=_valid(done.err[-2000:]))


def _valid(text: str) -> str:
    return text.encode(errors="replace").decode()
