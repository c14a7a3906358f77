"""`mute`: findings that operators know of, kept beside the inventory, so that the checks of all of them agree."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fatecloud.checks.muting import mute_of
from fatecloud.errors import NoMatch, UsageError
from fatecloud.inventory.mutes import load_mutes, save_mutes
from fatecloud.model.finding import Report
from fatecloud.model.mute import Mute
from fatecloud.model.nearest import nearest
from fatecloud.whoami import user_name
from fatecloud.workflow.check import check_cluster, facts_now
from fatecloud.workflow.observe import observe
from fatecloud.workflow.session import Session

LONGEST_DAYS = 90
_UNITS = {"m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(\d{1,6})([mhd])")
_REASON = 300
"""Characters."""


def mutes_of(inventory: Path) -> tuple[Mute, ...]:
    """The mutes of an inventory, expired ones too. Raises InputError."""
    return load_mutes(inventory)


def add_mute(
    inventory: Path, check: Callable[[], Report], finding: str, *, reason: str, until: str, now: float
) -> Mute:
    """Mute a finding that is there now.

    Args:
        inventory: the inventory's file.
        check: checks the whole cluster: the finding has to be there, and is kept as bad as it is now.
        finding: its id, in any case of letters; its code alone where that is raised once.
        reason: for the other operators.
        until: `4h`, `3d`, or a day or time in ISO 8601, UTC where it names no zone.
        now: seconds since the epoch.

    Raises:
        UsageError: the reason or the time cannot be used.
        NoMatch: there is no such finding.
        InputError: the file of mutes cannot be read or written.
    """
    text = " ".join(reason.split())
    if not text or len(text) > _REASON:
        raise UsageError(f"--reason needs 1 to {_REASON} characters: the other operators read it")
    end = end_of(until, now)
    before = load_mutes(inventory)
    report = check()
    there = {one.id: one for one in (*report.findings, *(known.finding for known in report.muted))}
    chosen = there[_named(list(there), finding)]
    by = f"{user_name()}@{platform.node()}"
    mute = mute_of(chosen, there.values(), reason=text, until=end, by=by, at=now)
    kept = [one for one in before if one.finding != mute.finding and one.until > now]
    save_mutes(inventory, [*kept, mute])
    return mute


def whole_check(session: Session, deadline: float) -> Report:
    """A check of the whole cluster, as `check` makes it.

    Args:
        deadline: seconds for each node to answer.
    """
    read = partial(observe, session, deadline=deadline, want=facts_now(session.state), limited=True)
    mutes = partial(mutes_of, session.options.inventory)
    return check_cluster(lambda: session.desired, read, session.redact, state=session.state, mutes=mutes)


def remove_mute(inventory: Path, finding: str) -> Mute:
    """Let a finding count again.

    Raises:
        NoMatch: it is not muted.
        InputError: the file of mutes cannot be read or written.
    """
    mutes = load_mutes(inventory)
    found = next((one for one in mutes if one.finding.lower() == finding.lower()), None)
    if found is None:
        near = nearest(finding, [one.finding for one in mutes])
        raise NoMatch(f"{finding} is not muted" + (f"; did you mean {near}?" if near else ""))
    save_mutes(inventory, [one for one in mutes if one is not found])
    return found


def end_of(until: str, now: float) -> float:
    """The end of a mute in seconds since the epoch. Raises UsageError."""
    length = _LENGTH.fullmatch(until)
    try:
        end = now + int(length[1]) * _UNITS[length[2]] if length else _moment(until)
    except (ValueError, OverflowError):
        raise UsageError(f"invalid --until {until!r}: use 4h, 3d, 2026-12-01 or 2026-12-01T08:00Z") from None
    if not now < end <= now + LONGEST_DAYS * 86400:
        raise UsageError(f"--until {until}: a mute ends in the future, and after {LONGEST_DAYS} days at most")
    return end


def _moment(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _named(ids: Sequence[str], word: str) -> str:
    found = [name for name in ids if word.lower() in (name.lower(), name.partition("@")[0].lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoMatch(f"{word} is raised {len(found)} times: name one of {', '.join(found)}")
    there = f"there are {', '.join(ids)}" if ids else "there are no findings"
    raise NoMatch(f"there is no finding {word} now: {there}", remedy="fatecloud check")
