"""A journal of a node, as journalctl prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def printed(entries: Sequence[str], asked: list[list[str]]) -> Callable[[list[str]], str]:
    """What stands for `output_of`. With `-n` but without `-r` it prints the oldest entries, as that of Debian 12 does.

    Args:
        entries: in the order of their times.
        asked: gets each command line.
    """

    def output_of(argv: list[str]) -> str:
        asked.append(argv)
        ordered = list(reversed(entries)) if "-r" in argv else list(entries)
        return "".join(f"{line}\n" for line in ordered[: int(argv[argv.index("-n") + 1])])

    return output_of
