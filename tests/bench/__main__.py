"""Measures fatecloud on its own nodes: `make bench`, or `python tests/bench --help` for single rows and counts."""

from __future__ import annotations

import os
import platform
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

sys.path.append(str(Path(__file__).parents[1] / "shared"))

import typer
from bench import Bench, say
from page import write_page
from result import Results
from rows import DEFAULT, ROWS
from table import as_text
from timing import BenchError

from fatecloud.errors import FatecloudError

DOCS = Path(__file__).parents[2] / "docs"
ROUNDS = 5
"""How many a figure takes that is kept."""
PACKAGES = ("ansible-core", "ansible-runner", "paramiko", "typer", "jinja2")


def main(
    *,
    nodes: Annotated[str, typer.Option(help="Numbers of nodes, with commas.")] = "1,10,30",
    row: Annotated[list[str] | None, typer.Option(help=f"Only this row; repeatable: {', '.join(ROWS)}.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each thing is timed.")] = ROUNDS,
    write: Annotated[bool, typer.Option(help="Keep the figures in docs/performance.md.")] = False,
) -> None:
    """Make nodes, measure, print the table, remove the nodes."""
    chosen = row or list(DEFAULT)
    if unknown := [name for name in chosen if name not in ROWS]:
        raise typer.BadParameter(f"there is no row {unknown[0]}; known are {', '.join(ROWS)}")
    if write and rounds < ROUNDS:
        raise typer.BadParameter(f"--write keeps figures of {ROUNDS} rounds or more")
    counts = tuple(sorted({int(count) for count in nodes.split(",")}))
    results = Results.load(DOCS / "performance.json") if write else Results()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the nodes are removed too
    with tempfile.TemporaryDirectory(prefix="fatecloud-bench.") as scratch, ExitStack() as stack:
        os.environ["XDG_STATE_HOME"] = scratch
        bench = Bench(rounds, counts, Path(scratch), stack)
        try:
            for name in chosen:
                say(f"== {name}")
                results.put(name, ROWS[name](bench), _circumstances())
                if write:
                    results.save(DOCS / "performance.json")
                    write_page(results, DOCS)
        finally:  # the measurements took hours: keep them even if the rest failed
            typer.echo(as_text(results))


def _circumstances() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "versions": {
            "fatecloud": version("fatecloud"),
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }


if __name__ == "__main__":
    try:
        typer.run(main)
    except (BenchError, FatecloudError) as error:
        sys.exit(f"bench: {error}")
