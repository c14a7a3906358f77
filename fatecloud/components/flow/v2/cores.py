"""How many cores a flow may give to jobs, and how many a job asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.component import Contradiction
from fatecloud.model.node import Node

UPSTREAM_CORES, UPSTREAM_JOB_CORES = 32, 4
"""FATE-Flow 2.2.0: `computing.standalone.cores` and `job_cores` of its own configuration files."""


def cores(config: Mapping[str, Any], node: Node) -> int:
    """Cores that all jobs of a flow together may use.

    What the inventory says, else upstream's number, or what the node has where that is more. Flow only counts these
    cores: with fewer than upstream's, a small node would refuse jobs that a partner starts with upstream's defaults.
    """
    return int(config["computing.cores"] or node.cores or max(UPSTREAM_CORES, node.read.cores or 0))


def cores_known(config: Mapping[str, Any], node: Node) -> bool:
    """Whether the inventory says how many these are."""
    return bool(config["computing.cores"] or node.cores)


def job_cores(config: Mapping[str, Any], node: Node) -> int:
    """Cores that a job asks for per role; as upstream, or as many as leave room for both roles of a one-party job."""
    return int(config["jobs.cores"] or max(1, min(UPSTREAM_JOB_CORES, cores(config, node) // 2)))


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Refuse settings with which no job could run.

    Flow fails a job that asks for more than there is in all (code 1006), and lets one wait for ever that asks for more
    than is ever free; a job within one party asks for its cores twice, as guest and as host.
    """
    total, asked = cores(config, node), job_cores(config, node)
    if asked > total:
        what = f"each job asks for {asked} cores, and all jobs together may use {total}, so FATE refuses every job"
        return (Contradiction("jobs.cores", what, f"jobs.cores of at most {total}, or more cores for the flow"),)
    if architecture == "standalone" and 2 * asked > total:
        what = f"a job within one party asks for {asked} cores twice, and all jobs together may use {total}"
        key = "jobs.cores" if total > 1 else "computing.cores"
        expected = f"jobs.cores of at most {total // 2}" if total > 1 else "computing.cores of at least 2"
        return (Contradiction(key, f"{what}, so every job waits for ever", expected),)
    return ()
