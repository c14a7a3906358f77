"""Numbers per iteration as a drawing in SVG: a panel for each name, a line for each series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import UsageError
from fatecloud.model.job_report import JobReport
from fatecloud.plain import plain
from fatecloud.report.figures import Series, series_of, value_text

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _LEGEND = 640, 220, 70, 20, 34, 18
"""Of a panel, in pixels: its curves, the room for labels beside and above them, and a line of the legend."""
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, which colour-blind people can tell apart."""
_TICKS = 4


def draw(report: JobReport, file: Path) -> None:
    """Write the drawing of a job.

    Raises:
        UsageError: nothing was recorded per iteration.
        InputError: the file cannot be written.
    """
    text = plot_svg(f"job {report.job}: {report.status}", series_of(report.measures))
    if not text:
        raise UsageError(
            f"--plot: the tasks of job {report.job} recorded nothing per iteration", remedy="leave --plot out"
        )
    write_private(file, text.encode(), replace=True, mode=0o644)


def plot_svg(title: str, every: Sequence[Series]) -> str:
    """The drawing; empty where nothing has more than one iteration."""
    panels: dict[str, list[Series]] = {}
    for one in every:
        if len(one.points) > 1 and one.points[0][0] is not None:
            panels.setdefault(one.name, []).append(one)
    if not panels:
        return ""
    body, height = [], _TOP
    for name, some in panels.items():
        body += list(_panel(name, some, height))
        height += _TOP + _HEIGHT + 30 + _LEGEND * len(some)
    width = _LEFT + _WIDTH + _RIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [head, '<rect width="100%" height="100%" fill="#fff"/>', _text(_LEFT, 22, title), *body, "</svg>", ""]
    )


def _panel(name: str, some: Sequence[Series], top: float) -> Iterator[str]:
    steps = [step or 0 for one in some for step, _ in one.points]
    values = [value for one in some for _, value in one.points]
    first, last, low, high = min(steps), max(steps), min(values), max(values)
    wide, tall = (last - first) or 1, (high - low) or 1.0
    above = top + _TOP

    def at(step: int | None, value: float) -> tuple[float, float]:
        x = _LEFT + ((step or 0) - first) / wide * _WIDTH
        return round(x, 2), round(above + _HEIGHT - (value - low) / tall * _HEIGHT, 2)

    yield _text(_LEFT, top + 20, name)
    yield f'<path d="M{_LEFT} {above}V{above + _HEIGHT}H{_LEFT + _WIDTH}" fill="none" stroke="#444"/>'
    for tick in range(_TICKS + 1):
        value = low + tall * tick / _TICKS
        yield _text(_LEFT - 6, at(first, value)[1] + 4, value_text(value), anchor="end")
    for step in sorted({first, last}):
        yield _text(at(step, low)[0], above + _HEIGHT + 18, str(step), anchor="middle")
    for place, one in enumerate(some):
        colour = _COLOURS[place % len(_COLOURS)]
        line = " ".join(f"{x},{y}" for x, y in (at(*point) for point in one.points))
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        below = above + _HEIGHT + 34 + _LEGEND * place
        yield f'<rect x="{_LEFT}" y="{below - 9}" width="12" height="10" fill="{colour}"/>'
        yield _text(_LEFT + 18, below, f"{one.task}, {one.role} {one.party} {one.of}".strip())


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    # Names come from partners: nothing of them may become markup.
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(plain(text))}</text>'
