"""Which migrations lie between two versions. Shared with the module on nodes.

Pure, and Python 3.8: the plan and the module choose alike.
"""

from __future__ import annotations

import re


def needed(now: str, wanted: str, targets: list[str]) -> list[str]:
    """The versions, in order, whose migrations turn what one version left into what another one works with.

    Args:
        now: version that was deployed last.
        wanted: version that is to be deployed; none lies before an older one.
        targets: versions that need something changed first.
    """
    between = {target for target in targets if numbers(now) < numbers(target) <= numbers(wanted)}
    return sorted(between, key=numbers)


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare it: `2.10.0` is newer than `2.9`. Of `distribution` there are none."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", version))
