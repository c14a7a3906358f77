"""What a deploy would do, as text: its summary and the reasons to refuse it come first."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.forecast import Forecast, Refusal
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.look import Look, toned
from fatecloud.report.plan import plan_text


def forecast_text(forecast: Forecast, look: Look, *, full: bool = False) -> str:
    """The whole screen; see `plan_text`."""
    lines = [*_refused(forecast, look)]
    if forecast.plan is None:
        return "\n".join([f"{forecast.cluster}: no plan, because not everything that it needs could be read", *lines])
    head, _, rest = plan_text(forecast.plan, look, full=full).partition("\n")
    return "\n".join([head, *lines, *([rest] if rest else [])])


def _refused(forecast: Forecast, look: Look) -> Iterator[str]:
    if forecast.refusals:
        yield toned(f"  REFUSED: fatecloud deploy would stop with exit status {forecast.exit_status}:", "31;1", look)
    for refusal in forecast.refusals:
        yield from _refusal(refusal)
    warnings = sum(finding.severity == "warning" for finding in forecast.report.findings)
    if warnings:
        noun = "a warning" if warnings == 1 else f"{warnings} warnings"
        yield typed(f"  preflight has {noun}: fatecloud preflight")


def _refusal(refusal: Refusal) -> Iterator[str]:
    first, *more = refusal.message.splitlines()
    yield typed(f"    - {plain(first)}")
    yield from (typed(f"      {plain(line)}") for line in more)
    yield from (typed(f"        {plain(line)}") for line in refusal.details)
    yield from (typed(f"      {plain(line)}") for line in refusal.remedy.splitlines())
