"""What an operator decides about the data of services at a deploy: use restored data, or start without data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from fatecloud.checks.data import NOT_THERE
from fatecloud.errors import Refused, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.plan import Plan
from fatecloud.model.selection import Selection, select
from fatecloud.plan.data import DataWish


def data_wish(desired: Desired, adopt: Sequence[str], new: Sequence[str], limit: Collection[str]) -> DataWish:
    """The services that the operator named.

    Args:
        adopt: names of services that use the data that are in their data directory.
        new: names of services that start without the data that they had.
        limit: names of the nodes that the deploy is about; empty for all.

    Raises:
        UsageError: a name is not the name of one service that keeps data, or its node is left out.
    """
    wish = DataWish(
        frozenset(_service(desired, "--adopt-data", name) for name in adopt),
        frozenset(_service(desired, "--new-data", name) for name in new),
    )
    # One keeps what is there, the other one throws it away.
    for key in sorted(wish.adopt & wish.new):
        raise UsageError(f"{key} cannot have both --adopt-data and --new-data")
    for key in sorted(wish.services):
        if limit and desired.services[key].id.node not in limit:
            raise UsageError(f"{key} is not on a node that this deploy is limited to")
    return wish


def _service(desired: Desired, option: str, name: str) -> str:
    keys = select(desired, Selection((name,)))
    if len(keys) > 1:
        raise UsageError(f"{option} {name} matches {len(keys)} services", remedy=f"use one of {', '.join(keys)}")
    if not desired.services[keys[0]].signs:
        raise UsageError(f"{option} {name}: {keys[0]} keeps no data")
    return keys[0]


def still_blocking(findings: Sequence[Finding], wish: DataWish) -> tuple[Finding, ...]:
    """The findings that the operator has not decided about yet."""
    return tuple(f for f in findings if f.code != NOT_THERE.name or f.subject.service not in wish.services)


def refuse_gone_data(plan: Plan) -> None:
    """Do not start a service with empty data when it had data before.

    Raises:
        Refused: data are not where they were, and the operator has not decided about them.
    """
    if plan.gone:
        services = ", ".join(f"{gone.service} ({gone.node}:{gone.state.path})" for gone in plan.gone)
        raise Refused(
            f"the data of these services are not where they were: {services}",
            remedy="mount their disk; or restore them and use --adopt-data SERVICE; or do without: --new-data SERVICE",
        )


def confirm_new_data(desired: Desired, wish: DataWish, ask: Callable[[str], str] | None) -> None:
    """Ask the operator to type the name of each service that starts without its data.

    Args:
        ask: asks for a word; None with --yes: the name was already typed as the option's value.

    Raises:
        Refused: another name was typed.
    """
    for key in sorted(wish.new) if ask else ():
        path = desired.services[key].data
        given = ask(f"{key} will start without its data, with an empty {path}. Type its name to go on:") if ask else key
        if given != key:
            raise Refused(f"{given!r} is not the name of this service; nothing was done")
