"""How many cores a flow may give to jobs, and how many a job asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.sizing import Work, cores, figure, job_cores
from fatecloud.model.component import Contradiction
from fatecloud.model.context import Context
from fatecloud.model.needs import Figure
from fatecloud.model.node import Node

MEMORY = 2 << 30
"""Bytes with the workers of one small job: flow takes 105 MB, and six processes of a job 300 MB each (measured)."""
ALL, JOB, AT_A_TIME = "cores for all jobs", "cores for a job", "jobs at a time"


def figures(ctx: Context, work: Work) -> tuple[Figure, ...]:
    """What the jobs of a flow take, for people and preflight."""
    each = f"{work.cores} cores for all, {work.taken} for each"
    return (
        Figure("flow and one job", MEMORY, "bytes", "flow 105 MB and six processes of 300 MB, measured"),
        figure(ctx, ALL, "computing.cores", work.why, unit="cores", value=work.cores),
        figure(ctx, JOB, "jobs.cores", work.job_why, unit="cores", value=work.job),
        Figure(AT_A_TIME, work.at_a_time, "jobs", each),
    )


def cores_known(config: Mapping[str, Any], node: Node) -> bool:
    """Whether the inventory says how many cores all jobs may use."""
    return bool(config["computing.cores"] or node.cores)


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Refuse settings with which no job could run.

    Flow fails a job that asks for more than there is in all (code 1006), and lets one wait for ever that asks for more
    than is ever free; a job within one party asks for its cores twice, as guest and as host.
    """
    eggroll = architecture == "eggroll"
    total, asked = cores(config, node, eggroll=eggroll), job_cores(config, node, eggroll=eggroll)
    if asked > total:
        what = f"each job asks for {asked} cores, and all jobs together may use {total}, so FATE refuses every job"
        return (Contradiction("jobs.cores", what, f"jobs.cores of at most {total}, or more cores for the flow"),)
    if architecture == "standalone" and 2 * asked > total:
        what = f"a job within one party asks for {asked} cores twice, and all jobs together may use {total}"
        key = "jobs.cores" if total > 1 else "computing.cores"
        expected = f"jobs.cores of at most {total // 2}" if total > 1 else "computing.cores of at least 2"
        return (Contradiction(key, f"{what}, so every job waits for ever", expected),)
    return ()
