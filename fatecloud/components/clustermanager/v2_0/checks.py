"""What can be wrong with a clustermanager of EggRoll 2.0. What its generations share is beside it."""

from __future__ import annotations

from fatecloud.components.clustermanager.check_ends import no_other_ended

__all__ = ["no_other_ended"]
