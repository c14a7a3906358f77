"""What the program costs before it does anything: `--help`, and reading a large inventory."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from bench import Bench, compared
from fleet import PROGRAM
from result import Line
from timing import interleaved, run

NODES = 200
_LOAD = "import sys, yaml; yaml.load(open(sys.argv[1], encoding='utf-8'), Loader=yaml.CSafeLoader)"


def measure(bench: Bench) -> list[Line]:
    """`--help` against the import of its framework; validation of 200 nodes against the parse of the same file."""
    inventory = _inventory(bench.scratch / "large.yml")
    rounds = max(bench.rounds, 11)  # they take a fraction of a second, and the spread is of that size
    helped = interleaved(
        rounds,
        {
            "help": lambda: run([PROGRAM, "--help"]),
            "import": lambda: run([sys.executable, "-c", "import typer"]),
        },
    )
    validated = interleaved(
        rounds,
        {
            "validate": lambda: run([PROGRAM, "inventory", "validate", "-i", inventory]),
            "load": lambda: run([sys.executable, "-c", _LOAD, inventory]),
        },
    )
    return [
        compared("start", ("--help", helped["help"]), ("import typer", helped["import"]), 0, 1.5),
        compared(
            "start",
            (f"inventory validate, {NODES} nodes", validated["validate"]),
            ("yaml, C loader, same file", validated["load"]),
            NODES,
            5,
        ),
    ]


def _inventory(path: Path) -> Path:
    """Half as many parties as nodes, each with its broker and proxy on a second node."""
    document = {
        "apiVersion": "fatecloud/v1",
        "cluster": "large",
        "id": "c3f9a2b1d4e5f607",
        "release": "fate-2.2.0",
        "architecture": "rabbitmq",
        "nodes": {f"n{n}": {"address": f"10.9.{n // 250}.{n % 250 + 1}"} for n in range(NODES)},
        "parties": {
            str(9000 + n): {
                "services": {
                    **dict.fromkeys(("flow", "mysql"), f"n{2 * n}"),
                    **dict.fromkeys(("rabbitmq", "nginx"), f"n{2 * n + 1}"),
                },
                "config": {"flow": {"computing": {"cores": 8}}},
            }
            for n in range(NODES // 2)
        },
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path
