"""Which of the values that tasks record are numbers; pure."""

from __future__ import annotations

import math
from typing import Any


def is_number(value: Any) -> bool:
    """Whether it is one that JSON can carry: a loss may be NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
