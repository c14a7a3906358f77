"""What can be wrong with a flow of 1.11. What its generations share is beside it."""

from __future__ import annotations

from fatecloud.components.flow.check_database import cores, database
from fatecloud.components.flow.check_service import api, computing, jobs, proxy, scheduler
from fatecloud.components.flow.v1.exposures import exposures

__all__ = ["api", "computing", "cores", "database", "exposures", "jobs", "proxy", "scheduler"]
