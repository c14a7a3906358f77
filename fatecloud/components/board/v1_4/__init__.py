"""FATEBoard 1.4: it asks flow and reads flow's database itself, and has no login."""

from __future__ import annotations

from fatecloud.components.board.descriptor import without_login
from fatecloud.components.board.v1_4.want import requires, want

COMPONENT = without_login(want, requires)
