"""Keeps the last figures in the documentation: the table between its marks, and a plot of how they grow."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from result import Results
from table import as_markdown

_MARKS = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)
CURVES = {
    "check": ("check", "seconds", "check"),
    "the floor under it": ("check", "yardstick", "check"),
    "the same facts by ansible-playbook": ("check-ansible", "yardstick", "check"),
    "status": ("status", "seconds", "status"),
    "deploy, nothing to do": ("deploy-nothing", "seconds", "deploy, nothing to do"),
}
"""Label -> row, which of its two times, subject of the lines."""


def write_page(results: Results, docs: Path) -> None:
    """Put table and circumstances into `performance.md`, and draw `images/performance.svg`."""
    page = docs / "performance.md"
    text = page.read_text(encoding="utf-8")
    plot = "![Seconds by number of nodes](images/performance.svg)"
    figures = f"{as_markdown(results)}\n\n{_circumstances(results)}\n\n{plot}\n"
    page.write_text(_MARKS.sub(lambda mark: mark[1] + figures + mark[2], text), encoding="utf-8")
    _draw(results, docs / "images" / "performance.svg")


def _circumstances(results: Results) -> str:
    """When, with what and on what each row was measured."""
    groups: dict[str, list[str]] = {}
    for name, measured in results.rows.items():
        for one in measured:
            nodes = sorted({line["nodes"] for line in one["lines"]} - {0})
            versions = ", ".join(f"{package} {number}" for package, number in sorted(one["versions"].items()))
            row = f"{name} at {', '.join(map(str, nodes))} ({one['load']})"
            groups.setdefault(f"{one['date']}, {one['cores']} cores, {versions}", []).append(row)
    lines = [f"- Measured {circumstances}: {', '.join(rows)}." for circumstances, rows in groups.items()]
    loads = "In parentheses: the machine's load over the last five minutes, at the row's end; nodes that sleep count."
    return "\n".join([*lines, "", loads])


def _draw(results: Results, path: Path) -> None:
    mpl.rcParams["svg.hashsalt"] = "fatecloud"  # the same figures give the same file
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    for label, (row, column, subject) in CURVES.items():
        lines = [line for line in results.lines(row) if line.subject == subject]
        points = sorted((line.nodes, getattr(line, column)) for line in lines)
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set_yscale("log")
    axes.set_xlabel("nodes")
    axes.set_ylabel("seconds (median)")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
